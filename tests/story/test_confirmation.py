"""What counts as confirmed, and what does not: the person, an administrator, late and missing sources."""

from __future__ import annotations

from datetime import timedelta

import pytest

from onboarding.domain.lifecycle import State
from tests.story.world import EMPLOYEE, World, only


async def started(world: World) -> None:
    """A hire on the first day, after the first nudge."""
    await world.hire()
    await world.until(0, "12:00")
    assert only(await world.heard(), "person") == ["welcome", "nudge_first"]


async def status(world: World) -> tuple[str, str]:
    shown = await world.show()
    return shown["state"], shown["status"]


async def test_a_phone_that_an_administrator_added_is_not_confirmed_and_is_still_nudged(world: World) -> None:
    await started(world)
    await world.register("mobilePhone", actor="admin")
    await world.tick()
    assert await status(world) == ("following_up", "admin_registered")
    assert (await world.show())["recoverable"] == "yes", "SSPR would let them reset: the other question"
    await world.until(11)
    assert only(await world.heard(), "person")[2:] == ["nudge_second", "nudge_third", "nudge_last"]
    assert (await status(world))[0] == "following_up"
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    assert await status(world) == ("confirmed", "user_registered")


async def test_a_phone_that_an_app_added_is_not_confirmed(world: World) -> None:
    await started(world)
    await world.register("mobilePhone", actor="app")
    await world.tick()
    assert await status(world) == ("following_up", "admin_registered")


async def test_only_a_passkey_is_not_confirmed_and_the_reminder_says_so(world: World) -> None:
    await started(world)
    await world.register("fido2")
    await world.tick()
    assert await status(world) == ("following_up", "directory_only")
    await world.until(3)
    (second,) = [mail for mail in await world.sent() if mail.message == "nudge_second"]
    assert "passkey" in second.text
    assert (await world.show())["recoverable"] == "no"


async def test_a_cancelled_registration_has_a_success_sounding_name_and_counts_nothing(world: World) -> None:
    await started(world)
    await world.does("cancel")
    await world.tick()
    assert await status(world) == ("following_up", "directory_only")
    await world.until(3)
    (second,) = [mail for mail in await world.sent() if mail.message == "nudge_second"]
    assert "began and did not finish" in second.text


@pytest.mark.parametrize(("accepted", "state"), [("false", "following_up"), ("true", "confirmed")])
async def test_looks_good_counts_only_where_the_setting_accepts_it(
    world: World, accepted: str, state: str
) -> None:
    await world.restart(ACCEPT_REVIEWED=accepted)
    await started(world)
    await world.register("mobilePhone", actor="admin")
    await world.does("review")
    await world.tick()
    assert await status(world) == (state, "user_reviewed")


async def test_one_of_two_required_methods_is_partial(world: World) -> None:
    await world.restart(METHODS_REQUIRED="2")
    world.tenant.post("/_control/policy", {"methods_required": 2})
    await started(world)
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    assert await status(world) == ("following_up", "partial")
    await world.until(2)
    (second,) = [mail for mail in await world.sent() if mail.message == "nudge_second"]
    assert "One more is needed" in second.text
    await world.register("mobilePhone")
    await world.tick()
    assert await status(world) == ("confirmed", "user_registered")


async def test_a_deleted_method_opens_a_new_episode_from_day_zero(world: World) -> None:
    """Confirmed on day 1, deleted on day 20: removed, nudged again from day 0, confirmed again, silent."""
    await started(world)
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    assert await status(world) == ("confirmed", "user_registered")
    await world.until(20)
    assert len(await world.heard()) == 3
    await world.unregister("microsoftAuthenticatorPush")
    await world.tick()
    assert await status(world) == ("following_up", "removed")
    await world.until(28)
    assert only(await world.heard(), "person") == [
        "welcome",
        "nudge_first",
        "nudge_first",
        "nudge_second",
        "nudge_third",
    ]
    assert {mail.episode for mail in await world.sent() if mail.message == "nudge_third"} == {2}
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    assert (await status(world))[0] == "confirmed"
    told = len(await world.sent())
    await world.until(60, every=timedelta(days=1))
    assert len(await world.sent()) == told


