"""The service desk kit: a lost phone and a new pass, each once, for an approver, whatever dies in between."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.account import PassStatus
from onboarding.domain.case import WATCH_ENDED, Case
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.confirmation import Assessment, assess
from onboarding.domain.evidence import Act, By, Evidence, Recoverable, Registration, Status
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import DeskPolicy, IdentityCheck, Policy
from onboarding.domain.policy_file import load
from onboarding.domain.records import NextAction
from onboarding.errors import (
    ConfigurationError,
    DeployerError,
    EffectUnknown,
    IllegalTransition,
    LimitReached,
    OperatorError,
    PermissionMissing,
    Refused,
    RequestError,
    StoreConflict,
    Unavailable,
)
from onboarding.followup import sources
from onboarding.operate import actions, desk, due, handout, lost_phone, mending, rerun_plan, reruns, work
from onboarding.operate.asks import Ask
from onboarding.ports import CLAIM_LEASE, CaseQuery, WorkMessage
from onboarding.settings import Settings
from tests.support.doubles import CASE_ID, T0, Killed, World, drive, look_now, make_case
from tests.support.hr_says import says

PHONE = "mobilePhone"
ASK = Ask("o-1", "left it in a taxi", lost=(f"id-{PHONE}",))
CHECKS = tuple(check.code for check in Policy().desk.identity_checks)
PROOFED = Ask("o-1", "stands at the desk", confirmed=CHECKS)


async def at_work(world: World, state: State = State.CONFIRMED, **changes: Any) -> Case:
    """Somebody who went through the first day, registered, and is now in this state."""
    await world.file(make_case())
    case = await drive(world)
    assert case.account is not None
    world.tenant.methods[case.account.id] = (PHONE,)
    world.tenant.passes.clear()
    case.state, case.status = state, Status.USER_REGISTERED
    case.confirmed_at, case.recoverable = world.clock.at, Recoverable.YES
    case.registration = Registration((PHONE,), world.clock.at)
    if state in {State.BLOCKED, State.PAUSED}:
        case.return_state = State.CONFIRMED
    why = "watch_ended" if state is State.CLOSED else "watch_for_removal"
    case.next_action = NextAction(
        "watch", None if state is State.CLOSED else world.clock.at + timedelta(days=90), why
    )
    for name, value in changes.items():
        setattr(case, name, value)
    world.tape.calls.clear()
    return await world.store.cases.save(case)


async def worker(world: World) -> Case:
    """What the queue does."""
    with contextlib.suppress(StoreConflict):
        await work.handle(world.s, WorkMessage(case_id=CASE_ID))
    return await world.case()


async def said(world: World, since: str = "lost_phone") -> list[str]:
    story = [entry.action for entry in await world.story()]
    return story[story.index(since) :] if since in story else []


# --- lost phone ----------------------------------------------------------------------------------------------


async def test_the_method_is_deleted_the_sessions_end_and_the_follow_up_begins_anew(world: World) -> None:
    before = await at_work(world)
    listed = await desk.methods(world.s, CASE_ID)
    assert [item["id"] for item in listed["items"]] == [f"id-{PHONE}"]
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    assert world.tenant.deleted_methods == [], "only the intent so far"
    case = await worker(world)
    assert before.account is not None
    assert world.tenant.deleted_methods == [(before.account.id, PHONE)]
    assert world.tenant.revoked == [before.account.id]
    assert (case.state, case.lost_method, case.episode) == (State.FOLLOWING_UP, None, before.episode + 1)
    assert case.registration is not None
    assert case.registration.methods == ()
    assert (await said(world))[:4] == ["lost_phone", "lost_phone_deleted", "sessions_ended", "method_removed"]
    asked = next(entry for entry in await world.story() if entry.action == "lost_phone")
    assert (asked.actor, asked.detail["reason"]) == ("operator:o-1", ASK.reason)
    assert "…01" not in repr(await world.story()), "nothing of the number is kept"


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        (State.CONFIRMED, (State.FOLLOWING_UP, None)),
        (State.FOLLOWING_UP, (State.FOLLOWING_UP, None)),
        (State.CLOSED, (State.FOLLOWING_UP, None)),
        (State.BLOCKED, (State.BLOCKED, State.FOLLOWING_UP)),
        (State.PAUSED, (State.PAUSED, State.FOLLOWING_UP)),
        (State.PROVISIONING, (State.PROVISIONING, None)),
    ],
)
async def test_in_every_state_the_phone_is_taken_care_of(
    world: World, state: State, ends: tuple[State, State | None]
) -> None:
    await at_work(world, state)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    await lost_phone.advance(world.s, await world.case(), world.clock.at)
    case = await world.case()
    assert (case.state, case.return_state) == ends
    assert len(world.tenant.deleted_methods) == len(world.tenant.revoked) == 1
    assert case.lost_method is None


async def test_a_case_that_was_closed_because_the_person_left_stays_closed(world: World) -> None:
    await at_work(world, State.CLOSED, reason_code="employment_ended")
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    assert (await worker(world)).state is State.CLOSED
    assert len(world.tenant.revoked) == 1


@pytest.mark.parametrize("state", [State.EXCLUDED, State.CANCELLED])
async def test_who_is_left_alone_is_left_alone(world: World, state: State) -> None:
    await at_work(world, state)
    for action, ask in (("lost-phone", ASK), ("new-pass", PROOFED)):
        with pytest.raises(Refused) as caught:
            await actions.act(world.s, action, CASE_ID, ask)
        assert caught.value.code == "left_alone"


async def test_a_second_report_while_one_is_under_way_is_refused(world: World) -> None:
    await at_work(world)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    with pytest.raises(Refused) as caught:
        await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    assert caught.value.code == "under_way"


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (replace(ASK, lost=()), "method_required"),
        (replace(ASK, lost=("id-of-somebody-else",)), "no_such_method"),
        (replace(ASK, reason=" "), "reason_required"),
    ],
)
async def test_an_incomplete_report_is_refused(world: World, ask: Ask, code: str) -> None:
    await at_work(world)
    with pytest.raises(RequestError) as caught:
        await actions.act(world.s, "lost-phone", CASE_ID, ask)
    assert caught.value.code == code
    assert (await world.case()).lost_method is None


async def test_a_protected_account_is_never_touched(world: World) -> None:
    """Refused when it is asked for, and again by the worker, should the role be given in between."""
    case = await at_work(world)
    assert case.account is not None
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    world.tenant.privileged.add(case.account.id)
    case = await worker(world)
    assert (world.tenant.deleted_methods, world.tenant.revoked) == ([], [])
    assert (case.lost_method, case.state) == (None, State.CONFIRMED)
    assert (await said(world))[1] == "lost_phone_refused"
    for action, ask in (("lost-phone", ASK), ("new-pass", PROOFED)):
        with pytest.raises(Refused) as caught:
            await actions.act(world.s, action, CASE_ID, ask)
        assert caught.value.code == "protected_privileged"
    with pytest.raises(Refused):
        await desk.methods(world.s, CASE_ID)


async def test_a_method_that_somebody_else_deleted_is_not_called_ours(world: World) -> None:
    case = await at_work(world)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    assert case.account is not None
    world.tenant.methods[case.account.id] = ()
    await worker(world)
    assert "lost_phone_gone" in await said(world)
    assert world.tenant.revoked == [case.account.id]


@pytest.mark.parametrize("method", ["delete_method", "revoke_sessions", "sign_in_methods", "get_user"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_an_outage_is_waited_for_and_the_deletion_is_done_once(
    world: World, method: str, moment: str
) -> None:
    await at_work(world)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    getattr(world.faults, moment)(method, Unavailable("down"), EffectUnknown("no answer"))
    for _ in range(6):
        case = await worker(world)
        if case.lost_method is None:
            break
        assert case.wakes_at is not None
        assert case.wakes_at <= world.clock.at + timedelta(hours=1)
        assert "taken care of" in actions_words(case)
        world.clock.at = max(world.clock.at, case.lost_method.when)
    assert case.lost_method is None
    assert len(world.tenant.deleted_methods) == 1
    assert len(world.tenant.revoked) >= 1
    assert "lost_phone_deleted" in await said(world)


async def test_while_the_deletion_alone_gets_no_answer_the_sessions_are_ended_once(world: World) -> None:
    before = await at_work(world)
    assert before.account is not None
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    world.faults.before("delete_method", *[Unavailable("503")] * 50)
    for _ in range(8):
        case = await worker(world)
        assert case.lost_method is not None
        assert world.tenant.revoked == [before.account.id], "at once, and not with every try"
        world.clock.at = case.lost_method.when
    world.faults.plan.clear()
    assert (await worker(world)).lost_method is None
    assert world.tenant.revoked == [before.account.id] * 2, "and once more when the method is gone"


async def test_a_dry_run_is_waited_for_and_does_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await at_work(world)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    world.settings = replace(world.settings, mode="dry_run")
    world.s = world.services()
    for _ in range(5):
        case = await worker(world)
        assert case.lost_method is not None
        assert case.lost_method.when <= world.clock.at + timedelta(minutes=30)
        world.clock.at = case.lost_method.when
    assert (world.tenant.deleted_methods, world.tenant.revoked) == ([], [])
    assert (await said(world)).count("lost_phone_held") == 1
    assert [r.levelno for r in caplog.records if r.message == "lost_phone_held"] == [logging.ERROR]
    world.settings = replace(world.settings, mode="live")
    world.s = world.services()
    case = await worker(world)
    assert (case.lost_method, case.state) == (None, State.FOLLOWING_UP)
    assert len(world.tenant.deleted_methods) == len(world.tenant.revoked) == 1


async def test_sessions_that_a_dry_run_does_not_end_are_ended_after_it(world: World) -> None:
    """The mode changed between the two calls."""
    await at_work(world)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    world.faults.before("revoke_sessions", OperatorError("Dry run", code="dry_run"))
    case = await worker(world)
    assert (case.lost_method is not None, len(world.tenant.deleted_methods)) == (True, 1)
    assert case.lost_method is not None
    world.clock.at = case.lost_method.when
    assert (await worker(world)).lost_method is None
    assert len(world.tenant.revoked) == len(world.tenant.deleted_methods) == 1


def actions_words(case: Case) -> str:
    from onboarding.operate.explain import explain

    return explain(case)


@pytest.mark.parametrize(
    ("method", "told"),
    [("delete_method", "lost_phone_not_deleted"), ("revoke_sessions", "sessions_not_ended")],
)
async def test_a_refusal_of_this_method_is_told_and_the_rest_is_done(
    world: World, method: str, told: str
) -> None:
    before = await at_work(world)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    world.faults.before(method, OperatorError("an alternate phone is left", code="graph_bad_value"))
    case = await worker(world)
    assert case.lost_method is None
    assert told in await said(world)
    entry = next(entry for entry in await world.story() if entry.action == told)
    assert entry.detail["reason"] == "graph_bad_value"
    deleted = method != "delete_method"
    assert bool(world.tenant.revoked) is not deleted
    assert bool(world.tenant.deleted_methods) is deleted
    assert (case.state, case.episode) == (
        (State.FOLLOWING_UP, before.episode + 1) if deleted else (State.CONFIRMED, before.episode)
    ), "nobody registers anew for a method that is still there"


@pytest.mark.parametrize("code", ["permission_missing", "graph_sign_in", "graph_refused"])
@pytest.mark.parametrize(
    "method", ["get_user", "has_privileges", "sign_in_methods", "delete_method", "revoke_sessions"]
)
async def test_without_token_or_permission_the_phone_is_not_given_up_on(
    world: World, caplog: pytest.LogCaptureFixture, method: str, code: str
) -> None:
    """Half a day of it, and then an administrator grants what is missing."""
    before = await at_work(world)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    refused = DeployerError("grant it", code=code)
    world.faults.before(method, *[refused] * 60)
    tries, ends = 0, world.clock.at + timedelta(hours=12)
    while world.clock.at < ends:
        case = await worker(world)
        tries += 1
        assert case.state in {State.CONFIRMED, State.FOLLOWING_UP}, "nothing is blocked by it"
        assert case.lost_method is not None
        assert case.lost_method.when <= world.clock.at + timedelta(minutes=30)
        world.clock.at = case.lost_method.when
    assert tries > 24
    alert = "lost_phone_held" if code == "graph_refused" else "permission_hold_opened"
    alerts = [
        record for record in caplog.records if record.message in {"lost_phone_held", "permission_hold_opened"}
    ]
    assert {record.message for record in alerts} == {alert}
    assert [record.levelno for record in alerts] == [logging.ERROR], "one alert, not one a try"
    assert (await said(world)).count("lost_phone_held") == 1
    signed_out = 1 if method in {"sign_in_methods", "delete_method"} else 0
    assert len(world.tenant.revoked) == signed_out, "ended at once, and not every half hour"
    world.faults.plan.clear()
    case = await worker(world)
    assert (case.lost_method, case.state, case.episode) == (None, State.FOLLOWING_UP, before.episode + 1)
    assert len(world.tenant.deleted_methods) == 1
    assert len(world.tenant.revoked) == signed_out + 1, "whoever came in meanwhile is sent out, too"


@pytest.mark.parametrize("method", ["get_user", "delete_method", "revoke_sessions"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_whoever_dies_while_permission_is_missing_leaves_the_task_where_it_is(
    make_world: Callable[..., World], moment: str, method: str
) -> None:
    for number in itertools.count():
        world = make_world()
        await at_work(world)
        await actions.act(world.s, "lost-phone", CASE_ID, ASK)
        world.tape.calls.clear()
        world.tape.kill_at = (number, moment)
        world.faults.before(method, *[PermissionMissing("grant it")] * 2)
        with contextlib.suppress(Killed):
            await worker(world)
        if number >= len(world.tape.calls):
            assert number > 4
            return
        world.tape.kill_at = None
        assert (await world.case()).lost_method is not None, (number, moment)
        for _ in range(5):
            world.clock.move(minutes=31)
            await due.enqueue_due(world.s)
            messages, world.queue.sent = list(world.queue.sent), []
            for message, _delay in messages:
                await work.handle(world.s, message)
        case = await world.case()
        assert (case.lost_method, case.state) == (None, State.FOLLOWING_UP), (number, moment)
        assert len(world.tenant.deleted_methods) == 1, (number, moment)


async def test_a_task_that_an_older_version_wrote_is_gone_on_with(world: World) -> None:
    await at_work(world)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    row = json.loads(encode(await world.case()))
    for name in ("refused", "signed_out", "rest", "kept", "gone"):
        del row["lost_method"][name]
    old = decode(json.dumps(row).encode(), "1")
    assert old.lost_method is not None
    assert (old.lost_method.refused, old.lost_method.signed_out) == (False, False)


async def kill_runs(make_world: Callable[..., World]) -> int:
    world = make_world()
    await at_work(world)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    await worker(world)
    return len(world.tape.calls)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_whoever_dies_at_any_call_leaves_one_deletion_and_an_end(
    make_world: Callable[..., World], moment: str
) -> None:
    """From the approver's request to the end; afterwards only the follow-up timer comes back to the case."""
    calls = await kill_runs(make_world)
    assert calls > 12
    for number in range(calls):
        world = make_world()
        await at_work(world)
        world.tape.kill_at = (number, moment)
        with contextlib.suppress(Killed):
            await actions.act(world.s, "lost-phone", CASE_ID, ASK)
            await worker(world)
        asked = (await world.case()).lost_method is not None or "lost_phone" in await said(world)
        world.tape.kill_at = None
        if not asked:
            await actions.act(world.s, "lost-phone", CASE_ID, ASK)
        for _ in range(4):
            world.clock.move(minutes=20)
            await due.enqueue_due(world.s)
            for message, _delay in world.queue.sent:
                await work.handle(world.s, message)
            world.queue.sent.clear()
        case = await world.case()
        assert case.lost_method is None, (number, moment)
        assert len(world.tenant.deleted_methods) == 1, (number, moment)
        assert world.tenant.revoked, (number, moment)
        assert case.state is State.FOLLOWING_UP, (number, moment)
        story = await said(world)
        assert story.count("lost_phone_deleted") + story.count("lost_phone_gone") == 1, (number, moment)


