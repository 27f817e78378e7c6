"""The at-risk report: joined, ordered, counted; memory bounded; what cannot be read is unknown."""

from __future__ import annotations

import gc
import json
import tracemalloc
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.evidence import Registration
from onboarding.domain.policy import Policy, ReportsPolicy
from onboarding.errors import OperatorError, PermissionMissing, Unavailable
from onboarding.operate import at_risk
from onboarding.ports import DirectoryPerson, DirectoryUser, SeenRegistration, Services
from tests.support.followup_doubles import MONDAY, World, world

OLD = datetime(2020, 1, 1, tzinfo=UTC)
PUSH = "microsoftAuthenticatorPush"


def person(
    name: str, department: str | None = None, title: str | None = None, **more: Any
) -> DirectoryPerson:
    return DirectoryPerson(name, department, title, **{"created_at": OLD, **more})


@dataclass
class Tenant:
    """Both sides of the join, in different orders."""

    users: Sequence[DirectoryPerson] = ()
    rows: Sequence[SeenRegistration] = ()
    admins: Sequence[str] = ()
    refuses: Exception | None = None
    no_roles: Exception | None = None
    no_report: Exception | None = None
    asked: list[str] = field(default_factory=list)

    async def people(self, *, named: bool = False) -> AsyncIterator[Sequence[DirectoryPerson]]:
        self.asked.append("people")
        if self.refuses:
            raise self.refuses
        for start in range(0, len(self.users), 2):
            yield self.users[start : start + 2]

    async def role_holders(self) -> tuple[DirectoryUser, ...]:
        if self.no_roles:
            raise self.no_roles
        return tuple(DirectoryUser(name, "x@contoso.example") for name in self.admins)

    async def registration_report(self) -> AsyncIterator[Sequence[SeenRegistration]]:
        self.asked.append("report")
        if self.no_report:
            raise self.no_report
        for start in range(0, len(self.rows), 2):
            yield self.rows[start : start + 2]


def row(name: str, *methods: str, **flags: Any) -> SeenRegistration:
    return SeenRegistration(
        name, Registration(methods, MONDAY - timedelta(hours=20), **{"sspr_enabled": True, **flags})
    )


def over(w: World, tenant: Any) -> Services:
    return replace(w.s, directory=tenant, security=tenant)


def small(**changes: Any) -> Tenant:
    return Tenant(
        users=[
            person("ok", "Sales"),
            person("plain", "Sales", "Clerk", directory_data=True),
            person("boss", "Board", "Managing Director"),
            person("money", "Group Finance", "Clerk", synced=True),
            person("fresh", "Sales", "Nurse", created_at=MONDAY - timedelta(days=5)),
            person("guest", "Sales", guest=True),
            person("gone", "Sales", enabled=False),
            person("unseen", "Sales"),
            person("root", "IT", "Engineer"),
            person("half", "IT", "Engineer"),
        ],
        rows=[
            row("half", PUSH, is_admin=True),
            row("guest"),
            row("plain"),
            row("money"),
            row("out", sspr_enabled=False),
            row("root"),
            row("fresh", "fido2"),
            row("boss"),
            row("stranger"),
            row("ok", "mobilePhone"),
        ],
        admins=["root"],
        **changes,
    )


RULES = Policy(reports=ReportsPolicy(little_pc_words=("nurse",), least_people=2))


async def test_who_is_at_risk_in_the_order_in_which_somebody_has_to_look() -> None:
    w = world(policy=RULES, sspr_scope="report", writeback=True)
    found = await at_risk.read(over(w, small()))
    rows = {item["object_id"]: dict(item) for item in found.table()}
    assert list(rows) == ["half", "root", "money", "boss", "plain", "fresh", "stranger"]
    assert rows["half"] == {
        "object_id": "half", "first": "administrator", "risk": "too_few", "methods_missing": 1,
        "methods_registered": PUSH, "directory_data": "no", "recoverable_today": "no", "new": "no", "little_pc": "no",
        "hybrid": "no", "department": "IT",
    }  # fmt: skip
    assert (rows["root"]["methods_missing"], rows["root"]["risk"]) == (2, "nothing")
    assert (rows["fresh"]["new"], rows["fresh"]["little_pc"]) == ("yes", "yes")
    assert rows["money"]["hybrid"] == "yes"
    assert rows["plain"]["directory_data"] == "yes"
    stranger = rows["stranger"]
    assert stranger["department"] is None
    assert {stranger[name] for name in ("directory_data", "new", "little_pc", "hybrid")} == {"unknown"}
    assert set(stranger) == set(at_risk.COLUMNS)


async def test_the_summary_adds_up_and_hides_small_departments() -> None:
    w = world(policy=RULES, sspr_scope="report", writeback=True)
    said = (await at_risk.read(over(w, small()))).summary()
    assert said["people"] == {
        "in_scope": 8, "out_of_scope": 1, "guests_left_out": 1, "enabled_and_not_in_the_report": 1,
    }  # fmt: skip
    assert (said["at_risk"]["total"], said["at_risk"]["nothing"], said["at_risk"]["too_few"]) == (7, 6, 1)
    assert said["at_risk"]["directory_data"] == {"yes": 1, "no": 5, "unknown": 1}
    assert said["groups"]["new_never_registered"] == {"yes": 1, "no": 4, "unknown": 1}
    assert said["groups"]["hybrid"] == {"yes": 1, "no": 5, "unknown": 1}
    assert said["administrators"] == {"missing_0": 0, "missing_1": 1, "missing_2": 1}
    assert said["first"]["finance"] == {"people": 1, "at_risk": 1}
    assert said["enough_for_now"] == {"phones_only": 1, "questions_needed": 0, "phones_or_questions": 0}
    assert said["departments"] == [
        {"department": "IT", "people": 2, "at_risk": 2},
        {"department": "Sales", "people": 3, "at_risk": 2},
        {"department": None, "people": 3, "at_risk": 3},
    ]
    assert len(said["forecast"]) == 30
    json.dumps(said)
    assert not any(name in json.dumps(said) for name in ("half", "stranger"))


