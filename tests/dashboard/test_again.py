"""A form that was not carried out: its page once more, with the answer in words and what was typed; nobody sees by it
what their role does not show them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from onboarding import access
from onboarding.access import Principal, Role
from onboarding.dashboard import desk
from onboarding.dashboard.forms import Again
from onboarding.dashboard.render import _environment
from onboarding.domain.lifecycle import State
from onboarding.errors import Refused, Unavailable
from onboarding.operate import actions, cases
from onboarding.operate import desk as service_desk
from onboarding.ports import DeliveryStatus
from onboarding.safeguards.stops import LIMIT, Stop
from onboarding.web import Request
from tests.dashboard.test_deliveries import put as put_delivery
from tests.dashboard.test_pages import HOSTILE, Page
from tests.operate.test_desk import at_work
from tests.support import planted
from tests.support.doubles import CASE_ID, T0
from tests.support.full_policy import full_world
from tests.support.outer import Outer, case_id, make_case, rich_case
from tests.trouble.test_views import hold

TYPED = "\"Ø & <b>asked</b> by 'phone'"


async def post(
    outer: Outer,
    name: str,
    role: str = "approver",
    site: str = "same-origin",
    *,
    age: float = 0,
    **given: Any,
) -> tuple[int, Page]:
    """Send a form of ours that was opened `age` hours ago; `given`: placeholders, and `fields`."""
    fields: dict[str, str] = given.pop("fields", {})
    opened = outer.clock.at - timedelta(hours=age)
    token = access.form_token(Principal("pretend", Role.OPERATOR), outer.s.settings, opened)
    body = urlencode({"token": token, **fields}).encode()
    headers = {"x-dev-role": role, "sec-fetch-site": site}
    answer = await outer.http(name, "POST", "/api/x", given, body, headers)
    page = Page(answer.get_body()) if answer.get_body() else Page(b"")
    assert not page.open
    assert "<b>asked</b>" not in answer.get_body().decode()
    assert token not in answer.get_body().decode() or fields.get("token") or not age
    return answer.status_code, page


def field(page: Page, id: str) -> str | None:
    (found,) = [item for item in page.all("input") if item.get("id") == id]
    return found.get("value")


def alerts(page: Page) -> int:
    return [item.get("role") for _, item in page.tags].count("alert")


def leads_to_the_form(page: Page) -> bool:
    """The answer stands on top, the form may stand far below."""
    ids = {item.get("id") for item in page.all("form")}
    links = [str(item["href"]) for item in page.all("a") if str(item.get("href")).startswith("#f-")]
    assert len(links) <= 1
    return bool(links) and links[0].removeprefix("#") in ids


def chosen(page: Page) -> list[str | None]:
    return [item.get("value") for item in page.all("option") if "selected" in item]


@pytest.mark.parametrize("typed", [TYPED, *HOSTILE[:9]])
async def test_the_page_of_a_person_comes_again_with_what_was_typed(outer: Outer, typed: str) -> None:
    await outer.put(rich_case(1, State.PAUSED, return_state=State.FOLLOWING_UP))
    sent = {"reason": typed * (1 + 501 // len(typed)), "from_step": "send_welcome"}
    status, page = await post(outer, "dashboard_action", case_id=case_id(1), action="resume", fields=sent)
    assert (status, alerts(page)) == (400, 1)
    assert "The reason is too long." in page.text
    assert field(page, "reason") == sent["reason"]
    assert field(page, "forget_reason") == "", "the other forms are as they were"
    assert page.text.strip().startswith("Not done: ")
    assert page.buttons, "the buttons are there for the next try"
    assert leads_to_the_form(page)


async def test_the_step_that_was_chosen_stays_chosen_and_no_form_goes_to_the_address_of_another(
    outer: Outer,
) -> None:
    await outer.put(rich_case(1))
    sent = {"reason": "", "from_step": "send_welcome"}
    status, page = await post(outer, "dashboard_action", case_id=case_id(1), action="rerun", fields=sent)
    assert (status, chosen(page)) == (400, ["send_welcome"])
    assert "A reason is missing." in page.text
    for form in page.all("form"):
        assert form.get("action") or form.get("method") == "post"


async def test_a_button_that_came_too_late_shows_how_it_is_now_and_keeps_the_reason(outer: Outer) -> None:
    await outer.put(rich_case(1, State.PAUSED, return_state=State.FOLLOWING_UP))
    status, page = await post(
        outer, "dashboard_action", case_id=case_id(1), action="pause", fields={"reason": TYPED}
    )
    assert (status, field(page, "reason"), page.buttons) == (409, TYPED, ["resume", "exclude"])
    assert "Not possible now." in page.text


@pytest.mark.parametrize(
    ("action", "id", "others"),
    [
        ("handout", "handout_reason", ("reason", "pass_reason", "forget_reason")),
        ("new-pass", "pass_reason", ("reason", "handout_reason", "forget_reason")),
        ("forget", "forget_reason", ("reason", "handout_reason", "pass_reason")),
    ],
)
async def test_each_form_of_the_page_keeps_its_own_words_and_stands_open(
    outer: Outer, action: str, id: str, others: tuple[str, ...]
) -> None:
    await outer.put(rich_case(1))
    sent = {"reason": TYPED * 30, "check_" + outer.s.policy.desk.identity_checks[0].code: "yes"}
    status, page = await post(outer, "dashboard_action", case_id=case_id(1), action=action, fields=sent)
    assert (status, field(page, id)) == (400, TYPED * 30)
    assert [field(page, other) for other in others] == ["", "", ""]
    assert ["open" in item for item in page.all("details")] == [action != "forget", action == "forget"]
    assert leads_to_the_form(page)
    ticked = ["checked" in item for item in page.all("input") if item.get("type") == "checkbox"]
    assert ticked == [action == "new-pass" and not at for at in range(len(ticked))]


async def test_a_limit_keeps_its_reason_and_its_number(outer: Outer) -> None:
    await hold(outer.s.cases, Stop(LIMIT, "passes", T0, text="100 passes within an hour"))
    sent = {"reason": TYPED, "allow": '4"x'}
    status, page = await post(outer, "dashboard_limit", kind="passes", fields=sent)
    assert (status, alerts(page)) == (400, 1)
    assert "How many may be done is a whole number." in page.text
    assert (field(page, "reason-passes"), field(page, "allow-passes")) == (TYPED, '4"x')
    assert leads_to_the_form(page)
    assert (field(page, "reason-creations"), field(page, "allow-creations")) == ("", "")


async def test_a_delivery_comes_again(outer: Outer) -> None:
    wanted = await put_delivery(outer, status=DeliveryStatus.FAILED)
    sent = {"reason": TYPED * 30}
    status, page = await post(outer, "dashboard_replay", delivery_id=wanted, fields=sent)
    assert (status, field(page, "reason")) == (400, TYPED * 30)
    assert leads_to_the_form(page)
    assert "Content, masked" in page.text


async def test_a_stale_plan_comes_as_it_is_now_with_the_reason(outer: Outer) -> None:
    waits: dict[str, Any] = {"reason_code": "permission_missing", "return_state": State.PROVISIONING}
    await outer.put(make_case(1, State.BLOCKED, **waits))
    filters = {"state": "blocked", "reason_code": "", "source": "", "from_step": ""}
    sent = {"reason": TYPED, "plan_hash": "0" * 32}
    many = await post(outer, "dashboard_rerun_many", fields={**filters, **sent})
    one = await post(outer, "dashboard_action", case_id=case_id(1), action="rerun", fields=sent)
    for status, page in (many, one):
        assert (status, field(page, "reason")) == (409, TYPED)
        assert leads_to_the_form(page)
        assert "It has changed since you looked." in page.text
        (now,) = [item["value"] for item in page.all("input") if item.get("name") == "plan_hash"]
        assert now not in {"0" * 32, ""}
    assert "1 person found" in many[1].text
    assert "What a rerun would do" in one[1].text


async def test_the_plan_of_everybody_comes_again(outer: Outer) -> None:
    status, page = await post(outer, "dashboard_plan_apply", fields={"reason": TYPED, "plan_hash": "0" * 32})
    assert status in {400, 409}
    assert "What would be done" in page.text
    assert not leads_to_the_form(page), "there is none where nobody has stopped"
    assert alerts(page) == 1


async def test_of_a_lost_phone_each_choice_stays() -> None:
    world = full_world()
    await at_work(world)
    request = Request("POST", "/", {}, {}, {"case_id": CASE_ID}, b"")
    who = Principal("pretend", Role.APPROVER, pretend=True)

    async def ticked(typed: Again | None) -> tuple[int, list[str | None]]:
        answer = await desk.methods(world.s, request, who, typed)
        page = Page(answer.body)
        found = [item.get("value") for item in page.all("input") if "checked" in item]
        return answer.status, [*found, field(page, "reason")]

    assert await ticked(None) == (200, ["lost", ""])
    said = Again(503, "t", "d", "act", {"method_id-mobilePhone": "kept", "reason": "taxi"})
    assert await ticked(said) == (503, ["kept", "taxi"])
    world.close()


def test_choices_stand_one_below_the_other_and_labels_of_a_table_in_one_column() -> None:
    """A later rule of the same weight wins: the row of buttons must not make a row of choices."""
    style, _, _ = _environment().loader.get_source(_environment(), "base.html")
    assert style.index(".act .wide{") < style.index(".act .choices{display:block}")
    assert style.index(".act .wide{") < style.index(".act .does{display:grid}")
    assert "grid-template-columns:7.5rem" in style, "of the page's size, not of the cell's"


async def test_a_report_that_cannot_be_keeps_the_days_that_were_chosen(outer: Outer) -> None:
    query = {"by": "week", "since": "2026-09-14", "until": "2026-08-03"}
    answer = await outer.http("dashboard_reports", "GET", "/api/x", {}, b"", {}, query)
    page = Page(answer.get_body())
    assert (answer.status_code, alerts(page)) == (400, 1)
    assert (field(page, "since"), field(page, "until")) == ("2026-09-14", "2026-08-03")


# --- whose form it was -----------------------------------------------------------------------------------------


async def test_a_form_that_was_open_for_a_day_is_refused_and_comes_again_ready_to_be_sent(
    outer: Outer,
) -> None:
    await outer.put(rich_case(1))
    given: dict[str, Any] = {"case_id": case_id(1), "action": "pause"}
    status, page = await post(outer, "dashboard_action", age=30, **given, fields={"reason": TYPED})
    assert (status, field(page, "reason")) == (403, TYPED)
    assert "The form is too old: send it again." in page.text
    assert (await outer.s.cases.get(case_id(1))).state is State.FOLLOWING_UP
    hidden = {str(i["name"]): str(i["value"]) for i in page.all("input") if i.get("type") == "hidden"}
    fields = {"token": hidden["token"], "reason": TYPED}
    assert (await post(outer, "dashboard_action", **given, fields=fields))[0] == 303


@pytest.mark.parametrize(
    ("site", "fields"),
    [
        ("cross-site", {}),
        ("same-site", {}),
        ("same-origin", {"token": ""}),
        ("same-origin", {"token": "1.ö"}),
        ("same-origin", {"token": "1700000000." + "0" * 64}),
        ("same-origin", {"filler": "x" * 9000}),
    ],
)
async def test_what_did_not_come_from_our_page_is_not_put_into_one(
    outer: Outer, site: str, fields: dict[str, str]
) -> None:
    await outer.put(rich_case(1))
    status, page = await post(
        outer,
        "dashboard_action",
        site=site,
        case_id=case_id(1),
        action="pause",
        fields={"reason": TYPED, **fields},
    )
    assert status in {400, 403}
    assert TYPED not in page.text
    assert planted.found_in(page.text) is None
    assert not page.all("form")


@pytest.mark.parametrize("action", ["approve", "lost-phone", "forget"])
async def test_a_form_of_another_role_shows_nothing(
    outer: Outer, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> Any:
        raise AssertionError("the tenant was asked")

    monkeypatch.setattr(service_desk, "methods", never)
    await outer.put(rich_case(1))
    given: dict[str, Any] = {"case_id": case_id(1), "action": action, "fields": {"reason": TYPED}}
    status, page = await post(outer, "dashboard_action", "operator", **given)
    assert (status, page.all("form"), planted.found_in(page.text)) == (403, [], None)


async def test_where_a_page_needs_more_than_its_form_it_is_not_shown(
    outer: Outer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal that is no question of the role still asks the page for its own."""
    await outer.put(rich_case(1))
    monkeypatch.setitem(access.ROUTES, "dashboard_case", Role.APPROVER)
    given: dict[str, Any] = {"case_id": case_id(1), "action": "pause", "fields": {"reason": ""}}
    status, page = await post(outer, "dashboard_action", "operator", **given)
    assert (status, page.all("form"), planted.found_in(page.text)) == (400, [], None)


