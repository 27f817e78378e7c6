"""A generic door: SCIM 2.0 users, one resource a call or a BulkRequest as Microsoft's bulkUpload API takes it.

RFC 7643 (User, Enterprise User) and RFC 7644 (3.5.2 PATCH, 3.7 Bulk). Microsoft's senders always say POST, also for
updates, so a POST may be either. This door has one address: in PUT, PATCH and DELETE the person is named by
`externalId`, or in a BulkRequest by the id in `path`.
SCIM knows no start date: it comes from an extension attribute, by default one called HireDate or StartDate.
Nor does a client say when something happened: `meta` is the provider's (RFC 7643, 3.1: it "SHALL be ignored when
provided by clients"), and who reads a resource, changes it and puts it back whole sends the time of before the change
(RFC 7644, 3.5.1). A message is as of its arrival, unless the source's sender stamps `lastModified` itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from onboarding.domain.hire import EventType, Hire, HireEvent, ManagerRef, Phone
from onboarding.errors import ConfigurationError
from onboarding.intake.adapter import METHOD, Adapter, Headers, LinkedEvent, Role, body_hash, each
from onboarding.intake.dates import DATE_FORMATS
from onboarding.intake.options import Options
from onboarding.intake.payload import Payload, Unreadable
from onboarding.intake.reading import address_of_type, unmarked
from onboarding.intake.scheme import TOKEN
from onboarding.intake.scim_resource import (
    CORE_URN,
    ENTERPRISE,
    EXTENSIONS,
    as_payload,
    patched,
    phones_changed,
    places,
)
from onboarding.settings import SourceSettings

#: https://learn.microsoft.com/entra/identity/app-provisioning/inbound-provisioning-api-custom-attributes uses
#: HireDate in a company's own urn; start_date and the like are seen elsewhere.
START_NAMES = frozenset({"hiredate", "startdate", "start_date", "employeehiredate"})
END_NAMES = frozenset({"enddate", "end_date", "terminationdate", "employeeleavedatetime"})
#: RFC 7643, 4.1.2, canonical types of phoneNumbers; a company's own are `other`. Fax and pager are no numbers of a
#: person.
LABELS = {"mobile": "mobile", "work": "work", "home": "home"}
NO_PHONE = frozenset({"fax", "pager"})
#: What an operation means. A DELETE says that the record went, which an operator looks at.
KINDS = {
    "POST": EventType.HIRE_CREATED,
    "PUT": EventType.HIRE_UPDATED,
    "PATCH": EventType.HIRE_UPDATED,
    "DELETE": EventType.EMPLOYEE_DELETED,
}
MAX_OPERATIONS = 200  # Microsoft sends 50 at most; a body of 256 kB holds few more
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USERS = frozenset({"", "users"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source may set: where the dates stand, how they are written, and what `active: false` means."""

    start: str | None = None
    end: str | None = None
    date: Callable[[str], date | None] = DATE_FORMATS["iso-day"]
    #: False: it is recorded as the status. HR systems also send it for people who have not begun yet.
    inactive_ends: bool = False
    #: True: POST says that a record is so, of whomever it is. Microsoft's senders say POST for every change.
    post_is_record: bool = False
    #: True: `meta.lastModified` says when it happened: the sender is the provider, and stamps every message itself.
    stamped: bool = False


def events_of(payload: Payload, method: str, reading: Reading) -> list[HireEvent]:
    """Events of a single resource, a PatchOp with `externalId`, or a BulkRequest."""
    if is_bulk(payload):
        return each(_operations(payload), lambda item: [_event(*_operation(item), reading)])
    return [_event(*_single(payload, method), reading)]


def is_bulk(payload: Payload) -> bool:
    """RFC 7644, 3.7: by its schema, or by the operations' own paths and methods where that is left out."""
    if BULK in payload.texts("schemas"):
        return True
    operations = payload.list("Operations") or []
    return any(isinstance(item, dict) and "method" in item for item in operations)


def _operations(payload: Payload) -> tuple[Payload, ...]:
    operations = payload.items("Operations")
    if len(operations) > MAX_OPERATIONS:
        raise Unreadable("too_many", payload.place("Operations"))
    return operations


def _operation(item: Payload) -> tuple[str, str, Payload | None]:
    return item.text("method").upper(), item.optional_text("path") or "", item.optional_object("data")


def _single(payload: Payload, method: str) -> tuple[str, str, Payload]:
    patches = PATCH in payload.texts("schemas")
    return ("PATCH" if patches else method if method in KINDS else "POST"), "", payload


