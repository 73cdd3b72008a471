"""The cap keeps the same series and tells what it left out."""

import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from whatsapp_exporter.exposition.series_cap import SeriesCap
from whatsapp_exporter.family import Buckets, Family, HistogramFamily
from whatsapp_exporter.metrics.definition import Source, counter, gauge, histogram

SENT = counter("whatsapp_sent_total", "messages", "Sent", Source.DATABASE, "company")
WAITING = gauge("whatsapp_waiting", "messages", "Waiting", Source.DATABASE, "company")
TIMES = histogram("whatsapp_times_seconds", "seconds", "Times", Source.DATABASE, "company")


def _sent(companies: Iterable[int]) -> Family:
    return Family(SENT, {(str(company),): float(company) for company in companies})


def _shown(cap: SeriesCap, family: Family, limit: int) -> list[int]:
    (one,) = cap.cap([family], limit).families
    assert isinstance(one, Family)
    assert all(one.samples[labels] == family.samples[labels] for labels in one.samples)
    return [int(company) for (company,) in one.samples]


def test_family_under_the_cap_is_the_same_object() -> None:
    families = [_sent(range(10)), Family(WAITING, {})]
    capped = SeriesCap().cap(families, 10)
    assert all(one is other for one, other in zip(capped.families, families, strict=True))
    assert capped.dropped == {}


def test_first_ones_are_kept_and_the_rest_is_counted() -> None:
    times = HistogramFamily(TIMES, {(str(n),): Buckets((1.0,), (n, n), 0.5) for n in range(7)})
    capped = SeriesCap().cap([_sent(range(12)), Family(WAITING, {}), times], 5)
    assert [list(one.samples) for one in capped.families] == [
        [("0",), ("1",), ("2",), ("3",), ("4",)],
        [],
        [("0",), ("1",), ("2",), ("3",), ("4",)],
    ]
    assert capped.dropped == {"whatsapp_sent_total": 7, "whatsapp_times_seconds": 2}


def test_what_was_shown_stays_whatever_the_order() -> None:
    cap = SeriesCap()
    assert _shown(cap, _sent(range(6)), 6) == [0, 1, 2, 3, 4, 5]  # not over the cap yet
    assert _shown(cap, _sent(reversed(range(100))), 6) == [0, 1, 2, 3, 4, 5]
    assert _shown(cap, _sent([9, 8, 5, 7, 3, 1, 6, 50]), 6) == [1, 3, 5, 9, 8, 7]
    assert _shown(cap, _sent(range(100)), 6) == [1, 3, 5, 9, 8, 7]


def test_what_vanished_is_forgotten() -> None:
    cap = SeriesCap()
    _shown(cap, _sent(range(10, 20)), 3)
    _shown(cap, _sent(range(5)), 3)
    assert _shown(cap, _sent(range(20)), 3) == [0, 1, 2]
    cap.cap([], 3)
    assert _shown(cap, _sent(reversed(range(20))), 3) == [19, 18, 17]


def test_a_smaller_limit_keeps_some_of_the_shown() -> None:
    cap = SeriesCap()
    _shown(cap, _sent(range(10)), 5)
    assert _shown(cap, _sent(reversed(range(10))), 2) == [0, 1]


@given(st.lists(st.sets(st.integers(0, 30), max_size=25), max_size=8), st.integers(1, 12), st.randoms())
def test_shown_series_stay_while_they_exist(
    scrapes: list[set[int]], limit: int, order: random.Random
) -> None:
    cap, before = SeriesCap(), set[int]()
    for companies in scrapes:
        source = list(companies)
        order.shuffle(source)
        shown = _shown(cap, _sent(source), limit)
        assert len(shown) == len(set(shown)) == min(limit, len(companies))
        assert before & companies <= set(shown)
        before = set(shown)
