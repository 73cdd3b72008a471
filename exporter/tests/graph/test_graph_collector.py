"""The graph collector against the Graph simulator: every state."""

import logging
import math
from collections.abc import Callable

import pytest
from whatsapp_exporter.collectors.graph.metrics import METRICS
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.page import PageEncoder

from .world import NODES, PHONE, TOKEN, WEBHOOK, Collect, World, read

CheckGolden = Callable[[str, str], None]


async def test_page_matches_golden_and_readme(world: World, check_golden: CheckGolden) -> None:
    expiry = int(world.clock.wall()) + 30 * 86_400
    await world.change("token", expires_at=expiry, data_access_expires_at=expiry)
    await world.change("templates", name="saludo", language="en_US", status="PAUSED", webhook=False)
    await world.change("phone", quality_rating="YELLOW", webhook=False)
    await world.change("account", payment_ok=False)
    await world.change("faults", kind="usage", percent=40)
    families = await world.collector(version="v24.0").collect()
    check_golden("graph", PageEncoder().encode(families, Form.TEXT, gzip=False).decode())


async def test_healthy_business(world: World, collect: Collect) -> None:
    found = await collect(world.collector())
    assert found.error is None
    assert read(found) == NODES
    assert found.current("phone_status") == {"CONNECTED"}
    assert found.current("webhook_level") == {"application"}
    assert found.samples["webhook_is_ours",] == 1
    assert found.samples["app_subscribed",] == 1
    assert found.samples["token_valid",] == 1
    assert found.samples["templates", "APPROVED"] == 3
    assert found.samples["templates_left_out",] == 0
    assert found.names() <= {one.name.removeprefix("whatsapp_graph_") for one in METRICS}


@pytest.mark.parametrize(
    ("member", "value", "metric"),
    [
        ("status", "FLAGGED", "phone_status"),
        ("status", "BANNED", "phone_status"),
        ("quality_rating", "RED", "phone_quality_rating"),
        ("name_status", "DECLINED", "phone_name_status"),
        ("throughput", "HIGH", "phone_throughput_level"),
        ("code_verification_status", "EXPIRED", "phone_code_verification_status"),
        ("account_mode", "SANDBOX", "phone_account_mode"),
        ("status", "SOMETHING_NEW", "phone_status"),
    ],
)
async def test_phone_states(world: World, collect: Collect, member: str, value: str, metric: str) -> None:
    collector = world.collector()
    before = await collect(collector)
    await world.change("phone", **{member: value}, webhook=False)
    after = await collect(collector)
    assert value not in before.current(metric)
    assert after.current(metric) == {value}
    assert len([key for key in after.samples if key[0] == metric]) > 1


@pytest.mark.parametrize(("version", "scope"), [("v23.0", "phone_number"), ("v24.0", "portfolio")])
@pytest.mark.parametrize(
    ("tier", "recipients"),
    [("TIER_250", 250), ("TIER_2K", 2_000), ("TIER_100K", 100_000), ("TIER_UNLIMITED", math.inf)],
)
async def test_messaging_limit(
    world: World, collect: Collect, version: str, scope: str, tier: str, recipients: float
) -> None:
    await world.change("phone", messaging_limit=tier, webhook=False)
    found = await collect(world.collector(version=version))
    assert found.current("messaging_limit_tier", scope) == {tier}
    assert {key: value for key, value in found.samples.items() if key[0] == "messaging_limit_recipients"} == {
        ("messaging_limit_recipients", scope): recipients
    }


async def test_unknown_tier_has_a_state_and_no_number(world: World, collect: Collect) -> None:
    await world.change("phone", messaging_limit="TIER_NOT_SET", webhook=False)
    found = await collect(world.collector())
    assert found.current("messaging_limit_tier", "phone_number") == {"TIER_NOT_SET"}
    assert "messaging_limit_recipients" not in found.names()


@pytest.mark.parametrize("entity", ["PHONE_NUMBER", "WABA", "BUSINESS", "APP"])
@pytest.mark.parametrize("verdict", ["LIMITED", "BLOCKED"])
async def test_health_of_entities(world: World, collect: Collect, entity: str, verdict: str) -> None:
    await world.change("health", entity_type=entity, can_send_message=verdict)
    found = await collect(world.collector())
    assert found.current("can_send_message", entity) == {verdict}
    assert found.current("can_send_message", "OVERALL") == {verdict}
    others = {"PHONE_NUMBER", "WABA", "BUSINESS", "APP"} - {entity}
    assert all(found.current("can_send_message", other) == {"AVAILABLE"} for other in others)


