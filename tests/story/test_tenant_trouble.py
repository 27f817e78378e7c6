"""The tenant lags, throttles, loses answers, and is not as we left it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from onboarding.domain.lifecycle import State
from onboarding.domain.records import RungStatus
from tests.story.world import DESK, MANAGER, START, World, only
from tests.support import planted

FIRST_DAYS = ["access_pass_manager", "welcome", "nudge_first"]
NAME = {"given_name": "Anna", "family_name": "Berg"}
UPN = "anna.berg@contoso.example"


async def first_day(world: World) -> None:
    await world.until(0, "12:00")


async def steps(world: World) -> dict[str, tuple[str, str | None]]:
    return {step["name"]: (step["status"], step["detail"]) for step in (await world.show())["steps"]}


# --- the name ------------------------------------------------------------------------------------------------


async def test_a_name_like_that_of_an_administrator_through_a_group_waits_for_an_approver(
    world: World,
) -> None:
    world.person("anna-berg@contoso.example", employeeId="M-2")
    tier = {"displayName": "Tier 0", "isAssignableToRole": True, "roles": ["User Administrator"]}
    world.tenant.post("/_control/groups", {**tier, "members": ["anna-berg@contoso.example"]})
    await world.hire(**NAME)
    await first_day(world)
    case = await world.show()
    assert (case["state"], case["reason_code"]) == ("blocked", "needs_approval_lookalike")
    assert world.ours() == []
    assert (await world.operator("approve", role="approver"))[0] == 202
    assert world.account()["userPrincipalName"] == UPN


async def test_who_holds_roles_is_asked_until_the_tenant_answers(world: World) -> None:
    path = "/roleManagement/directory/roleAssignments"
    world.fault("status", "GET", path, status=503, times=20)
    await world.hire(**NAME)
    await first_day(world)
    assert world.account()["userPrincipalName"] == UPN
    asked = [
        item["status"] for item in world.requests("GET") if item["path"].partition("?")[0].endswith(path)
    ]
    assert asked[:20] == [503] * 20
    assert (await steps(world))["reserve_username"] == ("done", None)


async def test_a_tenant_that_keeps_its_administrators_to_itself_stops_nobody_and_the_case_says_so(
    world: World,
) -> None:
    world.fault("status", "GET", "/groups/*/members", status=403, times=100)
    world.tenant.post(
        "/_control/groups",
        {"displayName": "Tier 0", "isAssignableToRole": True, "roles": ["User Administrator"]},
    )
    await world.hire(**NAME)
    await first_day(world)
    assert world.account()["userPrincipalName"] == UPN
    assert (await steps(world))["reserve_username"] == ("done", "without_role_holders")


# --- the account ---------------------------------------------------------------------------------------------


async def test_an_account_that_it_made_by_hand_is_asked_about_and_may_be_a_namesakes(world: World) -> None:
    """The first-choice name is taken by the same display name without a number: no second one is made unasked."""
    namesake = world.person(UPN, displayName="Anna Berg")
    await world.hire(**NAME)
    await first_day(world)
    case = await world.show()
    assert (case["reason_code"], case["found_account"]) == ("needs_approval_adopt", UPN)
    assert "other-person" in case["explanation"]
    assert world.ours() == []
    assert (await world.operator("other-person"))[0] == 403
    assert (await world.operator("other-person", role="approver"))[0] == 202
    assert world.account()["userPrincipalName"] == "anna.berg2@contoso.example"
    (told,) = [item for item in (await world.show())["timeline"] if item["action"] == "other_person"]
    assert (told["actor"], told["detail"]["object_id"]) == ("operator:pretend", namesake["id"])


async def test_a_lost_answer_and_thirty_seconds_of_replication_lag_make_one_account(world: World) -> None:
    """POST took effect, its answer was lost; the second POST conflicts, and the GET says 404 for a while."""
    world.tenant.post("/_control/policy", {"replication_lag_seconds": 30})
    world.fault("drop_after_effect", "POST", "/users")
    await world.hire()
    await first_day(world)
    asked = [
        (item["method"], item["status"])
        for item in world.requests()
        if item["path"].startswith("/v1.0/users")
    ]
    assert ("POST", 0) in asked
    assert ("POST", 400) in asked
    assert ("GET", 404) in asked
    assert len(world.ours()) == 1
    assert await world.heard() == FIRST_DAYS


async def test_a_lost_answer_alone_makes_one_account(world: World) -> None:
    world.fault("drop_after_effect", "POST", "/users")
    await world.hire()
    await first_day(world)
    assert len(world.ours()) == 1
    assert await world.heard() == FIRST_DAYS


async def test_a_lost_request_is_sent_again(world: World) -> None:
    world.fault("drop_before", "POST", "/users", times=3)
    await world.hire()
    await first_day(world)
    assert len(world.ours()) == 1
    assert await world.heard() == FIRST_DAYS


async def test_answers_lost_everywhere_once_change_nothing_in_the_end(world: World) -> None:
    """Each kind of write loses its first answer."""
    for method, path in (
        ("POST", "/users"),
        ("PUT", "/users/*/manager/$ref"),
        ("POST", "/users/*/authentication/temporaryAccessPassMethods"),
        ("POST", "/users/*/messages/*/send"),
    ):
        world.fault("drop_after_effect", method, path)
    await world.hire()
    await first_day(world)
    assert len(world.ours()) == 1
    assert await world.heard() == FIRST_DAYS


async def test_throttling_is_waited_out_to_the_decimal(world: World) -> None:
    world.fault("status", "POST", "/users", status=429, retry_after=2.128, times=2)
    await world.hire()
    posts = [item for item in world.requests("POST") if item["path"] == "/v1.0/users"]
    at = [datetime.fromisoformat(item["at"]).astimezone(UTC) for item in posts]
    assert [item["status"] for item in posts] == [429, 429, 201]
    assert all(later - sooner >= timedelta(seconds=2.128) for sooner, later in pairwise(at))
    await first_day(world)
    assert await world.heard() == FIRST_DAYS


async def test_an_hours_outage_during_provisioning_is_survived(world: World) -> None:
    world.fault("status", "*", "/**", status=503, times=None)
    await world.hire()
    await world.until(-13, "09:00", every=timedelta(minutes=5))
    assert world.ours() == []
    assert (await world.show())["state"] == "provisioning"
    assert "track" in world.host.failed
    world.no_faults()
    await first_day(world)
    assert len(world.ours()) == 1
    assert await world.heard() == FIRST_DAYS


async def test_an_hours_outage_on_the_first_morning_delays_the_nudge_and_loses_nothing(world: World) -> None:
    await world.hire()
    await world.until(0, "08:30")
    world.fault("status", "*", "/**", status=503, times=None)
    await world.until(0, "09:40", every=timedelta(minutes=5))
    assert "nudge_first" not in await world.heard()
    world.no_faults()
    await world.until(0, "12:00", every=timedelta(minutes=10))
    assert await world.heard() == FIRST_DAYS


async def test_a_name_that_belongs_to_somebody_else_gives_the_next_candidate(world: World) -> None:
    world.person(UPN, employeeId="OTHER-1")
    await world.hire(**NAME)
    await first_day(world)
    (user,) = world.ours()
    assert user["userPrincipalName"] != UPN
    assert await world.heard() == FIRST_DAYS


async def test_an_account_with_the_same_employee_id_is_adopted_only_on_an_approvers_word(
    world: World,
) -> None:
    """Neither the viewer nor the operator may approve; the adopted account gets a pass only by another approval."""
    world.person(UPN, employeeId=planted.EMPLOYEE)
    await world.hire(**NAME)
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "needs_approval_adopt")
    assert (await world.operator("approve", role="viewer"))[0] == 403
    assert (await world.operator("approve", role="operator"))[0] == 403
    assert (await world.operator("approve", role="approver"))[0] == 202
    shown = await world.show()
    assert shown["account"]["origin"] == "adopted"
    assert world.ours() == []
    await world.until(-3)
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "needs_approval_pass")
    assert await world.heard() == []
    assert (await world.operator("approve", role="approver"))[0] == 202
    await first_day(world)
    assert await world.heard() == FIRST_DAYS


# --- the first credential ------------------------------------------------------------------------------------


async def test_without_the_pass_policy_the_case_is_blocked_and_goes_on_after_the_fix(world: World) -> None:
    world.tenant.post("/_control/policy", {"tap": False})
    await world.hire()
    await world.until(-3)
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "access_pass_policy")
    assert await world.heard() == []
    world.tenant.post("/_control/policy", {"tap": True})
    assert (await world.operator("rerun"))[0] == 202
    await first_day(world)
    assert await world.heard() == FIRST_DAYS


@pytest.mark.parametrize("manager", [{"email": "nobody@contoso.example"}, {"name": "Only A Name"}, None])
async def test_without_a_manager_in_the_directory_the_pass_goes_to_the_desk(
    world: World, manager: dict[str, str] | None
) -> None:
    await world.hire(manager=manager)
    await world.until(11)
    assert (await steps(world))["set_manager"][0] == "skipped"
    sent = await world.sent()
    assert (sent[0].message, sent[0].to) == ("access_pass_desk", (DESK,))
    assert "escalate_manager" not in [mail.message for mail in sent]
    assert "escalate_desk" in [mail.message for mail in sent]


async def test_a_manager_whose_account_is_younger_than_the_delivery_gets_no_pass(world: World) -> None:
    """Somebody who can write to HR and to the directory must not get a pass by naming themselves."""
    late = "late.boss@contoso.example"
    body = world.body(manager={"email": late})
    await world.post(body)
    world.person(late, createdDateTime=(world.now() + timedelta(seconds=2)).isoformat())
    world.pass_time(5)
    await first_day(world)
    assert (await steps(world))["set_manager"][0] == "done"
    assert (await world.sent())[0].to == (DESK,)


async def test_a_manager_changed_by_a_later_event_gets_no_pass(world: World) -> None:
    other = "other.boss@contoso.example"
    world.person(other)
    await world.hire()
    await world.hire(event_type="hire.updated", manager={"email": other})
    await first_day(world)
    passes = [mail for mail in await world.sent() if mail.message.startswith("access_pass")]
    assert [mail.to for mail in passes] == [(DESK,)]


async def test_a_disabled_manager_gets_neither_pass_nor_escalation(world: World) -> None:
    world.tenant.post("/_control/users", {"userPrincipalName": MANAGER, "accountEnabled": False})
    await world.hire()
    await world.until(11)
    assert all(MANAGER not in mail.to for mail in await world.sent())
    assert "escalate_desk" in await world.heard()


async def test_an_account_with_a_role_gets_no_pass(world: World) -> None:
    await world.hire()
    upn = world.account()["userPrincipalName"]
    world.tenant.post("/_control/users", {"userPrincipalName": upn, "roles": ["Helpdesk Administrator"]})
    await world.until(-2)
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "protected_privileged")
    assert not [mail for mail in world.tenant.mail() if "sign-in" in mail["subject"]]


async def test_a_member_of_a_role_assignable_group_gets_no_pass(world: World) -> None:
    await world.hire()
    upn = world.account()["userPrincipalName"]
    group = {"displayName": "Tier 0", "isAssignableToRole": True}
    world.tenant.post("/_control/users", {"userPrincipalName": upn, "groups": [group]})
    await world.until(-2)
    assert (await world.show())["reason_code"] == "protected_privileged"


async def test_somebody_who_registered_already_gets_no_pass(world: World) -> None:
    await world.hire()
    await world.register("microsoftAuthenticatorPush")
    await world.until(0)
    assert (await steps(world))["issue_access_pass"] == ("skipped", "already_in_use")
    assert await world.heard() == [], "confirmed: nothing to welcome to, nothing to remind of"
    assert (await world.case()).state is State.CONFIRMED


async def test_a_pass_mail_without_an_answer_is_voided_and_sent_anew(world: World) -> None:
    """Two mails, two passes, one usable: the second."""
    world.fault("drop_after_effect", "POST", "/users/*/sendMail")
    await world.hire()
    await first_day(world)
    assert await world.heard() == ["access_pass_manager", *FIRST_DAYS]
    person = world.simulator.tenant.people.by_id[world.account()["id"]]
    assert person.access_pass
    first, second = [mail for mail in await world.sent() if mail.message == "access_pass_manager"]
    assert person.access_pass.secret in second.text
    assert person.access_pass.secret not in first.text
    assert "pass_voided" in [entry["action"] for entry in (await world.show())["timeline"]]


# --- the messages --------------------------------------------------------------------------------------------


async def test_a_message_whose_sending_got_no_answer_is_looked_up_and_not_sent_again(world: World) -> None:
    await world.hire()
    await world.until(0, "08:00")
    world.fault("drop_after_effect", "POST", "/users/*/messages/*/send")
    await first_day(world)
    assert await world.heard() == FIRST_DAYS
    assert (await world.case()).rungs["1:person_day_0"].status is RungStatus.SENT


async def test_a_message_that_was_never_taken_is_sent_from_its_draft(world: World) -> None:
    await world.hire()
    await world.until(0, "08:00")
    world.fault("drop_before", "POST", "/users/*/messages/*/send")
    await first_day(world)
    assert await world.heard() == FIRST_DAYS


async def test_a_draft_without_an_answer_stays_uncertain_and_the_next_rung_goes_on(world: World) -> None:
    await world.hire()
    await world.until(0, "08:00")
    world.fault("drop_after_effect", "POST", "/users/*/messages")
    await world.until(3)
    assert only(await world.heard(), "person") == ["welcome", "nudge_second"]
    assert (await world.case()).rungs["1:person_day_0"].status is RungStatus.UNCERTAIN


async def test_without_drafts_a_lost_answer_stays_uncertain_and_is_not_sent_again(world: World) -> None:
    """Only Mail.Send: nothing can be looked up."""
    await world.restart(MAIL_DRAFTS="false")
    await world.hire()
    await world.until(0, "08:00")
    world.fault("drop_after_effect", "POST", "/users/*/sendMail")
    await world.until(3)
    assert only(await world.heard(), "person") == ["welcome", "nudge_first", "nudge_second"]
    assert (await world.case()).rungs["1:person_day_0"].status is RungStatus.UNCERTAIN


async def test_a_report_that_cannot_be_read_for_days_stops_no_nudge(world: World) -> None:
    world.fault("status", "GET", "/reports/**", status=500, times=None)
    await world.hire()
    await world.until(3)
    assert only(await world.heard(), "person") == ["welcome", "nudge_first", "nudge_second"]


async def test_the_audit_log_is_read_from_where_it_stopped_after_two_days_without_it(world: World) -> None:
    await world.hire()
    await first_day(world)
    world.fault("status", "GET", "/auditLogs/**", status=503, times=None)
    await world.until(0, "14:00")
    await world.register("mobilePhone")
    await world.until(1, "16:00")
    world.no_faults()
    await world.until(2, "08:00")
    shown = await world.show()
    assert (shown["state"], shown["status"]) == ("confirmed", "user_registered")
    assert START.isoformat() == shown["hire"]["start_date"]
