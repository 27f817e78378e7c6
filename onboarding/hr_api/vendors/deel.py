"""Deel: one person by HRIS profile id, or one contract and the person of its worker. Bearer token with `people:read`
and, for contracts, `contracts:read`.

The contract says what was agreed (first day, last day, title, whether it is signed), the person who that is. Doubts:
the page of a person describes the answer's `data` without its fields, so the names are those of public descriptions of
it; what is not there is "not said", never an error. Whether the id of a contract's worker always is that of a profile:
a worker without one is known by the contract alone.
"""

from __future__ import annotations

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


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """One request for a person, two for a contract."""
    return await (_contract if ref.kind == "contract" else _person)(client, ref.id)


async def _contract(client: Client, identifier: str) -> HrRecord:
    """What the contract says stands over what the person's record says of another employment."""
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
        certainty=Certainty.EMPLOYEE if signed else Certainty.OFFER,
    )
    return contract if worker is None else await _with_person(client, worker, contract)


async def _with_person(client: Client, worker: str, contract: HrRecord) -> HrRecord:
    """The record of both; that of the contract alone where the worker has no profile."""
    try:
        person = await _person(client, worker)
    except RecordGone:
        return contract
    hire = contract.hire.merged(person.hire, newer=False)
    if person.hire.given_name or person.hire.family_name:
        given, family = person.hire.given_name, person.hire.family_name
        hire = replace(hire, given_name=given, family_name=family, display_name=None)
    return replace(
        contract,
        hire=hire,
        unusable=(*contract.unusable, *person.unusable),
        cleared=tuple(name for name in person.cleared if getattr(hire, name) is None),
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
    return said.record(hire)


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
    kinds=frozenset({"person", "contract"}),
    read=read,
    root="https://api.letsdeel.com",
    credential="an API token with people:read and contracts:read",
)
