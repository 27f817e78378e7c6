"""Another manager after the pass went out: the former one's is void at once, wherever the case stands, and the next one
goes to whom HR names now, or to the service desk.

HR's events go through intake's rules (`apply_event`), and the case through the queue's way in, as in the service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.evidence import Act, By, Evidence, Status
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent, ManagerRef
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import StepStatus
from onboarding.errors import EffectUnknown, PermissionMissing, Unavailable
from onboarding.intake import former_manager
from onboarding.intake.decide import apply_event
from onboarding.intake.merging import READ
from onboarding.intake.outcome import Circumstances
from onboarding.intake.process import lay_down
from onboarding.operate import due, explain, mending, work
from onboarding.operate.actions import Ask, act
from onboarding.ports import CLAIM_LEASE, WORK_QUEUE, AccessPass, WorkMessage
from onboarding.settings import Settings
from tests.support.doubles import CASE_ID, MANAGER, Killed, World, advance, drive, hire, make_case, sides

MakeWorld = Callable[..., World]
DESK = "desk@contoso.example"
CHIEF = "chef@contoso.example"
#: Friday before the start on Monday 24 August 2026, 09:00 in Berlin.
FRIDAY = datetime(2026, 8, 21, 7, 0, tzinfo=UTC)
NEW = replace(
    MANAGER,
    id="manager-2",
    user_principal_name="new.boss@contoso.example",
    mail="new.boss@contoso.example",
    employee_id="2",
)
B = ManagerRef(email="new.boss@contoso.example")


async def says(world: World, manager: ManagerRef | None, *, read: bool = False) -> Case:
    """HR names this manager (None: takes the one who was named away), and the case is laid down."""
    case, now = await world.case(), world.clock.at
    event = HireEvent(
        "greenhouse",
        EventType.HIRE_UPDATED,
        Hire(employee_id="4711", manager=manager),
        "updated",
        certainty=Certainty.EMPLOYEE,
        occurred_at=now,
        cleared=() if manager else ("manager",),
    )
    about = Circumstances(READ if read else f"d_{now:%j%H%M}", now, is_read=read)
    return await lay_down(world.s, case, apply_event(case, event, about, now), now, WORK_QUEUE)


async def look(world: World) -> Case:
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    return await world.case()


def told(world: World) -> list[tuple[str, ...]]:
    """Recipients of every mail with a pass in it."""
    return [mail.to for mail in world.tenant.mail if "TAP-PLANTED" in mail.text + mail.html]


def usable(world: World, case: Case) -> list[str]:
    assert case.account is not None
    return [item.id for item in world.tenant.usable_passes(case.account.id)]


async def handed_over(world: World, **person: Any) -> Case:
    """Followed up: the pass for Monday is with the manager since Friday, two hours ago."""
    world.tenant.add(NEW)
    await world.file(make_case(hire=hire(**person)))
    case = await drive(world)
    assert (case.state, told(world)) == (State.FOLLOWING_UP, [(CHIEF,)])
    world.clock.move(hours=2)
    return await look(world)


@pytest.mark.parametrize(
    ("manager", "read", "to"),
    [(B, False, DESK), (B, True, NEW.mail), (None, True, DESK), (None, False, DESK)],
)
async def test_the_former_managers_pass_is_void_and_another_one_goes_where_it_is_safe(
    world: World, manager: ManagerRef | None, read: bool, to: str
) -> None:
    await handed_over(world)
    world.tenant.users[MANAGER.id] = replace(MANAGER, account_enabled=False)
    await says(world, manager, read=read)
    case = await look(world)
    assert (case.state, usable(world, case)) == (State.FOLLOWING_UP, ["pass-2"])
    assert world.tenant.voided == ["pass-1"]
    assert told(world) == [(CHIEF,), (to,)]
    assert case.access_pass is not None
    assert (case.access_pass.status, case.access_pass.recall) == (PassStatus.DELIVERED, None)
    assert case.account is not None
    assert world.tenant.managers[case.account.id] == (NEW.id if manager else MANAGER.id)
    assert sum("zoe.private@example.org" in mail.to for mail in world.tenant.mail) == 1, "one welcome"


async def test_without_a_desk_an_approver_decides_and_the_former_managers_is_void(
    make_world: MakeWorld,
) -> None:
    world = make_world(settings=Settings(service_desk=None))
    await handed_over(world)
    await says(world, B)
    case = await look(world)
    assert (case.reason_code, usable(world, case)) == ("needs_approval_manager", [])
    await act(world.s, "approve", CASE_ID, Ask("op", "HR says so"))
    case = await look(world)
    assert (case.state, told(world)[1:]) == (State.FOLLOWING_UP, [(NEW.mail,)])


async def test_the_due_row_alone_is_enough(world: World) -> None:
    """The queue message may be lost, and a paused case gets none."""
    case = await handed_over(world)
    case.apply(Event.PAUSE)
    await world.store.cases.save(case)
    case = await says(world, B)
    assert (case.state, case.next_action.when and case.next_action.when > world.clock.at) == (
        State.PAUSED,
        True,
    )
    rows = await world.store.cases.due(world.clock.at, 10)
    assert [row.case_id for row in rows] == [CASE_ID]
    assert mending.works(case)
    assert not mending.is_late(case, world.clock.at)
    assert mending.is_late(case, world.clock.at + timedelta(minutes=16))
    world.queue.sent.clear()
    await due.enqueue_due(world.s)
    assert [message.case_id for message, _ in world.queue.sent] == [CASE_ID]
    case = await look(world)
    assert (case.state, usable(world, case), case.wakes_at) == (State.PAUSED, [], case.next_action.when)


@pytest.mark.parametrize("stop", ["pause", "block"])
async def test_whoever_is_stopped_has_it_voided_at_once_and_the_next_one_when_they_go_on(
    world: World, stop: str
) -> None:
    case = await handed_over(world)
    case.apply(Event(stop), reason="poison")
    await world.store.cases.save(case)
    await says(world, B)
    case = await look(world)
    assert (usable(world, case), len(told(world))) == ([], 1)
    await act(world.s, "resume" if stop == "pause" else "rerun", CASE_ID, Ask("op", "go on"))
    case = await look(world)
    assert (case.state, told(world)[1:], usable(world, case)) == (State.FOLLOWING_UP, [(DESK,)], ["pass-2"])


async def test_before_the_welcome_the_welcome_goes_with_the_next_one(world: World) -> None:
    world.tenant.add(NEW)
    await world.file(make_case())
    await advance(world)
    world.clock.at = FRIDAY
    world.faults.before("create_draft", Unavailable("down", retry_after=3600))
    case = await advance(world)
    assert (case.state, usable(world, case)) == (State.PROVISIONING, ["pass-1"])
    await says(world, B)
    case = await look(world)
    assert (case.state, told(world)[1:], usable(world, case)) == (State.FOLLOWING_UP, [(DESK,)], ["pass-2"])


@pytest.mark.parametrize("lag", [False, True])
async def test_the_list_may_lag_behind_the_pass(world: World, lag: bool) -> None:
    case = await handed_over(world)
    assert case.account is not None
    if lag:
        world.tenant.passes[case.account.id] = []
    await says(world, B)
    await look(world)
    assert world.tenant.voided == ["pass-1"]


@pytest.mark.parametrize(
    ("before", "other"),
    [
        (ManagerRef(id="1", email=CHIEF), ManagerRef(id="1")),
        (ManagerRef(id="1", email=CHIEF), ManagerRef(id="1", email="CHEF@contoso.example", name="The Boss")),
        (ManagerRef(email=CHIEF), ManagerRef(email="CHEF@contoso.example")),
        (ManagerRef(email=CHIEF), ManagerRef(id="1", email=CHIEF)),
    ],
)
async def test_the_same_manager_in_other_words_keeps_it(
    world: World, before: ManagerRef, other: ManagerRef
) -> None:
    await handed_over(world, manager=before)
    await says(world, other)
    case = await look(world)
    assert (case.state, usable(world, case), told(world)) == (State.FOLLOWING_UP, ["pass-1"], [(CHIEF,)])


@pytest.mark.parametrize(
    "other",
    [
        ManagerRef(id="2", email="chef@contoso.example"),
        ManagerRef(id="1", email=NEW.mail),
        ManagerRef(id="2"),
        ManagerRef(name="Chef"),
    ],
)
async def test_another_id_or_address_may_be_somebody_else(world: World, other: ManagerRef) -> None:
    await handed_over(world, manager=ManagerRef(id="1", email=CHIEF))
    await says(world, other)
    case = await look(world)
    assert "pass-1" not in usable(world, case)


async def test_what_the_desk_holds_stays_there(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(service_desk=DESK, first_credential="access_pass_to_desk"))
    world.tenant.add(NEW)
    await world.file(make_case())
    await drive(world)
    await says(world, B)
    case = await look(world)
    assert (case.state, usable(world, case), told(world)) == (State.FOLLOWING_UP, ["pass-1"], [(DESK,)])


async def test_one_that_has_ended_is_left_as_it_is(world: World) -> None:
    await handed_over(world)
    world.clock.at = datetime(2026, 8, 24, 14, 0, tzinfo=UTC)
    case = await says(world, B)
    assert case.access_pass is not None
    assert (case.access_pass.status, case.access_pass.recall) == (PassStatus.DELIVERED, None)
    assert (await look(world)).state is State.FOLLOWING_UP
    assert told(world) == [(CHIEF,)]


@pytest.mark.parametrize("known", [True, False])
async def test_whoever_has_signed_in_gets_no_other(world: World, known: bool) -> None:
    """The audit log comes late; the tenant knows. What was used stays there as the sign of use."""
    case = await handed_over(world)
    assert case.account is not None
    world.tenant.passes[case.account.id] = [
        AccessPass("pass-1", FRIDAY, 480, usable=False, reason="OneTimeUsed")
    ]
    if known:
        case.evidence.append(Evidence("e", "audit", Act.REGISTERED, By.USER, "email", FRIDAY))
        await world.store.cases.save(case)
    await says(world, B)
    case = await look(world)
    assert (case.state is State.CONFIRMED) is known
    assert (world.tenant.voided, told(world)) == ([], [(CHIEF,)])
    assert "pass_voided" not in [item.action for item in await world.story()]


async def test_a_pass_for_somebody_who_works_already_is_void_too(world: World) -> None:
    """An approver had given a new one after a lost phone: it opens an account that is in use."""
    case = await handed_over(world)
    case.apply(Event.CONFIRM)
    case.confirmed_at, case.status = FRIDAY, Status.USER_REGISTERED
    await world.store.cases.save(case)
    await says(world, B)
    case = await look(world)
    assert (case.state, usable(world, case), len(told(world))) == (State.CONFIRMED, [], 1)


async def test_both_at_once_another_manager_and_another_first_day(world: World) -> None:
    await handed_over(world)
    case, now = await world.case(), world.clock.at
    said = Hire(employee_id="4711", start_date=date(2026, 9, 28), manager=B)
    event = HireEvent("greenhouse", EventType.HIRE_UPDATED, said, "x", occurred_at=now)
    await lay_down(world.s, case, apply_event(case, event, Circumstances("d_1", now), now), now, WORK_QUEUE)
    case = await look(world)
    assert (case.state, usable(world, case)) == (State.PROVISIONING, [])
    case = await drive(world)
    assert (world.clock.at, told(world)[1:]) == (datetime(2026, 9, 25, 7, 0, tzinfo=UTC), [(DESK,)])


async def test_a_withdrawal_that_follows_still_voids_the_pass(world: World) -> None:
    await handed_over(world)
    await says(world, B)
    case, now = await world.case(), world.clock.move(minutes=1)
    event = HireEvent("greenhouse", EventType.HIRE_CANCELLED, Hire(employee_id="4711"), "off")
    await lay_down(world.s, case, apply_event(case, event, Circumstances("d_2", now), now), now, WORK_QUEUE)
    case = await look(world)
    assert (case.state, usable(world, case), case.wakes_at) == (State.CANCELLED, [], None)
    assert world.tenant.voided == ["pass-1"]


async def test_a_word_between_the_mail_and_its_record_voids_what_was_mailed(world: World) -> None:
    """The worker has sent the pass to the manager and dies, or is overtaken by HR's word, before it can say so."""
    world.tenant.add(NEW)
    await world.file(make_case())
    await advance(world)
    world.clock.at = FRIDAY
    original = world.s.mailer.send_now

    async def overtaken(*args: Any, **kwargs: Any) -> None:
        await original(*args, **kwargs)
        await says(world, B)

    world.s = replace(world.s, mailer=_With(world.s.mailer, send_now=overtaken))
    await look(world)  # its last write fails: the message comes again
    world.s = world.services()
    case = await world.case()
    assert case.access_pass is not None
    assert (case.access_pass.status, told(world)) == (PassStatus.CREATED, [(CHIEF,)])
    case = await look(world)
    assert world.tenant.voided == ["pass-1"], "at once: nobody waits for the claim's lease"
    assert (case.state, told(world)[1:], usable(world, case)) == (State.FOLLOWING_UP, [(DESK,)], ["pass-2"])


