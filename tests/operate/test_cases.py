"""Finding and showing cases; what is shown keeps to the published schema."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from onboarding.domain.account import Account, PassRecord, PassStatus
from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.evidence import Act, By, Evidence, Recoverable, Registration, Status
from onboarding.domain.hire import Hire, Phone
from onboarding.domain.lifecycle import State
from onboarding.domain.phone import phonebook
from onboarding.domain.records import NextAction, RungStatus, StepStatus, TimelineEntry
from onboarding.errors import Ambiguous, NotFound, Throttled, Unavailable
from onboarding.operate import cases
from onboarding.operate.explain import REASONS, explain, sentence
from onboarding.operate.next_step import NEXT, next_words
from onboarding.ports.hr import RECORD_GONE
from tests.storage.stores import NAMES, full_case
from tests.support.doubles import CASE_ID, T0, World, drive, hire, make_case

SCHEMA: dict[str, Any] = json.loads(Path("docs/schemas/case.json").read_text(encoding="utf-8"))
OTHER = "c_00000000000000000002"


def check(data: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(data)))


# --- the published form ------------------------------------------------------------------------------------


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_demands_every_member_everywhere_absent_is_null_and_never_left_out() -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object" and "properties" in node:
                assert set(node["required"]) == set(node["properties"])
                assert node["additionalProperties"] is False
            for value in node.values():
                walk(value)
        if isinstance(node, list):
            for value in node:
                walk(value)

    walk(SCHEMA)


@pytest.mark.parametrize(
    ("path", "enum"),
    [
        (("state",), State),
        (("status",), Status),
        (("recoverable",), Recoverable),
        (("evidence", "items", "properties", "act"), Act),
        (("evidence", "items", "properties", "by"), By),
        (("steps", "items", "properties", "status"), StepStatus),
        (("nudges", "items", "properties", "status"), RungStatus),
    ],
)
def test_the_schema_lists_the_values_that_the_code_has(path: tuple[str, ...], enum: Any) -> None:
    node = SCHEMA["properties"]
    for part in path:
        node = node[part]
    assert set(node["enum"]) == {str(item) for item in enum}


def test_the_schema_lists_the_states_of_a_pass() -> None:
    listed = SCHEMA["properties"]["first_credential"]["anyOf"][0]["properties"]["status"]["enum"]
    assert set(listed) == {str(item) for item in PassStatus}


@pytest.mark.parametrize("state", State)
def test_an_empty_case_of_every_state_keeps_to_the_schema(state: State) -> None:
    check(cases.case_json(Case(CASE_ID, "x", state, Hire(), T0, T0), []))


def test_a_full_case_keeps_to_the_schema() -> None:
    case = full_case()
    entry = TimelineEntry(T0, "operator:o-1", "rerun", {"reason": "Ø"})
    data = cases.case_json(case, [entry])
    check(data)
    assert data["updated_at"] == "2028-02-29T23:59:59Z"
    assert data["hire"]["start_date"] == "2028-02-29"


@pytest.mark.parametrize(("display", "given", "family"), NAMES)
def test_every_name_of_the_world_keeps_to_the_schema(
    display: str | None, given: str | None, family: str | None
) -> None:
    check(
        cases.case_json(make_case(hire=hire(display_name=display, given_name=given, family_name=family)), [])
    )


async def test_a_case_that_was_provisioned_keeps_to_the_schema(world: World) -> None:
    await world.file(make_case())
    await drive(world)
    data = await cases.show(world.s, CASE_ID)
    check(data)
    assert data["account"]["user_principal_name"] == "zoe.mueller-strauss@contoso.example"
    assert [step["status"] for step in data["steps"]] == ["done"] * 5
    assert data["next_action"]["when"] is not None
    assert "PLANTED" not in json.dumps(data)


@pytest.mark.parametrize(
    "raw", ["+49 1512 3456789", "01512/3456789", "rubbish 3456789", "+49 30 901820 ext 7"]
)
def test_phones_are_shown_masked(raw: str) -> None:
    data = cases.case_json(make_case(hire=hire(phones=(Phone(raw, "mobile"),))), [])
    check(data)
    assert "345678" not in json.dumps(data)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("+49 1512 3456789", "…89"),
        ("01512/3456789", "…89"),
        ("+49 30 901820 ext 17", "…20"),
        ("rubbish 3456789", None),
        ("12", None),
    ],
)
def test_a_number_is_shown_in_one_form_before_and_after_it_is_forgotten(raw: str, shown: str | None) -> None:
    case = make_case(hire=hire(phones=(Phone(raw, "mobile"),), work_country="DE"))
    (before,) = cases.case_json(case, [])["hire"]["phones"]
    phonebook.forget_numbers(case, "key")
    (after,) = cases.case_json(case, [])["hire"]["phones"]
    assert (before["masked"], after["masked"]) == (shown, shown)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("reason", [None, "never_heard_of", *REASONS])
def test_every_state_and_reason_is_explained_in_words(state: State, reason: str | None) -> None:
    case = make_case(state=state, reason_code=reason)
    text = explain(case)
    assert text.endswith(".")
    if state is State.BLOCKED and reason == "never_heard_of":
        assert "never_heard_of" in text, "an unknown code is shown, never hidden"


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (RECORD_GONE, "no such record"),
        (Unavailable.code, "did not answer"),
        (Throttled.code, "fewer requests"),
    ],
)
def test_a_case_that_waits_for_the_hr_system_says_what_it_answered(why: str, words: str) -> None:
    case = make_case(state=State.AWAITING_FETCH)
    case.next_action = NextAction("fetch", None, why)
    assert words in explain(case)


def test_every_reason_that_the_code_gives_has_words() -> None:
    import re

    from onboarding.intake import outcome, standing

    blocking = ("MISSING_", "NO_", "HR_", "APPROVE_")
    given = {value for name, value in (vars(outcome) | vars(standing)).items() if name.startswith(blocking)}
    for path in Path("onboarding/provisioning").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        given |= set(re.findall(r'Block\("(\w+)"\)', text))
        given |= set(re.findall(r'NEEDS_APPROVAL\w* = "(\w+)"', text))
    assert given >= {"no_free_username", "needs_approval_adopt", "missing_name"}
    assert given <= REASONS.keys(), given - REASONS.keys()


def test_the_timeline_shows_what_it_does_not_know_and_breaks_at_nothing() -> None:
    assert sentence("brand_new", {"a": "1"}) == "brand new a=1"
    assert sentence("step_done", {}) == "Done:"
    assert sentence("step_done", {"step": "x_y", "detail": "z"}) == "Done: x y z"
    assert sentence("rerun", {"reason": "{evil} {0.__class__}"}).endswith("{evil} {0.__class__}")
    assert NEXT["operator"]


# --- the pass that ended -----------------------------------------------------------------------------------

LATER = T0 + timedelta(days=3)


def stuck(**said: Any) -> Case:
    """Got a pass for eight hours, and did nothing."""
    passed = PassRecord(PassStatus.DELIVERED, T0, "manager", "p", T0, T0, T0 + timedelta(hours=8))
    return make_case(**{"state": State.FOLLOWING_UP, "access_pass": passed, **said})


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.DIRECTORY_ONLY, Status.ADMIN_REGISTERED])
def test_a_pass_that_ended_unused_is_said_with_its_date_and_what_to_do(status: Status) -> None:
    text = explain(stuck(status=status), LATER)
    until = T0 + timedelta(hours=8)
    assert f"The one-time pass ended on {until.day} {until:%B %Y, %H:%M} UTC and no registration" in text
    assert text.endswith('To give a new one, an approver uses "New pass" under "Service desk".')


@pytest.mark.parametrize(
    ("case", "now"),
    [
        (stuck(), None),
        (stuck(), T0 + timedelta(hours=7)),
        (stuck(confirmed_at=T0), LATER),
        (stuck(status=Status.PARTIAL), LATER),
        (stuck(status=Status.REMOVED), LATER),
        (stuck(state=State.PAUSED), LATER),
        (stuck(evidence=[Evidence("e", "audit", Act.CANCELLED, By.USER, None, T0)]), LATER),
        (stuck(registration=Registration(("passKeyDeviceBound",), T0)), LATER),
        (stuck(access_pass=PassRecord(PassStatus.VOID, T0, "desk", "p", T0, T0, T0)), LATER),
        (stuck(access_pass=None), LATER),
    ],
    ids=[
        "no clock",
        "usable",
        "confirmed",
        "partial",
        "removed",
        "paused",
        "cancelled",
        "passkey",
        "void",
        "none",
    ],
)
def test_nothing_is_said_of_a_pass_that_was_used_or_still_can_be(case: Case, now: datetime | None) -> None:
    assert "one-time pass" not in explain(case, now)


async def test_show_knows_the_time_and_works_without_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.file(stuck())
    world.clock.at = LATER
    assert "The one-time pass ended" in (await cases.show(world.s, CASE_ID))["explanation"]

    async def silent() -> datetime:
        raise Unavailable("no clock")

    monkeypatch.setattr(world.clock, "now", silent)
    assert "one-time pass" not in (await cases.show(world.s, CASE_ID))["explanation"]


# --- finding -----------------------------------------------------------------------------------------------


async def _two(world: World) -> None:
    first = make_case(CASE_ID, hire=hire(employee_id="007"))
    second = make_case(OTHER, hire=hire(employee_id="007", employee_number="8"), source="bamboohr")
    await world.file(first)
    await world.file(second)
    await world.store.cases.claim_alias(Alias(TENANT, AliasKind.UPN, "zoë@contoso.example"), OTHER)
    await world.store.cases.claim_alias(Alias("greenhouse", AliasKind.CANDIDATE_ID, "a:b"), CASE_ID)


@pytest.mark.parametrize(
    ("wanted", "case_id"),
    [
        (CASE_ID, CASE_ID),
        (f"  {OTHER} ", OTHER),
        ("greenhouse:007", CASE_ID),
        ("bamboohr:007", OTHER),
        ("8", OTHER),
        ("zoë@contoso.example", OTHER),
        ("ZOË@Contoso.example", OTHER),
        ("tenant:ZOË@contoso.example", OTHER),
        ("a:b", CASE_ID),
        ("greenhouse:a:b", CASE_ID),
    ],
)
async def test_a_case_is_found_by_any_of_its_names(world: World, wanted: str, case_id: str) -> None:
    await _two(world)
    assert (await cases.find(world.s, wanted)).case_id == case_id


async def test_a_bare_id_of_two_cases_is_ambiguous_and_both_are_named(world: World) -> None:
    await _two(world)
    with pytest.raises(Ambiguous) as caught:
        await cases.find(world.s, "007")
    assert caught.value.candidates == [CASE_ID, OTHER]


@pytest.mark.parametrize(
    "wanted", ["", ":", "7", "workday:007", "c_00000000000000000099", "c_1", "' OR 1=1 --", "greenhouse:"]
)
async def test_what_nobody_bears_is_not_found_and_not_repeated(world: World, wanted: str) -> None:
    await _two(world)
    with pytest.raises(NotFound) as caught:
        await cases.find(world.s, wanted)
    assert len(wanted) < 3 or wanted not in caught.value.message


def test_what_was_assumed_about_a_place_is_said() -> None:
    sure = cases.case_json(make_case(hire=hire(work_country="Deutschland", location="München, Bayern")), [])
    unsure = cases.case_json(make_case(hire=hire(work_country="Georgia, USA", locale="Klingon")), [])
    several = cases.case_json(make_case(hire=hire(work_country="USA", location="Springfield")), [])
    for data in (sure, unsure, several):
        check(data)
    assert sure["place"]["country"] == "DE"
    assert sure["place"]["region"] == "DE-BY"
    assert sure["place"]["time_zone"] == "Europe/Berlin"
    assert sure["place"]["time_zone_assumed"] is False
    assert unsure["place"]["country_reason"] == "unknown_country"
    assert several["place"]["time_zone"] == "America/New_York"
    assert several["place"]["time_zone_assumed"] is True
    assert "several clocks" in several["place"]["time_zone_why"]


# --- by again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.WAITING_START, State.PROVISIONING])
@pytest.mark.parametrize(
    ("proofed", "why", "said", "following"),
    [
        (True, "new_pass", "a new pass that an approver asked for is being made", "Make the new pass"),
        (False, "resume", "The account", "See to what is left of the first day"),
    ],
)
def test_of_somebody_who_has_an_account_nobody_says_that_it_will_be_made(
    state: State, proofed: bool, why: str, said: str, following: str
) -> None:
    case = make_case(state=state, next_action=NextAction("provision", T0, why))
    case.account = Account("u", "zoe@contoso.example", "4711", T0)
    case.identity_proofed_at = T0 if proofed else None
    assert said in explain(case, T0)
    assert "will be created" not in explain(case, T0)
    assert next_words(case) == following
    case.account = None
    assert next_words(case) == "Set up the account"


def test_a_first_day_that_is_far_away_is_still_said_to_be_far_away() -> None:
    case = make_case(state=State.WAITING_START, next_action=NextAction("provision", T0, "start_is_far"))
    assert "the account will be created nearer to it" in explain(case, T0)
    case.account = Account("u", "zoe@contoso.example", "4711", T0)
    assert "is done nearer to it" in explain(case, T0)
    assert "will be created" not in explain(case, T0)