async def test_a_case_without_an_account_has_nothing_left_to_do(world: World) -> None:
    await at_work(world)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    case = await world.case()
    case.account = None
    await world.store.cases.save(case)
    assert (await worker(world)).lost_method is None
    assert world.tenant.revoked == []


async def test_a_task_that_nobody_comes_back_to_is_late_for_the_watchdog(world: World) -> None:
    await at_work(world, State.CLOSED)
    await actions.act(world.s, "lost-phone", CASE_ID, ASK)
    case = await world.case()
    assert not mending.is_late(case, world.clock.at)
    assert mending.is_late(case, world.clock.at + timedelta(hours=1))
    assert mending.works(case)


# --- several methods on one phone --------------------------------------------------------------------------

APP = "microsoftAuthenticatorPush"


async def with_both(world: World, *more: str) -> Case:
    """Confirmed by both methods of one phone, by the person's own records."""
    case = await at_work(world)
    assert case.account is not None
    names = (APP, PHONE, *more)
    world.tenant.methods[case.account.id] = names
    case.registration = Registration(names, world.clock.at, direct=True)
    case.evidence = [
        Evidence(f"e-{name}", "audit", Act.REGISTERED, By.USER, name, world.clock.at) for name in names
    ]
    return await world.store.cases.save(case)


