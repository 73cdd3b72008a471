"""The notation of test series, and the arithmetic in it."""

import math

import pytest
from whatsapp_alerting.arithmetic import evaluate
from whatsapp_alerting.samples import Absent, Constant, Growing, Level, Span, notation, parse_level


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("${limit} + 0.1", 5.1),
        ("100 - ${limit}", 95),
        ("-1", -1),
        ("0.1 + 0.2", 0.3),
        ("${limit}", 5),
        ("(${limit} + 1) * 2 / 60", 0.2),
    ],
)
def test_arithmetic(expression: str, value: float) -> None:
    assert evaluate(expression, {"limit": 5}) == value


@pytest.mark.parametrize("expression", ["", "one", "2 ** 9", "__import__('os')", "1 +", "1 / 0", "1" * 300])
def test_what_is_not_arithmetic(expression: str) -> None:
    with pytest.raises(ValueError, match="is not arithmetic"):
        evaluate(expression, {})


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("5", Constant(5)),
        ("counter ${limit} / 60", Growing(0.5)),
        ("counter ${limit} / 60 from 2 * ${limit}", Growing(0.5, 60)),
        ("absent", Absent()),
        ("inf", Constant(math.inf)),
    ],
)
def test_levels(text: str, level: Level) -> None:
    assert parse_level(text, {"limit": 30}) == level


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("counter -1", "falls"),
        ("counter 1 from", "is not arithmetic"),
        ("counter 1 from ", "is not arithmetic"),
        ("counter inf", "is not arithmetic"),
        ("infinite", "is not arithmetic"),
    ],
)
def test_what_is_not_a_level_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_level(text, {})


def test_constant_absent_and_lost_scrapes() -> None:
    spans = [Span(Constant(1), 3), Span(Absent(), 2), Span(Constant(2), 4)]
    assert notation(spans, 30) == "1x2 _x2 2x3"
    assert notation(spans, 30, lost=range(6, 8)) == "1x2 _x2 2x0 stale _x1 2x0"


def test_infinity_is_written_sample_by_sample() -> None:
    assert (
        notation([Span(Constant(math.inf), 3), Span(Constant(1), 1)], 30, lost=range(1, 2))
        == "Inf stale Inf 1x0"
    )


def test_counter_begins_where_its_first_level_says() -> None:
    assert notation([Span(Growing(1, 5), 2), Span(Growing(2, 9), 2)], 30) == "5+30x1 65+60x1"
    assert notation([Span(Absent(), 1), Span(Growing(1, 5), 2)], 30) == "_x1 5+30x1"


def test_counter_goes_on_where_it_was() -> None:
    spans = [Span(Growing(1), 2), Span(Growing(0), 2), Span(Growing(2), 2)]
    assert notation(spans, 30) == "0+30x1 60+0x1 60+60x1"
    assert notation([Span(Growing(1), 6)], 30, lost=range(2, 4)) == "0+30x1 stale _x1 120+30x1"
