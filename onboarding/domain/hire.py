"""What HR says: the hire event (one delivery's meaning) and the hire (the person as HR describes them).

Every field of `Hire` is optional: None means "this event did not say"; what HR has emptied is named beside it
(`HireEvent.cleared`), and no numbers at all are `phones=()`. Ids are strings, so
that "007" stays "007". Field names are the public contract of the `standard-webhooks` door; the JSON Schema
in `docs/schemas/hire-event.json` is generated from these classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from enum import StrEnum

SCHEMA_VERSION = "1.0"


class EventType(StrEnum):
    """What an event means to us, whatever the vendor calls it."""

    HIRE_CREATED = "hire.created"
    HIRE_UPDATED = "hire.updated"
    START_DATE_CHANGED = "start_date.changed"
    HIRE_CANCELLED = "hire.cancelled"
    EMPLOYMENT_STARTED = "employment.started"
    EMPLOYMENT_TERMINATED = "employment.terminated"
    EMPLOYEE_DELETED = "employee.deleted"
    TEST_PING = "test.ping"
    IGNORED = "ignored"


class Certainty(StrEnum):
    """How sure HR is. Only `employee` may lead to an account; the others open or update a case."""

    EMPLOYEE = "employee"
    OFFER = "offer"
    CANDIDATE = "candidate"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Phone:
    """One number as HR wrote it. `label` is mobile, work, home or other."""

    raw: str
    label: str = "other"
    source_field: str | None = None
    is_primary: bool = False
    country_hint: str | None = None
    extension: str | None = None


@dataclass(frozen=True, slots=True)
class ManagerRef:
    """Whoever HR names as manager: any one of the three may be all there is."""

    id: str | None = None
    email: str | None = None
    name: str | None = None

    def __bool__(self) -> bool:
        return bool(self.id or self.email or self.name)

    def within(self, other: ManagerRef | None) -> bool:
        """The same person in fewer words: by no id or address that `other` does not have, so that nobody else can be
        found by it. A name alone tells nobody apart, and only counts where there is nothing else."""
        if other is None or not self:
            return False
        fits = (self.id or None) in {None, other.id} and _folded(self.email) in {None, _folded(other.email)}
        return fits and (bool(self.id or self.email) or self.name == other.name)


def _folded(address: str | None) -> str | None:
    return address.strip().casefold() if address else None


@dataclass(frozen=True, slots=True)
class Hire:
    """The person as HR describes them. None: not said."""

    employee_id: str | None = None
    employee_number: str | None = None
    candidate_id: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    preferred_name: str | None = None
    display_name: str | None = None
    work_email: str | None = None
    personal_email: str | None = None
    phones: tuple[Phone, ...] | None = None
    work_country: str | None = None
    home_country: str | None = None
    location: str | None = None
    department: str | None = None
    department_is_id: bool | None = None
    job_title: str | None = None
    legal_entity: str | None = None
    employment_type: str | None = None
    manager: ManagerRef | None = None
    start_date: date | None = None
    original_start_date: date | None = None
    end_date: date | None = None
    status: str | None = None
    locale: str | None = None
    timezone: str | None = None

    @property
    def listed_name(self) -> str:
        """What a list calls the person: HR's display name, else preferred or given name and family name."""
        parts = (self.preferred_name or self.given_name, self.family_name)
        return self.display_name or " ".join(part for part in parts if part)

    def merged(self, other: Hire, *, newer: bool) -> Hire:
        """This hire with what `other` says: a newer event wins, an older one only fills gaps."""
        changes = {}
        for item in fields(self):
            said = getattr(other, item.name)
            if said is not None and (newer or getattr(self, item.name) is None):
                changes[item.name] = said
        return replace(self, **changes)


#: Fields that HR can empty by name. Ids stay: by them the case is found. `phones` has an empty value of its own.
CLEARABLE = frozenset(item.name for item in fields(Hire)) - {
    "employee_id",
    "employee_number",
    "candidate_id",
    "department_is_id",
    "phones",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """How a delivery was verified. `key_id` says which secret matched: `current`, `previous`, `previous-2` …"""

    scheme: str
    key_id: str
    timestamp_checked: bool = False
    #: The vendor's own name of the key, where it sends one. Not signed: to be shown, never relied on.
    label: str | None = None


@dataclass(frozen=True, slots=True)
class FetchRef:
    """What to read from the HR system's API when the event only names the person."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class HireEvent:
    """What one delivery means. Vendors that send several people in one delivery yield several events."""

    source: str
    event_type: EventType
    hire: Hire
    #: Names the vendor uses, verbatim.
    vendor_event_type: str
    vendor_event_id: str | None = None
    certainty: Certainty = Certainty.EMPLOYEE
    #: When it happened at the vendor (aware, UTC); None where the vendor does not say.
    occurred_at: datetime | None = None
    #: True where the vendor's stamp has no zone and UTC was assumed.
    occurred_at_zone_assumed: bool = False
    effective_date: date | None = None
    needs_fetch: FetchRef | None = None
    #: Vendor's names of the changed fields; empty means unknown.
    changed_fields: tuple[str, ...] = ()
    #: Names (never values) of payload keys that the mapping does not use.
    unmapped_keys: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    #: Fields of `hire` (of `CLEARABLE`) that HR says are empty now. Never what is only missing.
    cleared: tuple[str, ...] = ()
    #: The event carries the whole record and comes for everybody who works there, hired lately or not.
    snapshot: bool = False
    #: A recruiting system says so: it gives way to what an HR system says of the person.
    recruiting: bool = False
    #: Labels of the numbers that `hire.phones` replaces: those of other labels stay. None: there are no others.
    phones_of: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class HireEventBody:
    """Body of the `standard-webhooks` door: one `HireEvent` as JSON.

    The person's fields may stand at the top level, under `person`, or under `data` (the envelope that
    Standard Webhooks suggests); each only once.
    """

    event_type: EventType
    schema_version: str = SCHEMA_VERSION
    certainty: Certainty = Certainty.EMPLOYEE
    occurred_at: datetime | None = None
    effective_date: date | None = None
    changed_fields: tuple[str, ...] = ()
    cleared_fields: tuple[str, ...] = ()
    person: Hire = field(default_factory=Hire)
