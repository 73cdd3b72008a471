"""One notification followed from the request to LEIDA, and into the counters of Prometheus."""

from __future__ import annotations

from typing import Any

from lab.faults.load import NOTIFICATION
from lab.layout import host
from lab.running import Lab, wait_for

COMPANY = 1
# Not every recipient reads (Meta's simulator decides by chance, 0.7 at the least): of so many one does.
CONTACTS = range(1, 9)


def _total(lab: Lab, name: str) -> float:
    result = lab.session.query(f'{name}{{empresa_id="{COMPANY}"}}')
    return float(result[0]["value"][1]) if result else 0.0


def _create(lab: Lab, contact: int) -> int:
    answer = lab.api(
        "POST",
        "/api/notifications",
        json={**NOTIFICATION, "empresa_id": COMPANY, "contacto_id": contact},
    )
    assert answer.status_code == 201, answer.text
    created = answer.json()
    assert created["estado"] == "PENDIENTE"
    return int(created["id"])


def test_from_post_to_read(lab: Lab) -> None:
    before = {name: _total(lab, f"whatsapp_database_{name}_total") for name in ("accepted", "sent", "read")}
    created = [_create(lab, contact) for contact in CONTACTS]

    def read() -> dict[str, Any] | None:
        for number in created:
            document: dict[str, Any] = lab.api("GET", f"/api/notifications/{number}").json()
            if document["estado"] == "LEIDA":
                return document
        return None

    final = wait_for("state LEIDA", 120, read)
    assert final["whatsapp_message_id"].startswith("wamid.")
    assert final["enviada_at"] <= final["entregada_at"] <= final["leida_at"]
    assert "telefono" not in final

    def counted() -> bool | None:
        grown = [_total(lab, f"whatsapp_database_{name}_total") > value for name, value in before.items()]
        return True if all(grown) else None

    assert wait_for(f"growth of the counters {', '.join(before)} in Prometheus", 60, counted)


def test_bad_requests_are_refused(lab: Lab) -> None:
    body = {"empresa_id": COMPANY, "contacto_id": CONTACTS[0], "evento": "RECORDATORIO"}
    assert lab.session.client.post(host("app1").url(443, "/api/notifications"), json=body).status_code == 401
    wrong = lab.api("POST", "/api/notifications", json={**body, "contacto_id": 10**9})
    assert 400 <= wrong.status_code < 500
    assert wrong.json()["error"].keys() == {"code", "message", "request_id"}
