"""The notation of test series, and the arithmetic in it."""

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
        ("absent", Absent()),
    ],
)
def test_levels(text: str, level: Level) -> None:
    assert parse_level(text, {"limit": 30}) == level


def test_counter_that_falls_is_refused() -> None:
    with pytest.raises(ValueError, match="falls"):
        parse_level("counter -1", {})


def test_constant_absent_and_lost_scrapes() -> None:
    spans = [Span(Constant(1), 3), Span(Absent(), 2), Span(Constant(2), 4)]
    assert notation(spans, 30) == "1x2 _x2 2x3"
    assert notation(spans, 30, lost=range(6, 8)) == "1x2 _x2 2x0 stale _x1 2x0"


def test_counter_goes_on_where_it_was() -> None:
    spans = [Span(Growing(1), 2), Span(Growing(0), 2), Span(Growing(2), 2)]
    assert notation(spans, 30) == "0+30x1 60+0x1 60+60x1"
    assert notation([Span(Growing(1), 6)], 30, lost=range(2, 4)) == "0+30x1 stale _x1 120+30x1"
