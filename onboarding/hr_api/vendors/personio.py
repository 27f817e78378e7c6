"""Personio: a token for the client's id and secret, then one employee, whose attributes carry a label and a value.

An attribute that is not among the credential's readable ones is left out. `hire_date` carries a time and an offset: the
day counts where it stands. The published sample has no telephone attribute (customers add their own), so its name is
the setting `API_PHONE_FIELDS`: the key (`dynamic_12345`), the `universal_id`, or the label as it is shown.
"""

from __future__ import annotations

from typing import Any

from onboarding.domain.hire import FetchRef, Hire, ManagerRef, Phone
from onboarding.hr_api.client import Client, segment
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, iso_day_of_instant, manager, number
from onboarding.ports import HrRecord, ReaderRefused, hr

#: https://github.com/personio/api-docs: personio-auth-api.yaml, personio-personnel-data-api-oa3.yaml (version 1).
#: Doubt: version 2 (/v2/persons) answers in another shape; its webhooks name the person by the same number.
#: Ours → key in `attributes`.
TEXTS = {
    "given_name": "first_name",
    "family_name": "last_name",
    "preferred_name": "preferred_name",
    "work_email": "email",
    "job_title": "position",
    "employment_type": "employment_type",
    "status": "status",
}
#: Attributes whose value is an object with a name.
NAMED = {"department": "department", "location": "office", "legal_entity": "subcompany"}
DATES = {"start_date": "hire_date", "end_date": "termination_date"}
ABSENT_MEANS_WITHHELD = ("given_name", "family_name", "work_email", "start_date")


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """Two requests: the token is for this read only, since answers may replace it."""
    identifier, secret = client.pair()
    token = await client.post(
        "personio.auth", "/v1/auth", {}, json={"client_id": identifier, "client_secret": secret}
    )
    bearer = Said(token).text("token", "data.token")
    if bearer is None:
        raise ReaderRefused("Personio gave no token: check the client's id and secret.", code=hr.SIGN_IN)
    answer = await client.get(
        "personio.employee", f"/v1/company/employees/{segment(ref.id)}", {"Authorization": f"Bearer {bearer}"}
    )
    said = Said(answer).part("data.attributes")
    for ours in ABSENT_MEANS_WITHHELD:
        said.withhold(ours, {**TEXTS, **DATES}[ours])
    _withhold_phones(said, client)
    hire = Hire(
        employee_id=said.text("employee_id", "id.value") or ref.id,
        phones=tuple(item for name in client.phone_fields for item in _phone(said, answer, name)),
        manager=_manager(said),
        **{ours: said.text(ours, f"{key}.value") for ours, key in TEXTS.items()},  # type: ignore[arg-type]
        **{ours: _named(said, ours, key) for ours, key in NAMED.items()},  # type: ignore[arg-type]
        **{ours: said.day(ours, f"{key}.value", iso_day_of_instant) for ours, key in DATES.items()},  # type: ignore[arg-type]
    )
    return said.record(hire)


def _named(said: Said, ours: str, key: str) -> str | None:
    if isinstance(said.raw(f"{key}.value"), str):
        return said.text(ours, f"{key}.value")
    return said.text(ours, f"{key}.value.attributes.name")


def _manager(said: Said) -> ManagerRef | None:
    found = said.part("supervisor.value.attributes")
    said.empty("manager", "supervisor.value")
    names = [found.text("manager", f"{key}.value") for key in ("first_name", "last_name")]
    return manager(
        found.text("manager", "id.value"),
        found.text("manager", "email.value"),
        " ".join(filter(None, names)) or None,
    )


def _attributes(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = Said(answer).part("data.attributes").value
    return {key: item for key, item in found.items() if isinstance(item, dict)}


def _key(answer: dict[str, Any], name: str) -> str | None:
    """The attribute that is called so: by key, universal id or label."""
    attributes = _attributes(answer)
    if name in attributes:
        return name
    return next(
        (key for key, item in attributes.items() if name in (item.get("universal_id"), item.get("label"))),
        None,
    )


def _phone(said: Said, answer: dict[str, Any], name: str) -> list[Phone]:
    key = _key(answer, name)
    if key is None:
        said.withhold("phones", (name,))
        return []
    shown = str(_attributes(answer)[key].get("label"))
    label = "mobile" if "mobil" in f"{name} {shown}".lower() else "other"
    return number(said.text("phones", (key, "value")), label, key)


def _withhold_phones(said: Said, client: Client) -> None:
    """Nobody said which attribute holds the number: then nothing is known about it."""
    if not client.phone_fields:
        said.cannot_use("no_phone_field", "phones")


READER = Reader(
    slug="personio",
    documents=(
        "https://github.com/personio/api-docs/blob/master/personio-auth-api.yaml",
        "https://github.com/personio/api-docs/blob/master/personio-personnel-data-api-oa3.yaml",
    ),
    kinds=frozenset({"person", "employee"}),
    read=read,
    root="https://api.personio.de",
    credential="the API credentials as CLIENT_ID:CLIENT_SECRET",
)
