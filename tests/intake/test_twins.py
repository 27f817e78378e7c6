"""A candidate of one system and the later employee of another: joined on strong grounds, asked about on weak ones."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import AliasKind, Case
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.phone import phonebook
from onboarding.domain.quality import WORDS
from onboarding.intake import catalog
from onboarding.intake import receive as door
from onboarding.intake.likeness import Side
from onboarding.intake.process import process_delivery
from onboarding.intake.quality import NEWS
from onboarding.intake.receive import Arrivals, receive
from onboarding.operate import work
from onboarding.operate.actions import Ask, act, possible
from onboarding.operate.explain import explain
from onboarding.operate.rerun_plan import answers
from onboarding.ports import WorkMessage
from tests.support.intake_services import START, World, hire_body, make_world, secrets_of, signed, source

ADAPTER = catalog.adapters()["standard-webhooks"]
OPERATOR, APPROVER = answers(approver=False), answers(approver=True)
ATS, HRIS = "our-ats", "our-hris"
_numbers = itertools.count(1)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    made = make_world(*(source(name, "standard-webhooks", *secrets_of(ADAPTER)) for name in (ATS, HRIS)))
    yield made
    made.store.close()


async def take(world: World, to: str, **said: Any) -> None:
    call = signed(ADAPTER, hire_body(**said), world.clock.at, message_id=f"twin_{next(_numbers)}")
    await process_delivery(
        world.services, json.loads((await receive(world.services, to, call)).body)["delivery_id"]
    )


async def candidate(world: World, **said: Any) -> None:
    given: dict[str, Any] = {
        "employee_id": None,
        "candidate_id": "c-9",
        "personal_email": "soren@example.net",
    }
    await take(world, ATS, **{"start_date": "2027-02-01", **given, **said})


async def employee(world: World, **said: Any) -> None:
    given: dict[str, Any] = {"employee_id": "7315", "personal_email": "Soren@Example.net "}
    await take(world, HRIS, **{"start_date": "2027-02-01", **given, **said})


async def alive(world: World) -> list[Case]:
    return [case for case in await world.all_cases() if case.listed]


async def test_the_same_private_address_name_and_first_day_are_one_person(world: World):
    await candidate(world)
    await employee(world, given_name="SØREN", family_name="o'neill-weiß", job_title="Cook")
    (case,) = await alive(world)
    assert (case.state, case.hire.candidate_id, case.hire.employee_id) == (State.WAITING_START, "c-9", "7315")
    assert case.hire.job_title == "Cook"
    await candidate(world, event_type="hire.updated", occurred_at="2026-08-17T09:30:00Z", location="Wien")
    await employee(world, event_type="hire.updated", occurred_at="2026-08-17T09:40:00Z", department="HR")
    (case,) = await alive(world)
    assert (case.hire.location, case.hire.department) == ("Wien", "HR")


@pytest.mark.parametrize(
    ("called", "same"),
    [
        ({"preferred_name": "Mike"}, True),
        ({"preferred_name": "Mike Smith"}, True),
        ({"display_name": "Mike Smith"}, True),
        ({"preferred_name": "Mick"}, False),
        ({"display_name": "Smith"}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("first", [ATS, HRIS])
async def test_whoever_applies_under_the_name_they_are_called_by_is_asked_about_by_nobody(
    world: World, called: dict[str, str], same: bool, first: str
):
    for system in (first, ATS if first == HRIS else HRIS):
        if system == ATS:
            await candidate(world, given_name="Mike", family_name="Smith")
        else:
            await employee(world, given_name="Michael", family_name="Smith", **called)
    cases = await alive(world)
    assert len(cases) == (1 if same else 2)
    assert (cases[-1].reason_code == "needs_approval_same_person") is not same


async def test_whichever_system_comes_first_and_whatever_is_known_first(world: World):
    await employee(world, personal_email=None, start_date=None)
    assert (await world.only_case()).reason_code == "missing_start_date"
    await candidate(world)
    assert len(await alive(world)) == 2
    await employee(world, event_type="hire.updated", occurred_at="2026-08-17T09:30:00Z")
    (case,) = await alive(world)
    assert case.state is State.WAITING_START


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({}, "one"),
        ({"start_date": None}, "one"),
        ({"given_name": "O'Neill-Weiß", "family_name": "Søren"}, "one"),
        ({"given_name": "Soeren", "family_name": "O’Neill Weiss"}, "one"),
        ({"given_name": "Sören"}, "doubt"),
        ({"start_date": "2027-03-01"}, "one"),  # HR moved what was offered
        ({"start_date": "2027-03-05"}, "doubt"),
        ({"given_name": "Sören-Maria"}, "doubt"),
        ({"family_name": "Andersen"}, "doubt"),
        ({"given_name": "山田", "family_name": "太郎"}, "doubt"),
        ({"given_name": "Ada", "family_name": "Lovelace"}, "doubt"),
        ({"given_name": "Ada", "family_name": "Lovelace", "start_date": "2027-02-02"}, "two"),
        ({"given_name": "Ada", "family_name": "Lovelace", "start_date": None}, "two"),
        ({"given_name": "Ada", "family_name": "Lovelace", "work_country": "Norway"}, "two"),
        ({"personal_email": "other@example.net"}, "two"),
        ({"personal_email": "none"}, "doubt"),
        ({"personal_email": None}, "doubt"),
        ({"personal_email": None, "start_date": "2027-02-02"}, "two"),
        ({"personal_email": None, "start_date": None}, "two"),
        ({"personal_email": None, "family_name": None}, "two"),
        ({"personal_email": None, "given_name": "Søren Maria"}, "two"),
        ({"personal_email": None, "work_country": "Norway"}, "two"),
        ({"personal_email": None, "home_country": "Norway"}, "doubt"),
    ],
)
async def test_the_table_of_verdicts(world: World, said: dict[str, Any], verdict: str):
    await candidate(world)
    await employee(world, **said)
    cases = await alive(world)
    reasons = [case.reason_code for case in cases]
    assert len(cases) == (1 if verdict == "one" else 2)
    assert ("needs_approval_same_person" in reasons) is (verdict == "doubt")


async def test_never_by_name_alone_and_two_ids_of_one_system_are_two_people(world: World):
    await candidate(world, personal_email=None, start_date="2027-02-02")
    await employee(world, personal_email=None)
    await employee(world, employee_id="7316", personal_email="family@example.net")
    await employee(world, employee_id="7317", personal_email="family@example.net")
    assert len(await alive(world)) == 4
    assert {case.reason_code for case in await alive(world)} == {None}


@pytest.mark.parametrize("shared", [{"personal_email": "family@example.net"}, {"employee_number": "0042"}])
async def test_two_ids_of_one_system_are_two_people_also_after_one_was_joined_with_a_candidate(
    world: World, shared: dict[str, Any]
):
    await candidate(world, **{"personal_email": None, **shared})
    await employee(world, **{"personal_email": None, **shared})
    for waiting in await alive(world):
        if waiting.reason_code == "needs_approval_same_person":
            await act(world.services, "approve", waiting.case_id, Ask("boss", "one person"))
            await work.handle(world.services, WorkMessage(case_id=waiting.case_id))
    assert len(await alive(world)) == 1
    await employee(world, employee_id="7316", **{"personal_email": None, **shared})
    first, second = await alive(world)
    assert (first.hire.employee_id, second.hire.employee_id) == ("7315", "7316")
    assert first.state is State.WAITING_START


async def test_the_id_of_one_system_does_not_contradict_that_of_another(world: World):
    await employee(world, personal_email=None, employee_number="0042")
    payroll = {"candidate_id": None, "personal_email": None, "employee_number": "0042"}
    await candidate(world, **payroll, employee_id=None)
    await candidate(world, **payroll, employee_id="P-9", occurred_at="2026-08-17T09:30:00Z", job_title="Cook")
    (case,) = await alive(world)
    assert (case.state, case.hire.job_title) == (State.WAITING_START, "Cook")


async def payroll(world: World, **said: Any) -> None:
    """Another system that numbers its employees."""
    given = {"employee_id": "P-9", "candidate_id": None, "personal_email": None, "employee_number": "0042"}
    await candidate(world, **{**given, **said})


KNOWN = {"personal_email": "soren@example.net", "phones": ["+4520123456"], "home_country": "DK"}


@pytest.mark.parametrize(
    ("known", "said", "verdict"),
    [
        ({}, {}, "one"),
        (KNOWN, {}, "one"),
        ({}, {**KNOWN, "work_country": None}, "one"),
        (KNOWN, {"work_country": "DK", "home_country": "Denmark"}, "one"),
        (KNOWN, {"start_date": "2027-03-01"}, "one"),
        (KNOWN, {"start_date": None}, "one"),
        (KNOWN, {"phones": [{"raw": "+1 212 555 0199", "label": "work"}]}, "one"),
        (KNOWN, {"phones": ["+1 212 555 0199", "+45 20 12 34 56"]}, "one"),
        (KNOWN, {"start_date": "2027-06-01"}, "doubt"),
        (KNOWN, {"personal_email": "other@example.org"}, "doubt"),
        (KNOWN, {"phones": ["+1 212 555 0199"]}, "doubt"),
        (KNOWN, {"work_country": "United States"}, "doubt"),
        (KNOWN, {"home_country": "United States"}, "doubt"),
        ({}, {"given_name": "Other"}, "two"),
        ({}, {"employee_number": "42"}, "two"),
    ],
)
async def test_the_same_number_and_name_in_two_systems_are_one_person_if_nothing_contradicts(
    world: World, known: dict[str, Any], said: dict[str, Any], verdict: str
):
    await employee(world, **{"personal_email": None, "employee_number": "0042", **known})
    await payroll(world, **said)
    cases = await alive(world)
    assert len(cases) == (1 if verdict == "one" else 2)
    reasons = [case.reason_code for case in cases]
    assert ("needs_approval_same_person" in reasons) is (verdict == "doubt")


NAMESAKES = [
    (("翔", "佐藤"), ("祥", "佐藤")),
    (("静", "王"), ("晶", "王")),
    (("Michal", "Novak"), ("Michael", "Novak")),
    (("Wei", "Li"), ("Wei Wei", "Li")),
    (("伟", "王"), ("Wei", "Wang")),
]


@pytest.mark.parametrize(("one", "other"), NAMESAKES)
@pytest.mark.parametrize("shared", [{"employee_number": "1007"}, {"personal_email": "family@example.net"}])
@pytest.mark.parametrize("day", ["2027-02-01", "2027-02-08"])
async def test_names_that_are_only_read_alike_are_never_joined_unasked(
    world: World, one: tuple[str, str], other: tuple[str, str], shared: dict[str, Any], day: str
):
    said: dict[str, Any] = {"employee_number": None, "personal_email": None, **shared}
    await employee(world, **said, given_name=one[0], family_name=one[1])
    await payroll(world, **said, given_name=other[0], family_name=other[1], start_date=day)
    reasons = [case.reason_code for case in await alive(world)]
    assert sorted(reasons, key=str) == [None, "needs_approval_same_person"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [(("薇", "李"), False), (("Wei", "Li"), True), (("伟", "李"), True), (("尾", "Li"), True)],
)
async def test_namesakes_across_the_border_are_asked_about_unless_their_characters_differ(
    world: World, name: tuple[str, str], asked: bool
):
    await candidate(world, given_name="伟", family_name="李", personal_email=None)
    await employee(world, given_name=name[0], family_name=name[1], personal_email=None)
    reasons = {case.reason_code for case in await alive(world)}
    assert len(await alive(world)) == 2
    assert ("needs_approval_same_person" in reasons) is asked


async def test_a_number_that_recruiting_says_never_joins_two_cases(world: World):
    await candidate(world, personal_email=None, employee_number="0042")
    await employee(world, personal_email=None, employee_number="0042", start_date="2027-02-15")
    assert len(await alive(world)) == 2
    assert "needs_approval_same_person" in {case.reason_code for case in await alive(world)}


async def test_whichever_comes_first_a_number_that_recruiting_says_never_joins_two_cases(world: World):
    await employee(world, personal_email=None, employee_number="0042", start_date="2027-02-15")
    await candidate(world, personal_email=None, employee_number="0042")
    assert len(await alive(world)) == 2
    assert "needs_approval_same_person" in {case.reason_code for case in await alive(world)}


async def test_a_number_that_hr_corrected_meanwhile_is_no_ground_to_join(world: World):
    await employee(world, employee_number="0042", personal_email=None)
    corrected = {"event_type": "hire.updated", "occurred_at": "2026-08-17T09:30:00Z"}
    await employee(world, employee_number="0043", personal_email=None, **corrected)
    await payroll(world)
    assert len(await alive(world)) == 2
    assert "needs_approval_same_person" in {case.reason_code for case in await alive(world)}


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({}, "doubt"),
        ({"start_date": "2027-03-01"}, "doubt"),
        ({"personal_email": "other@example.net"}, "doubt"),
        ({"phones": [{"raw": "20 12 34 56", "label": "home", "country_hint": "DK"}]}, "doubt"),
        ({"given_name": "Ada", "start_date": "2027-03-01"}, "two"),
        ({"phones": ["+45 20 12 34 57"]}, "two"),
        ({"phones": [{"raw": "+45 20 12 34 56", "label": "work"}], "start_date": "2027-03-01"}, "two"),
        ({"phones": [{"raw": "+45 20 12 34 56", "extension": "7"}], "start_date": "2027-03-01"}, "two"),
    ],
)
async def test_the_same_telephone_and_name_are_asked_about(world: World, said: dict[str, Any], verdict: str):
    await candidate(world, personal_email=None, phones=["+45 20 12 34 56"])
    await employee(world, **{"phones": ["+45 20 12 34 56"], **said})
    cases = await alive(world)
    assert len(cases) == 2
    assert ("needs_approval_same_person" in [case.reason_code for case in cases]) is (verdict == "doubt")


LEGAL = {"given_name": "Maria Fernanda", "family_name": "Lopez Garcia"}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (LEGAL, "doubt"),
        (LEGAL | {"start_date": None}, "doubt"),
        (LEGAL | {"personal_email": "other@example.net"}, "doubt"),
        (LEGAL | {"start_date": "2027-03-01"}, "doubt"),
        (LEGAL | {"start_date": "2027-03-05"}, "two"),
        # A family, or whoever lends somebody a telephone.
        ({"given_name": "Carmen", "family_name": "Garcia"}, "two"),
        ({"given_name": "Carmen", "family_name": "Lopez"}, "two"),
        ({"given_name": "Fernanda", "family_name": "García-López"}, "two"),
        ({"given_name": "Maria", "family_name": None}, "two"),
        (LEGAL | {"phones": ["+34 612 345 679"]}, "two"),
        (LEGAL | {"phones": [{"raw": "+34 612 345 678", "label": "work"}]}, "two"),
    ],
)
async def test_the_same_mobile_and_half_the_name_are_asked_about(
    world: World, said: dict[str, Any], verdict: str, order: int
):
    applied = {"given_name": "Maria", "family_name": "Lopez", "personal_email": None}
    tell = [
        (candidate, applied | {"phones": ["+34 612 345 678"]}),
        (employee, {"personal_email": None, "phones": ["+34 612345678"]} | said),
    ]
    for system, words_said in tell[::order]:
        await system(world, **words_said)
    cases = await alive(world)
    assert len(cases) == 2, "nobody is joined on that ground"
    assert any(case.maybe_same for case in cases) is (verdict == "doubt")
    if "start_date" not in said:  # without a first day that is asked of HR first
        asked = [case.reason_code for case in cases if case.reason_code]
        assert asked == ["needs_approval_same_person"] * (verdict == "doubt")


async def test_a_landline_that_a_family_shares_asks_about_equal_names_alone(world: World):
    shared = {"personal_email": None, "phones": ["+34 912 345 678"]}
    await candidate(world, given_name="Maria", family_name="Lopez", **shared)
    await employee(world, **LEGAL | shared)
    assert [case.reason_code for case in await alive(world)] == [None, None]


async def test_behind_a_mobile_that_a_family_shares_each_is_found_by_a_word_of_their_own(world: World):
    shared = {"personal_email": None, "phones": ["+34 612 345 678"]}
    await candidate(world, candidate_id="c-1", given_name="Carmen", family_name="Ruiz", **shared)
    await candidate(world, candidate_id="c-2", given_name="Maria", family_name="Lopez", **shared)
    await employee(world, **LEGAL | shared)
    found = {case.hire.candidate_id: case for case in await alive(world)}
    assert [found[name].reason_code for name in ("c-1", "c-2")] == [None, None]
    assert (found[None].reason_code, found[None].maybe_same) == (
        "needs_approval_same_person",
        found["c-2"].case_id,
    )


async def test_a_telephone_number_is_known_after_it_has_left_the_case(world: World):
    await candidate(world, personal_email=None, phones=["+45 20 12 34 56"], start_date="2027-03-01")
    case = await world.only_case()
    phonebook.forget_numbers(case, world.services.settings.hash_key.reveal())
    case.account = Account("o-1", "s@contoso.example", "m", START)
    await world.store.cases.save(case)
    await employee(world, phones=["+4520123456"])
    newest = next(item for item in await alive(world) if item.hire.employee_id)
    assert newest.reason_code == "needs_approval_same_person"


async def test_people_of_one_name_who_begin_together_in_hr_systems_are_not_asked_about(world: World):
    await employee(world, personal_email=None)
    await employee(world, personal_email=None, employee_id="7316")
    await payroll(world, employee_number="0099")
    assert [case.reason_code for case in await alive(world)] == [None] * 3


async def test_an_approver_says_that_it_is_one_person(world: World):
    await candidate(world)
    await employee(world, start_date="2027-04-01")
    waiting = next(case for case in await alive(world) if case.state is State.BLOCKED)
    other = next(case for case in await alive(world) if case is not waiting)
    story = await world.store.cases.timeline(waiting.case_id)
    assert [item.detail["other"] for item in story if item.action == "maybe_same_person"] == [other.case_id]
    assert "approve" in possible(waiting)
    assert "same person" in explain(waiting)
    await act(world.services, "approve", waiting.case_id, Ask("boss", "she married"))
    await work.handle(world.services, WorkMessage(case_id=waiting.case_id))
    (case,) = await alive(world)
    assert {case.hire.candidate_id, case.hire.employee_id} == {"c-9", "7315"}
    assert case.state is State.WAITING_START
    await work.handle(world.services, WorkMessage(case_id=waiting.case_id))
    assert len(await alive(world)) == 1


async def test_an_operator_says_that_they_are_two_and_is_not_asked_again(world: World):
    await candidate(world)
    await employee(world, start_date="2027-04-01")
    waiting = next(case for case in await alive(world) if case.state is State.BLOCKED)
    assert "rerun" in possible(waiting)
    await act(world.services, "rerun", waiting.case_id, Ask("boss", "father and son", answers=APPROVER))
    await employee(world, event_type="hire.updated", occurred_at="2026-08-17T09:30:00Z", job_title="Cook")
    cases = await alive(world)
    assert [case.state for case in cases] == [State.WAITING_START] * 2
    assert {case.hire.job_title for case in cases} == {None, "Cook"}


async def test_two_accounts_are_never_joined_and_an_excluded_person_stays_excluded(world: World):
    await candidate(world)
    case = await world.only_case()
    case.account = Account("o-1", "s@contoso.example", "m", START)
    await world.store.cases.save(case)
    await employee(world, personal_email=None)
    other = next(item for item in await alive(world) if item.hire.employee_id)
    other.account = Account("o-2", "s2@contoso.example", "m", START)
    await world.store.cases.save(other)
    await employee(world, event_type="hire.updated", occurred_at="2026-08-17T09:30:00Z")
    assert len(await alive(world)) == 2
    await candidate(world, candidate_id="c-10", personal_email="x@example.net")
    third = next(item for item in await alive(world) if item.hire.candidate_id == "c-10")
    third.apply(Event.EXCLUDE)
    await world.store.cases.save(third)
    await employee(world, employee_id="99", personal_email="x@example.net")
    newest = next(item for item in await alive(world) if item.hire.employee_id == "99")
    assert newest.reason_code == "needs_approval_same_person"


@pytest.mark.parametrize("first", ["the one who is excluded", "the other"])
async def test_what_hr_says_of_who_is_excluded_is_compared_as_well(world: World, first: str):
    """Their address becomes known meanwhile: whoever comes second is asked about."""
    await candidate(world, personal_email=None, start_date=None)
    excluded = await world.only_case()
    await act(world.services, "exclude", excluded.case_id, Ask("op", "wait"))
    later = {"event_type": "hire.updated", "occurred_at": "2026-08-17T09:30:00Z"}
    if first == "the other":
        await employee(world)
    await candidate(world, **later)
    if first != "the other":
        await employee(world)
    cases = {case.hire.employee_id: case for case in await alive(world)}
    assert cases[None].state is State.EXCLUDED
    asked = cases[None if first == "the other" else "7315"]
    assert asked.maybe_same == cases["7315" if first == "the other" else None].case_id


async def test_keys_are_hashes_and_go_with_the_person(world: World):
    await candidate(world, phones=["+45 20 12 34 56"])
    case = await world.only_case()
    walked = await world.store.cases.walk_aliases()
    keys = [alias for alias, _ in walked.items if alias.kind is AliasKind.PERSON]
    assert len(keys) == 6  # address, telephone, mobile with each of three words, first day
    assert not {"soren", "4520123456", "2027"} & set(re.findall(r"[a-z]+|[0-9]{4,}", repr(keys).lower()))
    await act_forget(world, case)
    assert [alias for alias, _ in (await world.store.cases.walk_aliases()).items] == []


async def act_forget(world: World, case: Case) -> None:
    from onboarding.operate import forget

    await forget.forget(world.services, case.case_id, Ask("boss", "asked"))


async def test_a_long_name_and_many_numbers_file_no_more_than_a_fixed_number_of_keys(world: World):
    phones = [f"+34 612 345 {number}" for number in range(100, 110)]
    await candidate(world, given_name="a bb ccc dddd eeeee ffffff ggggggg hhhhhhhh", phones=phones)
    walked = await world.store.cases.walk_aliases()
    keys = [alias for alias, _ in walked.items if alias.kind is AliasKind.PERSON]
    assert len(keys) == 1 + 3 + 3 * 6 + 1


def words(given: str, family: str) -> frozenset[str]:
    return Side(Hire(given_name=given, family_name=family)).words


@pytest.mark.parametrize(
    "spellings",
    [
        ("Zoë Müller-Strauß", "ZOE Muller Strauss", "Zoe Mueller-Strauss", "Zoë Müller—Strauß"),
        ("Søren Ødegård", "Soren Odegard", "Soeren Oedegaard"),
        ("Åse Bøe", "Aase Boe", "Ase Bo"),
        ("Łukasz Małysz", "Lukasz Malysz"),
        ("Đình Đỗ", "Dinh Do"),
        ("Novak Đoković", "Novak Djokovic", "Novak Dokovic"),
        ("Seán O’Brien", "Sean O'Brien", "SEAN OBRIEN", "Sean O`Brien"),
        ("Иван Петров", "Ivan Petrov"),
        ("小龙 李", "Xiaolong Li"),
        ("山田 さくら",),
    ],
)
def test_a_name_is_found_however_somebody_wrote_it(spellings: tuple[str, ...]):
    found = {words(*name.split(" ", 1)) for name in spellings}
    assert len(found) == 1
    assert Side(Hire(display_name=spellings[0])).words in found
    assert len(found.pop()) > 1


def test_other_names_are_others_and_no_name_has_no_words():
    others = ["Jon Moller", "Jan Moller", "Jan Miller", "山田 太郎", "山本 太郎"]
    assert len({words(*name.split()) for name in others}) == len(others)
    assert Side(Hire()).words == Side(Hire(display_name="—")).words == frozenset()


async def test_an_id_that_both_have_answers_the_question(world: World):
    await candidate(world, personal_email=None)
    await candidate(world, personal_email=None, employee_id="7315", candidate_id=None)
    assert {case.reason_code for case in await alive(world)} == {None, "needs_approval_same_person"}
    both = {"personal_email": None, "employee_id": "7315", "occurred_at": "2026-08-17T09:30:00Z"}
    await candidate(world, event_type="hire.updated", **both)
    (case,) = await alive(world)
    assert (case.state, case.maybe_same, case.next_action.what) == (State.WAITING_START, None, "provision")


async def two_accounts(world: World) -> tuple[Case, Case]:
    """Two cases that an event says are one person's; both have accounts. (the one that is asked about, the other)"""
    await candidate(world, personal_email=None)
    await candidate(world, personal_email=None, candidate_id="c-10", given_name="Ada")
    for case in await alive(world):
        case.account = Account("o-" + case.case_id, f"{case.case_id}@contoso.example", "m", START)
        case.state = State.FOLLOWING_UP
        await world.store.cases.save(case)
    merged = {"employee_id": "E-1", "event_type": "hire.updated", "occurred_at": "2026-08-17T09:30:00Z"}
    await candidate(world, personal_email=None, candidate_id="c-9", **merged)
    await candidate(world, personal_email=None, candidate_id="c-10", **merged)
    asked, other = sorted(await alive(world), key=lambda case: case.state is not State.BLOCKED)
    return asked, other


