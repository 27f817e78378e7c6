"""The pages about deliveries: what came, masked, and the form that processes one again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from onboarding.operate import deliveries
from onboarding.ports import DeliveryStatus
from tests.dashboard.test_pages import Page
from tests.storage.stores import make_delivery
from tests.support.doubles import T0
from tests.support.outer import Outer

HOSTILE = "<script>alert(1)</script>"
BODY = b'{"name": "Planted \xc3\x98deg\xc3\xa5rd", "<b>": "+49 151 99887766"}'


async def put(outer: Outer, **changes: Any) -> str:
    delivery = make_delivery(at=T0, **{"body": BODY, "vendor_event_type": HOSTILE, **changes})
    await outer.app.services.deliveries.put_if_absent(delivery)
    return delivery.delivery_id


async def get(
    outer: Outer, name: str, role: str = "operator", query: dict[str, str] | None = None, **params: str
) -> Page:
    answer = await outer.http(name, "GET", f"/api/{name}", params, b"", {"x-dev-role": role}, query)
    assert answer.status_code == 200, answer.get_body().decode()[-500:]
    page = Page(answer.get_body())
    assert not page.open
    assert not page.all("script")
    return page


def form(page: Page) -> dict[str, str]:
    return {str(item["name"]): str(item.get("value") or "") for item in page.all("input")}


async def test_the_list_shows_sources_and_deliveries_and_no_value(outer: Outer) -> None:
    wanted = await put(
        outer, source="standard-webhooks", reason_code="not_json", status=DeliveryStatus.UNREADABLE
    )
    page = await get(outer, "dashboard_deliveries")
    assert wanted in page.text
    assert HOSTILE in page.text
    assert "/api/hr/standard-webhooks" in page.text
    assert "Planted" not in page.text
    assert (
        "No delivery matches" in (await get(outer, "dashboard_deliveries", query={"status": "failed"})).text
    )
    wrong = await outer.http("dashboard_deliveries", "GET", "/api/x", {}, b"", {}, {"status": "lost"})
    assert wrong.status_code == 400


async def test_one_delivery_is_shown_masked_and_replayed_by_an_operator(outer: Outer) -> None:
    wanted = await put(outer, status=DeliveryStatus.FAILED)
    page = await get(outer, "dashboard_delivery", delivery_id=wanted)
    assert '"name": "Aaaaaaa Aaaaaaa"' in page.text
    assert "Planted" not in page.text
    assert "99887766" not in page.text
    fields = form(page) | {"reason": "mapping mended"}
    path = f"/api/dashboard/deliveries/{wanted}/replay"
    answer = await outer.http(
        "dashboard_replay", "POST", path, {"delivery_id": wanted}, urlencode(fields).encode(),
        {"x-dev-role": "operator", "content-type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert (answer.status_code, answer.headers["Location"]) == (303, f"../{wanted}")
    found = await deliveries.find(outer.app.services, wanted)
    assert found.status is DeliveryStatus.QUEUED


@pytest.mark.parametrize("fields", [{}, {"token": "x", "reason": "y"}, {"reason": "y"}])
async def test_a_replay_needs_our_own_form(outer: Outer, fields: dict[str, str]) -> None:
    wanted = await put(outer, status=DeliveryStatus.FAILED)
    answer = await outer.http(
        "dashboard_replay", "POST", "/api/x", {"delivery_id": wanted}, urlencode(fields).encode(),
        {"x-dev-role": "operator"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert (await deliveries.find(outer.app.services, wanted)).status is DeliveryStatus.FAILED


@pytest.mark.parametrize(("role", "changes"), [("viewer", {}), ("operator", {"body": None})])
async def test_there_is_no_form_for_a_viewer_nor_for_what_is_gone(
    outer: Outer, role: str, changes: dict[str, Any]
) -> None:
    wanted = await put(outer, **changes)
    page = await get(outer, "dashboard_delivery", role, delivery_id=wanted)
    assert page.all("form") == []
