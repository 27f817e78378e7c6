"""Workable: one employee, or one candidate. Bearer token of the account; each account has a host of its own.

The fields of an employee are those of the webhook's payload. `department` is an id, and so is `legal_entity`, which is
left out. `start_date` is a date-time: its day counts as it is written, or in the zone of the source's option
`time_zone`, as in the events. A draft never leads to an account, and whoever is inactive has left.

https://workable.readme.io/reference/employeesid: "Optional member id for user tokens. Required for account tokens." It
comes from the source's option `member_id` and goes along with each read of an employee.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from onboarding.domain.hire import Certainty, FetchRef, Hire, Phone
from onboarding.hr_api.client import Client, RequestRefused, segment, setting_name
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, day_in, iso_day_of_instant, number
from onboarding.ports import HrRecord, ReaderRefused, hr

#: https://workable.readme.io/reference/employee-events. Doubt: whether GET /employees/{id} wraps the record.
TEXTS = {
    "given_name": "firstname",
    "family_name": "lastname",
    "employee_number": "employee_number",
    "work_email": "work_email",
    "job_title": "job_title",
    "department": "department",
    "status": "status",
}
#: Doubt: which key says how far somebody has come, and in which words. https://help.workable.com/hc/en-us/articles/
#: 9294082908439-Adding-and-managing-employees: "The three default statuses of an employee profile in a company are
#: Draft, Active, and Inactive", the last one after an offboarding. An active one may have a status of the company's.
STATES = ("status", "state")
GONE = frozenset({"inactive", "archived", "terminated", "offboarded", "deleted"})
LABELS = {"phone_type_mobile": "mobile", "phone_type_work": "work", "phone_type_home": "home"}


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """One request."""
    if ref.kind == "candidate":
        return await _candidate(client, ref)
    answer = await _employee(client, ref)
    whole = Said(answer)
    wrapped = [key for key in ("employee", "data") if isinstance(answer.get(key), dict)]
    said = whole.part(wrapped[0]) if wrapped else whole
    said.empty("phones", "phone_group")
    hire = Hire(
        employee_id=said.text("employee_id", "id") or ref.id,
        department_is_id=True if said.text("department", "department") else None,
        personal_email=_address(said),
        phones=tuple(item for entry in said.items("phone_group") for item in _phone(entry)),
        start_date=said.day("start_date", "start_date", _reader_of_days(client)),
        **{ours: said.text(ours, theirs) for ours, theirs in TEXTS.items()},  # type: ignore[arg-type]
    )
    words = [value for key in STATES if isinstance(value := said.raw(key), str) and value.strip()]
    record, gone = said.record(hire, certainty=_certainty(words)), any(is_gone(word) for word in words)
    # There is no last day in Workable's record: who is active again after an offboarding has none any more.
    cleared = record.cleared if gone or not words else (*record.cleared, "end_date")
    return replace(record, ended=gone, cleared=cleared)


def _certainty(words: list[str]) -> Certainty | None:
    """A record that does not say leaves it at what the events said."""
    if any(is_draft(word) for word in words):
        return Certainty.DRAFT
    return Certainty.EMPLOYEE if words else None


def is_draft(word: str) -> bool:
    """`status_draft`, `draft`, `Draft` …; the same as of the events."""
    return "draft" in word.casefold()


def is_gone(word: str) -> bool:
    """`Inactive`, `status_inactive`, `archived` …"""
    return word.strip().casefold().removeprefix("status_") in GONE


async def _employee(client: Client, ref: FetchRef) -> dict[str, Any]:
    """The record. ReaderRefused `hr_option` for 400 and the like: that is documented, and no 404 for an unknown id."""
    member, setting = client.source.options.get("member_id"), setting_name(client.source, "OPTIONS")
    if member is not None and not (isinstance(member, str) and member.strip()):
        raise ReaderRefused(f"{setting}: member_id must be text, a member's id.", code=hr.NOT_CONFIGURED)
    params = {"member_id": member.strip()} if member else None
    path = f"/spi/v3/employees/{segment(ref.id)}"
    try:
        return await client.get("workable.employee", path, client.bearer(), params)
    except RequestRefused as exc:
        advice = (
            "check that member_id is the id of a member who may see employees"
            if member
            else "a token of the account needs member_id, the id of a member who may see employees"
        )
        raise ReaderRefused(f"{exc.message} {setting}: {advice}.", code=hr.OPTION) from exc


async def _candidate(client: Client, ref: FetchRef) -> HrRecord:
    """https://workable.readme.io/reference/job-candidates-show"""
    answer = await client.get("workable.candidate", f"/spi/v3/candidates/{segment(ref.id)}", client.bearer())
    said = Said(answer).part("candidate")
    hire = Hire(
        candidate_id=said.text("candidate_id", "id") or ref.id,
        given_name=said.text("given_name", "firstname"),
        family_name=said.text("family_name", "lastname"),
        personal_email=said.text("personal_email", "email"),
        phones=tuple(number(said.text("phones", "phone"), "other", "phone")),
        job_title=said.text("job_title", "job.title"),
    )
    hired = said.text("status", "hired_at") is not None
    return said.record(
        hire,
        certainty=Certainty.EMPLOYEE if hired else Certainty.CANDIDATE,
        withdrawn=said.flag("disqualified") is True,
    )


def _reader_of_days(client: Client) -> Callable[[str], date | None]:
    """By the option `time_zone`. Raises ReaderRefused for a zone that does not exist."""
    name = client.source.options.get("time_zone")
    if name is None:
        return iso_day_of_instant
    try:
        return day_in(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        setting = setting_name(client.source, "OPTIONS")
        message = f"{setting}: time_zone must name a time zone, such as Europe/Berlin."
        raise ReaderRefused(message, code=hr.NOT_CONFIGURED) from None


def _address(said: Said) -> str | None:
    entries = sorted(said.items("personal_email"), key=lambda item: item.flag("is_primary") is not True)
    return next((value for item in entries if (value := item.text("personal_email", "value"))), None)


def _phone(entry: Said) -> list[Phone]:
    label = LABELS.get(str(entry.raw("value.phone_type")), "other")
    text = entry.text("phones", "value.phone")
    return number(text, label, f"phone_group[{label}]", primary=entry.flag("is_primary") is True)


READER = Reader(
    slug="workable",
    documents=(
        "https://workable.readme.io/reference/employee-events",
        "https://workable.readme.io/reference/employeesid",
        "https://workable.readme.io/reference/job-candidates-show",
    ),
    kinds=frozenset({"employee", "candidate"}),
    read=read,
    credential="an access token of the account",
)