async def test_two_accounts_of_one_person_are_an_operators_to_decide_and_hr_is_told(world: World):
    asked, other = await two_accounts(world)
    assert (asked.reason_code, asked.next_action.what) == ("two_accounts", "operator")
    assert other.state is State.FOLLOWING_UP
    assert asked.second_account == other.case_id
    assert [item.code for item in asked.findings] == ["two_accounts"]
    assert WORDS["two_accounts"]
    assert (await world.store.cases.read_marker(NEWS)) is not None
    assert "both have an account" in explain(asked)
    assert "rerun" in possible(asked)
    assert "approve" not in possible(asked)


async def test_an_operator_who_has_seen_to_two_accounts_is_not_asked_again(world: World):
    asked, _ = await two_accounts(world)
    await act(world.services, "rerun", asked.case_id, Ask("op", "the other one goes", answers=OPERATOR))
    again = await world.store.cases.get(asked.case_id)
    assert again is not None
    assert (again.state, again.findings, again.second_account) == (State.FOLLOWING_UP, [], None)
    later = {"event_type": "hire.updated", "occurred_at": "2026-08-17T09:50:00Z", "job_title": "Cook"}
    for candidate_id in ("c-9", "c-10"):
        await candidate(world, personal_email=None, candidate_id=candidate_id, employee_id="E-1", **later)
    assert [case.state for case in await alive(world)] == [State.FOLLOWING_UP] * 2
    assert (await world.actions(asked.case_id)).count("two_cases") == 1