@pytest.mark.parametrize("error", [Refused("Not now."), Unavailable("The store is away.")])
async def test_a_page_that_cannot_be_made_leaves_the_answer_itself(
    outer: Outer, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outer.put(rich_case(1))

    async def broken(*_: object) -> Any:
        raise error

    monkeypatch.setattr(cases, "find", broken)
    given: dict[str, Any] = {"case_id": case_id(1), "action": "pause", "fields": {"reason": ""}}
    status, page = await post(outer, "dashboard_action", **given)
    assert status == 400
    assert "A reason is missing" in page.text


async def test_a_page_that_crashes_leaves_the_answer_itself(
    outer: Outer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await outer.put(rich_case(1))

    async def broken(*_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(cases, "find", broken)
    given: dict[str, Any] = {"case_id": case_id(1), "action": "pause", "fields": {"reason": ""}}
    status, page = await post(outer, "dashboard_action", **given)
    assert (status, "A reason is missing" in page.text) == (400, True)
    assert "page_crashed" in [record.getMessage() for record in caplog.records]


async def test_what_was_not_there_to_be_read_is_503_with_its_hint(
    outer: Outer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outer.put(rich_case(1))

    async def away(*_: object) -> Any:
        raise Unavailable("The tenant is away.")

    monkeypatch.setitem(actions.ACTIONS, "new-pass", away)
    body = {"reason": TYPED}
    status, page = await post(outer, "dashboard_action", case_id=case_id(1), action="new-pass", fields=body)
    assert (status, field(page, "pass_reason")) == (503, TYPED)
    assert "Not available at the moment. Try again shortly." in " ".join(page.text.split())


# --- somebody or something that is not there ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "params", "back"),
    [
        ("dashboard_case", {"case_id": "c_nobody"}, "/api/dashboard"),
        ("dashboard_delivery", {"delivery_id": "d_none"}, "/api/dashboard/deliveries"),
    ],
)
async def test_whatever_is_not_there_is_a_page_that_leads_back(
    outer: Outer, name: str, params: dict[str, str], back: str
) -> None:
    answer = await outer.http(name, "GET", "/api/x", params, b"", {"x-dev-role": "viewer"})
    page = Page(answer.get_body())
    assert answer.status_code == 404
    assert "Not found" in page.text
    assert back in [item.get("href") for item in page.all("a")][4:], "after the links of the head"
    assert "<script>" not in page.text
