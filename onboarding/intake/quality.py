"""Keeps the list of values that could not be used on the case, and says once that there is something new for HR.

A finding stays until the field holds something that can be used, and keeps the time at which it was first seen. Raw
numbers leave a case once its account exists; what was wrong with them stays.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta

from onboarding.domain.case import Case
from onboarding.domain.hire import Hire, HireEvent
from onboarding.domain.quality import PHONE_CODES, assess
from onboarding.domain.records import Finding
from onboarding.errors import StoreConflict
from onboarding.intake.merging import READ
from onboarding.intake.outcome import TWO_ACCOUNTS
from onboarding.ports import HrRecord, Services

#: Marker that says that there are findings which no digest has told yet.
NEWS = "quality-news"
#: News that is older is said again, so that whoever tells them can see that there are newer ones.
RENEWED = timedelta(minutes=10)
#: Of one case. What comes after them is more of the same.
MOST = 40
#: Codes that HR cannot mend and is not told: they are for whoever maintains the mapping.
QUIET = frozenset({"unmapped"})
_FIELDS = frozenset(item.name for item in fields(Hire))
#: Codes that are not seen in the hire itself, and so stay until the next word on the field, or the next read.
_NOTED = frozenset(
    {"no_permission", "unmapped", "read_failed", "bad_date", "wrong_type", "no_phone_field", "address_type"}
)


async def note_event(s: Services, case: Case, event: HireEvent, delivery: str, now: datetime) -> None:
    """After the event was merged. `event.warnings` are `code:field`."""
    said = [tuple(item.partition(":")[::2]) for item in event.warnings]
    said += [("unmapped", name) for name in event.unmapped_keys]
    await _note(s, case, said, delivery, now, about=())


async def note_read(s: Services, case: Case, record: HrRecord, source: str, now: datetime) -> None:
    """After the record was merged: what was kept from us, and what could not be used."""
    said = [("no_permission", name) for name in record.withheld]
    await _note(s, case, [*said, *record.unusable], READ, now, about=("no_permission", "read_failed"))


async def note_failed_read(s: Services, case: Case, reason: str, now: datetime) -> None:
    """The read failed for good."""
    await _note(s, case, [("read_failed", reason)], READ, now, about=("read_failed",))


async def note_accounts(s: Services, case: Case, now: datetime) -> bool:
    """After an approver's word. True: HR is told that the person has two accounts."""
    if case.second_account is None:
        return False
    await _note(s, case, (), READ, now, about=())
    return True


async def _note(
    s: Services,
    case: Case,
    said: Iterable[tuple[str, ...]],
    delivery: str,
    now: datetime,
    *,
    about: tuple[str, ...],
) -> None:
    """Replace the findings by those of now. `about`: codes on which this is the last word."""
    before = {(item.code, item.field): item for item in case.findings}
    found: dict[tuple[str, str], Finding] = {}
    for item in case.findings:
        if not (item.code in about or _is_gone(case, item, anew="no_permission" in about)):
            found[item.code, item.field] = item
    for code, name, masked in assess(case.hire):
        word = case.said.get(name) or case.said.get("phones" if name not in case.said else name)
        found.setdefault(
            (code, name),
            before.get((code, name)) or Finding(code, name, word.delivery if word else delivery, now, masked),
        )
    accounts = [(TWO_ACCOUNTS, "account")] if case.second_account else []
    for code, name in [*((item[0], item[1]) for item in said), *accounts]:
        found.setdefault((code, name), before.get((code, name)) or Finding(code, name, delivery, now))
    case.findings = list(found.values())[:MOST]
    fresh = [item for item in case.findings if (item.code, item.field) not in before]
    if any(item.code not in QUIET for item in fresh):
        await _announce(s, now)


def _is_gone(case: Case, item: Finding, *, anew: bool) -> bool:
    """Nothing is left of it but what is found again. `anew`: a record was read, which says everything anew."""
    if item.code not in _NOTED:
        return not _kept(case, item)
    if item.delivery == READ:
        return anew
    word = case.said.get(item.field)
    # The same delivery has said it after all: it was processed again, with another mapping.
    return word is not None and (word.at > item.at or word.delivery == item.delivery)


def _kept(case: Case, item: Finding) -> bool:
    """A finding about a number that has left the case."""
    return case.account is not None and item.code in PHONE_CODES and item.field not in _FIELDS


async def _announce(s: Services, now: datetime) -> None:
    """Before the case is written: a digest that finds nothing new costs nothing."""
    marker = await s.cases.read_marker(NEWS)
    pending = marker.value.get("pending") if marker else None
    if pending and now - datetime.fromisoformat(pending) < RENEWED:
        return
    with contextlib.suppress(StoreConflict):  # somebody else says it right now
        await s.cases.write_marker(NEWS, {"pending": now.isoformat()}, marker.etag if marker else None)
