"""The directory's side of the at-risk report, small enough to hold for a whole tenant: 12 bytes a person.

Pages of users come in one order and pages of the report in another, so one side has to be held. Kept are a digest of
the object id, bits, and the number of the department; names, numbers and addresses are looked at and dropped.
"""

from __future__ import annotations

import uuid
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from onboarding.domain.at_risk import Bit, words_match
from onboarding.domain.policy import ReportsPolicy
from onboarding.domain.usage import NOT_SAID
from onboarding.ports import DirectoryPerson

#: Departments that are told apart; of the others it is only known that they are others.
DEPARTMENTS = 60_000
OTHERS = "(others)"
_LONGEST = 100


@dataclass(slots=True)
class Departments:
    """Names by number; number 0 is "not said"."""

    names: list[str] = field(default_factory=lambda: [NOT_SAID, OTHERS])
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str | None) -> int:
        name = " ".join((text or "").split())[:_LONGEST]
        if not name:
            return 0
        found = self._numbers.get(name)
        if found is None:
            if len(self.names) >= DEPARTMENTS:
                return 1
            found = self._numbers[name] = len(self.names)
            self.names.append(name)
        return found


class Workforce:
    """Everybody in the directory. `add` pages, then `close`, then `find`."""

    def __init__(self, policy: ReportsPolicy, now: datetime) -> None:
        self._policy = policy
        self._new_since = now - timedelta(days=policy.new_days)
        self.departments = Departments()
        self._keys, self._bits, self._places = array("Q"), array("H"), array("H")

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, page: Sequence[DirectoryPerson]) -> None:
        """One page of users."""
        for person in page:
            self._keys.append(_key(person.id))
            self._bits.append(self._bits_of(person))
            self._places.append(self.departments.number(person.department))

    def _bits_of(self, person: DirectoryPerson) -> int:
        policy, bits = self._policy, Bit.LISTED | Bit.DATA_KNOWN | Bit.SYNCED_KNOWN
        bits |= Bit.DATA if person.directory_data else 0
        bits |= Bit.SYNCED if person.synced else 0
        bits |= Bit.GUEST if person.guest else 0
        bits |= Bit.ENABLED if person.enabled else 0
        if person.created_at is not None:
            bits |= Bit.NEW_KNOWN | (Bit.NEW if person.created_at >= self._new_since else 0)
        texts = (person.department, person.job_title)
        bits |= Bit.FINANCE if words_match(policy.finance_words, *texts) else 0
        bits |= Bit.DIRECTOR if words_match(policy.director_words, person.job_title) else 0
        if policy.little_pc_words:
            bits |= Bit.LITTLE_PC_KNOWN
            bits |= Bit.LITTLE_PC if words_match(policy.little_pc_words, *texts) else 0
        return int(bits)

    def close(self) -> None:
        """Sort: from here on people are found."""
        order = sorted(range(len(self._keys)), key=self._keys.__getitem__)
        self._keys = array("Q", (self._keys[at] for at in order))
        self._bits = array("H", (self._bits[at] for at in order))
        self._places = array("H", (self._places[at] for at in order))

    def mark_admins(self, user_ids: Iterable[str]) -> None:
        """Holders of a directory role."""
        for user_id in user_ids:
            if (at := self._at(user_id)) is not None:
                self._bits[at] |= int(Bit.ADMIN)

    def find(self, user_id: str) -> tuple[int, int]:
        """Bits and number of the department of somebody in the report; nothing is known of a stranger."""
        at = self._at(user_id)
        if at is None:
            return 0, 0
        self._bits[at] |= int(Bit.REPORTED)
        return self._bits[at], self._places[at]

    def unreported(self) -> int:
        """Enabled members that the report did not have."""
        wanted, of = int(Bit.ENABLED), int(Bit.ENABLED | Bit.GUEST | Bit.REPORTED)
        return sum(1 for bits in self._bits if bits & of == wanted)

    def _at(self, user_id: str) -> int | None:
        key = _key(user_id)
        at = bisect_left(self._keys, key)
        return at if at < len(self._keys) and self._keys[at] == key else None


class Rows:
    """People at risk, packed: 24 bytes each. Given back by rank, in the order in which they came."""

    def __init__(self) -> None:
        self._ids = bytearray()
        self._other_ids: dict[int, str] = {}
        self._bits, self._places = array("H"), array("H")
        self._contents = array("I")

    def __len__(self) -> int:
        return len(self._bits)

    def add(self, user_id: str, bits: int, place: int, content: int) -> None:
        """`content`: number of what the row says."""
        try:
            packed = uuid.UUID(user_id).bytes
        except ValueError:
            packed = bytes(16)
            self._other_ids[len(self._bits)] = user_id
        self._ids += packed
        self._bits.append(bits)
        self._places.append(place)
        self._contents.append(content)

    def __iter__(self) -> Iterator[tuple[str, int, int, int]]:
        for at in range(len(self._bits)):
            user_id = self._other_ids.get(at)
            if user_id is None:
                user_id = str(uuid.UUID(bytes=bytes(self._ids[at * 16 : at * 16 + 16])))
            yield user_id, self._bits[at], self._places[at], self._contents[at]


def _key(user_id: str) -> int:
    return int.from_bytes(blake2b(user_id.lower().encode(), digest_size=8).digest(), "big")
