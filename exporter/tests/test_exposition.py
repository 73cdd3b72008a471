"""Pages are those of Prometheus' client library to the byte, whatever was shown before."""

import asyncio
import gc
import gzip
import math
import re
import shutil
import subprocess
import sys
import zlib
from array import array
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.utils import floatToGoString
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_exporter.exposition.client_library import ClientLibraryFamilies
from whatsapp_exporter.exposition.family_text import FamilyText
from whatsapp_exporter.exposition.gzip_stream import deflate, gzip_stream
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.number_text import number_text, number_texts
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import AnyFamily, Buckets, Family, HistogramFamily, family, single
from whatsapp_exporter.metrics.catalogue import CATALOGUE, EXPORTER_METRICS
from whatsapp_exporter.metrics.definition import Kind, MetricDefinition, Source, counter, gauge, histogram

go_string: Callable[[float], str] = floatToGoString
parse_openmetrics: Callable[[str], Iterable[Metric]] = openmetrics_parser.text_string_to_metric_families
Serve = Callable[[ASGIApp], Awaitable[str]]
COMPANIES = gauge("whatsapp_companies", "companies", "Companies", Source.DATABASE, "name", "area")
PROMTOOL = shutil.which("promtool")
CURL = shutil.which("curl")

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_numbers = st.one_of(st.floats(), st.integers(-(10**18), 10**18), st.booleans())


@st.composite
def _definitions(draw: st.DrawFn) -> MetricDefinition:
    kind, unit = draw(st.sampled_from(Kind)), draw(st.sampled_from(["", "seconds", "info", "messages"]))
    name = draw(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,6}", fullmatch=True))
    name += draw(st.sampled_from(["", f"_{unit}", "_total", f"_{unit}_total"]))
    labels = draw(st.lists(st.sampled_from(["company", "Country", "a", "_b", "le2", "m"]), unique=True))
    return MetricDefinition(name, kind, unit, draw(_texts), Source.DATABASE, tuple(labels))


