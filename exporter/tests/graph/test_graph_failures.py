"""The graph collector when Meta limits, fails, hangs or answers something odd."""

import json
import time
from typing import Any

import pytest

from .world import ACCOUNT, NODES, PHONE, TOKEN, Collect, World, read


@pytest.mark.parametrize("code", [4, 17, 80007])
async def test_meta_limit_stops_the_run_and_backs_off(world: World, collect: Collect, code: int) -> None:
    collector = world.collector()
    await world.change("faults", kind="read_limit", code=code, count=1)
    limited = await collect(collector)
    reads = len(world.front.reads)
    waiting = await collect(collector)
    assert f"(code {code}); next read in 300 s" in (limited.error or "")
    assert read(limited) == {"token"}
    assert len(world.front.reads) == reads == 2
    assert "next read in 300 s" in (waiting.error or "")
    world.clock.advance(301)
    assert read(await collect(collector)) == NODES


async def test_back_off_lasts_as_long_as_meta_says(world: World, collect: Collect) -> None:
    usage = {"1": [{"type": "whatsapp", "call_count": 100, "estimated_time_to_regain_access": 20}]}
    world.replace(
        PHONE,
        {"error": {"code": 80007, "message": "limit"}},
        code=400,
        headers={"X-Business-Use-Case-Usage": json.dumps(usage)},
    )
    collector = world.collector()
    limited = await collect(collector)
    world.front.replaced.clear()
    world.clock.advance(20 * 60 - 1)
    waiting = await collect(collector)
    world.clock.advance(1)
    after = await collect(collector)
    assert limited.samples["regain_access_seconds", "whatsapp"] == 1200
    assert (read(waiting), read(after)) == (set(), NODES)


async def test_guessed_back_off_grows(world: World, collect: Collect) -> None:
    world.replace(PHONE, {"error": {"code": 4}}, code=429)
    world.replace("/debug_token", {"error": {"code": 4}}, code=429)
    collector = world.collector()
    told = []
    for _ in range(6):
        told.append((await collect(collector)).error or "")
        world.clock.advance(3_600)
    assert [text.rsplit(" in ", 1)[1] for text in told] == [
        *("300 s", "600 s", "1200 s", "2400 s", "3600 s", "3600 s")
    ]


FAILURES: list[tuple[dict[str, Any], str]] = [
    ({"answer": {"error": {"code": 190, "message": TOKEN}}, "code": 401}, "token refused (code 190)"),
    ({"answer": {"error": {"code": 10, "message": "no"}}, "code": 403}, "not permitted (code 10)"),
    ({"answer": {"error": {"code": 2, "message": "x"}}, "code": 503}, "Meta failed (code 2)"),
    ({"answer": {"error": {"code": 5, "is_transient": True}}, "code": 400}, "Meta failed (code 5)"),
    ({"answer": {"error": {"code": 803, "message": "x"}}, "code": 404}, "refused (code 803)"),
    ({"answer": {"error": {"code": 10, "message": "no"}}, "code": 200}, "not permitted (code 10)"),
    ({"answer": {"error": {"code": "51987654321"}}, "code": 500}, "HTTP 500"),
    ({"body": b"<html>bad gateway", "code": 502}, "HTTP 502"),
    ({"body": b"\xff\xfe\x00"}, "not JSON"),
    ({"body": b"[1]"}, "no JSON object"),
    ({"body": b"[" * 100_000}, "not JSON"),
    ({"body": b" " * 1_000_001}, "larger than"),
    ({"code": 302, "headers": {"location": "http://127.0.0.1:9/"}}, "HTTP 302"),
]


