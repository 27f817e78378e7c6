"""Tolerant reading of an answer: what cannot be used is noted with a reason code and left out, never raised.

A vendor's record is not ours to refuse: one broken date must not keep a person from starting. The bound is the other
way round: a text is a text of some length, a date has the one format that the vendor's page says, an id is text or a
whole number. Names in `unusable` are ours.

A field that the record has and that is null or blank was emptied by HR; one that is not there says nothing, or was kept
from us. Only an employee's record empties anything: what a recruiter does not know is no word about the employee.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from onboarding.domain.hire import CLEARABLE, Certainty, Hire, ManagerRef, Phone
from onboarding.ports import HrRecord

#: Longest text that a field of a hire may have; free text is never mapped.
MAX_TEXT = 1024
ABSENT = object()


class Said:
    """One record as a vendor sent it. `where` are dotted paths; a key that itself holds dots is given as a tuple."""

    def __init__(self, value: Mapping[str, Any], beside: Said | None = None) -> None:
        """`beside`: another answer about the same person, which keeps the notes of both."""
        self._value = value
        self._unusable: list[tuple[str, str]] = beside._unusable if beside else []
        self._withheld: set[str] = beside._withheld if beside else set()
        self._empty: set[str] = beside._empty if beside else set()

    @property
    def value(self) -> Mapping[str, Any]:
        """The record itself."""
        return self._value

    def raw(self, where: str | tuple[str, ...]) -> Any:
        """What stands there: None for null, also of an object on the way; `ABSENT` when a key is missing."""
        value: Any = self._value
        for key in where.split(".") if isinstance(where, str) else where:
            if value is None:
                return None
            if not isinstance(value, Mapping) or key not in value:
                return ABSENT
            value = value[key]
        return value

    def text(self, field: str, where: str | tuple[str, ...]) -> str | None:
        """Text that is not blank. Numbers are taken as text: an id may be either."""
        value = self.raw(where)
        self.empty(field, where)
        if value is ABSENT or value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str) or len(value) > MAX_TEXT or not _storable(value):
            self.cannot_use("wrong_type" if not isinstance(value, str) else "text_too_long", field)
            return None
        return value.strip() or None

    def day(
        self, field: str, where: str | tuple[str, ...], read: Callable[[str], date | None]
    ) -> date | None:
        """A date in the one format that `read` knows. All zeros mean "not set" at some vendors."""
        text = self.text(field, where)
        if text is None:
            return None
        if not text.strip("0-/.: T"):
            self._empty.add(field)
            return None
        found = read(text)
        if found is None:
            self.cannot_use("bad_date", field)
        return found

    def items(self, where: str | tuple[str, ...]) -> Iterator[Said]:
        """Objects of a list; anything else in it is passed over."""
        value = self.raw(where)
        for item in value if isinstance(value, list) else ():
            if isinstance(item, Mapping):
                yield Said(item, self)

    def part(self, where: str | tuple[str, ...]) -> Said:
        """An object within; an empty one when there is none."""
        value = self.raw(where)
        return Said(value if isinstance(value, Mapping) else {}, self)

    def flag(self, where: str | tuple[str, ...]) -> bool | None:
        value = self.raw(where)
        return value if isinstance(value, bool) else None

    def word(self, where: str | tuple[str, ...]) -> str | None:
        """Text as it stands, to be compared with what is known; None for anything else, which is noted nowhere."""
        value = self.raw(where)
        return value if isinstance(value, str) else None

    def empty(self, field: str, where: str | tuple[str, ...]) -> None:
        """Note it if the record has the field and it is null, blank or a list of nothing."""
        value = self.raw(where)
        if value is None or value == [] or (isinstance(value, str) and not value.strip()):
            self._empty.add(field)

    def cannot_use(self, code: str, field: str) -> None:
        self._unusable.append((code, field))

    def withhold(self, field: str, *places: str | tuple[str, ...]) -> None:
        """The vendor leaves out what we may not read: the field is withheld when all its places are missing."""
        if all(self.raw(place) is ABSENT for place in places):
            self._withheld.add(field)

    def record(
        self, hire: Hire, *, certainty: Certainty | None = Certainty.EMPLOYEE, withdrawn: bool = False
    ) -> HrRecord:
        """The hire with what was noted on the way."""
        doubtful = {field for _, field in self._unusable} | self._withheld
        employee = hire.employee_id is not None
        if not hire.phones and not (employee and self._says_no_phones(doubtful)):
            hire = replace(hire, phones=None)
        gone = self._empty & CLEARABLE - doubtful if employee else set()
        return HrRecord(
            hire,
            withheld=tuple(sorted(self._withheld)),
            unusable=tuple(dict.fromkeys(self._unusable)),
            certainty=certainty,
            cleared=tuple(sorted(name for name in gone if getattr(hire, name) is None)),
            withdrawn=withdrawn,
        )

    def _says_no_phones(self, doubtful: set[str]) -> bool:
        """Every place for a number that the record has is empty, and none was kept from us or could not be read."""
        return not _of_phones(doubtful) and bool(_of_phones(self._empty))


def _of_phones(fields: set[str]) -> list[str]:
    return [field for field in fields if field.startswith("phones")]


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def number(raw: str | None, label: str, source_field: str, *, primary: bool = False) -> list[Phone]:
    """One number as HR wrote it, or none."""
    return [Phone(raw, label, source_field, primary)] if raw else []


def manager(
    identifier: str | None = None, email: str | None = None, name: str | None = None
) -> ManagerRef | None:
    """Whoever is named, or nobody."""
    return ManagerRef(identifier, email, name) or None


# --- dates, each bound to one format ------------------------------------------------------------------------------


def iso_day(text: str) -> date | None:
    """`2026-09-01`, exactly."""
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found and 1900 <= found.year < 2200 else None


def iso_day_of_instant(text: str) -> date | None:
    """The calendar day of `2026-09-01T00:00:00+02:00` where it stands: no zone is changed, a first day is a day."""
    if len(text) > 10 and text[10] in "Tt ":
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return None
    return iso_day(text[:10])


def day_in(zone: ZoneInfo) -> Callable[[str], date | None]:
    """A reader: the day of a point in time in this zone; one that names no zone, or is a day, as it is written."""

    def day(text: str) -> date | None:
        found = iso_day_of_instant(text)
        at = datetime.fromisoformat(text) if found and len(text) > 10 else None
        try:
            return at.astimezone(zone).date() if at and at.tzinfo else found
        except OverflowError:
            return None

    return day


def day_of_millis(text: str) -> date | None:
    """Milliseconds since 1970, in UTC."""
    try:
        return date.fromordinal(date(1970, 1, 1).toordinal() + int(text) // 86_400_000)
    except (ValueError, OverflowError):
        return None
