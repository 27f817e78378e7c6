"""The plan: shown by doing it on recording adapters, so it says what then happens; and it writes nothing."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from onboarding import dry_run, observe
from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import LimitsPolicy, Policy
from onboarding.domain.policy_file import load
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.dry_run import adapters
from onboarding.dry_run.record import WORDS, Recorder
from onboarding.dry_run.store import ScratchCases
from onboarding.errors import Refused, RequestError, Unavailable
from onboarding.operate import case_plan, plan, work
from onboarding.operate.actions import Ask
from onboarding.operate.rehearse import Rehearsal
from onboarding.ports import (
    CLAIM_LEASE,
    CaseStore,
    Directory,
    DirectoryUser,
    Mailer,
    SecurityInfo,
    WorkMessage,
)
from onboarding.safeguards import limits
from onboarding.settings import Settings
from tests.provisioning.test_dry_run import READS
from tests.provisioning.test_refused import until
from tests.support.doubles import CASE_ID, MANAGER, T0, World, drive, hire, make_case
from tests.support.full_policy import full_case, full_world

DRY = Settings(mode="dry_run", service_desk="desk@contoso.example")
ASK = Ask("o-1", "looked at with HR")


@pytest.fixture
def full() -> Iterator[World]:
    """Every step of the plan has something to do."""
    made = full_world()
    yield made
    made.close()


async def test_somebody_whose_number_was_added_before_is_in_the_plan_like_others(full: World) -> None:
    """What the rehearsal did not add itself it reads."""
    await full.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(full, T0 + timedelta(days=3))
    assert full.tenant.methods, "the phone of HR's was added"
    case = await full.case()
    for start in (None, "issue_access_pass"):
        await Rehearsal(full.s, full.clock.at).run(case, start, rerun=start is not None)
    await plan.survey(full.s)


# --- the adapters --------------------------------------------------------------------------------------------

RECORDING: list[tuple[type, type, dict[str, str]]] = [
    (Directory, adapters.RecordingDirectory, dry_run.DIRECTORY_WRITES),
    (SecurityInfo, adapters.RecordingSecurity, dry_run.SECURITY_WRITES),
    (Mailer, adapters.RecordingMailer, dry_run.MAILER_WRITES),
]


@pytest.mark.parametrize(
    ("port", "adapter", "writes"), RECORDING, ids=lambda item: getattr(item, "__name__", "")
)
def test_every_write_of_a_port_is_recorded_and_none_is_passed_on(
    port: type, adapter: type, writes: dict[str, str]
) -> None:
    own = {name for name, member in vars(adapter).items() if inspect.isfunction(member)}
    assert writes.keys() <= own
    assert not adapters.PASSED_ON & writes.keys()
    assert READS[Directory] >= adapters.PASSED_ON
    if port is Directory:
        reports = {"people"}  # the whole workforce: of no step and no message
        assert READS[Directory] - reports <= own | adapters.PASSED_ON


async def test_no_write_reaches_the_adapter_behind() -> None:
    class Nothing:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"{name} reached the adapter")

    recorder = Recorder(lambda: T0)
    directory = adapters.RecordingDirectory(Nothing(), recorder, adapters.Reads())
    security = adapters.RecordingSecurity(Nothing(), recorder, adapters.Reads(), directory)
    await directory.set_manager("u", "m")
    await directory.set_leave_date("u", T0)
    await directory.set_leave_date("u", None)
    await directory.add_to_group("g", "u")
    await security.create_pass("u", T0, 60)
    await security.void_pass("u", "dry-run")
    await security.add_phone("u", "+49 151")
    assert [action.what for action in recorder.take()] == [
        "set_manager",
        "set_leave_date",
        "clear_leave_date",
        "add_to_group",
        "create_pass",
        "void_pass",
        "add_phone",
    ]
    for name in ("audit_events", "nonsense"):
        with pytest.raises(AttributeError):
            getattr(directory, name)


def test_the_scratch_store_hands_no_write_to_the_real_one() -> None:
    writes = {
        "create",
        "save",
        "claim_alias",
        "release_alias",
        "move_alias",
        "postpone",
        "mend",
        "sweep",
        "erase",
    }
    writes |= {"write_marker", "put_operation"}
    methods = {
        name for name, member in vars(CaseStore).items() if inspect.isfunction(member) and name[0] != "_"
    }
    assert writes <= methods
    source = inspect.getsource(ScratchCases)
    for name in writes:
        assert f"self._real.{name}(" not in source, name
    assert not hasattr(ScratchCases, "__getattr__"), "what is not here is refused"


# --- one person ----------------------------------------------------------------------------------------------


async def test_the_plan_says_what_then_happens(full: World) -> None:
    """The same case, rehearsed and then lived through: the tenant shows what the plan named, on the same days."""
    await full.file(full_case())
    shown = (await Rehearsal(full.s, full.clock.at).run(await full.case())).as_json(full.clock.at)
    at = {action["what"]: action["at"] for action in shown["actions"]}
    case = await drive(full)
    assert case.account is not None
    user = full.tenant.users[case.account.id]
    assert shown["user_principal_name"] == user.user_principal_name
    groups = {a["detail"]["group"] for a in shown["actions"] if a["what"] == "add_to_group"}
    assert groups == await full.s.directory.memberships(user.id)
    licences = [a["detail"]["licences"] for a in shown["actions"] if a["what"] == "assign_licences"]
    assert tuple(licences) == full.tenant.users[user.id].licences
    (issued,) = full.tenant.usable_passes(user.id)
    (passed,) = [a["detail"] for a in shown["actions"] if a["what"] == "create_pass"]
    assert passed["usable_from"] == issued.usable_from.isoformat(timespec="minutes")
    story = {
        entry.detail.get("step"): entry.at for entry in await full.story() if entry.action == "step_done"
    }
    for what, step in (("enable_account", "enable_account"), ("create_pass", "issue_access_pass")):
        assert at[what] == story[step].isoformat().replace("+00:00", "Z")
    assert at["create_account"] is None


async def test_the_plan_shows_that_the_pass_is_for_the_first_working_day(full: World) -> None:
    await full.file(full_case(hire={"start_date": date(2026, 10, 3)}))  # a Saturday, and a public holiday
    shown = (await Rehearsal(full.s, full.clock.at).run(await full.case())).as_json(full.clock.at)
    (passed,) = [a["detail"] for a in shown["actions"] if a["what"] == "create_pass"]
    assert passed["usable_from"] == "2026-10-05T06:00+00:00"


async def test_it_names_accounts_attributes_groups_licences_roles_and_dates_but_no_values(
    full: World,
) -> None:
    await full.file(full_case())
    shown = (await Rehearsal(full.s, full.clock.at).run(await full.case())).as_json(full.clock.at)
    assert {action["what"] for action in shown["actions"]} == {
        "create_account",
        "add_to_group",
        "add_phone",
        "set_leave_date",
        "set_manager",
        "assign_licences",
        "enable_account",
        "create_pass",
        "send_message",
    }
    sent = [
        (a["detail"]["message"], a["detail"]["audience"])
        for a in shown["actions"]
        if a["what"] == "send_message"
    ]
    assert sent[:3] == [("access_pass_manager", "manager"), ("welcome", "person"), ("nudge_first", "person")]
    assert sent[-1] == ("escalate_desk", "desk")
    person, text = hire(), repr(shown)
    values = [
        person.personal_email,
        *(phone.raw for phone in person.phones or ()),
        MANAGER.mail,
        "desk@contoso.example",
    ]
    for value in filter(None, values):
        assert value not in text
    assert shown["ends"] == {"state": "following_up", "why": "ladder_done"}
    for action in shown["actions"]:
        assert action["what"] in WORDS
        assert "{" not in action["text"]


async def test_a_rehearsal_writes_nothing_anywhere_and_logs_nothing(
    full: World, caplog: pytest.LogCaptureFixture
) -> None:
    await full.file(full_case())
    before, users = await full.case(), dict(full.tenant.users)
    full.tape.calls.clear()
    caplog.clear()
    await Rehearsal(full.s, full.clock.at).run(await full.case())
    assert await full.case() == before
    assert full.tenant.users == users
    assert (full.tenant.issued, full.tenant.mail, full.queue.sent) == ([], [], [])
    reads = set().union(*READS.values()) | {"get", "owners", "read_marker"}
    assert {call.partition(".")[2] for call in full.tape.calls} <= reads
    assert await full.story() == []
    assert caplog.records == []
    observe.failure(logging.getLogger("x"), "after", ValueError())
    assert len(caplog.records) == 1, "only the rehearsal is quiet"


async def test_it_asks_the_tenant_each_question_once(full: World) -> None:
    asked: list[tuple[Any, ...]] = []

    class Asked:
        """Notes what the port behind is asked."""

        def __init__(self, port: Any) -> None:
            self.port = port

        def __getattr__(self, name: str) -> Any:
            async def call(*args: Any, **named: Any) -> Any:
                asked.append((name, repr(args), repr(named)))
                return await getattr(self.port, name)(*args, **named)

            return call

    await full.file(full_case())
    parts: dict[str, Any] = {"directory": Asked(full.s.directory), "security": Asked(full.s.security)}
    await Rehearsal(replace(full.s, **parts), full.clock.at).run(await full.case())
    assert len(asked) == len(set(asked)) > 5


#: The user name that the hire of these tests gets where nobody has it.
FIRST_CHOICE = "zoe.mueller-strauss@contoso.example"


async def test_a_name_that_somebody_has_is_not_promised(world: World) -> None:
    """The plan says the name that is then made."""
    world.tenant.add(
        DirectoryUser("old-1", FIRST_CHOICE, employee_id="999", display_name="Zora", created_at=T0)
    )
    await world.file(make_case())
    shown = await Rehearsal(world.s, world.clock.at).run(await world.case())
    made = [
        action.detail["user_principal_name"] for action in shown.actions if action.what == "create_account"
    ]
    case = await drive(world)
    assert case.account is not None
    assert made == [shown.user_principal_name] == [case.account.user_principal_name]
    assert shown.user_principal_name != FIRST_CHOICE


async def test_a_name_that_is_another_address_of_somebody_gives_way_as_in_the_step(world: World) -> None:
    world.tenant.add(DirectoryUser("old-1", "z.m@contoso.example", employee_id="999", created_at=T0))
    world.tenant.aliases["old-1"] = (FIRST_CHOICE,)
    await world.file(make_case())
    shown = await Rehearsal(world.s, world.clock.at).run(await world.case())
    assert shown.user_principal_name == "zoe.mueller-strauss2@contoso.example"
    assert shown.actions[0].detail["user_principal_name"] == shown.user_principal_name


async def test_a_plan_is_stale_when_somebody_took_the_name_since(make_world: Any) -> None:
    world = make_world(settings=DRY)
    await world.file(make_case())
    await drive(world)
    seen = await plan.survey(world.s)
    world.settings = replace(DRY, mode="live")
    world.s = world.services()
    world.tenant.add(
        DirectoryUser("old-1", FIRST_CHOICE, employee_id="999", display_name="Zora", created_at=T0)
    )
    with pytest.raises(Refused) as caught:
        await plan.carry_out(world.s, replace(ASK, plan_hash=seen.plan_hash))
    assert caught.value.code == "plan_stale"


async def test_an_account_whose_name_somebody_has_by_now_is_not_restored_in_the_plan(make_world: Any) -> None:
    world = make_world(policy=load("[account]\nrehire = 'restore'"))
    deleted = DirectoryUser(
        "old-1", FIRST_CHOICE, employee_id="4711", display_name="Zoë Müller-Strauß", account_enabled=False
    )
    world.tenant.held.deleted[deleted.id] = replace(deleted, created_at=T0, user_type="Member", synced=False)
    await world.file(make_case())
    shown = await Rehearsal(world.s, world.clock.at).run(await world.case())
    assert "restore_account" in [action.what for action in shown.actions]
    world.tenant.add(DirectoryUser("new-1", FIRST_CHOICE, employee_id="9", created_at=T0))
    shown = await Rehearsal(world.s, world.clock.at).run(await world.case())
    assert "restore_account" not in [action.what for action in shown.actions]
    assert (shown.ends, shown.why) == ("blocked", "restore_name_taken")


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({"hire": hire(start_date=None)}, ("blocked", "missing_start_date")),
        ({"deleted_at": T0}, ("blocked", "hr_deleted_record")),
        ({"hire": hire(start_date=date(2027, 3, 1))}, ("following_up", "ladder_done")),
    ],
)
async def test_it_ends_where_the_person_would_have_to_wait(
    world: World, changes: dict[str, Any], ends: tuple[str, str]
) -> None:
    await world.file(make_case(**changes))
    shown = await Rehearsal(world.s, world.clock.at).run(await world.case())
    assert (shown.ends, shown.why) == ends


async def test_an_account_that_is_there_already_is_not_created_again(world: World) -> None:
    world.tenant.add(
        DirectoryUser("user-1", "zoe@contoso.example", created_at=T0, account_enabled=True, licences=())
    )
    done = {name: StepRecord(StepStatus.DONE) for name in ("reserve_username", "create_account")}
    account = Account("user-1", "zoe@contoso.example", "4711", T0)
    await world.file(make_case(state=State.PROVISIONING, account=account, steps=done))
    shown = await Rehearsal(world.s, world.clock.at).run(await world.case())
    whats = [action.what for action in shown.actions]
    assert "create_account" not in whats
    assert whats[:2] == ["set_manager", "create_pass"]


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"maybe_same": "c_" + "2" * 20}, "needs_approval_same_person"),
        ({"second_account": "c_" + "2" * 20}, "two_accounts"),
    ],
)
async def test_a_question_that_is_asked_first_ends_the_plan_before_there_is_an_account(
    world: World, changes: dict[str, Any], asked: str
) -> None:
    """As the worker does it (`operate.work`)."""
    await world.file(make_case(**changes))
    shown = await Rehearsal(world.s, world.clock.at).run(await world.case())
    assert (list(shown.actions), shown.ends, shown.why) == ([], "blocked", asked)
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="due"))
    assert (await world.case()).reason_code == asked


async def test_a_pass_that_was_called_back_is_voided_in_the_plan_and_another_one_goes_out(
    world: World,
) -> None:
    await world.file(make_case())
    case = await drive(world)
    assert case.access_pass is not None
    case.access_pass.call_back(world.clock.at, CLAIM_LEASE)
    await world.store.cases.save(case)
    shown = await Rehearsal(world.s, world.clock.at).run(await world.case())
    whats = [action.what for action in shown.actions]
    assert whats[:3] == ["void_pass", "create_pass", "send_message"]
    assert shown.actions[2].detail["message"].startswith("access_pass_")
    world.faults.before("passes", *[Unavailable("down")] * 9)
    shown = await Rehearsal(world.s, world.clock.at).run(await world.case())
    assert (list(shown.actions), shown.why, len(world.faults.plan["passes"])) == ([], "unavailable", 8)


async def test_the_preview_of_a_rerun_begins_at_its_step(world: World) -> None:
    await world.file(make_case())
    await drive(world)
    shown = await case_plan.shown(world.s, CASE_ID, "issue_access_pass")
    assert [step["step"] for step in shown["steps"]] == ["issue_access_pass", "send_welcome"]
    whats = [action["what"] for action in shown["would"]["actions"]]
    assert whats[:3] == ["void_pass", "create_pass", "send_message"]
    assert "welcome" not in [a["detail"].get("message") for a in shown["would"]["actions"]], (
        "it was sent already"
    )
    refused = await case_plan.shown(world.s, (await paused(world)).case_id, None)
    assert (refused["possible"], refused["would"]) == (False, None)


async def preview_long_after_the_start(world: World, *, used: bool) -> dict[str, Any]:
    await world.file(make_case())
    case = await drive(world)
    assert case.account is not None
    if used:
        world.tenant.methods[case.account.id] = ("mobilePhone",)
    world.clock.move(days=20)
    return await case_plan.shown(world.s, CASE_ID, "issue_access_pass")


async def test_what_a_preview_says_of_a_step_is_what_comes_of_it(world: World) -> None:
    shown = await preview_long_after_the_start(world, used=False)
    first, welcome = shown["steps"]
    assert shown["would"]["ends"] == {"state": "blocked", "why": "needs_approval_pass"}
    assert first["then"].startswith("Stops here: ")
    assert "An approver" in first["then"]
    assert welcome["then"] == "Not reached"
    assert "counts no more" in shown["voids"]
    assert "New pass" in shown["voids"]


async def test_a_preview_says_that_nobody_gets_a_pass_by_it(world: World) -> None:
    shown = await preview_long_after_the_start(world, used=True)
    assert shown["would"]["ends"]["state"] == "following_up"
    assert shown["steps"][0]["then"] == "Left out: already in use"
    assert "create_pass" not in [action["what"] for action in shown["would"]["actions"]]
    assert "no pass comes of it" in shown["voids"]


async def test_a_preview_of_a_new_pass_says_where_it_goes_and_that_the_old_one_is_void(world: World) -> None:
    await world.file(make_case())
    await drive(world)
    shown = await case_plan.shown(world.s, CASE_ID, "issue_access_pass")
    assert shown["steps"][0]["then"] == "Done: The first credential was handed to the manager"
    assert "made void" in shown["voids"]
    assert (await case_plan.shown(world.s, CASE_ID, None))["voids"] is None


async def paused(world: World) -> Case:
    case = await world.case()
    case.state, case.return_state = State.PAUSED, State.FOLLOWING_UP
    return await world.store.cases.save(case)


# --- everybody -----------------------------------------------------------------------------------------------


async def crowd(world: World) -> None:
    """Two of one name, one who starts later, one who is blocked for another reason."""
    people: list[dict[str, Any]] = [
        {},
        {},
        {"hire": {"start_date": date(2026, 12, 1)}},
        {"state": State.BLOCKED, "reason_code": "no_free_licence", "return_state": State.PROVISIONING},
    ]
    for n, changes in enumerate(people):
        person = hire(**{"employee_id": f"E-{n}", "employee_number": f"N-{n}", **changes.pop("hire", {})})
        await world.file(make_case(f"c_{n:020d}", hire=person, **changes))


async def test_everybody_who_waits_is_in_the_plan_and_a_name_is_given_once(world: World) -> None:
    await crowd(world)
    found = await plan.survey(world.s)
    data = found.as_json()
    assert (data["matched"], data["more"], data["stopped"]) == (3, 0, 0)
    assert data["totals"]["create_account"] == 3
    assert len({item["user_principal_name"] for item in data["items"]}) == 3
    later = data["items"][-1]["actions"][0]
    assert later["what"] == "create_account"
    assert later["at"] is not None
    short = await plan.survey(world.s, 1)
    assert (short.as_json()["more"], len(short.people)) == (2, 1)
    for limit in (0, -1, plan.MOST + 1):
        with pytest.raises(RequestError):
            await plan.survey(world.s, limit)


async def test_from_dry_run_to_live_by_the_hash_of_the_plan(make_world: Any) -> None:
    """Stopped in dry run, looked at, refused while it is dry run, released live by the same hash."""
    world = make_world(settings=DRY)
    await world.file(make_case())
    assert (await drive(world)).reason_code == "dry_run"
    looked_at = await plan.survey(world.s)
    assert looked_at.totals["create_account"] == 1
    ask = replace(ASK, plan_hash=looked_at.plan_hash)
    with pytest.raises(Refused) as caught:
        await plan.carry_out(world.s, ask)
    assert caught.value.code == "dry_run"
    assert list(world.tenant.users) == [MANAGER.id]

    world.settings = replace(DRY, mode="live")
    world.s = world.services()
    world.clock.move(minutes=20)
    done = await plan.carry_out(world.s, ask)
    assert [result for result, _ in done.results.values()] == ["rerun"]
    entry = (await world.story())[-1]
    assert (entry.action, entry.actor, entry.detail["reason"]) == ("rerun", "operator:o-1", ASK.reason)
    assert (await drive(world)).state is State.FOLLOWING_UP
    assert len(world.tenant.users) == 2


async def live_through(world: World, until: datetime) -> None:
    """What the worker does with everybody until then."""
    for n in range(4):
        case_id = f"c_{n:020d}"
        for _ in range(50):
            case = await world.case(case_id)
            if case.wakes_at is None or case.wakes_at > until:
                break
            world.clock.at = max(world.clock.at, case.wakes_at)
            await work.handle(world.s, WorkMessage(case_id=case_id, why="due"))
    world.clock.at = until


@pytest.mark.parametrize("worker", [False, True], ids=["before the worker came", "after it"])
async def test_the_hash_stays_good_while_nothing_but_time_passes(make_world: Any, worker: bool) -> None:
    """Looked at in the evening and applied days later: lead times have opened meanwhile, and whoever's turn came has
    stopped as well. All of them are released, as the plan said."""
    world = make_world(
        settings=DRY, policy=load("[account]\ncreate_days_before_start = 8\nenable_days_before_start = 5")
    )
    for n, start in enumerate((24, 26, 27, 28)):
        numbers = {"employee_id": f"E-{n}", "employee_number": f"N-{n}", "given_name": f"Ada{'abcd'[n]}"}
        person = hire(**numbers, preferred_name=None, start_date=date(2026, 8, start))
        await world.file(make_case(f"c_{n:020d}", hire=person))
    await live_through(world, T0 + timedelta(minutes=30))
    seen = await plan.survey(world.s)
    assert len(seen.stopped) < 4
    later = T0 + timedelta(days=3, hours=10)
    if worker:
        await live_through(world, later)
    world.clock.at = later
    now = await plan.survey(world.s)
    assert now.plan_hash == seen.plan_hash
    assert now.totals != seen.totals, "an account that is made later is made enabled"
    assert (len(now.stopped) == 4) is worker
    world.settings = replace(DRY, mode="live")
    world.s = world.services()
    done = await plan.carry_out(world.s, replace(ASK, plan_hash=seen.plan_hash))
    assert done.results.keys() == now.stopped.keys()
    assert {result for result, _ in done.results.values()} == {"rerun"}
    again = await plan.carry_out(world.s, replace(ASK, plan_hash=seen.plan_hash))
    assert again.results == {}


@pytest.mark.parametrize(
    "text",
    ["[follow_up]\nmin_gap_hours = 30", "[account]\nusername_pattern = '{given}'"],
    ids=["gap", "pattern"],
)
async def test_another_policy_is_another_plan(make_world: Any, text: str) -> None:
    world = make_world(settings=DRY)
    await world.file(make_case())
    before = await plan.survey(world.s)
    world.policy = load(text)
    world.s = world.services()
    assert (await plan.survey(world.s)).plan_hash != before.plan_hash


@pytest.mark.parametrize("change", ["a hire more", "a hire less", "another name", "a day later"])
async def test_a_plan_that_changed_releases_nobody(make_world: Any, change: str) -> None:
    world = make_world(settings=DRY)
    await world.file(make_case())
    await drive(world)
    ask = replace(ASK, plan_hash=(await plan.survey(world.s)).plan_hash)
    world.settings = replace(DRY, mode="live")
    world.s = world.services()
    case = await world.case()
    if change == "a hire more":
        await world.file(make_case("c_" + "1" * 20, hire=hire(employee_id="E-9", employee_number="N-9")))
    elif change == "a hire less":
        case.state = State.EXCLUDED
    elif change == "another name":
        case.intent = None
        case.hire = replace(case.hire, given_name="Anna", preferred_name=None)
        case.steps.pop("reserve_username")
    else:
        case.hire = replace(case.hire, start_date=case.hire.start_date + timedelta(days=1))
    await world.store.cases.save(case)
    with pytest.raises(Refused) as caught:
        await plan.carry_out(world.s, ask)
    assert caught.value.code == "plan_stale"
    assert (await world.case()).state in {State.BLOCKED, State.EXCLUDED}


@pytest.mark.parametrize(
    ("ask", "code"), [(ASK, "plan_hash_required"), (Ask("o-1", "", plan_hash="x"), "reason_required")]
)
async def test_a_plan_needs_its_hash_and_a_reason(world: World, ask: Ask, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        await plan.carry_out(world.s, ask)
    assert caught.value.code == code


async def test_the_same_plan_has_the_same_hash_in_another_process(make_world: Any) -> None:
    hashes = []
    for seed in (1, 2):
        world = make_world(seed=seed)
        await crowd(world)
        hashes.append((await plan.survey(world.s)).plan_hash)
    assert hashes[0] == hashes[1]


async def test_a_plan_that_would_reach_a_limit_says_so_and_in_what_numbers(world: World) -> None:
    await crowd(world)
    assert (await plan.survey(world.s)).as_json()["limits_reached"] == []
    low = Policy(limits=LimitsPolicy(creations_per_hour=1, creations_percent=0))
    world.s = replace(world.s, policy=low)
    found = (await plan.survey(world.s)).as_json()
    soon = sum(
        action["what"] == "create_account" and action["at"] is None
        for item in found["items"]
        for action in item["actions"]
    )
    assert soon > 1
    (said,) = found["limits_reached"]
    assert (said["kind"], said["planned"], said["left"]) == ("creations", soon, 1)
    assert "approver" in said["words"]
    assert (await limits.read(world.store.cases, "creations"))[1] is None, "looking counts nothing"