async def test_a_word_while_the_pass_is_made_lets_it_go_to_nobody(world: World) -> None:
    world.tenant.add(NEW)
    await world.file(make_case())
    await advance(world)
    world.clock.at = FRIDAY
    original = world.s.security.create_pass

    async def overtaken(*args: Any, **kwargs: Any) -> AccessPass:
        made: AccessPass = await original(*args, **kwargs)
        await says(world, B)
        return made

    world.s = replace(world.s, security=_With(world.s.security, create_pass=overtaken))
    await look(world)
    world.s = world.services()
    case = await look(world)
    assert (told(world), case.wakes_at) == ([], FRIDAY + CLAIM_LEASE), "a worker may be at it until then"
    world.clock.at = FRIDAY + CLAIM_LEASE
    case = await look(world)
    assert "pass-1" in world.tenant.voided
    assert (case.state, told(world), usable(world, case)) == (State.FOLLOWING_UP, [(DESK,)], ["pass-2"])


class _With:
    """A port with one call replaced."""

    def __init__(self, port: Any, **calls: Any) -> None:
        self._port, self._calls = port, calls

    def __getattr__(self, name: str) -> Any:
        return self._calls.get(name) or getattr(self._port, name)


# --- when the tenant does not take it ------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["passes", "void_pass"])
@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("error", [Unavailable("down"), EffectUnknown("no answer")])
async def test_a_lost_answer_or_an_outage_is_tried_again_soon(
    world: World, call: str, where: str, error: Exception
) -> None:
    case = await handed_over(world)
    case.apply(Event.PAUSE)
    await world.store.cases.save(case)
    await says(world, B)
    getattr(world.faults, where)(call, error)
    case = await look(world)
    assert case.pass_at_large(world.clock.at), "nobody can say yet whether it is void"
    assert case.wakes_at is not None
    assert case.wakes_at <= world.clock.at + timedelta(minutes=1)
    assert (await look(world)).etag == case.etag, "a stray message cuts nothing short"
    world.clock.at = case.wakes_at
    case = await look(world)
    assert (usable(world, case), case.pass_at_large(world.clock.at)) == ([], False)


