"""Formats of the page and the catalogue's families."""

from collections.abc import Callable, Iterable

import pytest
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text
from whatsapp_exporter.collectors.database import metrics
from whatsapp_exporter.exposition.negotiation import Form, negotiate
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import family, single
from whatsapp_exporter.metrics.catalogue import CATALOGUE, EXPORTER_METRICS
from whatsapp_exporter.metrics.definition import Kind, MetricDefinition, Source

parse_openmetrics: Callable[[str], Iterable[Metric]] = openmetrics_parser.text_string_to_metric_families
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PROMETHEUS_2, True),
        ("application/openmetrics-text", True),
        ("text/plain;version=0.0.4", False),
        ("text/plain;q=0.9,application/openmetrics-text;q=0.1", False),
        ("application/openmetrics-text;version=9.9.9", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=high", False),
        ("*/*", False),
        ("", False),
        (";;,,q=", False),
    ],
)
def test_format_follows_accept(accept: str, expected: bool) -> None:
    assert (negotiate(accept) is Form.OPENMETRICS) is expected


def test_every_definition_renders_in_both_formats() -> None:
    families = [
        family(one, [(["x"] * len(one.labels), 1.5)])
        for one in EXPORTER_METRICS
        if one.kind is not Kind.HISTOGRAM
    ]
    encoder = PageEncoder()
    text = encoder.encode(families, Form.TEXT, gzip=False)
    modern = encoder.encode(families, Form.OPENMETRICS, gzip=False)
    names = {one.definition.name for one in families}
    assert {sample.name for family in parse_text(text.decode()) for sample in family.samples} == names
    assert {
        sample.name for family in parse_openmetrics(modern.decode()) for sample in family.samples
    } == names
    assert modern.endswith(b"# EOF\n")


def test_label_values_are_escaped() -> None:
    odd = 'a"b\\c\nd'
    page = PageEncoder().encode([family(metrics.NOTIFICATIONS, [((odd,), 1.0)])], Form.TEXT, gzip=False)
    (parsed,) = parse_text(page.decode())
    assert parsed.samples[0].labels == {"estado": odd}


def test_catalogue_names_are_unique_and_follow_the_rules() -> None:
    names = [definition.name for definition in CATALOGUE]
    manual = {"whatsapp_notifications_total", "whatsapp_response_time_ms", "whatsapp_error_rate"}
    assert len(set(names)) == len(names)
    assert all(definition.name.startswith(("whatsapp_", "process_")) for definition in CATALOGUE)
    assert all(definition.help and not definition.help.endswith(".") for definition in CATALOGUE)
    for definition in CATALOGUE:
        if definition.name in manual:  # given names that break the rules
            continue
        assert definition.name.endswith("_total") == (definition.kind is Kind.COUNTER), definition.name
        for unit in ("seconds", "bytes", "ratio"):
            stem = definition.name.removesuffix("_total")
            assert stem.endswith(f"_{unit}") == (definition.unit == unit), definition.name


def test_histogram_is_not_built_from_values() -> None:
    definition = MetricDefinition("whatsapp_x_seconds", Kind.HISTOGRAM, "seconds", "X", Source.API)
    with pytest.raises(ValueError, match="histogram"):
        single(definition, 1.0)