def _event(method: str, path: str, said: Payload | None, reading: Reading) -> HireEvent:
    kind, (resource, scim_id) = KINDS.get(method), _target(path)
    name = f"scim.{method.lower()}"[:100]
    if kind is None or resource.lower() not in USERS:
        return HireEvent("", EventType.IGNORED, Hire(), name)
    data = as_payload(patched(said) if said is not None and method == "PATCH" else said)
    types = phones_changed(said) if said is not None and method == "PATCH" else None
    hire, phones_of = _hire(data, reading), None
    if types is not None:
        phones_of, hire = _one_of_several(hire, types)
    hire = replace(hire, employee_id=hire.employee_id or scim_id)
    kind, whole = _meaning(method, kind, data, reading)
    at = data.optional_instant("meta.lastmodified") if reading.stamped else None
    return LinkedEvent(
        "",
        kind,
        hire,
        name,
        occurred_at=at,
        effective_date=_ends(kind, hire),
        warnings=unmarked(data.items("emails"), personal="home"),
        unmapped_keys=_unmapped(data, reading),
        cleared=_cleared(data, hire, reading) if kind is not EventType.EMPLOYEE_DELETED else (),
        snapshot=whole,
        phones_of=phones_of,
        at_work=reading.inactive_ends and _active(data) is True,
    )


def _meaning(method: str, kind: EventType, said: Payload, reading: Reading) -> tuple[EventType, bool]:
    """What an operation on a user means, and whether it says that a record is so, of whomever it is."""
    if reading.inactive_ends and _active(said) is False and kind is not EventType.EMPLOYEE_DELETED:
        return (
            EventType.EMPLOYMENT_TERMINATED,
            False,
        )  # the flag takes it back, and no later record without it
    whole = method == "PUT" or (method == "POST" and reading.post_is_record)
    return (EventType.HIRE_UPDATED, True) if whole else (kind, False)


def _one_of_several(hire: Hire, types: frozenset[str]) -> tuple[tuple[str, ...] | None, Hire]:
    """Labels of the numbers that a PATCH changes, and the hire with those numbers; of a fax it says nothing here."""
    labels = tuple(sorted({LABELS.get(kind, "other") for kind in types if kind not in NO_PHONE}))
    if not labels and not hire.phones:
        return None, replace(hire, phones=None)
    # Numbers that stay have places of their own in a list that nobody has seen here: this one goes by its type.
    phones = tuple(replace(item, source_field=f"phoneNumbers[{item.label}]") for item in hire.phones or ())
    return labels, replace(hire, phones=phones)


def _cleared(said: Payload, hire: Hire, reading: Reading) -> tuple[str, ...]:
    """RFC 7643, 2.5: null and an empty list are an attribute without a value; PATCH's `remove` makes one."""
    gone = {ours for ours, path in ALONE.items() if said.is_empty(path)}
    for ours, path, names in (
        ("start_date", reading.start, START_NAMES),
        ("end_date", reading.end, END_NAMES),
    ):
        if any(place.is_empty(name) for place, name in places(said, path, names)):
            gone.add(ours)
    return tuple(sorted(ours for ours in gone if getattr(hire, ours) is None))


def _ends(kind: EventType, hire: Hire) -> date | None:
    return hire.end_date if kind is EventType.EMPLOYMENT_TERMINATED else None


def _target(path: str) -> tuple[str, str | None]:
    """`/Users/2819c223` → (Users, 2819c223). An id that stands for an earlier operation is none."""
    resource, _, scim_id = path.strip("/").partition("/")
    return resource, scim_id if scim_id and not scim_id.startswith("bulkId:") else None


def _hire(said: Payload, reading: Reading) -> Hire:
    """RFC 7643, 4.1 and 4.3. Names are lower case here, since SCIM does not tell them apart by case (2.1)."""
    company = said.optional_object(ENTERPRISE) or Payload({}, said.place(ENTERPRISE))
    work, home = _address(said, "work"), _address(said, "home")
    return Hire(
        employee_id=said.optional_identifier("externalid") or said.optional_identifier("id"),
        employee_number=company.optional_identifier("employeenumber"),
        given_name=said.optional_text("name.givenname"),
        family_name=said.optional_text("name.familyname"),
        preferred_name=said.optional_text("nickname"),
        display_name=said.optional_text("displayname") or said.optional_text("name.formatted"),
        work_email=address_of_type(said.items("emails"), "work"),
        personal_email=address_of_type(said.items("emails"), "home"),
        phones=_phones(said),
        work_country=work.optional_text("country") if work else None,
        home_country=home.optional_text("country") if home else None,
        location=work.optional_text("locality") if work else None,
        department=company.optional_text("department"),
        job_title=said.optional_text("title"),
        legal_entity=company.optional_text("organization"),
        employment_type=said.optional_text("usertype"),
        manager=_manager(company),
        start_date=_date(said, reading.start, START_NAMES, reading),
        end_date=_date(said, reading.end, END_NAMES, reading),
        status={True: "active", False: "inactive", None: None}[_active(said)],
        locale=said.optional_text("locale") or said.optional_text("preferredlanguage"),
        timezone=said.optional_text("timezone"),
    )


def _address(said: Payload, kind: str) -> Payload | None:
    """The address of this type; one without a type is where the person works."""
    for item in said.items("addresses"):
        if (item.optional_text("type") or "work").lower() == kind:
            return item
    return None


