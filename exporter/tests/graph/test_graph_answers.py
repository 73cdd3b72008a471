"""Whatever Meta answers: no defect, a page that can be read, few series, short plain labels."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.graph import GraphCollector
from whatsapp_exporter.collectors.graph.config import GraphConfig
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import AnyFamily, Family

MAX_SERIES = 4_000
PLAIN = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
WORDS = [
    *(
        "data",
        "status",
        "name",
        "language",
        "category",
        "quality_score",
        "score",
        "paging",
        "next",
        "cursors",
    ),
    *("after", "health_status", "can_send_message", "entities", "entity_type", "errors", "error_code", "id"),
    *(
        "error",
        "code",
        "message",
        "is_transient",
        "is_valid",
        "expires_at",
        "data_access_expires_at",
        "scopes",
    ),
    *("app_id", "throughput", "level", "messaging_limit_tier", "webhook_configuration", "application"),
    *(
        "quality_rating",
        "account_mode",
        "whatsapp_business_api_data",
        "account_review_status",
        "phone_number",
    ),
    *("whatsapp_business_manager_messaging_limit", "call_count", "total_time", "type"),
    *("estimated_time_to_regain_access", "total_cputime"),
]
STRINGS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            *(
                "APPROVED",
                "TIER_999999M",
                "TIER_UNLIMITED",
                "BLOCKED",
                "MESSAGE_TEMPLATE",
                "WABA",
                "x" * 5_000,
            ),
            *('a"} 1\nb{c="', "51987654321", "wamid.HBgL", "\ud800", "https://[", "https://h:99999/", "None"),
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, -(10**400), 0, -1, 2**63, 190, 100, 4, 80007, 1, 2, 1e308]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, STRINGS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), STRINGS), inner, max_size=6),
    ),
    max_leaves=40,
)
FIELDS = st.dictionaries(st.sampled_from(WORDS), JSON, max_size=12)
HEADERS = st.fixed_dictionaries(
    {}, optional={"X-App-Usage": FIELDS, "X-Business-Use-Case-Usage": st.dictionaries(STRINGS, JSON)}
)
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from([200, 200, 200, 400, 401, 429, 500, 302, 204]), st.one_of(FIELDS, JSON), HEADERS
    ),
    min_size=1,
    max_size=8,
)


class Body(httpx.AsyncByteStream):
    """A body that is read as from a network."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class Meta(httpx.AsyncBaseTransport):
    """Gives these answers one after the other, and around again."""

    def __init__(self, answers: list[tuple[int, object, Mapping[str, object]]]) -> None:
        self._answers = answers
        self.reads = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        code, document, headers = self._answers[self.reads % len(self._answers)]
        self.reads += 1
        return httpx.Response(
            code,
            stream=Body(json.dumps(document).encode()),
            headers={name: json.dumps(value) for name, value in headers.items()},
        )


async def run(meta: Meta, folder: Path) -> tuple[tuple[AnyFamily, ...], str]:
    """Run a new collector twice; give what it shows in the end, and its errors."""
    token = folder / "token"
    token.write_text("EAAG-secret", encoding="ascii")
    config = GraphConfig(
        url="http://127.0.0.1:9/v23.0",
        phone_number_id="1",
        account_id="2",
        token_file=token,
        webhook_url="https://h.example.com/w",
    )
    collector = GraphCollector(
        config, CollectorSurroundings("", None, time.time, time.monotonic), transport=meta
    )
    families: tuple[AnyFamily, ...] = ()
    errors = ""
    for _ in range(2):
        try:
            families = tuple(await collector.collect())
        except CollectionError as error:
            families, errors = error.families, errors + str(error)
    await collector.close()
    return families, errors


def parse_openmetrics(page: str) -> list[Metric]:
    """Read a page of the OpenMetrics format."""
    return list(openmetrics_parser.text_string_to_metric_families(page))  # type: ignore[no-untyped-call]


