"""HiBob: one person by id, fields named in the request. Basic authentication with a service user, `id:token`.

Reads may lag 20 seconds behind an event. A field without permission is silently absent; an empty one is null. In
machine form, which we read, dates are YYYY-MM-DD and values of lists are ids; the human form, which we ask for beside
it, writes dates as DD/MM/YYYY, so no date is ever read from there.
"""

from __future__ import annotations

from datetime import timedelta

from onboarding.domain.hire import FetchRef, Hire, ManagerRef, Phone
from onboarding.hr_api.client import Client, segment
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import ABSENT, Said, iso_day, manager, number
from onboarding.ports import HrRecord

#: https://apidocs.hibob.com/reference/post_people-identifier and /docs/people-read-api-contract: fields are asked for
#: with dots (`root.firstName`) and answered with slashes (`/root/firstName`: {"value": …}).
#: Ours → theirs. Doubt: the ids of what is not under `root`; customers can look theirs up in the fields' metadata.
TEXTS = {
    "given_name": "root.firstName",
    "family_name": "root.surname",
    "display_name": "root.displayName",
    "work_email": "root.email",
    "personal_email": "home.privateEmail",
    "employee_number": "work.employeeIdInCompany",
    "status": "internal.status",
}
DATES = {"start_date": "work.startDate", "end_date": "internal.terminationDate"}
#: Lists: the machine form is an id, so only the human form is a name.
NAMED = {
    "job_title": "work.title",
    "department": "work.department",
    "location": "work.site",
    "home_country": "address.country",
}
MANAGER = "work.reportsTo"
#: Facts name none for certain: `API_PHONE_FIELDS` replaces these.
PHONES = ("home.mobilePhone", "work.workMobile", "work.workPhone")
HUMAN = "humanReadable"


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """One request."""
    phones = client.phone_fields or PHONES
    fields = [*TEXTS.values(), *DATES.values(), *NAMED.values(), MANAGER, *phones, "root.id"]
    answer = await client.post(
        "hibob.people",
        f"/v1/people/{segment(ref.id)}",
        client.basic(),
        json={"fields": fields, HUMAN: "APPEND"},  # doubt: APPEND; what does not know it answers machine form
    )
    said = Said(answer)
    for ours, theirs in {**TEXTS, **DATES, **NAMED, "manager": MANAGER}.items():
        said.withhold(ours, *_places(theirs))
    for field in phones:
        said.withhold(f"phones[{_label(field)}]", *_places(field))
    hire = Hire(
        employee_id=_text(said, "employee_id", "root.id") or ref.id,
        phones=tuple(item for field in phones for item in _phone(said, field)),
        manager=_manager(said),
        **{ours: _text(said, ours, theirs) for ours, theirs in TEXTS.items()},  # type: ignore[arg-type]
        **{ours: said.day(ours, _place(said, theirs), iso_day) for ours, theirs in DATES.items()},  # type: ignore[arg-type]
        **{ours: _named(said, ours, theirs) for ours, theirs in NAMED.items()},  # type: ignore[arg-type]
    )
    return said.record(hire)


def _places(field: str, inside: str = "") -> tuple[tuple[str, ...], ...]:
    """Where a field may stand: under its slash name with `value`, or bare; or nested, as older answers have it."""
    slashed, start = "/" + field.replace(".", "/"), (inside,) if inside else ()
    nested = tuple(part for part in field.split(".") if part != "root")
    return (*start, slashed, "value"), (*start, slashed), (*start, *nested)


def _place(said: Said, field: str, inside: str = "") -> tuple[str, ...]:
    places = _places(field, inside)
    return next((place for place in places if said.raw(place) is not ABSENT), places[0])


def _text(said: Said, ours: str, field: str) -> str | None:
    return said.text(ours, _place(said, field))


def _named(said: Said, ours: str, field: str) -> str | None:
    """The name in the human form; an id says nothing to anybody."""
    human = said.text(ours, _place(said, field, HUMAN))
    raw = said.raw(_place(said, field))
    if human is None and isinstance(raw, str | int) and str(raw).strip().isdigit():
        said.cannot_use("is_an_id", ours)
        return None
    return human or said.text(ours, _place(said, field))


def _manager(said: Said) -> ManagerRef | None:
    """`reportsTo` is an object in captured answers; an id alone in machine form."""
    place = _place(said, MANAGER)
    found = said.raw(place)
    if isinstance(found, dict):
        part = said.part(place)
        return manager(
            part.text("manager", "id"), part.text("manager", "email"), part.text("manager", "displayName")
        )
    return manager(said.text("manager", place))


def _phone(said: Said, field: str) -> list[Phone]:
    label = _label(field)
    return number(said.text(f"phones[{label}]", _place(said, field)), label, field)


def _label(field: str) -> str:
    if "mobile" in field.lower():
        return "mobile"
    return {"work": "work", "home": "home"}.get(field.partition(".")[0], "other")


READER = Reader(
    slug="hibob",
    documents=(
        "https://apidocs.hibob.com/reference/post_people-identifier",
        "https://apidocs.hibob.com/docs/people-read-api-contract",
        "https://apidocs.hibob.com/docs/working-with-webhooks",
    ),
    kinds=frozenset({"employee"}),
    read=read,
    root="https://api.hibob.com",
    credential="the service user as ID:TOKEN",
    lag=timedelta(seconds=20),
)