async def judged(world: World) -> Assessment:
    return assess(await world.case(), await sources.rules(world.s, world.clock.at), world.clock.at)


async def test_all_that_was_on_the_phone_goes_at_once(world: World) -> None:
    before = await with_both(world)
    assert before.account is not None
    world.clock.move(hours=1)
    await actions.act(world.s, "lost-phone", CASE_ID, replace(ASK, lost=(f"id-{APP}", f"id-{PHONE}")))
    case = await worker(world)
    assert sorted(world.tenant.deleted_methods) == sorted(
        [(before.account.id, APP), (before.account.id, PHONE)]
    )
    assert world.tenant.revoked == [before.account.id]
    assert (case.state, case.lost_method, case.episode) == (State.FOLLOWING_UP, None, before.episode + 1)
    assert (await said(world)).count("lost_phone_deleted") == 2


async def test_what_stays_without_a_word_does_not_confirm_anew(world: World) -> None:
    """The number is on the lost phone, too, and nobody said that the person still has it."""
    await with_both(world)
    world.clock.move(hours=1)
    await actions.act(world.s, "lost-phone", CASE_ID, replace(ASK, lost=(f"id-{APP}",)))
    await worker(world)
    for _ in range(5):
        world.clock.move(days=1)
        case = await worker(world)
        assert case.state is State.FOLLOWING_UP
    assert (case.status, case.confirmed_at is not None) == (Status.REMOVED, True)
    found = await judged(world)
    assert (found.counted, found.because) == ((), "phone_lost")
    assert found.missing is not None
    assert "a mobile phone" in found.missing.lower()
    assert "still has" in found.missing
    case.evidence.append(Evidence("again", "audit", Act.REGISTERED, By.USER, PHONE, world.clock.at))
    await world.store.cases.save(case)
    assert (await judged(world)).counted == (PHONE,)
    world.clock.move(days=1)
    assert (await worker(world)).state is State.CONFIRMED