async def test_two_accounts_that_an_approver_says_are_one_persons(world: World):
    await candidate(world)
    await employee(world, start_date="2027-04-01")
    waiting = next(case for case in await alive(world) if case.state is State.BLOCKED)
    for case in await alive(world):
        case.account = Account("o-" + case.case_id, f"{case.case_id}@contoso.example", "m", START)
        await world.store.cases.save(case)
    await act(world.services, "approve", waiting.case_id, Ask("boss", "she married"))
    await work.handle(world.services, WorkMessage(case_id=waiting.case_id))
    again = await world.store.cases.get(waiting.case_id)
    assert again is not None
    assert (again.state, again.reason_code) == (State.BLOCKED, "two_accounts")
    assert [item.code for item in again.findings] == ["two_accounts"]


@pytest.mark.parametrize("state", [State.PROVISIONING, State.FOLLOWING_UP, State.CONFIRMED])
async def test_doubt_about_somebody_who_is_further_on_is_asked_about_as_well(world: World, state: State):
    await candidate(world, personal_email=None, start_date="2027-04-01")
    await employee(world)
    case = next(item for item in await alive(world) if item.hire.candidate_id)
    case.state = state
    await world.store.cases.save(case)
    later = {"event_type": "hire.updated", "occurred_at": "2026-08-17T09:30:00Z"}
    await candidate(world, start_date="2027-04-01", **later)
    again = await world.store.cases.get(case.case_id)
    assert again is not None
    assert (again.state, again.reason_code) == (State.BLOCKED, "needs_approval_same_person")
    await act(world.services, "rerun", case.case_id, Ask("boss", "two people", answers=APPROVER))
    again = await world.store.cases.get(case.case_id)
    assert again is not None
    assert again.state is state