async def test_an_administrators_deletion_of_the_persons_method_counts_as_removed(world: World) -> None:
    await started(world)
    await world.register("mobilePhone")
    await world.tick()
    assert (await status(world))[0] == "confirmed"
    await world.unregister("mobilePhone", actor="admin")
    await world.tick()
    assert await status(world) == ("following_up", "removed")


async def test_somebody_with_an_administrators_role_needs_two_methods(world: World) -> None:
    await started(world)
    upn = world.account()["userPrincipalName"]
    world.tenant.post("/_control/users", {"userPrincipalName": upn, "roles": ["User Administrator"]})
    await world.until(1)
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    assert await status(world) == ("following_up", "partial")
    await world.register("email")
    await world.tick()
    assert await status(world) == ("confirmed", "user_registered")


async def test_a_report_that_lags_36_hours_does_not_delay_the_confirmation(world: World) -> None:
    world.sources(lag=36)
    await started(world)
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    assert await status(world) == ("confirmed", "user_registered")
    await world.until(4)
    assert await status(world) == ("confirmed", "user_registered"), "an old list does not take it back"


async def test_a_frozen_report_neither_stops_the_ladder_nor_unconfirms(world: World) -> None:
    world.sources(frozen=True)
    await started(world)
    await world.until(11)
    assert only(await world.heard(), "manager", "desk")[1:] == ["escalate_manager", "escalate_desk"]
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    assert await status(world) == ("confirmed", "user_registered")
    await world.until(30, every=timedelta(days=1))
    assert await status(world) == ("confirmed", "user_registered")


async def test_a_disabled_account_is_absent_and_not_unregistered(world: World) -> None:
    """Whoever is disabled is not in the report: no reminder, no escalation, no 'unregistered'."""
    await started(world)
    upn = world.account()["userPrincipalName"]
    world.tenant.post("/_control/users", {"userPrincipalName": upn, "accountEnabled": False})
    await world.until(11)
    assert (await world.show())["status"] == "absent"
    assert only(await world.heard(), "manager", "desk")[1:] == [], "no escalation about a disabled account"


async def test_a_deleted_account_is_absent(world: World) -> None:
    await started(world)
    upn = world.account()["userPrincipalName"]
    world.tenant.post("/_control/users", {"userPrincipalName": upn, "deleted": True})
    await world.until(11)
    assert (await world.show())["status"] == "absent"
    assert only(await world.heard(), "manager", "desk")[1:] == []


async def test_a_free_tenant_works_by_audit_log_and_targeted_reads(world: World) -> None:
    """The report answers 403 without a premium licence."""
    world.tenant.post("/_control/policy", {"tier": "free"})
    await world.restart(SSPR_SCOPE="all")
    await started(world)
    await world.until(11)
    assert only(await world.heard(), "manager", "desk")[1:] == ["escalate_manager", "escalate_desk"]
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    shown = await world.show()
    assert (shown["state"], shown["status"], shown["recoverable"]) == ("confirmed", "user_registered", "yes")


async def test_a_free_tenant_with_the_default_scope_confirms_too(world: World) -> None:
    world.tenant.post("/_control/policy", {"tier": "free"})
    await started(world)
    await world.register("mobilePhone")
    await world.tick()
    assert await status(world) == ("confirmed", "user_registered")


async def test_audit_records_that_come_20_minutes_late_are_found_by_the_overlap(world: World) -> None:
    """The cursor has passed the record's time long before the record appears."""
    world.sources(latency=20)
    await started(world)
    await world.register("mobilePhone")
    for _ in range(5):
        world.pass_time(240)
        await world.tick()
    world.pass_time(300)
    await world.tick()
    assert await status(world) == ("confirmed", "user_registered")
    audits = [item["id"] for item in (await world.show())["evidence"] if item["kind"] == "audit"]
    assert len(audits) == len(set(audits)), "read many times, kept once"