@pytest.mark.parametrize("kept", ["id-officePhone", "officePhone"])
async def test_what_the_person_still_has_goes_on_counting(world: World, kept: str) -> None:
    before = await with_both(world, "officePhone")
    world.clock.move(hours=1)
    ask = replace(ASK, lost=(f"id-{APP}", f"id-{PHONE}"), kept=(kept,))
    await actions.act(world.s, "lost-phone", CASE_ID, ask)
    case = await worker(world)
    assert len(world.tenant.deleted_methods) == 2
    assert (await judged(world)).counted == ("officePhone",)
    assert (case.state, case.episode) == (State.CONFIRMED, before.episode), (
        "nobody is asked for what is there"
    )
    assert "officePhone" in next(e for e in await world.story() if e.action == "lost_phone").detail["kept"]


async def test_an_authenticator_that_only_the_person_can_add_counts_no_more_without_a_word(
    world: World,
) -> None:
    await with_both(world)
    world.clock.move(hours=1)
    await actions.act(world.s, "lost-phone", CASE_ID, replace(ASK, lost=(f"id-{PHONE}",)))
    await worker(world)
    world.clock.move(days=1)
    case = await worker(world)
    assert (case.state, (await judged(world)).counted) == (State.FOLLOWING_UP, ())


async def test_what_the_tenant_refuses_keeps_none_of_the_others(world: World) -> None:
    before = await with_both(world)
    world.faults.before("delete_method", OperatorError("default method", code="graph_bad_value"))
    ask = replace(ASK, lost=(f"id-{APP}", f"id-{PHONE}"))
    await actions.act(world.s, "lost-phone", CASE_ID, ask)
    case = await worker(world)
    assert (len(world.tenant.deleted_methods), len(world.tenant.revoked)) == (1, 1)
    assert (case.state, case.episode) == (State.FOLLOWING_UP, before.episode + 1)
    assert {"lost_phone_deleted", "lost_phone_not_deleted"} <= set(await said(world))
    assert (await judged(world)).counted == (), "nor by the one that could not be deleted"


