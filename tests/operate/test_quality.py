"""What could not be used: kept on the case, listed without formulas, told once a day without a name or a value."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from onboarding.domain import quality as domain
from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import EventType, Hire, HireEvent, ManagerRef, Phone
from onboarding.domain.phone.types import PhoneReason
from onboarding.domain.records import Finding
from onboarding.errors import EffectUnknown, Unavailable
from onboarding.intake import quality as intake
from onboarding.operate import quality
from onboarding.operate.cases import case_json
from onboarding.ports import CLAIM_LEASE
from onboarding.settings import Settings
from tests.support.doubles import T0, Killed, World, hire, make_case

SETTINGS = Settings(hr_contact="hr@contoso.example")
CASES: dict[str, tuple[Hire, set[tuple[str, str]]]] = {
    "too_long": (Hire(given_name="x" * 65), {("text_too_long", "given_name")}),
    "country": (Hire(work_country="Narnia", home_country="DE"), {("unknown_country", "work_country")}),
    "mail": (Hire(personal_email="not at all", work_email="a@b.example"), {("bad_email", "personal_email")}),
    "locale": (Hire(locale="german please"), {("bad_locale", "locale")}),
    "zone": (Hire(timezone="Mars/Olympus"), {("unknown_timezone", "timezone")}),
    "manager": (Hire(manager=ManagerRef(name="Ada")), {("manager_by_name_only", "manager")}),
    "department": (Hire(department="417", department_is_id=True), {("is_an_id", "department")}),
    "dates": (Hire(start_date=date(2026, 9, 1), end_date=date(2026, 8, 1)), {("end_before_start", "end_date")}),
    "phone": (Hire(phones=(Phone("12", "mobile", "mobilePhone"),), work_country="DE"), {("too_short", "mobilePhone")}),
    "fine": (hire(), set()),
}  # fmt: skip


@pytest.fixture
def world() -> Iterator[World]:
    made = World(settings=SETTINGS)
    yield made
    made.close()


def test_each_kind_of_unusable_value_has_its_code_and_words():
    for name, (given, expected) in CASES.items():
        found = domain.assess(given)
        assert {(code, field) for code, field, _ in found} == expected, name
        assert all(code in domain.WORDS for code, _, _ in found)
    assert {str(reason) for reason in PhoneReason} <= domain.WORDS.keys()


def event(said: Hire, **changes: Any) -> HireEvent:
    return HireEvent("x", EventType.HIRE_UPDATED, said, "updated", **changes)


async def note(world: World, case: Case, said: Hire, **changes: Any) -> None:
    case.hire = case.hire.merged(said, newer=True)
    await intake.note_event(world.s, case, event(said, **changes), "d_1", world.clock.at)


async def test_a_finding_stays_until_the_value_can_be_used_and_keeps_its_first_time(world: World):
    case = make_case()
    await note(
        world, case, Hire(work_country="Narnia"), unmapped_keys=("salary",), warnings=("bad_date:end_date",)
    )
    first = {(item.code, item.field): item.at for item in case.findings}
    assert set(first) == {
        ("unknown_country", "work_country"),
        ("unmapped", "salary"),
        ("bad_date", "end_date"),
    }
    world.clock.move(hours=1)
    await note(world, case, Hire(job_title="Cook"))
    assert {(item.code, item.field): item.at for item in case.findings} == first
    await note(world, case, Hire(work_country="Norway"))
    assert "unknown_country" not in {item.code for item in case.findings}


async def test_what_was_wrong_with_a_number_is_known_after_the_number_is_gone(world: World):
    case = make_case(hire=hire(phones=(Phone("12", "mobile", "mobilePhone"),)))
    await note(world, case, Hire())
    assert [(item.code, item.field) for item in case.findings] == [("too_short", "mobilePhone")]
    case.hire = replace(case.hire, phones=())
    case.account = Account("o", "z@contoso.example", "m", T0)
    await note(world, case, Hire(job_title="Cook"))
    assert [(item.code, item.field) for item in case.findings] == [("too_short", "mobilePhone")]
    shown = case_json(case, [])["data_quality"]
    assert shown[0]["what"] == domain.WORDS["too_short"]
    assert (
        "12" not in str(case.findings[0].masked).replace("12", "", 0)
        or len(str(case.findings[0].masked)) <= 3
    )


async def test_findings_do_not_grow_without_end(world: World):
    case = make_case()
    await note(world, case, Hire(), unmapped_keys=tuple(f"k{n}" for n in range(500)))
    assert len(case.findings) == intake.MOST


async def file(world: World, number: int, *findings: Finding) -> Case:
    case = make_case(hire=hire(employee_id=f"=cmd{number}" if number == 0 else str(number)))
    case.case_id = f"c_{number:020d}"
    case.findings = list(findings)
    await intake._announce(world.s, world.clock.at)
    return await world.file(case)


def found(code: str = "unknown_country", field: str = "work_country", **changes: Any) -> Finding:
    return replace(Finding(code, field, "d_1", T0), **changes)


async def test_a_spreadsheet_finds_no_formula_in_the_export(world: World):
    await file(
        world, 0, found(field="=HYPERLINK(1)"), found("invalid", "+phone", masked="-** a"), found(field="@x")
    )
    rows = [line.as_json() async for line in quality.lines(world.s)]
    text = quality.as_csv(rows)
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["field"] for row in table] == ["'=HYPERLINK(1)", "'+phone", "'@x"]
    assert {row["employee_id"] for row in table} == {"'=cmd0"}
    assert table[1]["masked"] == "'-** a"
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in table for cell in row.values())
    assert quality.as_csv([]).startswith("employee_id,source,field")


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("***-*** ** 68", "…68"),
        ("+** (*)*** *** **** a*15", "…15"),
        ("a ***", "a ***"),
        ("", ""),
        (None, None),
    ],
)
def test_a_number_is_shown_in_one_form_and_what_is_none_by_its_shape(kept: str | None, shown: str | None):
    assert quality.finding_json(found(masked=kept))["masked"] == shown


# --- the digest ----------------------------------------------------------------------------------------------


async def send(world: World, **move: float) -> str:
    world.clock.move(**move)
    return await quality.digest(world.s)


async def test_news_is_told_once_a_day_with_nothing_but_the_employee_id(world: World):
    await file(
        world, 1, found(), found("too_short", "mobilePhone", masked="…12"), found("unmapped", "salary")
    )
    assert await send(world, minutes=16) == "sent"
    (mail,) = world.tenant.mail
    assert mail.to == ("hr@contoso.example",)
    assert "1 (greenhouse): work_country" in mail.text
    for value in ("Zoë", "Müller", "zoe.private", "…12", "salary", "+49"):
        assert value not in mail.text + mail.html + mail.subject
    assert await send(world, hours=1) == "not_yet"
    assert await send(world, days=1) == "nothing_new"
    assert await send(world, days=1) == "nothing_new"
    assert len(world.tenant.mail) == 1
    await file(world, 2, found(at=world.clock.at))
    assert await send(world, minutes=16) == "sent"
    assert len(world.tenant.mail) == 2
    assert "2 (" in world.tenant.mail[-1].text


async def test_without_news_or_an_address_or_in_a_dry_run_nothing_is_read_or_sent(world: World):
    assert await quality.digest(world.s) == "nothing_new"
    await file(world, 1, found())
    for change in ({"hr_contact": None}, {"mode": "dry_run"}):
        settings = replace(world.s.settings, **change)
        assert await quality.digest(replace(world.s, settings=settings)) == "off"
    assert world.tenant.mail == []


async def test_a_finding_that_is_still_on_its_way_is_told_the_next_day(world: World):
    await file(world, 1, found(at=T0 + timedelta(minutes=10)))
    assert await send(world, minutes=12) == "nothing_new"
    assert await send(world, days=1) == "sent"


async def test_names_of_fields_are_escaped_and_a_long_list_is_cut(world: World):
    await file(world, 1, found(field="<script>alert(1)</script>"))
    for number in range(2, quality.LINES + 20):
        await file(world, number, found())
    await send(world, minutes=16)
    (mail,) = world.tenant.mail
    assert "<script>" not in mail.html
    assert f"{quality.LINES + 19} values" in mail.subject
    assert "more are in" in mail.text


async def test_a_crash_at_any_moment_sends_it_at_most_once_a_day_and_loses_nothing(world: World):
    for method in ("create_draft", "send_draft"):
        for side in ("before", "after"):
            fresh = World(settings=SETTINGS)
            await file(fresh, 1, found())
            getattr(fresh.faults, side)(method, Killed())
            with pytest.raises(Killed):
                await send(fresh, minutes=16)
            assert await send(fresh, minutes=1) == "held"
            await send(fresh, seconds=CLAIM_LEASE.total_seconds())
            first = len(fresh.tenant.mail)
            assert first <= 1, (method, side)
            await send(fresh, days=1)
            await send(fresh, days=1)
            assert len(fresh.tenant.mail) == 1, (method, side)
            fresh.close()


async def test_an_answer_that_was_lost_is_looked_up_and_a_refusal_gives_the_claim_back(world: World):
    await file(world, 1, found())
    world.faults.after("send_draft", EffectUnknown("lost"))
    assert await send(world, minutes=16) == "drafted"
    assert await send(world, seconds=CLAIM_LEASE.total_seconds()) == "sent"
    assert len(world.tenant.mail) == 1
    await file(world, 2, found(at=world.clock.at))
    world.faults.before("create_draft", Unavailable("down"))
    assert await send(world, days=1) == "unavailable"
    assert await send(world, minutes=5) == "sent"
    assert len(world.tenant.mail) == 2


async def test_two_hosts_send_one_digest(world: World):
    await file(world, 1, found())
    world.clock.move(minutes=16)
    marker = await world.s.cases.read_marker(quality.DIGEST)
    assert marker is None
    assert await quality.digest(world.s) == "sent"
    news = await world.s.cases.read_marker(intake.NEWS)
    assert news is not None
    assert await quality._tell(world.s, "hr@contoso.example", marker, news, world.clock.at) == "elsewhere"
    assert len(world.tenant.mail) == 1


def test_an_id_that_is_no_id_writes_no_lines_of_its_own_into_the_digest():
    hostile = make_case(hire=Hire(employee_id="7\n\nCall https://evil.example \u202e"))
    line = quality.Line(hostile, Finding("bad_date", "start_date", "d_1", T0))
    text = quality.compose("hr@contoso.example", "Contoso", [line], 1).text
    assert "\n7 Call https" in text
    assert "\u202e" not in text