@pytest.mark.parametrize("node", sorted(NODES))
@pytest.mark.parametrize(("replacement", "text"), FAILURES)
async def test_a_failing_node_takes_its_own_families_away(
    world: World, collect: Collect, node: str, replacement: dict[str, Any], text: str
) -> None:
    ends = {
        "token": "/debug_token",
        "phone_number": PHONE,
        "account": f"v23.0{ACCOUNT}",
        "subscribed_apps": "/subscribed_apps",
        "templates": "/message_templates",
    }
    world.replace(ends[node], **replacement)
    found = await collect(world.collector())
    assert read(found) == NODES - {node}
    assert (found.error or "").startswith(f"{node}: ")
    assert text in (found.error or "")
    assert TOKEN not in (found.error or "")
    own = {
        "token": "token_scope",
        "phone_number": "phone_status",
        "account": "account_status",
        "subscribed_apps": "subscribed_apps",
        "templates": "template_status",
    }
    assert [name for name in own.values() if name not in found.names()] == [own[node]]


async def test_wrong_type_costs_only_its_own_series(world: World, collect: Collect) -> None:
    world.replace(PHONE, {"id": "1", "status": 51987654321, "quality_rating": "RED", "throughput": []})
    found = await collect(world.collector())
    assert found.error == "phone_number: status is not a text; phone_number: throughput is not an object"
    assert found.current("phone_quality_rating") == {"RED"}
    assert read(found) == NODES


async def test_refused_fields_are_left_out_for_a_day(world: World, collect: Collect) -> None:
    collector = world.collector(version="v24.0")
    await collect(collector)
    first = len(world.front.reads)
    await collect(collector)
    second = len(world.front.reads) - first
    world.clock.advance(86_401)
    found = await collect(collector)
    third = len(world.front.reads) - first - second
    assert (first, second, third) == (6, 5, 6)
    assert found.error is None
    asked = [query for path, query in world.front.reads if path.endswith(PHONE)]
    assert ["messaging_limit_tier" in query for query in asked] == [True, False, False, True, False]


async def test_field_that_is_refused_without_its_name(world: World, collect: Collect) -> None:
    world.replace(PHONE, {"error": {"code": 100, "message": "(#100) Tried accessing nonexisting field"}})
    collector = world.collector()
    found = await collect(collector)
    asked = [query for path, query in world.front.reads if path.endswith(PHONE)]
    assert "unknown field (code 100)" in (found.error or "")
    assert asked[1:] == ["fields=id%2Cquality_rating%2Ccode_verification_status"]


async def test_too_large_pages_are_made_smaller(world: World, collect: Collect) -> None:
    world.replace(
        "/message_templates",
        {"error": {"code": 1, "message": "Please reduce the amount of data you're asking for, then retry"}},
        code=500,
    )
    collector = world.collector()
    failed = await collect(collector)
    world.front.replaced.clear()
    fine = await collect(collector)
    limits = [query.split("&")[0] for path, query in world.front.reads if path.endswith("templates")]
    assert limits == ["limit=200", "limit=100"]
    assert "too much data" in (failed.error or "")
    assert read(fine) == NODES


async def test_hanging_node_leaves_time_for_the_others(world: World, collect: Collect) -> None:
    world.replace(PHONE, hang=True)
    found = await collect(world.collector(timeout=2))
    assert found.error == "phone_number: no answer in time"
    assert read(found) == NODES - {"phone_number"}


async def test_hanging_api_leaves_a_run_with_what_is_known(world: World, collect: Collect) -> None:
    world.replace("", hang=True)
    world.clock.monotonic = time.monotonic  # the run's own limit has to be reached
    started = time.monotonic()
    found = await collect(world.collector(timeout=2))
    assert time.monotonic() - started < 2
    assert "token: no answer in time" in (found.error or "")
    assert "templates: no time is left in this run" in (found.error or "")
    assert found.samples["reads_last_hour",] == len(world.front.reads) <= 4
    assert read(found) == set()


async def test_unreachable_api(world: World, collect: Collect) -> None:
    found = await collect(world.collector(url="http://127.0.0.1:9/v23.0"))
    assert read(found) == set()
    assert "token_valid" not in found.names()
    assert "no answer: ConnectError" in (found.error or "")
    assert found.samples["reads_last_hour",] == 5
