"""The pages say why somebody is stuck and what comes next, for every state, and whatever HR put into a name."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import onboarding
from onboarding import access
from onboarding.access import Principal, Role
from onboarding.dashboard.render import _environment
from onboarding.domain.account import AccountIntent
from onboarding.domain.evidence import Act, By, Evidence, Status
from onboarding.domain.hire import Hire, ManagerRef
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, TimelineEntry
from onboarding.followup.messages import reference
from onboarding.operate import in_person
from onboarding.operate.explain import MEANING, REASONS
from onboarding.operate.next_step import NEXT, next_because
from onboarding.operate.story import TIMELINE, sentence
from onboarding.provisioning.plan import steps
from tests.support.doubles import T0
from tests.support.outer import Outer, case_id, make_case, rich_case

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "O'Neill & Söhne",
    "\u202egnp.exe",
    "\u2066\u2067unclosed",
    "محمد عبد الرحمن",
    "山田 太郎",
    "X" * 256,
    "a\tb\nc\u0000d",
    "=HYPERLINK(1)",
    "javascript:alert(1)",
]


class Page(HTMLParser):
    """Tags, attributes and text; notes what is not closed."""

    VOID = frozenset({"meta", "input", "br", "img"})

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += " ".join(data.split()) + "\n"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def buttons(self) -> list[str]:
        found = [str(item.get("formaction")) for item in self.all("button") if "formaction" in item]
        return [item.rsplit("/", 1)[-1] for item in found]


async def get(
    outer: Outer,
    name: str = "dashboard_case",
    number: int = 1,
    role: str = "approver",
    query: dict[str, str] | None = None,
) -> Page:
    params = {"case_id": case_id(number)} if name == "dashboard_case" else {}
    answer = await outer.http(name, "GET", f"/api/{name}", params, b"", {"x-dev-role": role}, query)
    assert answer.status_code == 200, answer.get_body().decode()[-500:]
    page = Page(answer.get_body())
    assert not page.open
    return page


def named(name: str, number: int = 1) -> Any:
    made = rich_case(number)
    made.hire = replace(
        made.hire, given_name=name, family_name=name, department=name, personal_email=name, work_country=name,
        manager=ManagerRef(name=name), employee_id=name,
    )  # fmt: skip
    return made


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_hr_sends_is_text_and_nothing_else(outer: Outer, name: str) -> None:
    plain_case = await get_plain(outer)
    hostile = TimelineEntry(T0, "operator:" + name, "pause", {"reason": name, name: name})
    odd = TimelineEntry(T0, "service", name, {"{why}": "{0.__class__}", "request_id": name})
    await outer.put(named(name), hostile, odd)
    for page in (await get(outer), await get(outer, "dashboard", query={"q": name[:100]})):
        known = {tag for tag, _ in plain_case.tags} | {"a", "button", "select", "option"}
        assert {tag for tag, _ in page.tags} <= known
        assert not [attrs for _, attrs in page.tags if any(key.startswith("on") for key in attrs)]
        assert all(str(link.get("href", "")).startswith(("/api/dashboard", "?")) for link in page.all("a"))
        if name.isascii() and name.isprintable() and len(name) < 200:
            assert name in page.text


async def get_plain(outer: Outer) -> Page:
    """A page about somebody harmless, for the tags that a page has."""
    await outer.put(rich_case(2), TimelineEntry(T0, "service", "provisioned", {"request_id": "r"}))
    found = await get(outer, number=2)
    found.tags += (await get(outer, "dashboard")).tags
    return found


@pytest.mark.parametrize("name", ["\u202egnp.exe", "محمد"])
async def test_a_name_cannot_turn_the_text_around_it(outer: Outer, name: str) -> None:
    await outer.put(named(name))
    for route in ("dashboard_case", "dashboard"):
        answer = await outer.http(route, "GET", "/api/x", {"case_id": case_id(1)})
        html = answer.get_body().decode()
        for place in re.finditer(re.escape(name), html):
            before = html[: place.start()]
            in_title = "\u2068" in before.rpartition("<title>")[2][:200] and "</title>" not in before
            isolated = before.rfind("<bdi>") > before.rfind("</bdi>")
            assert isolated or in_title, html[max(0, place.start() - 60) : place.end() + 20]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("make", [make_case, rich_case])
async def test_every_state_has_a_page_that_says_why_and_what_next(
    outer: Outer, state: State, make: Any
) -> None:
    await outer.put(make(1, state, return_state=State.PROVISIONING))
    page = await get(outer)
    assert "Next:" in page.text
    assert str(state).replace("_", " ") in page.text
    assert len(re.findall(r"[.!]\n", page.text)) >= 1
    assert (await get(outer, "dashboard", query={"state": str(state)})).text.count("Qwxyplanted") == 1


@pytest.mark.parametrize("status", Status)
async def test_every_status_has_a_page(outer: Outer, status: Status) -> None:
    # Over, so that it is shown as it was written and not judged again.
    await outer.put(rich_case(1, State.CLOSED, status=status))
    said = in_person.words(status, accept_reviewed=False)
    assert f"confirmed in person: {said}" in (await get(outer)).text
    listed = await get(outer, "dashboard")
    assert said in [item.strip() for item in listed.text.split("\n")]


@pytest.mark.parametrize(
    ("status", "accepted", "said"),
    [
        (Status.USER_REGISTERED, False, "yes (user registered)"),
        (Status.USER_REVIEWED, False, "no (user reviewed)"),
        (Status.USER_REVIEWED, True, "yes (user reviewed)"),
        (Status.ADMIN_REGISTERED, False, "no (admin registered)"),
        (Status.DIRECTORY_ONLY, False, "no (directory only)"),
        (Status.REMOVED, False, "no (removed)"),
        (Status.PARTIAL, False, "no (partial)"),
        (Status.UNATTRIBUTED, False, "nobody can say (unattributed)"),
        (Status.ABSENT, False, "not known (absent)"),
        (Status.UNKNOWN, False, "not known"),
        (Status.EXCLUDED, False, "not asked (excluded)"),
    ],
)
def test_a_status_is_no_answer_by_itself(status: Status, accepted: bool, said: str) -> None:
    assert in_person.words(status, accept_reviewed=accepted) == said


@pytest.mark.parametrize(("state", "marks"), [(State.FOLLOWING_UP, 1), (State.EXCLUDED, 0)])
async def test_the_evidence_that_decides_is_marked(outer: Outer, state: State, marks: int) -> None:
    """The phone that an administrator added; of who is over nothing is judged."""
    case = rich_case(1, state)
    later = case.evidence[0].at + timedelta(seconds=1)
    seen = Evidence("report:email", "report", Act.LISTED, By.UNKNOWN, "email", later)
    await outer.put(replace(case, evidence=[*case.evidence, seen]))
    text = (await get(outer)).text
    assert text.count("Decides") == marks
    if marks:
        assert text.index("audit-1") < text.index("Decides") < text.index("report:email")


@pytest.mark.parametrize("reason", [*REASONS, "something_new"])
async def test_a_blocked_case_says_what_is_wrong_and_what_to_do(outer: Outer, reason: str) -> None:
    await outer.put(rich_case(1, State.BLOCKED, reason_code=reason, return_state=State.PROVISIONING))
    text = (await get(outer)).text
    wrong, todo = REASONS.get(reason, ("something_new", "rerun"))
    assert wrong in text
    assert todo in text


# --- buttons ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "role", "buttons"),
    [
        (State.FOLLOWING_UP, "viewer", []),
        (State.FOLLOWING_UP, "operator", ["rerun", "pause", "exclude"]),
        (State.PAUSED, "operator", ["resume", "exclude"]),
        (State.EXCLUDED, "operator", ["resume"]),
        (State.BLOCKED, "operator", ["rerun", "exclude"]),
        (State.BLOCKED, "approver", ["approve", "rerun", "exclude"]),
        (State.CONFIRMED, "operator", ["rerun", "pause", "exclude"]),
        (State.CLOSED, "approver", []),
        (State.CANCELLED, "approver", []),
    ],
)
async def test_buttons_are_those_that_would_be_accepted_from_this_role(
    outer: Outer, state: State, role: str, buttons: list[str]
) -> None:
    reason = "needs_approval_adopt" if state is State.BLOCKED else None
    await outer.put(rich_case(1, state, reason_code=reason, return_state=State.PROVISIONING))
    page = await get(outer, role=role)
    assert page.buttons == buttons
    assert bool(page.all("select")) is ("rerun" in buttons), "the step is asked for only where it is used"


async def test_a_rerun_is_not_offered_in_place_of_an_approvers_word(outer: Outer) -> None:
    await outer.put(
        rich_case(1, State.BLOCKED, reason_code="needs_approval_rehire", return_state=State.PROVISIONING)
    )
    assert (await get(outer)).buttons == ["approve", "exclude"]


@pytest.mark.parametrize(
    "now",
    [
        {"reason_code": "needs_approval_pass", "found_ids": ["a", "b"]},
        {"reason_code": "needs_approval_adopt", "found_ids": ["a"]},
        {"reason_code": "needs_approval_adopt", "found_ids": []},
    ],
)
async def test_a_button_answers_what_its_page_showed(outer: Outer, now: dict[str, Any]) -> None:
    waits = {"reason_code": "needs_approval_adopt", "found_ids": ["a", "b"]}
    await outer.put(make_case(1, State.BLOCKED, return_state=State.PROVISIONING, **waits))
    page = await get(outer)
    case = await outer.app.services.cases.get(case_id(1))
    assert case
    for name, value in now.items():
        setattr(case, name, value)
    await outer.app.services.cases.save(case)
    status, html = await press(outer, page, "approve", role="approver")
    assert (status, "It has changed since you looked" in html) == (409, True)
    assert (await press(outer, await get(outer), "approve", role="approver"))[0] == 303


async def test_run_again_answers_no_question_that_its_page_did_not_show(outer: Outer) -> None:
    await outer.put(rich_case(1))
    page = await get(outer)
    case = await outer.app.services.cases.get(case_id(1))
    assert case
    case.state, case.return_state = State.BLOCKED, State.FOLLOWING_UP
    case.reason_code, case.deleted_at = "hr_deleted_record", T0
    await outer.app.services.cases.save(case)
    assert (await press(outer, page, "rerun", from_step=""))[0] == 409
    assert (await press(outer, await get(outer), "rerun", from_step=""))[0] == 303


@pytest.mark.parametrize(
    ("role", "buttons"), [("operator", ["exclude"]), ("approver", ["approve", "rerun", "exclude"])]
)
async def test_two_people_is_offered_to_an_approver(outer: Outer, role: str, buttons: list[str]) -> None:
    waits = {"reason_code": "needs_approval_same_person", "return_state": State.WAITING_START}
    await outer.put(make_case(1, State.BLOCKED, maybe_same=case_id(2), **waits))
    page = await get(outer, role=role)
    assert page.buttons == buttons
    if role == "approver":
        assert (await press(outer, page, "rerun", role=role, from_step=""))[0] == 303
        assert "waiting start" in (await get(outer)).text


def primary(page: Page) -> list[str]:
    """Actions of the buttons that stand out."""
    found = [item for item in page.all("button") if "formaction" in item and item.get("class") != "plain"]
    return [str(item["formaction"]).rsplit("/", 1)[-1] for item in found]


@pytest.mark.parametrize(
    ("state", "reason", "role", "stands_out"),
    [
        (State.FOLLOWING_UP, None, "operator", []),
        (State.CONFIRMED, None, "approver", []),
        (State.PAUSED, None, "operator", ["resume"]),
        (State.BLOCKED, "poison", "operator", ["rerun"]),
        (State.BLOCKED, "poison", "approver", ["rerun"]),
        (State.BLOCKED, "needs_approval_adopt", "operator", []),
        (State.BLOCKED, "needs_approval_adopt", "approver", ["approve"]),
    ],
)
async def test_the_button_that_stands_out_is_what_the_case_waits_for(
    outer: Outer, state: State, reason: str | None, role: str, stands_out: list[str]
) -> None:
    await outer.put(rich_case(1, state, reason_code=reason, return_state=State.PROVISIONING))
    assert primary(await get(outer, role=role)) == stands_out


async def test_the_user_name_that_an_approver_is_asked_about_is_shown(outer: Outer) -> None:
    upn = "lan.lewis@contoso.example"
    await outer.put(make_case(1, State.BLOCKED, reason_code="needs_approval_lookalike", lookalike=upn))
    assert f"The user name:\n{upn}\n" in (await get(outer)).text


@pytest.mark.parametrize("role", ["viewer", "operator", "approver"])
async def test_whoever_may_not_decide_reads_who_can_and_sees_which_account_it_is_about(
    outer: Outer, role: str
) -> None:
    found = "søren.o'neill@contoso.example"
    waiting = {"reason_code": "needs_approval_adopt", "return_state": State.PROVISIONING}
    await outer.put(make_case(1, State.BLOCKED, found_account=found, **waiting))
    text = (await get(outer, role=role)).text
    assert f"An account that may be this person's already:\n{found}\n" in text
    assert (f"An approver has to decide (you are {role})." in text) is (role != "approver")


@pytest.mark.parametrize(
    ("reason", "role", "buttons"),
    [
        ("needs_approval_adopt", "approver", ["approve", "other-person", "purged", "rerun", "exclude"]),
        ("needs_approval_adopt", "operator", ["rerun", "exclude"]),
        ("account_of_another_case", "approver", ["rerun", "other-person", "exclude"]),
        ("account_of_another_case", "operator", ["rerun", "exclude"]),
    ],
)
async def test_an_approver_can_say_whose_an_account_is_and_of_several_which(
    outer: Outer, reason: str, role: str, buttons: list[str]
) -> None:
    found: dict[str, Any] = {
        "found_account": "a@contoso.example, b@contoso.example",
        "found_ids": ["id-a", "id-b"],
    }
    alone: dict[str, Any] = {"found_account": "a@contoso.example", "found_ids": ["id-a"]}
    for number, accounts in ((1, found), (2, alone)):
        waiting: dict[str, Any] = {"reason_code": reason, "return_state": State.PROVISIONING}
        await outer.put(make_case(number, State.BLOCKED, **waiting, **accounts))
    page = await get(outer, role=role)
    assert page.buttons == buttons
    chosen = [item for item in page.all("select") if item.get("id") == "account"]
    assert bool(chosen) is (role == "approver")
    assert ("An approver has to decide" in page.text) is (role == "operator")
    if reason == "account_of_another_case":
        assert primary(page) == []
    one = await get(outer, number=2, role=role)
    assert [item for item in one.all("select") if item.get("id") == "account"] == []


@pytest.mark.parametrize(
    ("reason", "button", "does"),
    [
        ("needs_approval_adopt", "approve", "yes, it is this person's: the account that was found is linked"),
        ("needs_approval_adopt", "other-person", "no: the account that was found is left alone for good"),
        ("needs_approval_adopt", "rerun", "if nothing was, it asks the same"),
        ("needs_approval_pass", "without-pass", "no: nobody gets a pass by this case"),
        ("needs_approval_pass", "exclude", "no account is deleted"),
    ],
)
async def test_the_page_says_what_each_button_does_and_who_decides(
    outer: Outer, reason: str, button: str, does: str
) -> None:
    await outer.put(make_case(1, State.BLOCKED, reason_code=reason, return_state=State.PROVISIONING,
                              found_account="a@contoso.example", found_ids=["id-a"],
                              next_action=NextAction("operator", None, reason)))  # fmt: skip
    page = await get(outer, role="approver")
    assert button in page.buttons
    assert does in page.text
    assert "An approver has to decide" in page.text
    assert "An operator has to act" not in page.text


async def test_the_form_says_which_account_is_another_persons(outer: Outer) -> None:
    found: dict[str, Any] = {
        "found_account": "a@contoso.example, b@contoso.example",
        "found_ids": ["id-a", "id-b"],
    }
    waiting: dict[str, Any] = {"reason_code": "needs_approval_adopt", "return_state": State.PROVISIONING}
    await outer.put(make_case(1, State.BLOCKED, **waiting, **found))
    token = access.form_token(Principal("pretend", Role.APPROVER), outer.s.settings, outer.clock.at)
    for about, status in (("id-a", 409), ("id-a id-b", 303)):
        shown = {"reason_code": "needs_approval_adopt", "about": about, "account": "b@contoso.example"}
        answer = await outer.http(
            "dashboard_action", "POST", "/api/dashboard", headers={"x-dev-role": "approver"},
            body=urlencode({"token": token, "reason": "asked", **shown}).encode(),
            params={"case_id": case_id(1), "action": "other-person"},
        )  # fmt: skip
        assert answer.status_code == status
    case = await outer.s.cases.get(case_id(1))
    assert case
    assert (case.state, case.approvals, case.found_ids) == (State.PROVISIONING, ["not_this:id-b"], ["id-a"])


# --- the pass that ended ----------------------------------------------------------------------------------------


async def test_a_pass_that_ended_unused_is_not_green_and_the_page_says_what_to_do(outer: Outer) -> None:
    await outer.put(rich_case(1))
    before = await get(outer)
    assert "The one-time pass ended" not in before.text
    assert "badge b-delivered" in [item.get("class") for item in before.all("span")]
    outer.clock.at = T0 + timedelta(hours=8)
    after = await get(outer)
    assert "The one-time pass ended on" in after.text
    assert 'uses "New pass" under "Service desk"' in after.text
    classes = [item.get("class") for item in after.all("span")]
    assert "badge b-ended" in classes
    assert "badge b-delivered" not in classes


async def test_when_everything_is_said_the_page_says_so(outer: Outer) -> None:
    await outer.put(rich_case(1, next_action=NextAction("follow_up", T0 + timedelta(days=1), "ladder_done")))
    text = (await get(outer)).text
    assert "The service looks again once a week, and at once when the person registers." in text
    assert "ladder done" not in text


@pytest.mark.parametrize("reason", ["missing_start_date", "missing_name"])
async def test_what_hr_has_to_complete_is_not_put_on_an_operator(outer: Outer, reason: str) -> None:
    waits = NextAction("operator", None, reason)
    await outer.put(make_case(1, State.BLOCKED, reason_code=reason, next_action=waits))
    for page in (await get(outer), await get(outer, "dashboard")):
        assert "HR has to complete the record" in page.text
        assert "An operator has to act" not in page.text


async def test_none_is_never_a_name(outer: Outer) -> None:
    nobody = make_case(1, State.RECEIVED)
    nobody.hire = Hire(candidate_id="7", manager=ManagerRef())
    await outer.put(nobody)
    for page in (await get(outer), await get(outer, "dashboard")):
        assert not re.search(r"\bNone\b(?! yet)", page.text)


async def press(
    outer: Outer, page: Page, action: str, *, role: str = "operator", **fields: str
) -> tuple[int, str]:
    """Fill the form of the page in as a browser does, and press a button."""
    from urllib.parse import urlencode

    hidden = {
        str(i["name"]): str(i.get("value") or "") for i in page.all("input") if i.get("type") == "hidden"
    }
    (target,) = [
        str(b["formaction"]) for b in page.all("button") if str(b.get("formaction")).endswith(action)
    ]
    _, _, wanted, called = target.removeprefix("/api/").split("/")
    body = urlencode({**hidden, "reason": "because", **fields}).encode()
    headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    headers["x-dev-role"] = role
    params = {"case_id": wanted, "action": called}
    answer = await outer.http("dashboard_action", "POST", target, params, body, headers)
    return answer.status_code, answer.headers.get("Location", "") or answer.get_body().decode()


async def test_a_button_does_what_it_says_and_the_page_shows_it(outer: Outer) -> None:
    await outer.put(rich_case(1))
    status, location = await press(outer, await get(outer), "pause", reason="parental leave", from_step="")
    assert (status, location) == (303, f"../{case_id(1)}")
    page = await get(outer)
    assert "An operator paused it: parental leave" in page.text
    assert page.buttons == ["resume", "exclude"]


async def test_the_step_of_the_form_counts_for_running_again_only(outer: Outer) -> None:
    await outer.put(rich_case(1))
    await press(outer, await get(outer), "pause", from_step="send_welcome")
    (last,) = (await outer.app.services.cases.timeline(case_id(1)))[-1:]
    assert "from_step" not in last.detail
    await press(outer, await get(outer), "resume", from_step="send_welcome")
    await press(outer, await get(outer), "rerun", from_step="send_welcome")
    (last,) = (await outer.app.services.cases.timeline(case_id(1)))[-1:]
    assert last.detail["from_step"] == "send_welcome"


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"reason": ""}, 400, "reason"),
        ({"reason": "x" * 501}, 400, "500"),
        ({"reason": "x" * 9000}, 400, "too large"),
        ({"from_step": "nonsense"}, 400, ""),
        ({"token": ""}, 403, "open the page again"),
    ],
)
async def test_a_refused_form_is_a_page_that_says_what_to_do(
    outer: Outer, fields: dict[str, str], status: int, words: str
) -> None:
    await outer.put(rich_case(1))
    got, html = await press(outer, await get(outer), "rerun", **fields)
    assert got == status
    page = Page(html.encode())
    assert words in page.text
    assert ("The form was not accepted" in page.text) is (status == 403)
    assert "Csrf" not in page.text


async def test_a_button_that_came_too_late_is_409_with_a_sentence(outer: Outer) -> None:
    await outer.put(rich_case(1))
    page = await get(outer)
    await press(outer, page, "pause")
    status, html = await press(outer, page, "pause")
    assert status == 409
    assert "cannot take" in Page(html.encode()).text


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"&" * 100, b"a=1&" * 50, b"token", b"token=%ff%fe&reason=%ed%a0%80", b"\x00"]
)
async def test_a_form_of_junk_is_refused_and_never_a_fault(outer: Outer, body: bytes) -> None:
    await outer.put(rich_case(1))
    params = {"case_id": case_id(1), "action": "pause"}
    answer = await outer.http("dashboard_action", "POST", "/api/x", params, body)
    assert answer.status_code in {400, 403}


async def test_an_id_of_several_people_leads_to_each_of_them(outer: Outer) -> None:
    from onboarding.domain.case import AliasKind

    for number, source in ((1, "greenhouse"), (2, "standard-webhooks")):
        await outer.put(make_case(number))
        await outer.alias(source, AliasKind.EMPLOYEE_NUMBER, "7", case_id(number))
    answer = await outer.http("dashboard_case", "GET", "/api/x", {"case_id": "7"})
    assert answer.status_code == 409
    links = {str(link["href"]) for link in Page(answer.get_body()).all("a")}
    assert {f"/api/dashboard/cases/{case_id(n)}" for n in (1, 2)} <= links


# --- list -----------------------------------------------------------------------------------------------------


async def test_the_list_goes_on_and_keeps_its_filter(outer: Outer) -> None:
    for number in range(1, 61):
        await outer.put(make_case(number))
    first = await get(outer, "dashboard", query={"state": "following_up"})
    (following,) = [str(link["href"]) for link in first.all("a") if "page=" in str(link.get("href"))]
    assert "state=following_up" in following
    from urllib.parse import parse_qsl

    second = await get(outer, "dashboard", query=dict(parse_qsl(following.removeprefix("?"))))
    assert first.text.count("Qwxyplanted") + second.text.count("Qwxyplanted") == 60


async def test_days_have_one_form_on_the_list_and_on_the_page(outer: Outer) -> None:
    await outer.put(rich_case(1))
    await outer.put(make_case(2, State.RECEIVED))
    other = make_case(3, State.RECEIVED)
    other.hire = replace(other.hire, start_date=None)
    await outer.put(other)
    for page in (await get(outer, "dashboard"), await get(outer)):
        assert "Tue 01 Sep 2026\n" in page.text
        assert "2026-09-01" not in page.text
        assert not re.search(r"\d{4}-\d\d-\d\d", page.text)
    assert "\n–\n" in (await get(outer, "dashboard")).text


async def test_an_empty_list_says_what_to_do(outer: Outer) -> None:
    assert "first signed HR delivery" in (await get(outer, "dashboard")).text
    assert "Nobody matches" in (await get(outer, "dashboard", query={"q": "nobody"})).text


async def test_what_needs_somebody_stands_first(outer: Outer) -> None:
    await outer.put(make_case(1, State.RECEIVED))
    await outer.put(make_case(2, State.BLOCKED, reason_code="poison", return_state=State.PROVISIONING))
    page = await get(outer, "dashboard")
    links = [str(link["href"]) for link in page.all("a") if "?state=" in str(link.get("href"))]
    assert links == ["?state=blocked", "?state=received", "?state=blocked"], "the tiles, then the line"
    assert "1 case waits for an operator" in page.text
    await outer.put(make_case(3, State.BLOCKED, reason_code="poison", return_state=State.PROVISIONING))
    assert "2 cases wait for an operator" in (await get(outer, "dashboard")).text
    assert "for an operator" not in (await get(outer, "dashboard", query={"state": "blocked"})).text


async def test_nobody_waits_and_nothing_says_so(outer: Outer) -> None:
    await outer.put(make_case(1))
    assert "for an operator" not in (await get(outer, "dashboard")).text


@pytest.mark.parametrize("query", [{"state": "blokced"}, {"status": "yes"}, {"state": "<script>"}])
async def test_a_filter_that_does_not_exist_is_a_400_page_and_not_an_empty_list(
    outer: Outer, query: dict[str, str]
) -> None:
    answer = await outer.http("dashboard", "GET", "/api/dashboard", {}, b"", {}, query)
    page = Page(answer.get_body())
    assert answer.status_code == 400
    assert "choose one from the list" in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize("status", Status)
async def test_every_status_carries_the_readmes_sentence_as_a_tooltip(outer: Outer, status: Status) -> None:
    readme = Path("README.md").read_text(encoding="utf-8").replace("*", "").replace("`", "")
    assert f"| {status} | {MEANING[status]} |" in readme
    # Over, so that it is shown as it was written and not judged again.
    await outer.put(rich_case(1, State.CLOSED, status=status))
    for page in (await get(outer, "dashboard"), await get(outer)):
        assert MEANING[status] in [item.get("title") for item in page.all("span")]


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_a_pretend_role_and_a_pretend_tenant_are_visible(outer: Outer, role: str) -> None:
    text = (await get(outer, "dashboard", role=role)).text
    assert f"pretend {role}" in text
    assert "Pretend tenant" in text


# --- timeline -----------------------------------------------------------------------------------------------------

ODD: list[dict[str, str]] = [
    {},
    {"reason": "{why}{0}{}"},
    {"step": "", "detail": ""},
    {"reason": "%s %(x)s"},
    {"": "", " ": "\u0000"},
    {"self": "x", "key": "y", "action": "z"},
]


@pytest.mark.parametrize("action", [*TIMELINE, "brand_new", "", "{x}"])
@pytest.mark.parametrize("detail", ODD)
def test_a_sentence_is_made_of_any_detail(action: str, detail: dict[str, str]) -> None:
    assert isinstance(sentence(action, detail), str)


async def test_the_timeline_is_newest_first_with_request_ids_and_short_actors(outer: Outer) -> None:
    entries = [
        TimelineEntry(T0, "hr", "hire_received", {}),
        TimelineEntry(
            T0 + timedelta(hours=1), "service", "step_done", {"step": "create_account", "request_id": "r-1"}
        ),
        TimelineEntry(
            T0 + timedelta(hours=2), "operator:0123456789abcdef", "pause", {"reason": "as_written"}
        ),
    ]
    await outer.put(rich_case(1), *entries)
    text = (await get(outer)).text
    places = [
        text.index(words)
        for words in ("paused it: as_written", "The account was created", "announced the hire")
    ]
    assert places == sorted(places)
    assert "r-1" in text
    assert "operator 01234567\n" in text


@pytest.mark.parametrize(
    ("action", "detail", "words"),
    [
        ("step_done", {"step": "send_welcome", "detail": "sent"}, "The welcome was sent"),
        ("step_done", {"step": "send_welcome", "detail": "skipped"}, "The welcome was left out"),
        ("step_done", {"step": "create_account", "detail": "created"}, "The account was created"),
        ("step_done", {"step": "set_manager"}, "The manager was set"),
        ("step_done", {"step": "issue_access_pass", "detail": "manager"},
         "The first credential was handed to the manager"),
        ("step_done", {"step": "assign_licence", "detail": "e_5"}, "Done: assign licence e 5"),
        ("evidence", {"what": "user_registered_all"}, "Evidence arrived: the person finished registering"),
        ("evidence", {"what": "user_cancelled_unnamed"}, "Evidence arrived: the person cancelled"),
        ("evidence", {"what": "app_registered_temporaryAccessPass,user_registered_mobilePhone"},
         "Evidence arrived: a Temporary Access Pass was added, the person registered a mobile phone"),
        ("evidence", {"what": "user_reset_failed_unnamed"},
         "Evidence arrived: the person could not reset the password"),
        ("evidence", {"what": "user_registered_brandNew"}, "Evidence arrived: the person registered brandNew"),
        ("evidence", {"what": "martian_did_it"}, "Evidence arrived: martian did it"),
        ("message_sent", {"rung": "resolved_desk", "audience": "desk"},
         "Message sent: that nothing is left to do (to the desk)"),
        ("blocked", {"reason": "missing_name"}, "Blocked: missing name"),
        ("pause", {"reason": "as_written ()"}, "An operator paused it: as_written ()"),
    ],
)  # fmt: skip
def test_the_timeline_is_written_for_people(action: str, detail: dict[str, str], words: str) -> None:
    assert sentence(action, detail) == words


def test_every_step_of_the_plan_is_told_as_a_sentence() -> None:
    for planned in steps():
        assert not sentence("step_done", {"step": planned.step.name}).startswith("Done")


def test_every_next_action_has_words_that_are_not_its_code() -> None:
    assert all(" " in words or words.istitle() for words in NEXT.values())


def test_every_wait_says_in_words_why_it_is_not_over_yet() -> None:
    """Codes are read from the source: `Wait(until, "code")` and `wait(what, until, "code")`."""
    folder = Path(onboarding.__file__).parent
    sources = [
        p.read_text()
        for room in ("domain", "followup", "provisioning")
        for p in (folder / room).rglob("*.py")
    ]
    codes = {code for text in sources for code in re.findall(r'[wW]ait\([^\n]*[ (]"([a-z_]+)"[,)]', text)}
    assert {"start_is_far", "working_time", "mailbox_not_there_yet"} <= codes
    codes -= {"provision", "follow_up", "watch", "escalate"}
    for code in codes:
        case = make_case(1, State.FOLLOWING_UP, next_action=NextAction("nudge", T0, code))
        assert next_because(case) != code.replace("_", " "), code


# --- reading it -------------------------------------------------------------------------------------------------


def luminance(color: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    digits = color.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palettes() -> list[dict[str, str]]:
    style, _, _ = _environment().loader.get_source(_environment(), "base.html")
    blocks = re.findall(r":root\{(.*?)\}", style, re.S)
    found = [dict(re.findall(r"--([a-z-]+):(#[0-9a-f]+)", block)) for block in blocks]
    assert len(found) == 2
    return found


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_text_and_edges_can_be_told_from_their_ground(palette: dict[str, str]) -> None:
    """WCAG 2.2 AA: 4.5:1 for text (1.4.3), 3:1 for the edges of controls (1.4.11)."""
    pairs = [(ink, ground) for ink in ("ink", "soft", "accent") for ground in ("bg", "card")]
    pairs += [(kind, f"{kind}-bg") for kind in ("ok", "warn", "bad", "calm", "mute")] + [
        ("accent-ink", "accent")
    ]
    for ink, ground in pairs:
        assert contrast(palette[ink], palette[ground]) >= 4.5, (ink, ground)
    assert contrast(palette["edge"], palette["card"]) >= 3


async def test_a_page_can_be_used_without_seeing_it(outer: Outer) -> None:
    """A language, a title, one first heading, a label for each field, a head for each column."""
    await outer.put(rich_case(1))
    for page in (await get(outer), await get(outer, "dashboard")):
        assert page.all("html")[0]["lang"] == "en"
        assert len(page.all("h1")) == 1
        labelled = {item["for"] for item in page.all("label") if "for" in item}
        # A choice stands inside its label.
        inside = {"hidden", "checkbox", "radio"}
        fields = [i for i in (*page.all("input"), *page.all("select")) if i.get("type") not in inside]
        assert {item["id"] for item in fields} == labelled
        assert all(head.get("scope") == "col" for head in page.all("th"))
        ids = [item["id"] for _, item in page.tags if "id" in item]
        assert len(ids) == len(set(ids))


async def test_the_page_answers_whether_we_sent_a_message(outer: Outer) -> None:
    """A person reads the reference to the service desk, however they write it down."""
    case = await outer.put(rich_case(1))
    ours = reference(outer.s.settings.hash_key.reveal(), case.case_id, 1, "nudge_first")
    for typed in (ours, ours.lower().replace("-", " ")):
        page = await get(outer, query={"reference": typed})
        assert "Yes, we sent this" in page.text
        assert "nudge first" in page.text
    for wrong in ("AAAA-BBBB-CCCC", "<script>alert(1)</script>", "ß" * 200):
        page = await get(outer, query={"reference": wrong})
        assert "No message about this person has this reference" in page.text
        assert "<script>alert" not in page.text
    assert "Treat it as phishing" not in (await get(outer)).text


# --- what is said once, and what is reserved -----------------------------------------------------------------


async def test_a_reserved_name_is_on_the_page_and_called_reserved(outer: Outer) -> None:
    upn = "zoë.o-neill@contoso.example"
    blocked = make_case(1, State.BLOCKED, reason_code="dry_run", intent=AccountIntent(upn, "m", T0))
    await outer.put(blocked)
    await outer.put(rich_case(2, intent=AccountIntent("other@contoso.example", "m", T0)))
    await outer.put(make_case(3))
    text = (await get(outer)).text
    assert upn in text
    assert "(reserved, not created)" in text
    created = (await get(outer, number=2)).text
    assert "other@contoso.example" not in created
    assert "reserved, not created" not in created
    assert "none yet" in (await get(outer, number=3)).text


def _entry(action: str, **detail: str) -> TimelineEntry:
    return TimelineEntry(T0, "service", action, detail)


async def test_what_a_step_says_twice_is_told_once_with_its_request(outer: Outer) -> None:
    await outer.put(
        rich_case(1),
        _entry("username_reserved"),
        _entry("step_done", step="reserve_username"),
        _entry("pass_delivered", recipient="desk"),
        _entry("step_done", step="issue_access_pass", detail="desk", request_id="r-7"),
    )
    text = (await get(outer)).text
    assert text.count("A user name was reserved") == 1
    assert text.count("handed to") == 1
    assert "r-7" in text


async def test_what_a_crash_left_without_its_end_is_told(outer: Outer) -> None:
    await outer.put(
        rich_case(1),
        _entry("username_reserved"),
        _entry("step_done", step="reserve_username", detail="already_reserved"),
        _entry("pass_delivered", recipient="manager"),
        _entry("step_done", step="issue_access_pass", detail="manager"),
        _entry("pass_delivered", recipient="desk"),
    )
    text = (await get(outer)).text
    assert text.count("A user name was reserved") == 1
    assert "The reserved user name stays" in text
    assert text.count("handed to") == 2