@pytest.mark.parametrize(
    ("required", "enough"),
    [
        (1, {"phones_only": 1, "questions_needed": 1, "phones_or_questions": 1}),
        (2, {"phones_only": 2, "questions_needed": 2, "phones_or_questions": 0}),
    ],
)
async def test_whoever_has_phones_and_questions_is_forecast_once(
    required: int, enough: dict[str, int]
) -> None:
    policy = replace(RULES, reports=replace(RULES.reports, resets_per_person_year=2600, forecast_days=60))
    w = world(
        datetime(2027, 1, 15, 9, tzinfo=UTC),
        policy=policy, sspr_scope="report", writeback=True, methods_required=required,
    )  # fmt: skip
    people = [
        row("both", "mobilePhone", "securityQuestion"),
        row("phone", "mobilePhone", *(["officePhone"] if required == 2 else [])),
        row("questions", "securityQuestion", *([PUSH] if required == 2 else [])),
    ]
    said = (await at_risk.read(over(w, Tenant(rows=people)))).summary()
    assert said["enough_for_now"] == enough
    days = {item["day"]: item["calls_if_phones_end"] / 10 for item in said["forecast"]}
    assert days["2027-02-26"] == enough["phones_only"]
    assert days["2027-03-02"] == 3


async def test_what_the_tenant_does_not_show_is_unknown() -> None:
    w = world(policy=RULES, sspr_scope="report")
    refused = PermissionMissing("Grant it.")
    found = await at_risk.read(over(w, small(refuses=refused, no_roles=refused)))
    rows = {item["object_id"]: item for item in found.table()}
    assert rows["half"]["first"] == "administrator", "the report says so itself"
    assert "root" in rows
    assert rows["root"]["first"] == "other"
    assert {
        item[name] for item in rows.values() for name in ("directory_data", "new", "little_pc", "hybrid")
    } == {"unknown"}
    said = found.summary()
    assert said["people"]["enabled_and_not_in_the_report"] is None
    assert said["departments"] == []
    assert any("User.Read.All" in text for text in said["notes"])
    assert any("isAdmin" in text for text in said["notes"])


async def test_an_outage_is_not_taken_for_an_answer() -> None:
    for trouble in (
        {"refuses": Unavailable("down")},
        {"no_roles": Unavailable("down")},
        {"no_report": Unavailable("down")},
    ):
        w = world()
        with pytest.raises(Unavailable):
            await at_risk.refresh(over(w, small(**trouble)))
        assert await at_risk.kept(w.s) is None


async def test_the_summary_is_read_anew_once_a_week() -> None:
    w = world()
    tenant = small()
    assert await at_risk.refresh(over(w, tenant))
    assert not await at_risk.refresh(over(w, tenant))
    assert tenant.asked == ["people", "report"]
    w.clock.at += timedelta(days=7)
    assert await at_risk.refresh(over(w, tenant))
    kept = await at_risk.kept(w.s)
    assert kept is not None
    assert kept["read_at"] == w.clock.at.isoformat().replace("+00:00", "Z")


async def test_a_free_tenant_is_asked_once_a_week_and_said() -> None:
    w = world()
    tenant = small(no_report=OperatorError("No report.", code="report_needs_premium"))
    assert await at_risk.refresh(over(w, tenant))
    assert not await at_risk.refresh(over(w, tenant))
    kept = await at_risk.kept(w.s)
    assert kept is not None
    assert kept["error"] == "report_needs_premium"


async def test_more_contents_than_are_told_apart_lose_their_names_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(at_risk, "CONTENTS", 2)
    w = world()
    tenant = Tenant(rows=[row(f"u{n}", f"method{n}") for n in range(6)] + [row("ok", PUSH), row("ok2", PUSH)])
    found = await at_risk.read(over(w, tenant))
    assert [item["methods_registered"] for item in found.table()] == ["method0", "method1", "", "", "", ""]
    assert found.summary()["people"]["in_scope"] == 8


class Many:
    """A tenant of any size that holds nobody: pages are made as they are asked for."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def people(self, *, named: bool = False) -> AsyncIterator[Sequence[DirectoryPerson]]:
        for start in range(0, self.count, 999):
            numbers = range(start, min(start + 999, self.count))
            yield [
                person(self.id(n), f"Department {n % 300}", "Clerk", directory_data=n % 2 == 0)
                for n in numbers
            ]

    async def role_holders(self) -> tuple[DirectoryUser, ...]:
        return ()

    async def registration_report(self) -> AsyncIterator[Sequence[SeenRegistration]]:
        shared = Registration((), MONDAY, sspr_enabled=True)
        for start in range(0, self.count, 999):
            yield [
                SeenRegistration(self.id(self.count - 1 - n), shared)
                for n in range(start, min(start + 999, self.count))
            ]

    @staticmethod
    def id(number: int) -> str:
        return str(uuid.UUID(int=number + 2**90))


async def peak(count: int) -> int:
    w = world()
    gc.collect()
    tracemalloc.start()
    try:
        found = await at_risk.read(over(w, Many(count)))
        assert sum(1 for _ in found.table()) == count, "everybody is at risk here: the worst case"
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_memory_grows_by_bytes_a_person_not_by_rows() -> None:
    small_one, large_one = await peak(1_000), await peak(5_000)
    per_person = (large_one - small_one) / 4_000
    assert per_person < 150, f"{per_person:.0f} bytes a person: 100,000 people would take more than 15 MB"