async def test_an_alternate_number_goes_before_the_first_one(world: World) -> None:
    """Graph refuses to delete a mobile number while an alternate one is left."""
    await with_both(world, "alternateMobilePhone")
    ask = replace(ASK, lost=(f"id-{PHONE}", "id-alternateMobilePhone"))
    await actions.act(world.s, "lost-phone", CASE_ID, ask)
    await worker(world)
    assert [name for _, name in world.tenant.deleted_methods] == ["alternateMobilePhone", PHONE]


async def test_a_list_from_before_both_were_registered_is_not_made_new_by_a_deletion(world: World) -> None:
    """The case knows of no number yet; the tenant has it, and the page must not say that it is gone."""
    case = await with_both(world)
    case.registration = Registration((APP,), world.clock.at - timedelta(days=1))
    await world.store.cases.save(case)
    await actions.act(world.s, "lost-phone", CASE_ID, replace(ASK, lost=(f"id-{APP}",)))
    await worker(world)
    found = await judged(world)
    assert (found.present, found.gone) == ((PHONE,), (APP,))


@pytest.mark.parametrize(
    ("lost", "kept", "code"),
    [
        ((f"id-{APP}",), (f"id-{APP}",), "lost_and_kept"),
        ((f"id-{APP}",), ("coffee",), "no_such_method"),
        ((f"id-{APP}", "coffee"), (), "no_such_method"),
        ((), (f"id-{PHONE}",), "method_required"),
    ],
)
async def test_words_that_fit_no_method_are_refused(
    world: World, lost: tuple[str, ...], kept: tuple[str, ...], code: str
) -> None:
    await with_both(world)
    with pytest.raises(RequestError) as caught:
        await actions.act(world.s, "lost-phone", CASE_ID, replace(ASK, lost=lost, kept=kept))
    assert caught.value.code == code


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_whoever_dies_between_two_methods_leaves_neither(
    make_world: Callable[..., World], moment: str
) -> None:
    for number in itertools.count():
        world = make_world()
        await with_both(world)
        ask = replace(ASK, lost=(f"id-{APP}", f"id-{PHONE}"))
        await actions.act(world.s, "lost-phone", CASE_ID, ask)
        world.tape.calls.clear()
        world.tape.kill_at = (number, moment)
        with contextlib.suppress(Killed):
            await worker(world)
        if number >= len(world.tape.calls):
            assert number > 14
            return
        world.tape.kill_at = None
        for _ in range(3):
            world.clock.move(minutes=20)
            await due.enqueue_due(world.s)
            for message, _delay in world.queue.sent:
                await work.handle(world.s, message)
            world.queue.sent.clear()
        case = await world.case()
        assert (case.lost_method, case.state) == (None, State.FOLLOWING_UP), (number, moment)
        assert [name for _, name in world.tenant.deleted_methods] == [APP, PHONE], (number, moment)
        story = await said(world)
        assert story.count("lost_phone_deleted") == 2, (number, moment)