async def test_an_escalation_waits_for_the_audit_record_of_a_listed_method(world: World) -> None:
    """Registered by phone minutes before the manager's message: the person's methods show it, the audit log does not
    yet."""
    world.sources(latency=30)
    await started(world)
    await world.until(5, "08:50")
    await world.register("mobilePhone")
    await world.until(5, "12:00", every=timedelta(minutes=10))
    assert (await status(world))[0] == "confirmed"
    assert "escalate_manager" not in await world.heard()


async def test_nobodys_methods_are_read_one_by_one_but_before_an_escalation(world: World) -> None:
    await started(world)
    before = len(_targeted(world))
    assert before == 1, "the guard of the first credential"
    await world.until(4)
    assert len(_targeted(world)) == before
    await world.until(11)
    assert len(_targeted(world)) - before == len(only(await world.heard(), "manager", "desk")[1:]) == 2


def _targeted(world: World) -> list[str]:
    return [
        item["path"] for item in world.requests("GET") if item["path"].endswith("/authentication/methods")
    ]


async def test_the_same_audit_events_over_and_over_change_nothing(world: World) -> None:
    await started(world)
    await world.register("mobilePhone", actor="admin")
    for _ in range(6):
        await world.tick("track")
    evidence = (await world.show())["evidence"]
    assert len({item["id"] for item in evidence}) == len(evidence)
    assert len([entry for entry in (await world.show())["timeline"] if entry["action"] == "evidence"]) <= 3


async def test_the_pass_itself_is_no_evidence(world: World) -> None:
    """`User registered temporary access pass method` stands under an ordinary registration's name."""
    await started(world)
    await world.register("temporaryAccessPass")
    await world.tick()
    assert (await status(world))[0] == "following_up"


async def test_somebody_outside_the_scope_of_sspr_is_left_alone_until_they_come_into_it(world: World) -> None:
    world.tenant.post("/_control/policy", {"sspr_scope": "none"})
    await world.hire()
    await world.until(8)
    assert await status(world) == ("following_up", "excluded")
    told = only(await world.heard(), "person")
    assert told[0] == "welcome"
    assert len(told) <= 2
    world.tenant.post("/_control/policy", {"sspr_scope": "all"})
    await world.until(11)
    assert (await world.case(EMPLOYEE)).episode == 2
    assert "nudge_first" in await world.heard()


async def test_a_confirmed_person_is_watched_and_then_closed(world: World) -> None:
    await started(world)
    await world.register("microsoftAuthenticatorPush")
    await world.until(92, every=timedelta(days=2))
    case = await world.case()
    assert case.state is State.CLOSED
    assert case.next_action.when is None


async def test_an_account_that_is_enabled_again_is_followed_up_with_one_message_each(world: World) -> None:
    """Disabled from day 1 to day 8: silence meanwhile, then what is due, once for each audience."""
    await started(world)
    upn = world.account()["userPrincipalName"]
    world.tenant.post("/_control/users", {"userPrincipalName": upn, "accountEnabled": False})
    await world.until(8)
    assert only(await world.heard(), "person") == ["welcome", "nudge_first"]
    world.tenant.post("/_control/users", {"userPrincipalName": upn, "accountEnabled": True})
    await world.until(9, "17:00")
    assert await world.heard() == [
        "access_pass_manager",
        "welcome",
        "nudge_first",
        "nudge_third",
        "escalate_manager",
    ]


async def test_whoever_registers_before_the_pass_and_the_welcome_is_confirmed_without_them(
    world: World,
) -> None:
    """They had a way of their own to sign in: what was only meant to lead there is left out."""
    await world.hire()
    await world.until(-5)
    await world.register("microsoftAuthenticatorPush")
    await world.until(-4)
    shown = await world.show()
    assert (shown["state"], shown["status"]) == ("confirmed", "user_registered")
    assert await world.heard() == []