async def test_reason_of_a_block_and_health_without_the_phone(world: World, collect: Collect) -> None:
    await world.change("account", payment_ok=False)
    world.replace(PHONE, {"error": {"code": 10, "message": "no"}}, code=403)
    found = await collect(world.collector())
    assert found.samples["health_error", "WABA", "141006"] == 1
    assert found.current("can_send_message", "WABA") == {"BLOCKED"}
    assert ("can_send_message", "PHONE_NUMBER", "BLOCKED") not in found.samples


async def test_account_states(world: World, collect: Collect) -> None:
    await world.change(
        "account",
        account_review_status="REJECTED",
        business_verification_status="NOT_VERIFIED",
        status="DISABLED",
        webhook=False,
    )
    found = await collect(world.collector())
    assert found.current("account_review_status") == {"REJECTED"}
    assert found.current("business_verification_status") == {"NOT_VERIFIED"}
    assert found.current("account_status") == {"DISABLED"}
    assert found.samples["account_status", "ACTIVE"] == 0


async def test_templates(world: World, collect: Collect) -> None:
    await world.change("templates", name="pago_realizado", status="PAUSED", webhook=False)
    await world.change("templates", name="saludo", language="es_PE", quality="RED", webhook=False)
    await world.change("templates", name="saludo", language="en_US", category="UTILITY", webhook=False)
    found = await collect(world.collector())
    assert found.current("template_status", "pago_realizado", "es_PE") == {"PAUSED"}
    assert found.current("template_can_send_message", "pago_realizado", "es_PE") == {"BLOCKED"}
    assert found.current("template_can_send_message", "saludo", "es_PE") == {"AVAILABLE"}
    assert found.samples["templates", "APPROVED"] == 2
    assert found.samples["templates", "PAUSED"] == 1
    assert found.samples["templates_by_quality", "MARKETING", "RED"] == 1
    assert found.samples["templates_by_quality", "MARKETING", "GREEN"] == 0
    assert found.samples["templates_by_quality", "UTILITY", "GREEN"] == 2


async def test_token_states(world: World, collect: Collect) -> None:
    collector = world.collector()
    never = await collect(collector)
    expiry = world.clock.wall() + 3.5 * 86_400
    await world.change("token", expires_at=int(expiry), scopes=["whatsapp_business_management"])
    soon = await collect(collector)
    await world.change("token", valid=False)
    revoked = await collect(collector)
    assert "token_expiry_timestamp_seconds" not in never.names()
    assert "token_data_access_expiry_timestamp_seconds" not in never.names()
    assert soon.samples["token_expiry_timestamp_seconds",] == int(expiry)
    assert soon.samples["token_scope", "whatsapp_business_messaging"] == 0
    assert soon.samples["token_scope", "whatsapp_business_management"] == 1
    assert revoked.samples["token_valid",] == 0
    assert read(revoked) == set()
    assert "token refused (code 190)" in (revoked.error or "")


async def test_missing_management_scope_leaves_the_token_valid(world: World, collect: Collect) -> None:
    await world.change("token", scopes=["whatsapp_business_messaging"])
    found = await collect(world.collector())
    assert read(found) == {"token"}
    assert found.samples["token_valid",] == 1
    assert found.samples["token_scope", "whatsapp_business_management"] == 0
    assert "not permitted (code 200)" in (found.error or "")


async def test_token_that_may_not_be_inspected_but_works(world: World, collect: Collect) -> None:
    world.replace("/debug_token", {"error": {"code": 100, "message": "(#100) You must provide"}}, code=400)
    found = await collect(world.collector())
    assert read(found) == NODES - {"token"}
    assert found.samples["token_valid",] == 1


async def test_new_token_is_taken_up(world: World, collect: Collect) -> None:
    world.token_file.write_text("another", encoding="ascii")
    collector = world.collector()
    wrong = await collect(collector)
    world.token_file.write_text(TOKEN, encoding="ascii")
    right = await collect(collector)
    world.token_file.unlink()
    none = await collect(collector)
    assert (wrong.samples["token_valid",], right.samples["token_valid",]) == (0, 1)
    assert none.error == "token_file: graph_token cannot be read"
    assert none.samples["reads_last_hour",] == right.samples["reads_last_hour",]