async def test_what_an_administrator_has_to_mend_is_told_once_and_tried_until_it_is(world: World) -> None:
    await handed_over(world)
    await says(world, B)
    world.faults.before("void_pass", *[PermissionMissing("grant UserAuthMethod-TAP.ReadWrite.All")] * 6)
    for _ in range(6):
        case = await look(world)
        assert case.state is State.FOLLOWING_UP, "the follow-up goes on meanwhile"
        assert "called back" in explain.explain(case, world.clock.at)
        assert case.access_pass is not None
        assert case.access_pass.recall is not None
        assert case.access_pass.recall.when <= world.clock.at + timedelta(minutes=45)
        world.clock.at = case.access_pass.recall.when
        await says(world, B)  # HR's next word does not begin the count anew
    case = await look(world)
    assert ("pass-1" in usable(world, case), told(world)[1:]) == (False, [(DESK,)])
    assert [item.action for item in await world.story()].count("pass_recall_held") == 1


async def test_wherever_it_dies_one_pass_is_usable_and_it_is_not_the_former_managers(
    make_world: MakeWorld,
) -> None:
    async def play(kill_at: tuple[int, str] | None) -> World:
        world = make_world()
        await handed_over(world)
        world.tape.calls.clear()
        world.tape.kill_at = kill_at
        for _ in range(4):
            try:
                if (await world.store.cases.get(CASE_ID)).hire.manager != B:  # type: ignore[union-attr]
                    await says(world, B)
                for _ in range(4):
                    case = await look(world)
                    if case.state is State.FOLLOWING_UP and "pass-1" in world.tenant.voided:
                        break
                    world.clock.at = max(world.clock.at, case.wakes_at or world.clock.at)
                break
            except Killed:
                world.tape.kill_at = None
        return world

    calls = list((await play(None)).tape.calls)
    assert {"security.void_pass", "security.create_pass", "mailer.send_now", "queue.send"} <= set(calls)
    for number, name in enumerate(calls):
        for when in sides(number):
            world = await play((number, when))
            case = await world.case()
            where = f"killed {when} call {number}, {name}"
            assert world.tape.killed, where
            assert case.access_pass is not None
            assert (case.state, case.access_pass.status) == (State.FOLLOWING_UP, PassStatus.DELIVERED), where
            assert usable(world, case) == [case.access_pass.pass_id], where
            assert "pass-1" in world.tenant.voided, where
            assert (told(world)[0], set(told(world)[1:])) == ((CHIEF,), {(DESK,)}), where
            assert case.steps["issue_access_pass"].status is StepStatus.DONE, where