def check(families: tuple[AnyFamily, ...]) -> None:
    """Check that the page says the same when it is read, and how much it says."""
    text = PageEncoder().encode(families, Form.TEXT, gzip=False).decode()
    shown = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    opened = PageEncoder().encode(families, Form.OPENMETRICS, gzip=False).decode()
    again = [sample for family in parse_openmetrics(opened) for sample in family.samples]
    assert len(shown) == len(again) == sum(family.series for family in families) <= MAX_SERIES
    names = [family.definition.name for family in families]
    assert len(names) == len(set(names))
    for family in families:
        assert isinstance(family, Family)
        for labels, value in family.samples.items():
            assert len(labels) == len(family.definition.labels)
            assert all(PLAIN.fullmatch(label) and not re.search(r"\d{9}", label) for label in labels)
            assert value == value  # never NaN


@given(answers=ANSWERS)
@settings(max_examples=40, deadline=None)
def test_any_answer(answers: list[tuple[int, object, Mapping[str, object]]]) -> None:
    with TemporaryDirectory() as folder:
        meta = Meta(answers)
        families, errors = asyncio.run(run(meta, Path(folder)))
    check(families)
    assert "51987654321" not in errors
    assert "EAAG" not in errors
    assert meta.reads <= 60


def mutated(document: Any, path: list[int], value: object) -> Any:  # noqa: ANN401
    """Return the document with something within it replaced; `path` chooses what."""
    if not path or not isinstance(document, dict | list) or not document:
        return value
    keys: list[Any] = list(document) if isinstance(document, dict) else list(range(len(document)))
    key = keys[path[0] % len(keys)]
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[key] = mutated(document[key], path[1:], value)
    return copy


HEALTH = {
    "can_send_message": "BLOCKED",
    "entities": [{"entity_type": "WABA", "can_send_message": "BLOCKED", "errors": [{"error_code": 141006}]}],
}
REAL: dict[str, object] = {
    "data": [
        {
            "name": "saludo",
            "language": "es",
            "status": "APPROVED",
            "category": "UTILITY",
            "quality_score": {"score": "GREEN"},
            "health_status": {
                "entities": [{"entity_type": "MESSAGE_TEMPLATE", "can_send_message": "AVAILABLE"}]
            },
            "whatsapp_business_api_data": {"id": "1"},
        }
    ],
    "paging": {"cursors": {"after": "MjQZD"}, "next": "https://graph.facebook.com/"},
    "status": "CONNECTED",
    "quality_rating": "GREEN",
    "throughput": {"level": "HIGH"},
    "messaging_limit_tier": "TIER_1K",
    "webhook_configuration": {"application": "https://h.example.com/w"},
    "health_status": HEALTH,
}
TOKEN_ANSWER = {"data": {"is_valid": True, "expires_at": 1, "scopes": ["x"], "app_id": "1"}}


@given(path=st.lists(st.integers(0, 20), min_size=1, max_size=6), value=JSON, of_token=st.booleans())
@settings(max_examples=40, deadline=None)
def test_real_answers_with_something_else_in_them(path: list[int], value: object, of_token: bool) -> None:
    answers: list[object] = [TOKEN_ANSWER, *[REAL] * 6]
    changed = 0 if of_token else slice(1, None)
    if isinstance(changed, int):
        answers[0] = mutated(TOKEN_ANSWER, path, value)
    else:
        answers[1:] = [mutated(REAL, path, value)] * 6
    with TemporaryDirectory() as folder:
        families, errors = asyncio.run(run(Meta([(200, answer, {}) for answer in answers]), Path(folder)))
    check(families)
    assert "51987654321" not in errors


def test_as_many_templates_as_fit_an_answer() -> None:
    entries = [{"name": f"t{number}", "language": "es", "status": f"S{number}"} for number in range(3_000)]
    with TemporaryDirectory() as folder:
        families, _ = asyncio.run(run(Meta([(200, {"data": entries}, {})]), Path(folder)))
    check(families)
    by_name = {family.definition.name: family for family in families}
    assert by_name["whatsapp_graph_template_status"].series == 250 * 11
    assert by_name["whatsapp_graph_templates"].series == 50