def _phones(said: Payload) -> tuple[Phone, ...] | None:
    """`tel:` URIs (RFC 3966) stay as they are: the phone rules read them, with their extension and context."""
    if not said.has("phonenumbers"):
        return () if said.is_empty("phonenumbers") else None
    found = []
    for index, item in enumerate(said.items("phonenumbers")):
        kind = (item.optional_text("type") or "other").lower()
        value = item.optional_text("value")
        if value and kind not in NO_PHONE:
            primary = item.optional_flag("primary") or False
            found.append(
                Phone(value, LABELS.get(kind, "other"), f"phoneNumbers[{index}]", is_primary=primary)
            )
    return tuple(found)


def _manager(company: Payload) -> ManagerRef | None:
    """RFC 7643: an object with `value` and `displayName`. Some senders write the id alone."""
    if isinstance(company.raw("manager"), str | int):
        return ManagerRef(id=company.optional_identifier("manager")) or None
    said = company.optional_object("manager")
    if said is None:
        return None
    return ManagerRef(said.optional_identifier("value"), name=said.optional_text("displayname")) or None


def _active(said: Payload) -> bool | None:
    """Entra's PATCH writes "False" as text unless a tenant asks otherwise."""
    value = said.raw("active")
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    return said.optional_flag("active")


def _date(said: Payload, path: str | None, names: frozenset[str], reading: Reading) -> date | None:
    dates = (place.optional_date(name, reading.date) for place, name in places(said, path, names))
    return next((found for found in dates if found is not None), None)


#: Attributes that are one field of ours and no other's: emptied, they empty it.
ALONE = {
    "preferred_name": "nickname",
    "display_name": "displayname",
    "department": f"{ENTERPRISE}.department",
    "legal_entity": f"{ENTERPRISE}.organization",
    "manager": f"{ENTERPRISE}.manager",
    "job_title": "title",
    "employment_type": "usertype",
    "timezone": "timezone",
}
#: Dropped from what is stored: nothing of it is needed here.
PRUNED = frozenset(
    {"password", "x509Certificates", "photos", "ims", "entitlements", "roles", "groups", "profileUrl"}
)
KNOWN = frozenset(name.lower() for name in PRUNED) | frozenset(
    "schemas id externalid name nickname displayname title usertype preferredlanguage locale timezone "
    f"active emails phonenumbers addresses meta {ENTERPRISE} {EXTENSIONS}".split()
)


def _unmapped(said: Payload, reading: Reading) -> tuple[str, ...]:
    known = KNOWN | {(path or "").lower().removeprefix(CORE_URN) for path in (reading.start, reading.end)}
    return tuple(sorted(said.place(key) for key in said if key not in known)[:50])


# --- the door ------------------------------------------------------------------------------------------------


def parse(payload: Payload, headers: Headers) -> list[HireEvent]:
    """With nothing set for the source."""
    return events_of(payload, headers.get(METHOD, "POST"), Reading())


def bind(adapter: Adapter, source: SourceSettings) -> Adapter:
    """`start_date`, `end_date` (attribute, or urn:attribute), `dates` (a format), `inactive`, `post`, `last_modified`:
    see `Reading`."""
    reading = reading_of(Options(source))
    return replace(
        adapter, parse=lambda payload, headers: events_of(payload, headers.get(METHOD, "POST"), reading)
    )


def reading_of(options: Options) -> Reading:
    """Raises ConfigurationError for what is misspelt."""
    start, end = options.text("start_date"), options.text("end_date")
    form = options.choice("dates", "iso-day", *DATE_FORMATS)
    inactive = options.choice("inactive", "record", "record", "ends")
    post = options.choice("post", "hire", "hire", "record")
    modified = options.choice("last_modified", "ignore", "ignore", "happened")
    options.done()
    for name in (start, end):
        if name is not None and (not name.rpartition(":")[2] or " " in name):
            raise ConfigurationError(
                f"{options.name}: start_date and end_date name an attribute: urn:…:User:HireDate, or hireDate.",
                code="source_options",
            )
    return Reading(
        start, end, DATE_FORMATS[form], inactive == "ends", post == "record", modified == "happened"
    )


ADAPTER = Adapter(
    slug="scim",
    title="SCIM 2.0 (Enterprise User, BulkRequest)",
    documents=(
        "https://www.rfc-editor.org/rfc/rfc7643",
        "https://www.rfc-editor.org/rfc/rfc7644",
        "https://learn.microsoft.com/graph/api/synchronization-synchronizationjob-post-bulkupload",
    ),
    scheme=TOKEN,
    parse=parse,
    doubts=(
        "The sender proves itself by a token and signs nothing, so that whoever holds the token can say anything.",
        "SCIM has no start date: say in the options in which attribute your system sends it.",
    ),
    dedupe_key=lambda headers, body: f"{headers.get(METHOD, 'POST')} {body_hash(headers, body)}",
    says_again=True,
    success_status=202,
    media_types=("application/scim+json", "application/json"),
    methods=("POST", "PUT", "PATCH"),
    headers=(METHOD, "content-type"),
    pruned_keys=PRUNED,
    lacks={
        Role.THIN: "A SCIM resource says what it knows: there is no API behind this door to ask.",
        Role.PING: "SCIM knows no test message: look at the delivery of a first user instead.",
    },
    bind=bind,
)
