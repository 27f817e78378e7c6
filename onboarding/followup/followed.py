"""Everybody in follow-up or through with it, small enough to hold for a whole tenant: who they are in the report, and
what was read of them last. About 50 bytes a person; a case is loaded only where the report says something new about
its person.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from onboarding.domain.evidence import Registration, Status
from onboarding.domain.lifecycle import State
from onboarding.domain.lists import as_of_hour, content
from onboarding.followup.apply import FOLLOWED
from onboarding.followup.evidence import SAME_AGAIN, SAME_AGAIN_CONFIRMED
from onboarding.ports import CaseQuery, CaseStore, CaseSummary

_PAGE = 500
_CONFIRMED, _SHAKY, _SEEN, _KNOWN = 1, 2, 4, 8
#: Statuses that stand or fall with the report.
_ON_THE_REPORT = frozenset(
    {
        Status.DIRECTORY_ONLY,
        Status.ABSENT,
        Status.UNATTRIBUTED,
        Status.ADMIN_REGISTERED,
        Status.PARTIAL,
        Status.UNKNOWN,
    }
)
_ID = 22
_HOUR = timedelta(hours=1)
#: Distinct contents of rows that are remembered.
_CONTENTS = 4096


class News(NamedTuple):
    """A case to load. `again`: only to write down that the report still says the same."""

    case_id: str
    again: bool


@dataclass(slots=True)
class Followed:
    """Parallel arrays, sorted by key. `unplaced`: cases whose list row does not name the account yet."""

    keys: array[int] = field(default_factory=lambda: array("Q"))
    contents: array[int] = field(default_factory=lambda: array("Q"))
    hours: array[int] = field(default_factory=lambda: array("L"))
    flags: bytearray = field(default_factory=bytearray)
    ids: bytearray = field(default_factory=bytearray)
    unplaced: set[str] = field(default_factory=set)
    _of: dict[tuple[object, ...], int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys)

    def case_id(self, at: int) -> str:
        return self.ids[at * _ID : at * _ID + _ID].decode()

    def news(self, user_id: str, row: Registration, *, judge: bool, fading: datetime) -> News | None:
        """The case to load for this row of the report: None for a stranger, and where it says the same again.

        `judge`: the rules have changed since, so everybody is looked at. `fading`: what is known as of before then
        would be too old before the next reading.
        """
        key = _key(user_id)
        at = bisect_left(self.keys, key)
        if at == len(self.keys) or self.keys[at] != key:
            return None
        self.flags[at] |= _SEEN
        if judge or not self.flags[at] & _KNOWN or self.contents[at] != self._content(row):
            return News(self.case_id(at), again=False)
        return News(self.case_id(at), again=True) if self._is_time(at, row.as_of, fading) else None

    def _is_time(self, at: int, as_of: datetime, fading: datetime) -> bool:
        """To write down that a list as of then says the same again."""
        # It was in that hour: a case that is loaded sooner would find that it is too early.
        known = datetime.fromtimestamp((self.hours[at] + 1) * 3600, UTC)
        if self.flags[at] & (_CONFIRMED | _SHAKY) == _CONFIRMED:
            return as_of - known >= SAME_AGAIN_CONFIRMED
        return as_of - known >= SAME_AGAIN or (known - _HOUR < fading and known < as_of)

    def missing(self) -> list[str]:
        """Cases whose person is not in the report, as far as that is news."""
        return [self.case_id(at) for at in self._unseen() if not self._is_absent(at)]

    def still_missing(self, as_of: datetime, fading: datetime) -> list[str]:
        """Cases of which that is no news, and is to be written again."""
        return [
            self.case_id(at)
            for at in self._unseen()
            if self._is_absent(at) and self._is_time(at, as_of, fading)
        ]

    def _unseen(self) -> Iterator[int]:
        return (at for at, flags in enumerate(self.flags) if not flags & _SEEN)

    def _is_absent(self, at: int) -> bool:
        return bool(self.flags[at] & _KNOWN) and self.contents[at] == self._content(_ABSENT)

    def shaky(self) -> Iterator[str]:
        """Cases whose status stands or falls with the report."""
        return (self.case_id(at) for at, flags in enumerate(self.flags) if flags & _SHAKY)

    def _content(self, row: Registration) -> int:
        # Most people look alike: a digest is made once for each distinct content.
        flags = (row.is_admin, row.sspr_enabled, row.sspr_registered, row.sspr_capable, row.present)
        found = self._of.get(key := (row.methods, *flags))
        if found is None:
            found = int(content(row), 16)
            if len(self._of) < _CONTENTS:
                self._of[key] = found
        return found


#: What a case knows of somebody who is not in the report.
_ABSENT = Registration((), datetime(1970, 1, 1, tzinfo=UTC), present=False)


async def load(cases: CaseStore) -> Followed:
    """Walk the list rows of the states that the report can matter to; no case is loaded."""
    found = Followed()
    places: list[int] = []
    for state in (*FOLLOWED, State.CLOSED):
        page: str | None = None
        while True:
            rows = await cases.search(CaseQuery(state=state), page, _PAGE)
            for row in rows.items:
                # Of closed cases only those without a reason: watched to the end.
                if state in FOLLOWED or (row.reason_code is None and row.object_id is not None):
                    _add(found, row)
            page = rows.next_page
            if page is None:
                break
    places = sorted(range(len(found.keys)), key=found.keys.__getitem__)
    ordered = Followed(unplaced=found.unplaced)
    for at in places:
        ordered.keys.append(found.keys[at])
        ordered.contents.append(found.contents[at])
        ordered.hours.append(found.hours[at])
        ordered.flags.append(found.flags[at])
        ordered.ids += found.ids[at * _ID : at * _ID + _ID]
    return ordered


def _add(found: Followed, row: CaseSummary) -> None:
    if row.object_id is None or len(row.case_id) != _ID:
        found.unplaced.add(row.case_id)
        return
    flags = (0 if row.state == State.FOLLOWING_UP else _CONFIRMED) | (
        _SHAKY if row.status in _ON_THE_REPORT else 0
    )
    hour, said = 0, 0
    if row.seen is not None:
        flags |= _KNOWN
        hour = int(as_of_hour(row.seen).timestamp()) // 3600
        said = int(row.seen.partition(".")[2], 16)
    found.keys.append(_key(row.object_id))
    found.contents.append(said)
    found.hours.append(hour)
    found.flags.append(flags)
    found.ids += row.case_id.encode()


def _key(user_id: str) -> int:
    return int.from_bytes(blake2b(user_id.lower().encode(), digest_size=8).digest(), "big")