async def test_two_workers_at_once_leave_one_usable_pass(world: World) -> None:
    await handed_over(world)
    await says(world, B)
    await asyncio.gather(*(look(world) for _ in range(3)))
    case = await look(world)
    for _ in range(4):
        if case.state is State.FOLLOWING_UP:
            break
        world.clock.at = max(world.clock.at, case.wakes_at or world.clock.at)
        case = await look(world)
    assert case.access_pass is not None
    assert usable(world, case) == [case.access_pass.pass_id]
    assert set(told(world)[1:]) == {(DESK,)}


@pytest.mark.parametrize(
    ("now", "before", "another"),
    [
        (None, B, True),
        (B, None, True),
        (None, None, False),
        (ManagerRef(name="A"), ManagerRef(name="A"), False),
        (ManagerRef(name="A"), ManagerRef(name="B"), True),
        (ManagerRef(id="1"), ManagerRef(id="1", email="a@x"), False),
        (ManagerRef(id="1", email="A@x "), ManagerRef(email="a@x"), False),
        (ManagerRef(id="1", email="a@x"), ManagerRef(id="2", email="a@x"), True),
        (ManagerRef(id="1"), ManagerRef(email="a@x"), True),
    ],
)
def test_who_may_be_somebody_else(now: ManagerRef | None, before: ManagerRef | None, another: bool) -> None:
    assert former_manager._is_another(now, before) is another


