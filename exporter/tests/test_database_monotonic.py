"""Counters never fall, and grow by exactly what the database grows."""

import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whatsapp_exporter.collectors.database import metrics
from whatsapp_exporter.collectors.database.durations import buckets_of
from whatsapp_exporter.collectors.database.monotonic import Entry, MonotonicCounters
from whatsapp_exporter.family import Buckets, Family, HistogramFamily, family, single

ACCEPTED = metrics.BY_COMPANY["accepted"]
HISTOGRAM = metrics.DURATIONS["due_to_sent"]
COUNTS = st.integers(0, 2**53)
RAWS = st.lists(st.dictionaries(st.sampled_from(["1", "2", "3"]), COUNTS), max_size=20)
BUCKETS = st.dictionaries(st.sampled_from([0.5, 1.0, 60.0, math.inf]), st.integers(0, 10**9), min_size=1)
HISTOGRAMS = st.lists(st.tuples(BUCKETS, st.integers(0, 10**12)), max_size=20)


def restart(counters: MonotonicCounters) -> MonotonicCounters:
    """What a new process begins with."""
    return MonotonicCounters(counters.entries())


def shown(counters: MonotonicCounters, raw: Mapping[str, int]) -> dict[str, float]:
    """By company, what is shown of the raw values."""
    (one,) = counters.apply([family(ACCEPTED, [((key,), value) for key, value in raw.items()])])
    assert isinstance(one, Family)
    return {labels[0]: value for labels, value in one.samples.items()}


def histogram(counters: MonotonicCounters, counts: dict[float, int], milliseconds: int) -> Buckets:
    """What is shown of the histogram."""
    given_values = buckets_of(counts, milliseconds / 1000)
    (one,) = counters.apply([HistogramFamily(HISTOGRAM, {(): given_values})])
    assert isinstance(one, HistogramFamily)
    return one.samples[()]


@given(RAWS, st.sets(st.integers(0, 19)))
def test_grows_by_the_positive_steps_only(raws: Sequence[Mapping[str, int]], restarts: set[int]) -> None:
    counters = MonotonicCounters()
    last: dict[str, int] = {}
    expected: dict[str, int] = {}
    for index, raw in enumerate(raws):
        if index in restarts:
            counters = restart(counters)
        for key in {*raw, *last}:
            expected[key] = expected.get(key, 0) + max(0, raw.get(key, 0) - last.get(key, 0))
            last[key] = raw.get(key, 0)
        assert shown(counters, raw) == {key: float(value) for key, value in expected.items()}


@given(HISTOGRAMS, st.sets(st.integers(0, 19)))
def test_histograms_stay_histograms(runs: Sequence[tuple[dict[float, int], int]], restarts: set[int]) -> None:
    counters = MonotonicCounters()
    last: dict[float, int] = {}
    seconds, shown_seconds, milliseconds, total = 0.0, 0.0, 0, 0
    for index, (counts, raw_sum) in enumerate(runs):
        if index in restarts:
            counters = restart(counters)
        before_total = total
        known = {*counts, *last}
        total += sum(max(0, counts.get(bound, 0) - last.get(bound, 0)) for bound in known)
        last = {bound: counts.get(bound, 0) for bound in known}
        now = histogram(counters, counts, raw_sum)
        assert list(now.bounds) == sorted(bound for bound in known if bound != math.inf)
        assert len(now.counts) == len(now.bounds) + 1
        assert list(now.counts) == sorted(now.counts)
        assert now.counts[-1] == total >= before_total
        seconds += max(0, raw_sum - milliseconds) / 1000
        milliseconds = raw_sum
        assert now.total >= shown_seconds
        assert now.total == pytest.approx(seconds)
        shown_seconds = now.total


def test_restore_is_stood_still_over() -> None:
    counters = MonotonicCounters()
    assert shown(counters, {"7": 1_000_000}) == {"7": 1_000_000}
    assert shown(counters, {"7": 990_000}) == {"7": 1_000_000}
    assert [counters.fallen, shown(counters, {"7": 990_005})] == [1, {"7": 1_000_005}]
    assert counters.fallen == 0


def test_company_that_the_backup_does_not_know() -> None:
    counters = MonotonicCounters()
    shown(counters, {"7": 10, "42": 50})
    assert shown(counters, {"7": 10}) == {"7": 10, "42": 50}
    counters = restart(counters)
    assert shown(counters, {"7": 10}) == {"7": 10, "42": 50}
    assert shown(counters, {"7": 10, "42": 3}) == {"7": 10, "42": 53}


def test_gauges_are_left_alone() -> None:
    counters = MonotonicCounters()
    assert counters.apply([single(metrics.DUE, 5)]) == [single(metrics.DUE, 5)]
    assert counters.apply([single(metrics.DUE, 2)]) == [single(metrics.DUE, 2)]
    assert counters.entries() == {}


def test_family_that_is_not_given_keeps_its_place() -> None:
    counters = MonotonicCounters()
    shown(counters, {"7": 10})
    assert counters.apply([]) == []
    assert shown(counters, {"7": 4}) == {"7": 10}


def test_changed_says_when_there_is_something_to_keep() -> None:
    counters = MonotonicCounters()
    changes = []
    for raw in ({"7": 1}, {"7": 1}, {"7": 0}):
        shown(counters, raw)
        changes.append(counters.changed)
        counters.entries()
    assert changes == [True, False, True]
    assert counters.entries() == {ACCEPTED.name: {("7",): Entry(0, 1)}}


def test_series_beyond_the_limit_are_shown_as_they_are() -> None:
    counters = MonotonicCounters(max_series=1)
    assert shown(counters, {"1": 5, "2": 5}) == {"1": 5, "2": 5}
    assert shown(counters, {"1": 3, "2": 3}) == {"1": 5, "2": 3}
    assert shown(restart(counters), {"1": 3, "2": 3}) == {"1": 5, "2": 3}