@st.composite
def _buckets(draw: st.DrawFn) -> Buckets:
    bounds = draw(st.lists(st.one_of(st.floats(allow_nan=False), st.integers(-5, 10**8)), max_size=3))
    counts = draw(st.lists(_numbers, min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    return Buckets(tuple(bounds), tuple(counts), draw(_numbers))


@st.composite
def _pages(draw: st.DrawFn) -> list[list[AnyFamily]]:
    definitions = draw(st.lists(_definitions(), min_size=1, max_size=3))

    def drawn(definition: MetricDefinition) -> AnyFamily:
        labels = st.tuples(*[_texts for _ in definition.labels])
        if definition.kind is Kind.HISTOGRAM:
            return HistogramFamily(definition, draw(st.dictionaries(labels, _buckets(), max_size=3)))
        return Family(definition, draw(st.dictionaries(labels, _numbers, max_size=4)))

    known = [drawn(definition) for definition in definitions]
    pages: list[list[AnyFamily]] = []
    for _ in range(draw(st.integers(1, 4))):
        known = [one if draw(st.booleans()) else drawn(one.definition) for one in known]
        pages.append([one for one in known if draw(st.integers(0, 3))])
    return pages


def _expected(families: Sequence[AnyFamily], form: Form) -> bytes:
    return ClientLibraryFamilies(families).page(form)


def _assert_same(encoder: PageEncoder, families: Sequence[AnyFamily]) -> None:
    for form in Form:
        expected = _expected(families, form)
        assert encoder.encode(families, form, gzip=False) == expected
        assert gzip.decompress(encoder.encode(families, form, gzip=True)) == expected
        assert gzip.decompress(encoder.encode(families, form, gzip=True)) == expected


@settings(max_examples=100, deadline=None)
@given(_pages())
def test_pages_are_those_of_the_client_library(pages: list[list[AnyFamily]]) -> None:
    used = PageEncoder()
    for families in pages:
        _assert_same(used, families)
        _assert_same(PageEncoder(), families)


@given(st.lists(st.one_of(_numbers, st.floats(0, 1e7), st.floats(-1e-3, 1e-3)), max_size=20))
def test_numbers_are_those_of_the_client_library(values: list[float]) -> None:
    expected = [go_string(value) for value in values]
    assert [number_text(value) for value in values] == expected
    assert number_texts(array("d", values)) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.0"),
        (-0.0, "-0.0"),
        (True, "1.0"),
        (1e-4, "0.0001"),
        (9.9e-05, "9.9e-05"),
        (999999, "999999.0"),
        (999999.9999999999, "999999.9999999999"),
        (1e6, "1e+06"),
        (-1e6, "-1000000.0"),
        (1234567.5, "1.2345675e+06"),
        (1769160000.123, "1.769160000123e+09"),
        (1e15, "1e+15"),
        (1e16, "1e+16"),
        (2**63, "9.223372036854776e+18"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number_text(value) == text
    assert number_texts(array("d", [0.5, value])) == ["0.5", text]


def _companies(names: Iterable[str], value: float = 1.0) -> Family:
    return Family(COMPANIES, {(name, f"Área {len(name)}"): value + place for place, name in enumerate(names)})


def test_changes_of_a_large_family() -> None:
    encoder = PageEncoder()
    names = [f"Obra {number}" for number in range(5_001)]
    whole = _companies(names)
    odd = dict(whole.samples)
    odd[names[3], "Área 6"], odd[names[4500], "Área 9"] = -0.0, math.nan
    zero = dict(odd)
    zero[names[3], "Área 6"] = 0.0
    for one in (
        whole,
        whole,
        _companies(names),
        _companies(names, 0.25),
        Family(COMPANIES, odd),
        Family(COMPANIES, zero),
        _companies(["Nueva", *names]),
        _companies(names[10:]),
        _companies(reversed(names)),
        _companies([]),
        _companies(names[:2_000]),
        whole,
    ):
        _assert_same(encoder, [single(gauge("up", "boolean", "Up", Source.HEALTH), 1), one])


def test_large_histograms() -> None:
    definition = histogram("whatsapp_times_seconds", "seconds", "Times", Source.DATABASE, "company", "zone")

    def times(bounds: tuple[float, ...], number: int) -> HistogramFamily:
        buckets = Buckets(bounds, tuple(range(len(bounds) + 1)), 12.5)
        return HistogramFamily(definition, {(f"{company}", "a"): buckets for company in range(number)})

    encoder = PageEncoder()
    for one in (
        times((0.5, 1, 2.5e6), 450),
        times((0.5, 1), 450),
        times((-1.0, 1.0), 450),
        times((), 200),
        times((), 0),
    ):
        _assert_same(encoder, [one])


def test_counts_that_do_not_fit_the_bounds_are_refused() -> None:
    definition = histogram("whatsapp_times_seconds", "seconds", "Times", Source.DATABASE)
    wrong = HistogramFamily(definition, {(): Buckets((1.0, 2.0), (1, 2), 3.0)})
    with pytest.raises(ValueError, match="whatsapp_times_seconds"):
        PageEncoder().encode([wrong], Form.TEXT, gzip=False)


def test_what_did_not_change_is_used_again() -> None:
    renderer = FamilyText(COMPANIES)
    names = [f"Obra {number}" for number in range(6_000)]
    first = renderer.pieces(_companies(names), openmetrics=True, gzip=True)
    equal = renderer.pieces(_companies(names), openmetrics=True, gzip=True)
    changed = dict(_companies(names).samples)
    changed[names[4_500], "Área 9"] = 0.5
    other = renderer.pieces(Family(COMPANIES, changed), openmetrics=True, gzip=True)
    assert len(first) == 3
    assert [one is two for one, two in zip(first, equal, strict=True)] == [True, True, True]
    assert [one is two for one, two in zip(first, other, strict=True)] == [True, True, False]
    plain = renderer.pieces(Family(COMPANIES, changed), openmetrics=True, gzip=False)
    assert all(isinstance(piece, bytes) for piece in plain)


def test_half_a_surrogate_pair_does_not_cost_the_page() -> None:
    page = PageEncoder().encode([_companies(["\ud83d", "Obra"])], Form.TEXT, gzip=False).decode()
    assert 'name="?"' in page
    assert 'name="Obra"' in page


def test_memory_does_not_grow_with_labels_that_come_and_go() -> None:
    encoder = PageEncoder()

    def show(start: int, pages: int) -> int:
        for number in range(start, start + pages):
            names = [f"Obra {number + place}" for place in range(0, 200, 50)]
            vanishing = gauge(f"whatsapp_v{number % 50}", "x", "V", Source.DATABASE, "a")
            families = [_companies(names), family(vanishing, [((str(number),), 1.0)])]
            encoder.encode(families, Form.TEXT, gzip=number % 2 == 0)
        gc.collect()
        return sys.getallocatedblocks()

    early = show(0, 500)
    late = show(500, 10_000)
    assert late < early + 2_000


def test_threads_share_an_encoder() -> None:
    encoder = PageEncoder()
    names = [f"Obra {number}" for number in range(3_000)]
    jobs = [
        ([_companies(names[number % 5 * 10 :], number % 7)], form, compressed)
        for number in range(12)
        for form in (Form.TEXT, Form.OPENMETRICS)
        for compressed in (True, False)
    ]

    def run(job: tuple[list[AnyFamily], Form, bool]) -> bool:
        families, form, compressed = job
        page = encoder.encode(families, form, gzip=compressed)
        return (gzip.decompress(page) if compressed else page) == _expected(families, form)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(run, jobs))


@given(st.lists(st.one_of(st.binary(max_size=300), st.integers(0, 70_000).map(bytes)), max_size=6))
def test_parts_make_one_gzip_file(texts: list[bytes]) -> None:
    whole = gzip_stream(map(deflate, texts))
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert reader.decompress(whole) == b"".join(texts)  # httpx and curl read one member only
    assert reader.eof
    assert reader.unused_data == b""


async def test_httpx_and_curl_read_compressed_pages_to_the_end(serve: Serve) -> None:
    if CURL is None:
        pytest.skip("curl is not installed")
    families = [_companies([f"Obra {number}" for number in range(7_000)])]
    page = PageEncoder().encode(families, Form.TEXT, gzip=True)

    async def answer(_request: Request) -> Response:
        return Response(page, headers={"Content-Encoding": "gzip", "Content-Type": Form.TEXT.value})

    address = await serve(Starlette(routes=[Route("/metrics", answer)]))
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        read = (await client.get("/metrics")).content
    process = await asyncio.create_subprocess_exec(
        CURL, "-sS", "--compressed", "--max-time", "10", f"{address}/metrics", stdout=subprocess.PIPE
    )
    curled, _ = await process.communicate()
    assert process.returncode == 0
    assert read == curled == _expected(families, Form.TEXT)


def _one_of_each() -> list[AnyFamily]:
    values = {Kind.COUNTER: 12.0, Kind.GAUGE: 1.5}
    return [
        HistogramFamily(one, {("x",) * len(one.labels): Buckets((0.1, 2e6), (1, 2, 4), 3e6)})
        if one.kind is Kind.HISTOGRAM
        else family(one, [(["x"] * len(one.labels), values[one.kind])])
        for one in EXPORTER_METRICS
    ]


def test_every_definition_renders_in_both_formats() -> None:
    families = _one_of_each()
    encoder = PageEncoder()
    text = encoder.encode(families, Form.TEXT, gzip=False)
    modern = encoder.encode(families, Form.OPENMETRICS, gzip=False)
    _assert_same(encoder, families)
    ends = ("_bucket", "_count", "_sum")
    names = {
        one.definition.name + end
        for one in families
        for end in (ends if isinstance(one, HistogramFamily) else ("",))
    }
    assert {sample.name for family in parse_text(text.decode()) for sample in family.samples} == names
    assert {
        sample.name for family in parse_openmetrics(modern.decode()) for sample in family.samples
    } == names
    assert modern.endswith(b"# EOF\n")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_say_of_a_page_with_everything() -> None:
    assert PROMTOOL is not None
    page = PageEncoder().encode(list(_one_of_each()), Form.TEXT, gzip=False)
    checked = subprocess.run([PROMTOOL, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_label_values_are_escaped() -> None:
    odd = 'a"b\\c\nd'
    one = Family(counter("whatsapp_sent_total", "messages", "S", Source.DATABASE, "state"), {(odd,): 1.0})
    page = PageEncoder().encode([one], Form.TEXT, gzip=False)
    (parsed,) = parse_text(page.decode())
    assert parsed.samples[0].labels == {"state": odd}


def test_catalogue_names_are_unique_and_follow_the_rules() -> None:
    names = [definition.name for definition in CATALOGUE]
    manual = {"whatsapp_notifications_total", "whatsapp_response_time_ms", "whatsapp_error_rate"}
    assert len(set(names)) == len(names)
    assert all(definition.name.startswith(("whatsapp_", "process_")) for definition in CATALOGUE)
    assert all(definition.help and not definition.help.endswith(".") for definition in CATALOGUE)
    for definition in CATALOGUE:
        for name in (definition.name, *definition.labels):
            assert re.fullmatch("[a-z][a-z0-9_]*", name), definition.name
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
