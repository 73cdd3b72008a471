"""Reading JSON field by field, and what may become a label."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whatsapp_exporter.json_fields import JsonFields
from whatsapp_exporter.label_value import label_value
from whatsapp_exporter.metrics.definition import Source, gauge
from whatsapp_exporter.readings import Reading, read_values

ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.just([]),
    st.just({}),
    st.just(10**400),
)
METRIC = gauge("x_bytes", "bytes", "A size", Source.HEALTH)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025-01-23T14:25:00", 1737642300.0),
        ("2025-01-23 14:25", 1737642300.0),
        ("2025-01-23T14:25:00.5Z", 1737642300.5),
        ("2025-01-23T14:25:00.123456789Z", 1737642300.123456),
        ("2025-01-23T09:25:00-05:00", 1737642300.0),
        ("2025-01-23T09:25:00-0500", 1737642300.0),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert JsonFields({"at": text}).timestamp(("at",)) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2025-01-23", "14:25", "20250123T142500", "2025-W04-4T14:25", "2025-02-31T00:00:00"),
        *("2025-01-23T25:00:00", "2025-01-23T14:25:00+99:00", "2025-01-23T14:25:00Z ", "٢٠٢٥-01-23T14:25:00"),
        *(
            "2025-01-23T14:25:00" + "0" * 1000,
            "0000-01-01T00:00:00",
            1737642300,
            True,
            ["2025-01-23T14:25:00"],
        ),
    ],
)
def test_no_times(text: object) -> None:
    fields = JsonFields({"at": text})
    assert fields.timestamp(("at",)) is None
    assert fields.problems == ["at is not a time"]


@given(ANY)
def test_numbers_are_finite(value: object) -> None:
    fields = JsonFields({"a": {"b": value}})
    number = fields.number(("a", "b"))
    assert number is None or math.isfinite(number)
    assert (number is None) == (value is None or fields.problems == ["a.b is not a number"])


@given(ANY)
def test_problem_of_what_holds_a_field_is_noted_once(value: object) -> None:
    fields = JsonFields({"a": value})
    found = {
        *(fields.number(("a", "b")), fields.boolean(("a", "b")), fields.text(("a", "b"))),
        *(fields.timestamp(("a", "b")), fields.items(("a", "c")), fields.members(("a", "d", "e"))),
    }
    assert found == {None}
    assert fields.problems == ([] if value is None or value == {} else ["a is not an object"])


def test_required_reading_that_is_missing_is_a_problem() -> None:
    contents: tuple[dict[str, object], ...] = ({}, {"a": None}, {"a": {}}, {"a": {"b": None}})
    for content in contents:
        fields = JsonFields(content)
        assert read_values([Reading(METRIC, ("a", "b"), required=True)], fields) == {}
        assert fields.problems == ["a.b is missing"]
        assert read_values([Reading(METRIC, ("a", "b"))], JsonFields(content)) == {}


def test_reading_that_is_too_large_in_the_base_unit_is_a_problem() -> None:
    fields = JsonFields({"a": 1e306})
    assert read_values([Reading(METRIC, ("a",), times=1024.0)], fields) == {}
    assert fields.problems == ["a is not a number"]
    assert read_values([Reading(METRIC, ("a",), times=3.0, over=2.0)], JsonFields({"a": 5})) == {METRIC: 7.5}


@pytest.mark.parametrize("text", ["healthy", "v23.0", "1.0.0+g12345678", "es_PE", "TIER_100K", "a" * 64])
def test_plain_words_are_labels(text: str) -> None:
    assert label_value(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "a" * 65, "two words", "a\n", 'a"', "ñ", "\ud800", "\0", "+51987654321", "51987654321"),
        *("id-102290129340398", "wamid.HBgLNTE5", "EAAG/secret=", "1.0.0\n"),
    ],
)
def test_everything_else_is_other(text: str) -> None:
    assert label_value(text) == "other"