@pytest.mark.parametrize(
    ("overrides", "level", "ours"),
    [
        ({}, "application", 1),
        ({"phone_number": "https://elsewhere.example.com/"}, "phone_number", 0),
        ({"whatsapp_business_account": "https://elsewhere.example.com/"}, "whatsapp_business_account", 0),
        (
            {
                "whatsapp_business_account": "https://elsewhere.example.com/",
                "phone_number": WEBHOOK.replace("notificaciones.", "NOTIFICACIONES.").replace(
                    ".com/", ".com:443/"
                ),
            },
            "phone_number",
            1,
        ),
    ],
)
async def test_webhook_address(
    world: World, collect: Collect, overrides: dict[str, str], level: str, ours: int
) -> None:
    await world.change("phone", callback_overrides=overrides, webhook=False)
    found = await collect(world.collector())
    assert found.current("webhook_level") == {level}
    assert found.samples["webhook_is_ours",] == ours


async def test_no_webhook_address_and_none_to_compare(world: World, collect: Collect) -> None:
    await world.change("phone", application_callback="https://x.example.com", webhook=False)
    not_compared = await collect(world.collector(webhook_url=None))
    world.replace(PHONE, {"id": "1", "webhook_configuration": {"application": ""}})
    absent = await collect(world.collector())
    assert not_compared.current("webhook_level") == {"application"}
    assert "webhook_is_ours" not in not_compared.names()
    assert absent.current("webhook_level") == {"none"}
    assert absent.samples["webhook_is_ours",] == 0


async def test_subscriptions(world: World, collect: Collect) -> None:
    await world.change("account", subscribed_apps=["1", "2"])
    others = await collect(world.collector())
    await world.change("account", subscribed_apps=[])
    nobody = await collect(world.collector())
    assert (others.samples["subscribed_apps",], others.samples["app_subscribed",]) == (2, 0)
    assert (nobody.samples["subscribed_apps",], nobody.samples["app_subscribed",]) == (0, 0)


async def test_usage_headers(world: World, collect: Collect) -> None:
    without = await collect(world.collector())
    await world.change("faults", kind="usage", percent=40)
    found = await collect(world.collector())
    assert {"app_usage_ratio", "business_usage_ratio", "regain_access_seconds"}.isdisjoint(without.names())
    assert found.samples["app_usage_ratio", "call_count"] == 0.4
    assert found.samples["business_usage_ratio", "whatsapp_business_management", "total_time"] == 0.2
    assert found.samples["regain_access_seconds", "whatsapp_business_management"] == 0


async def test_more_pages_and_templates_than_are_shown(world: World, collect: Collect) -> None:
    entries = [
        {"name": f"t_{number}", "language": "es", "status": "APPROVED", "category": "UTILITY"}
        for number in range(200)
    ]
    cursors = {"cursors": {"after": "abc"}, "next": "https://elsewhere.example.com/?access_token=x"}
    world.replace("/message_templates", {"data": entries, "paging": cursors})
    found = await collect(world.collector())
    pages = [query for path, query in world.front.reads if path.endswith("templates")]
    # The same cursor again: the second page says that it is followed by itself.
    assert len(pages) == 2
    assert "after=abc" in pages[1]
    assert found.samples["templates", "APPROVED"] == 400
    assert found.samples["templates_left_out",] == 201


async def test_names_that_could_be_numbers_of_persons_are_no_labels(world: World, collect: Collect) -> None:
    entries = [
        {"name": name, "language": "es", "status": "APPROVED", "category": "UTILITY"}
        for name in ("aviso_51987654321", "wamid.HBgL", 'x"} 1', "bueno")
    ]
    world.replace("/message_templates", {"data": entries})
    found = await collect(world.collector())
    assert {key[1] for key in found.samples if key[0] == "template_status"} == {"bueno"}
    assert found.samples["templates_left_out",] == 3


async def test_token_goes_nowhere_else(
    world: World, collect: Collect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="httpx")  # as configure_logging has it
    with caplog.at_level(logging.DEBUG):
        found = await collect(world.collector())
    assert found.error is None
    assert world.front.tokens == {f"Bearer {TOKEN}"}
    assert [path for path, query in world.front.reads if TOKEN in query] == ["/v23.0/debug_token"]
    # The test's own server is no part of the exporter.
    told = [one.getMessage() for one in caplog.records if not one.name.startswith("uvicorn")]
    assert told
    assert not any(TOKEN in text for text in told)
    kept = [path.read_text() for path in world.folder.iterdir() if path != world.token_file]
    assert kept
    assert not any(TOKEN in text for text in kept)