async def test_who_is_excluded_is_asked_about_although_recruiting_has_two_ids(world: World):
    """An event names ids of both; that recruiting had two for them is no answer."""
    await candidate(world, personal_email=None)
    await candidate(world, personal_email=None, candidate_id="c-10", given_name="Ada")
    cases = {case.hire.candidate_id: case for case in await alive(world)}
    await act(world.services, "exclude", cases["c-10"].case_id, Ask("op", "wait"))
    later = {"personal_email": None, "event_type": "hire.updated", "employee_id": "E-1"}
    for minute, candidate_id in ((30, "c-9"), (31, "c-10"), (32, "c-9")):
        at = f"2026-08-17T09:{minute}:00Z"
        await candidate(world, **later, candidate_id=candidate_id, occurred_at=at)
    case = await world.store.cases.get(cases["c-9"].case_id)
    assert case is not None
    assert (case.reason_code, case.maybe_same) == ("needs_approval_same_person", cases["c-10"].case_id)


@pytest.mark.parametrize(
    ("who_has_accounts", "left"),
    [
        ({"c-9"}, [("following_up", None)]),
        ({None}, [("following_up", None)]),
        # Two accounts are not joined: what is asked already is enough, and the one that goes on is not stopped.
        ({"c-9", None}, [("blocked", "needs_approval_same_person"), ("following_up", None)]),
    ],
)
async def test_a_correction_on_the_other_side_answers_a_question_however_far_either_has_come(
    world: World, who_has_accounts: set[str | None], left: list[tuple[str, str | None]]
):
    await employee(world, start_date="2027-06-01")
    await candidate(world)
    for case in await alive(world):
        if case.hire.candidate_id in who_has_accounts:
            case.account = Account("o-" + case.case_id, f"{case.case_id}@contoso.example", "m", START)
            if case.state is State.BLOCKED:
                case.return_state = State.FOLLOWING_UP
            else:
                case.state = State.FOLLOWING_UP
            await world.store.cases.save(case)
    later = {"event_type": "start_date.changed", "occurred_at": "2026-08-17T09:30:00Z"}
    await employee(world, start_date="2027-02-08", **later)
    found = [(str(case.state), case.reason_code) for case in await alive(world)]
    assert sorted(found, key=str) == left
