"""The page of a case: only an approver is offered to erase the person, with what that means beside the button."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from onboarding import access
from onboarding.access import Role
from onboarding.domain.lifecycle import State
from tests.support.outer import Outer, case_id, make_case, rich_case

ACTION = f"/api/dashboard/cases/{case_id(1)}/forget"


async def page(outer: Outer, role: str) -> str:
    answer = await outer.http(
        "dashboard_case", "GET", "/api/x", {"case_id": case_id(1)}, b"", {"x-dev-role": role}
    )
    assert answer.status_code == 200
    return answer.get_body().decode()


async def send(outer: Outer, role: str, reason: str = "article 17") -> tuple[int, str | None]:
    who = access.Principal("pretend", Role[role.upper()])
    token = access.form_token(who, outer.s.settings, outer.clock.at)
    body = urlencode({"token": token, "reason": reason}).encode()
    headers = {
        "x-dev-role": role,
        "sec-fetch-site": "same-origin",
        "content-type": "application/x-www-form-urlencoded",
    }
    params = {"case_id": case_id(1), "action": "forget"}
    answer = await outer.http("dashboard_action", "POST", ACTION, params, body, headers)
    return answer.status_code, answer.headers.get("Location")


@pytest.mark.parametrize(("role", "offered"), [("viewer", False), ("operator", False), ("approver", True)])
async def test_only_an_approver_is_offered_it(outer: Outer, role: str, offered: bool) -> None:
    await outer.put(rich_case(1))
    text = await page(outer, role)
    assert (ACTION in text) is offered
    assert ("Not erased: the account in Entra" in text) is offered


async def test_afterwards_the_list_is_shown_since_the_page_is_gone(outer: Outer) -> None:
    await outer.put(make_case(1))
    assert await send(outer, "approver") == (303, "../../../dashboard")
    answer = await outer.http("dashboard_case", "GET", "/api/x", {"case_id": case_id(1)})
    assert answer.status_code == 404


async def test_while_it_waits_the_page_says_so_and_offers_nothing(outer: Outer) -> None:
    await outer.put(rich_case(1))
    assert await send(outer, "approver") == (303, f"../{case_id(1)}")
    text = await page(outer, "approver")
    assert "Everything about this person is being erased" in text
    assert "An approver asked to erase everything about this person: article 17" in text
    assert "<button formaction" not in text
    assert ACTION not in text


@pytest.mark.parametrize(("role", "status"), [("operator", 403), ("viewer", 403)])
async def test_a_form_of_anybody_else_is_refused(outer: Outer, role: str, status: int) -> None:
    await outer.put(make_case(1, State.CLOSED))
    assert (await send(outer, role))[0] == status


async def test_a_reason_is_needed(outer: Outer) -> None:
    await outer.put(make_case(1))
    assert (await send(outer, "approver", " "))[0] == 400
