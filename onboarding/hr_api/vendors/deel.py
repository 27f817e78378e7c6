"""Deel: one person by HRIS profile id, or one contract and the person of its worker. Bearer token with `people:read`
and, for contracts, `contracts:read`.

The contract says what was agreed (first day, last day, title, whether it is signed), the person who that is. Doubts:
the page of a person describes the answer's `data` without its fields, so the names are those of public descriptions of
it; what is not there is "not said", never an error. Whether the id of a contract's worker always is that of a profile:
a worker without one is known by the contract alone. Whether the id of an employment in a person's record is that of the
contract: the samples have the same form.

A contract that was cancelled or terminated says that the person is not coming, or left, unless the person's record
lists another one that runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from onboarding.domain.hire import Certainty, FetchRef, Hire, Phone
from onboarding.hr_api.client import Client, segment
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, iso_day_of_instant, manager, number
from onboarding.ports import HrRecord, RecordGone

#: https://developer.deel.com/api/reference/endpoints/people/get-person-by-id. Ours → theirs.
TEXTS = {
    "given_name": "first_name",
    "family_name": "last_name",
    "preferred_name": "preferred_first_name",
    "employee_number": "worker_id",
    "job_title": "job_title",
    "home_country": "country",
    "department": "department.name",
    "legal_entity": "client_legal_entity.name",
    "employment_type": "hiring_type",
    "timezone": "timezone",
}
DATES = {"start_date": "start_date", "end_date": "termination_date"}
#: https://github.com/letsdeel/deel-api-java-sdk, docs/Employment.md: `employments` of a person. Doubt: `id` is the
#: contract's, by its form in samples.
PREFIX, LONGEST_ID = "contract:", 200
EMAILS = {"work_email": "work", "personal_email": "personal"}
#: `GetContractById` in https://github.com/letsdeel/deel-api-java-sdk: the contract, its worker, its statuses.
CONTRACT = {
    "given_name": "worker.first_name",
    "family_name": "worker.last_name",
    "display_name": "worker.full_name",
    "personal_email": "worker.email",
    "home_country": "worker.country",  # "location not nationality"
    "job_title": "job_title",
    "employment_type": "type",
}
#: A contract with one of these statuses was signed by both sides; an earlier one is an offer.
SIGNED = frozenset({"in_progress", "completed", "awaiting_deposit_payment", "processing_payment"})
WITHDRAWN = frozenset({"cancelled", "canceled", "user_cancelled", "rejected"})
#: Statuses of a contract that does not run any more, or never will.
OVER = WITHDRAWN | {"completed", "terminated"}


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """One request for a person, two for a contract."""
    if ref.kind == "person":
        return await _person(client, ref.id)
    return await _contract(client, ref.id, ended=ref.kind == "ended_contract")


async def _contract(client: Client, identifier: str, *, ended: bool) -> HrRecord:
    """What the contract says stands over what the person's record says of another employment.

    `ended`: an event says that the contract was terminated.
    """
    path = f"/rest/v2/contracts/{segment(identifier)}"
    said = Said(await client.get("deel.contract", path, client.bearer())).part("data")
    status = (said.text("status", "status") or "").lower()
    worker, signed_at = said.text("employee_id", "worker.id"), said.raw("signatures.signed_at")
    hire = Hire(
        status=status or None,
        **{ours: said.text(ours, theirs) for ours, theirs in CONTRACT.items()},  # type: ignore[arg-type]
        **{ours: said.day(ours, theirs, iso_day_of_instant) for ours, theirs in DATES.items()},  # type: ignore[arg-type]
    )
    signed = status in SIGNED or isinstance(signed_at, str)
    contract = replace(
        said.record(hire, withdrawn=status in WITHDRAWN),
        certainty=Certainty.EMPLOYEE if signed or ended else Certainty.OFFER,
        ended=ended,
        also_known_as=(f"{PREFIX}{identifier}",),
    )
    person = None if worker is None else await _person_or_none(client, worker)
    if contract.withdrawn or ended:
        return _over(contract, person)
    return contract if person is None else _both(contract, person)


def _over(contract: HrRecord, person: HrRecord | None) -> HrRecord:
    """Of a contract that is over: who that was, or the person as they are if another contract of theirs runs."""
    if person is None:
        return replace(contract, hire=Hire(status=contract.hire.status), certainty=Certainty.EMPLOYEE)
    if set(person.also_known_as) - set(contract.also_known_as):
        return replace(person, certainty=Certainty.OFFER)  # no word by itself that somebody was hired
    hire = Hire(person.hire.employee_id, status=contract.hire.status, end_date=contract.hire.end_date)
    return replace(contract, hire=hire, certainty=Certainty.EMPLOYEE, cleared=())


async def _person_or_none(client: Client, worker: str) -> HrRecord | None:
    """None: the worker has no profile."""
    try:
        return await _person(client, worker)
    except RecordGone:
        return None


def _both(contract: HrRecord, person: HrRecord) -> HrRecord:
    hire = contract.hire.merged(person.hire, newer=False)
    if person.hire.given_name or person.hire.family_name:
        given, family = person.hire.given_name, person.hire.family_name
        hire = replace(hire, given_name=given, family_name=family, display_name=None)
    return replace(
        contract,
        hire=hire,
        unusable=(*contract.unusable, *person.unusable),
        cleared=tuple(name for name in person.cleared if getattr(hire, name) is None),
        also_known_as=tuple(sorted({*contract.also_known_as, *person.also_known_as})),
    )


async def _person(client: Client, identifier: str) -> HrRecord:
    path = f"/rest/v2/people/{segment(identifier)}"
    said = Said(await client.get("deel.person", path, client.bearer())).part("data")
    boss = said.part("direct_manager")
    said.empty("manager", "direct_manager")
    said.empty("phones", "phone_numbers")
    hire = Hire(
        employee_id=said.text("employee_id", "id") or identifier,
        phones=tuple(item for entry in said.items("phone_numbers") for item in _phone(entry)),
        manager=manager(
            boss.text("manager", "id"), boss.text("manager", "work_email"), boss.text("manager", "name")
        ),
        status=said.text("status", "hiring_status"),
        **{ours: said.text(ours, theirs) for ours, theirs in TEXTS.items()},  # type: ignore[arg-type]
        **{ours: _email(said, ours, kind) for ours, kind in EMAILS.items()},  # type: ignore[arg-type]
        **{ours: said.day(ours, theirs, iso_day_of_instant) for ours, theirs in DATES.items()},  # type: ignore[arg-type]
    )
    return replace(said.record(hire), also_known_as=tuple(_running(said)))


def _running(said: Said) -> Iterator[str]:
    """The contracts of a person that run or are to run, as events about them are known to us."""
    for item in said.items("employments"):
        identifier, status = item.raw("id"), str(item.raw("contract_status")).strip().lower()
        usable = isinstance(identifier, str) and 0 < len(identifier.strip()) <= LONGEST_ID
        if usable and item.flag("is_ended") is not True and status not in OVER:
            yield f"{PREFIX}{identifier.strip()}"


def _email(said: Said, ours: str, kind: str) -> str | None:
    found = (item.text(ours, "value") for item in said.items("emails") if item.raw("type") == kind)
    return next((value for value in found if value), None)


def _phone(entry: Said) -> list[Phone]:
    label = str(entry.raw("type")).lower()
    label = label if label in {"mobile", "work", "home"} else "other"
    return number(entry.text("phones", "value"), label, f"phone_numbers[{label}]")


READER = Reader(
    slug="deel",
    documents=(
        "https://developer.deel.com/api/reference/endpoints/people/get-person-by-id",
        "https://developer.deel.com/api/stable/reference/endpoints/contracts/get-contract",
        "https://github.com/letsdeel/deel-api-java-sdk/blob/main/docs/GetContractById200ResponseData.md",
    ),
    kinds=frozenset({"person", "contract", "ended_contract"}),
    read=read,
    root="https://api.letsdeel.com",
    credential="an API token with people:read and contracts:read",
)