async def test_methods_that_cannot_be_deleted_here_are_asked_about_too(world: World) -> None:
    case = await with_both(world)
    case.registration = Registration((APP, "softwareOneTimePasscode", PHONE, "email"), world.clock.at)
    await world.store.cases.save(case)
    listed = await desk.methods(world.s, CASE_ID)
    assert listed["others"] == ["email"], "the app's codes go with the app"


# --- new pass ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["access_pass_to_manager", "access_pass_to_desk"])
async def test_a_new_pass_takes_the_way_of_the_first_one(
    make_world: Callable[..., World], setting: str
) -> None:
    world = make_world(settings=Settings(service_desk="desk@contoso.example", first_credential=setting))
    before = await at_work(world)
    assert before.account is not None
    first = len(world.tenant.issued)
    operation = await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    case = await drive(world)
    assert len(world.tenant.issued) == first + 1
    secret = world.tenant.issued[-1].secret
    mail = world.tenant.mail[-1]
    assert secret in mail.text
    assert mail.to == (
        ("chef@contoso.example",) if setting.endswith("manager") else ("desk@contoso.example",)
    )
    assert secret not in repr(operation) + repr(await world.story()) + repr(case)
    assert len(world.tenant.usable_passes(before.account.id)) == 1
    assert case.access_pass is not None
    assert (case.access_pass.status, case.identity_proofed_at) == (PassStatus.DELIVERED, None)
    entry = next(entry for entry in await world.story() if entry.action == "new_pass")
    assert (entry.actor, entry.detail["checks"]) == ("operator:o-1", ",".join(CHECKS))


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("hr_deleted_record", {"deleted_at": T0}),
        ("two_accounts", {"second_account": "c_00000000000000000099"}),
        ("needs_approval_same_person", {"maybe_same": "c_00000000000000000099"}),
    ],
)
async def test_a_new_pass_answers_no_question_about_the_person(
    world: World, code: str, changes: dict[str, Any]
) -> None:
    before = await at_work(world, State.BLOCKED, reason_code=code, **changes)
    with pytest.raises(IllegalTransition):
        await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    case = await world.case()
    assert (case.etag, case.reason_code) == (before.etag, code)