# --- a new pass, for which somebody checked who the person is --------------------------------------------------


async def promised(world: World, *, confirmed: bool) -> Case:
    """Registered in August, the phone lost in September: a new pass for which the identity was checked is out."""
    case = await handed_over(world)
    assert case.account is not None
    world.clock.at = datetime(2026, 9, 7, 9, tzinfo=UTC)
    used = [
        replace(item, reason="OneTimeUsed", usable=False) for item in world.tenant.passes[case.account.id]
    ]
    world.tenant.passes[case.account.id] = used
    at = world.clock.at - timedelta(days=10)
    case.evidence.append(Evidence("a1", "audit", Act.REGISTERED, By.USER, "microsoftAuthenticatorPush", at))
    await world.store.cases.save(case)
    checks = tuple(check.code for check in world.s.policy.desk.identity_checks)
    await act(world.s, "new-pass", CASE_ID, Ask("boss", "the phone is lost", confirmed=checks))
    case = await look(world)
    assert (case.state, usable(world, case)) == (State.FOLLOWING_UP, ["pass-2"])
    if confirmed:
        case.apply(Event.CONFIRM)
        case = await world.store.cases.save(case)
    return case


@pytest.mark.parametrize("confirmed", [True, False])
async def test_whoever_was_promised_another_pass_gets_another_one(world: World, confirmed: bool) -> None:
    await promised(world, confirmed=confirmed)
    world.clock.move(minutes=5)
    await says(world, B, read=True)
    case = await look(world)
    assert (usable(world, case), told(world)[-1]) == (["pass-3"], (NEW.mail,))
    assert case.identity_proofed_at is None
    assert case.access_pass is not None
    assert case.access_pass.proofed_at == datetime(2026, 9, 7, 9, tzinfo=UTC)


