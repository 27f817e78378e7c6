"""A field map: JSON pointers from a body to hire events, as data that a company writes for its own HR system.

`compiled` reads the tables and raises ConfigurationError that says what to mend; `field_events` applies them.
Formats of dates are bound, never sniffed; what is not mapped is not kept.

    [event]                                     # all of it is optional
    items = "/employees"                        # where the list of people stands; "": the body is one
    type = "/eventType"                         # in the item; "body:/eventType": in the body; "header:x-event"
    types = { Hired = "hire.created", Gone = "employment.terminated" }    # anything else is ignored
    default = "hire.created"                    # without `type`
    id = "/eventId"
    occurred_at = "/time"
    effective_date = "/effectiveDate"
    certainty = "employee"
    dates = "iso"                               # iso, iso-day, us, eu, compact, epoch-ms

    [fields]                                    # our name = pointer, or several of which the first that says counts
    employee_id = "/worker/id"
    given_name = ["/preferredFirst", "/first"]
    start_date = { at = "/startDate", dates = "us" }
    manager_email = "/manager/mail"             # also manager_id, manager_name

    [[phones]]
    at = "/mobile"                              # or parts = ["/code", "/area", "/number"], put together with spaces
    label = "mobile"
    country = "/homeCountry"
    extension = "/ext"
    plus = true                                 # `parts`: the first is a country code

    [[phones]]
    list = "/phones"                            # a list of objects: `at` … are then relative to each
    at = "/number"
    type = "/type"
    types = { M = "mobile", W = "work" }        # any other type is `other`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date

from onboarding.domain.hire import Certainty, EventType, Hire
from onboarding.intake import pointer
from onboarding.intake.dates import DATE_FORMATS
from onboarding.intake.options import Options

Tokens = tuple[str, ...]

IDS = ("employee_id", "employee_number", "candidate_id")
MANAGER = ("manager_id", "manager_email", "manager_name")
DATES = ("start_date", "original_start_date", "end_date")
FLAGS = ("department_is_id",)
FIELDS = tuple(item.name for item in fields(Hire) if item.name not in {"phones", "manager"}) + MANAGER
LABELS = ("mobile", "work", "home", "other")


@dataclass(frozen=True, slots=True)
class At:
    """Where a value stands: pointers of which the first that says something counts. `root`: in the whole body."""

    pointers: tuple[Tokens, ...]
    root: bool = False
    header: str | None = None


@dataclass(frozen=True, slots=True)
class PhoneAt:
    """Where numbers stand."""

    numbers: tuple[Tokens, ...]
    joined: bool = False
    plus: bool = False
    items: Tokens | None = None
    label: str = "other"
    type: Tokens | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    country: Tokens | None = None
    extension: Tokens | None = None


@dataclass(frozen=True, slots=True)
class FieldMap:
    """A map that was checked."""

    said: Mapping[str, At]
    dates: Mapping[str, Callable[[str], date | None]]
    phones: tuple[PhoneAt, ...] = ()
    items: Tokens | None = None
    type: At | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None
    id: At | None = None
    occurred_at: At | None = None
    effective_date: At | None = None
    date: Callable[[str], date | None] = DATE_FORMATS["iso"]
    certainty: Certainty = Certainty.EMPLOYEE

    @property
    def places(self) -> list[At]:
        """Every place but those of numbers."""
        found = [*self.said.values(), self.type, self.id, self.occurred_at, self.effective_date]
        return [at for at in found if at is not None]

    @property
    def headers(self) -> list[str]:
        """Headers that are read."""
        return sorted({at.header for at in self.places if at.header is not None})


# --- from options --------------------------------------------------------------------------------------------


def compiled(options: Options) -> FieldMap:
    """The map in the tables `event`, `fields` and `phones`. Raises ConfigurationError."""
    event = options.table("event")
    usual = event.choice("dates", "iso", *DATE_FORMATS)
    said, dates = _fields(options.table("fields"), usual)
    kinds = [str(kind) for kind in EventType]
    types = event.mapped("types", lambda text: text if text in kinds else None, ", ".join(kinds))
    items = _tokens(event, "items")
    found = FieldMap(
        said=said,
        dates=dates,
        phones=tuple(_phone(item) for item in options.tables("phones")),
        items=items,
        type=_where(event, "type"),
        types=types,
        default=event.choice("default", kinds[0], *kinds) if event.has("default") else None,
        id=_where(event, "id"),
        occurred_at=_where(event, "occurred_at"),
        effective_date=_where(event, "effective_date"),
        date=DATE_FORMATS[usual],
        certainty=Certainty(event.choice("certainty", "employee", *Certainty)),
    )
    event.raw("default")
    event.done()
    _check(options, event, found)
    return found


def _check(options: Options, event: Options, found: FieldMap) -> None:
    if not set(IDS) & set(found.said):
        raise options.wrong("fields", f"must map one of {', '.join(IDS)}, so that we know who it is.")
    if (found.type is None) == (found.default is None):
        raise event.wrong("type", "or default must say what an event means: one of the two, not both.")
    if found.type is not None and not found.types:
        raise event.wrong("types", 'must say what the values of type mean: { Hired = "hire.created" }.')


def _fields(table: Options, usual: str) -> tuple[dict[str, At], dict[str, Callable[[str], date | None]]]:
    said: dict[str, At] = {}
    dates: dict[str, Callable[[str], date | None]] = {}
    for name in table:
        if name not in FIELDS:
            raise table.wrong(name, f"is no field of a hire. Known: {', '.join(sorted(FIELDS))}.")
        form = usual
        if isinstance(table.raw(name), dict):
            inner = table.table(name)
            said[name] = _needed(inner, "at")
            form = inner.choice("dates", usual, *DATE_FORMATS)
            inner.done()
        else:
            said[name] = _needed(table, name)
        if name in DATES:
            dates[name] = DATE_FORMATS[form]
    return said, dates


def _phone(table: Options) -> PhoneAt:
    parts, at = table.texts("parts"), table.texts("at")
    if bool(parts) == bool(at):
        raise table.wrong("at", "or parts must say where the number stands: one of the two.")
    found = PhoneAt(
        numbers=tuple(_parsed(table, "parts" if parts else "at", text) for text in parts or at),
        joined=bool(parts),
        plus=table.raw("plus") is True,
        items=_tokens(table, "list"),
        label=table.choice("label", "other", *LABELS),
        type=_tokens(table, "type"),
        types=table.mapped("types", lambda text: text if text in LABELS else None, ", ".join(LABELS)),
        country=_tokens(table, "country"),
        extension=_tokens(table, "extension"),
    )
    table.done()
    return found


def _needed(table: Options, key: str) -> At:
    found = _where(table, key)
    if found is None:
        raise table.wrong(key, "must be a JSON pointer, as /worker/id, or a list of them.")
    return found


def _where(table: Options, key: str) -> At | None:
    texts = table.texts(key)
    if not texts:
        return None
    first = texts[0]
    if first.startswith("header:"):
        return At((), header=first[len("header:") :].lower())
    root = first.startswith("body:")
    return At(tuple(_parsed(table, key, text.removeprefix("body:")) for text in texts), root)


def _tokens(table: Options, key: str) -> Tokens | None:
    if table.raw(key) == "":
        return ()
    text = table.text(key)
    return None if text is None else _parsed(table, key, text)


def _parsed(table: Options, key: str, text: str) -> Tokens:
    try:
        return pointer.parse(text)
    except ValueError as exc:
        raise table.wrong(key, f"{exc}.") from None