async def test_without_the_checks_the_same_person_gets_none(world: World) -> None:
    await at_work(world)
    first = len(world.tenant.issued)
    await actions.act(world.s, "rerun", CASE_ID, Ask("o-1", "x", from_step="issue_access_pass"))
    case = await drive(world)
    assert len(world.tenant.issued) == first
    assert case.steps["issue_access_pass"].detail == "already_in_use"


@pytest.mark.parametrize(
    ("confirmed", "code"),
    [((), "checks_missing"), (CHECKS[1:], "checks_missing"), ((*CHECKS, "coffee"), "unknown_check")],
)
async def test_every_item_of_the_list_is_confirmed_or_there_is_no_pass(
    world: World, confirmed: tuple[str, ...], code: str
) -> None:
    await at_work(world)
    with pytest.raises(RequestError) as caught:
        await actions.act(world.s, "new-pass", CASE_ID, replace(PROOFED, confirmed=confirmed))
    assert caught.value.code == code
    assert (await world.case()).identity_proofed_at is None


async def test_the_list_is_the_policys(make_world: Callable[..., World]) -> None:
    policy = Policy(desk=DeskPolicy((IdentityCheck("badge", "I saw the badge."),)))
    world = make_world(policy=policy)
    await at_work(world)
    with pytest.raises(RequestError):
        await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    await actions.act(world.s, "new-pass", CASE_ID, replace(PROOFED, confirmed=("badge",)))
    assert (await world.case()).identity_proofed_at == world.clock.at


async def test_the_word_of_an_approver_ends_after_a_day_and_is_good_for_one_pass(world: World) -> None:
    case = await at_work(world)
    await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    world.clock.move(hours=25)
    case = await drive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "identity_check_lapsed")
    assert len(world.tenant.issued) == 1


async def lapsed(world: World) -> Case:
    """A limit on passes holds the new one back for two days; who signs in with the phone they have is not seen."""
    await at_work(world)
    await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    world.faults.before("create_pass", *[LimitReached("no more passes")] * 40)
    end = world.clock.at + timedelta(days=2)
    while world.clock.at < end:
        case = await look_now(world)
        if case.state is State.BLOCKED:
            break
    world.faults.plan.clear()
    return await world.case()


async def test_a_new_pass_that_was_held_back_until_the_word_lapsed_is_asked_about(world: World) -> None:
    case = await lapsed(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "identity_check_lapsed")
    await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert (len(world.tenant.issued), case.identity_proofed_at) == (2, None)


async def test_whoever_needs_no_new_pass_any_more_goes_on_by_a_rerun_of_their_case(world: World) -> None:
    await lapsed(world)
    query = CaseQuery(reason_code="identity_check_lapsed")
    found = await reruns.preview(world.s, query, None)
    await reruns.carry_out(world.s, query, replace(ASK, plan_hash=found.plan_hash))
    assert (await drive(world)).reason_code == "identity_check_lapsed"
    word = replace(ASK, answers=rerun_plan.answers(approver=False), by_name=True)
    await actions.act(world.s, "rerun", CASE_ID, word)  # asked for before the case stopped for it
    assert (await drive(world)).reason_code == "identity_check_lapsed"
    await actions.act(world.s, "rerun", CASE_ID, replace(word, reason_code="identity_check_lapsed"))
    case = await drive(world)
    assert case.steps["issue_access_pass"].detail == "already_in_use"
    assert (case.state, case.identity_proofed_at) == (State.FOLLOWING_UP, None)
    assert len(world.tenant.issued) == 1


async def test_where_the_company_has_its_own_way_there_is_no_pass(make_world: Callable[..., World]) -> None:
    world = make_world(settings=Settings(service_desk="d@contoso.example", first_credential="none"))
    await at_work(world)
    with pytest.raises(Refused) as caught:
        await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    assert caught.value.code == "company_own_way"


async def test_a_disabled_account_stops_at_the_guard(world: World) -> None:
    case = await at_work(world)
    assert case.account is not None
    world.tenant.users[case.account.id] = replace(world.tenant.users[case.account.id], account_enabled=False)
    await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    assert (await drive(world)).reason_code == "account_disabled"
    assert len(world.tenant.issued) == 1


async def test_a_synced_account_has_no_new_pass(world: World) -> None:
    """Its first password comes from Active Directory; the step would leave it out, and nobody would be told."""
    case = await at_work(world)
    assert case.account is not None
    case.account.origin, case.account.synced = "synced", True
    before = await world.store.cases.save(case)
    with pytest.raises(Refused, match="Active Directory") as caught:
        await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    assert caught.value.code == "synced_account"
    after = await world.case()
    assert (after.etag, after.identity_proofed_at) == (before.etag, None)


