"""Which format and whether gzip, by the headers that clients really send and those that they may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whatsapp_exporter.exposition.negotiation import MAX_HEADER_LENGTH, Form, accepts_gzip, negotiate

OM = "application/openmetrics-text"
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
TEXT, MODERN, DRAFT = Form.TEXT, Form.OPENMETRICS, Form.OPENMETRICS_0_0_1


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        # Prometheus 2.42, without and with native histograms
        (f"{OM};version=1.0.0,{OM};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", MODERN),
        (
            (
                f"{PROTOBUF},{OM};version=1.0.0;q=0.8,{OM};version=0.0.1;q=0.75,"
                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            ),
            MODERN,
        ),
        # 2.49 to 2.55
        (
            f"{OM};version=1.0.0;q=0.5,{OM};version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            MODERN,
        ),
        # 3.x, without and with native histograms
        (
            (
                f"{OM};version=1.0.0;escaping=allow-utf-8;q=0.6,{OM};version=0.0.1;q=0.5,"
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
            ),
            MODERN,
        ),
        (
            (
                f"{PROTOBUF};q=0.7,{OM};version=1.0.0;escaping=allow-utf-8;q=0.6,{OM};version=0.0.1;q=0.5,"
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
            ),
            MODERN,
        ),
        # 3.x whose scrape_protocols put the text format first, or name one only
        (
            (
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,"
                f"{OM};version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.3"
            ),
            TEXT,
        ),
        ("text/plain;version=0.0.4;q=0.6,*/*;q=0.5", TEXT),
        (f"{OM};version=0.0.1;q=0.6,*/*;q=0.5", DRAFT),
        # a browser, curl, nobody
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", TEXT),
        ("*/*", TEXT),
        ("", TEXT),
    ],
)
def test_format_for_real_clients(accept: str, expected: Form) -> None:
    assert negotiate(accept) is expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (OM, MODERN),
        (OM.upper() + " ; VERSION = 1.0.0 ; Q=1.000", MODERN),
        (f'{OM};version="0.0.1"', DRAFT),
        (f"{OM};version=0.0.1;q=0.9,{OM};version=1.0.0;q=0.8", DRAFT),
        (f"{OM};q=0.5,{OM};version=1.0.0;q=0.1", DRAFT),  # the most exact range decides on each
        (f"{OM};version=9.9.9", TEXT),
        (f"{OM};version=9.9.9,{OM};version=1.0.0;q=0.1", MODERN),
        (f"text/plain;q=0.9,{OM};q=0.1", TEXT),
        (f"text/plain;q=0.9,{OM}", MODERN),
        # equally liked: named before wildcard, then the first
        (f"{OM},text/plain", MODERN),
        (f"text/plain,{OM}", TEXT),
        (f"*/*,{OM}", MODERN),
        ("application/*", MODERN),
        ("application/*,text/*", MODERN),
        ("text/*,application/*", TEXT),
        (f"*/*;q=0.9,{OM};q=0.5", TEXT),
        (f"text/plain;q=0.1,*/*;q=0.9,{OM};q=0.5", MODERN),
        # excluded
        (f"{OM};q=0", TEXT),
        (f"{OM};q=0,*/*", TEXT),
        ("text/plain;q=0,*/*;q=0.1", MODERN),
        ("text/*;q=0,*/*;q=0.1", MODERN),
        (f"text/plain;q=0,{OM};version=1.0.0;q=0,*/*;q=0.1", DRAFT),
        ("*/*;q=0", TEXT),  # nothing is left: what everybody reads
        # nonsense
        (f"{OM};q=high", TEXT),
        (f"{OM};q=2", TEXT),
        (f"{OM};q=nan", TEXT),
        (f"{OM};q=-1", TEXT),
        (f"{OM};q=.5, */*; q=.2", MODERN),
        (";;,,q=", TEXT),
        ("openmetrics", TEXT),
    ],
)
def test_format_by_the_rules(accept: str, expected: Form) -> None:
    assert negotiate(accept) is expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("deflate, gzip", True),
        ("GZIP;Q=0.1", True),
        ("x-gzip", True),
        ("*", True),
        ("br;q=1.0, *;q=0.5", True),
        ("gzip, identity", True),
        ("identity;q=0", True),
        ("identity;q=0, br", True),
        ("*;q=0, gzip;q=0.1", True),
        ("", False),
        ("br", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("x-gzip;q=0.000, *;q=1", False),
        ("*;q=0", False),
        ("gzip;q=0.5, identity", False),
        ("gzip;q=0.5, *", False),
        ("gzip;q=much", False),
    ],
)
def test_gzip(accept_encoding: str, expected: bool) -> None:
    assert accepts_gzip(accept_encoding) is expected


def test_long_headers_are_cut_between_elements() -> None:
    filler = "a/b," * (MAX_HEADER_LENGTH // 4 - 2)
    assert negotiate(f"{filler}{OM}") is TEXT
    assert negotiate(f"{OM};q=0.4,text/plain;q=0.3,{filler}text/plain") is MODERN
    start, end = "text/plain;q=0.5,", f"{OM};q=0"
    cut_before_quality = start.ljust(MAX_HEADER_LENGTH - len(end) + len("q=0"), ",") + end
    assert cut_before_quality[:MAX_HEADER_LENGTH].endswith(f",{OM};")
    assert negotiate(cut_before_quality) is TEXT
    assert accepts_gzip("br," * MAX_HEADER_LENGTH + "gzip") is False


@given(st.text(st.sampled_from('applicton/xgzp,;=q*.01 -"é'), max_size=200), st.text(max_size=50))
def test_any_header_has_an_answer(accept: str, other: str) -> None:
    assert negotiate(accept) in Form
    assert negotiate(other) in Form
    assert accepts_gzip(accept) in {True, False}