@pytest.mark.parametrize("state", [State.PAUSED, State.BLOCKED])
async def test_a_case_that_is_stopped_gives_it_once_it_goes_on(world: World, state: State) -> None:
    case = await promised(world, confirmed=True)
    case.apply(Event.PAUSE if state is State.PAUSED else Event.BLOCK, reason="graph_bad_value")
    await world.store.cases.save(case)
    world.clock.move(minutes=5)
    await says(world, B, read=True)
    case = await look(world)
    assert (case.state, case.return_state, usable(world, case)) == (state, State.PROVISIONING, [])
    await act(world.s, "resume" if state is State.PAUSED else "rerun", CASE_ID, Ask("boss", "go on"))
    assert usable(world, await look(world)) == ["pass-3"]


async def test_where_the_check_is_too_old_by_then_an_approver_is_asked(world: World) -> None:
    case = await promised(world, confirmed=False)
    assert case.access_pass is not None
    case.access_pass.usable_until = world.clock.at + timedelta(days=3)
    await world.store.cases.save(case)
    world.clock.move(hours=25)
    await says(world, B, read=True)
    case = await look(world)
    assert (case.state, case.reason_code, usable(world, case)) == (State.BLOCKED, "needs_approval_pass", [])


async def test_a_check_after_the_recall_is_the_one_that_counts(world: World) -> None:
    """HR names another manager, and before that is worked on somebody stands at the desk again."""
    await promised(world, confirmed=False)
    world.clock.move(hours=25)
    case = await world.case()
    assert case.access_pass is not None
    case.access_pass.usable_until = world.clock.at + timedelta(days=1)
    case.access_pass.call_back(world.clock.at, CLAIM_LEASE)
    await world.store.cases.save(case)
    checks = tuple(check.code for check in world.s.policy.desk.identity_checks)
    await act(world.s, "new-pass", CASE_ID, Ask("boss", "here again", confirmed=checks))
    case = await look(world)
    assert usable(world, case) == ["pass-3"]