async def test_whoever_left_has_no_new_pass_even_while_the_old_one_is_not_void_yet(world: World) -> None:
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    await drive(world)
    world.faults.before("passes", OperatorError("no", code="graph_refused"))
    await says(world, EventType.EMPLOYMENT_TERMINATED)
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    case = await world.case()
    assert case.state is State.CLOSED
    assert "rerun" in actions.possible(case), "what is left to do is another action's"
    with pytest.raises(Refused) as caught:
        await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    assert caught.value.code == "employment_ended"
    assert (await world.case()).identity_proofed_at is None


async def test_whose_last_day_is_over_has_no_new_pass(world: World) -> None:
    case = await at_work(world)
    case.hire = replace(case.hire, end_date=(world.clock.at - timedelta(days=2)).date())
    await world.store.cases.save(case)
    with pytest.raises(Refused) as caught:
        await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    assert caught.value.code == "employment_ended"


async def test_a_case_that_was_watched_to_its_end_has_no_new_pass(world: World) -> None:
    case = await at_work(world, State.CLOSED)
    case.next_action = NextAction("none", None, WATCH_ENDED)
    await world.store.cases.save(case)
    with pytest.raises(Refused, match="lost-phone") as caught:
        await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
    assert caught.value.code == "case_closed"


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_new_pass_survives_a_death_at_any_call(make_world: Callable[..., World], moment: str) -> None:
    number = 0
    while True:
        world = make_world()
        before = await at_work(world)
        assert before.account is not None
        world.tape.kill_at = (number, moment)
        with contextlib.suppress(Killed):
            await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
            await drive(world)
        died, world.tape.kill_at = world.tape.killed, None
        if "new_pass" not in [entry.action for entry in await world.story()]:
            await actions.act(world.s, "new-pass", CASE_ID, PROOFED)
        world.clock.move(seconds=CLAIM_LEASE.total_seconds() + 1)
        case = await drive(world)
        assert case.state is State.FOLLOWING_UP, (number, moment)
        assert len(world.tenant.usable_passes(before.account.id)) == 1, (number, moment)
        assert case.access_pass is not None
        assert case.access_pass.status is PassStatus.DELIVERED, (number, moment)
        assert world.tenant.issued[-1].secret in world.tenant.mail[-1].text, (number, moment)
        if not died:
            break
        number += 1
    assert number > 15


# --- the policy and the page ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "[desk]\nidentity_checks = []",
        '[[desk.identity_checks]]\ncode = "A B"\ntext = "x"',
        '[[desk.identity_checks]]\ncode = "a"\ntext = " "',
        '[[desk.identity_checks]]\ncode = "a"\ntext = "x"\n' * 2,
        "".join(f'[[desk.identity_checks]]\ncode = "c{n}"\ntext = "x"\n' for n in range(7)),
    ],
)
def test_a_list_that_checks_nothing_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="identity_checks"):
        load(text)


@pytest.mark.parametrize(
    ("locale", "language", "words"),
    [
        ("de-DE", "de", "Benutzername"),
        (None, "de", "Benutzername"),
        ("en-GB", "en", "user name"),
    ],
)
async def test_the_page_is_in_the_persons_language_and_holds_no_secret(
    world: World, locale: str | None, language: str, words: str
) -> None:
    case = await at_work(world)
    case.hire = replace(case.hire, locale=locale)
    case = await world.store.cases.save(case)
    await actions.act(world.s, "handout", CASE_ID, Ask("o-1", "asked for it"))
    page = await handout.page(world.s, CASE_ID)
    text = page.as_text()
    assert page.language == language
    assert case.account is not None
    assert case.account.user_principal_name in text
    assert "aka.ms/mysecurityinfo" in text
    assert len(page.steps) == 4
    secrets = [issued.secret for issued in world.tenant.issued] + [
        phone.raw for phone in case.hire.phones or ()
    ]
    for value in (*secrets, CASE_ID, case.account.id, "http"):
        assert value not in text
    entry = (await world.story())[-1]
    assert (entry.action, entry.actor, entry.detail) == (
        "handout",
        "operator:o-1",
        {"reason": "asked for it"},
    )


async def test_there_is_no_page_before_there_is_an_account(world: World) -> None:
    await world.file(make_case())
    with pytest.raises(Refused):
        await handout.page(world.s, CASE_ID)
    for action, ask in (("handout", ASK), ("lost-phone", ASK), ("new-pass", PROOFED)):
        with pytest.raises(Refused):
            await actions.act(world.s, action, CASE_ID, ask)
