"""A case as rows of its partition: the truth, the due pointer and the timeline, written in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from onboarding.domain.case import Case
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.records import TimelineEntry
from onboarding.errors import OperatorError, StoreConflict
from onboarding.ports import CaseSummary
from onboarding.storage import summary
from onboarding.storage.azure import keys, single, tables
from onboarding.storage.azure.tables import Operation
from onboarding.storage.rows import damaged, pack
from onboarding.storage.times import micros

CASE, DUE, TIMELINE = "case", "due", "t_"
#: Words and their characters that one case is found under; the rest is not searched.
WORDS, WORD_CHARACTERS = 300, 30_000
_LAST_ROW = 10**10 - 1


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which due row of a case is the true one."""

    #: Microseconds since 1970; None: nothing planned.
    at: int | None
    #: Counts up with every change, so that no two rows of a case ever share a key.
    version: int
    #: Of the pointer's own row; '' while there is none.
    etag: str

    @classmethod
    def of(cls, row: Any | None) -> Pointer:
        """Of a row as read; None: there is none yet."""
        if row is None:
            return NO_POINTER
        return cls(int(row["at"]) if row["at"] else None, int(row["version"]), str(row.metadata["etag"]))

    def operation(self, case_id: str, at: int | None) -> Operation:
        """Point to a row at `at`, of the next version, if the pointer is still this one."""
        entity = {
            "PartitionKey": case_id,
            "RowKey": DUE,
            "at": "" if at is None else str(at),
            "version": self.version + 1,
        }
        return tables.replace(entity, self.etag) if self.etag else tables.create(entity)


NO_POINTER = Pointer(None, 0, "")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a case's etag carries: all that the next save must know of what it replaces."""

    #: Rows of the timeline.
    rows: int
    pointer: Pointer
    #: Where its list row is; '' where it is not listed.
    place: str
    #: Digest of its words.
    words: str
    #: The row's own etag.
    etag: str

    def token(self) -> str:
        """Opaque text for `Case.etag`."""
        due = self.pointer
        row = [self.rows, due.at, due.version, due.etag, self.place, self.words, self.etag]
        return msgspec.json.encode(row).decode()

    @classmethod
    def of(cls, token: str | None) -> Seen:
        """The inverse of `token`; StoreConflict for anything else."""
        try:
            row = msgspec.json.decode(token or "", type=tuple[int, int | None, int, str, str, str, str])
        except (msgspec.MsgspecError, UnicodeEncodeError) as exc:
            raise StoreConflict("the row was not read from this store: load it and decide again") from exc
        return cls(row[0], Pointer(*row[1:4]), *row[4:])


@dataclass(frozen=True, slots=True)
class CaseRow:
    """Everything one save writes, taken from the case before the first await."""

    case_id: str
    json: bytes
    due: int | None
    place: str
    words: frozenset[str]
    ids: frozenset[str]
    summary: CaseSummary
    timeline: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, case: Case, timeline: Sequence[TimelineEntry] = ()) -> CaseRow:
        """Pack a case. OperatorError `case_too_large` when no row can hold it."""
        data = encode(case)
        if len(data) > single.LARGEST:
            raise OperatorError(
                "the case has grown larger than a row of the store: HR sent more than one person's data, or its "
                "evidence must be exported and the case closed",
                code="case_too_large",
            )
        when = case.wakes_at
        return cls(
            case_id=case.case_id,
            json=data,
            due=None if when is None else micros(when),
            place=place_of(case),
            words=_within(summary.words(case)),
            ids=summary.ids(case),
            summary=summary.summarize(case),
            timeline=_packed(timeline),
        )

    @property
    def words_digest(self) -> str:
        """Changes when a word or an id does."""
        return _digest(self.words, self.ids)

    def operations(self, seen: Seen | None, pointer: Pointer) -> list[Operation]:
        """The transaction: insert (nothing seen) or replace what was seen, then the pointer if it changes, then
        the timeline."""
        start = seen.rows if seen else 0
        entity = {
            "PartitionKey": self.case_id,
            "RowKey": CASE,
            **single.columns(self.json),
            "place": self.place,
            "rows": start + len(self.timeline),
            "words": "\n".join(sorted(self.words)),
            "ids": pack(sorted(self.ids)).decode(),
        }
        operations = [tables.replace(entity, seen.etag) if seen else tables.create(entity)]
        if self.moves(pointer):
            operations.append(pointer.operation(self.case_id, self.due))
        for number, entries in enumerate(self.timeline, start):
            key = f"{TIMELINE}{_LAST_ROW - number:010d}"
            operations.append(
                tables.create({"PartitionKey": self.case_id, "RowKey": key, "entries": entries})
            )
        return operations

    def moves(self, pointer: Pointer) -> bool:
        """True if this save has to point to another due row."""
        return not pointer.etag or self.due != pointer.at

    def written(self, seen: Seen | None, pointer: Pointer, etags: Sequence[str]) -> Seen:
        """What is to be seen after that transaction."""
        rows = (seen.rows if seen else 0) + len(self.timeline)
        if self.moves(pointer):
            pointer = Pointer(self.due, pointer.version + 1, etags[1])
        return Seen(rows, pointer, self.place, self.words_digest, etags[0])

    def list_row(self) -> dict[str, Any]:
        """Columns of the list row."""
        return {"summary": pack(self.summary), "words": "\n".join(sorted(self.words))}


def place_of(case: Case) -> str:
    """Where the list row of this case belongs: `<facet>|<row key>`, or '' for a case that is not listed."""
    if not case.listed:
        return ""
    facet = (case.state.value, case.status.value, case.source, summary.reason(case) or "")
    return f"{','.join(map(keys.plain, facet))}|{keys.falling(case.updated_at)}_{case.case_id}"


def read(case_id: str, row: Any, due: Any | None) -> Case:
    """The case of its two rows. DeployerError `store_damaged` for rows that cannot be read."""
    with damaged("case", case_id):
        words, ids = words_of(row["words"]), ids_of(row["ids"])
        seen = Seen(row["rows"], Pointer.of(due), row["place"], _digest(words, ids), row.metadata["etag"])
        return decode(single.joined(row), seen.token())


def words_of(text: str) -> frozenset[str]:
    """The words of a row's property: they hold no line break."""
    return frozenset(filter(None, text.split("\n")))


def ids_of(text: str) -> frozenset[str]:
    """The ids of a row's property: HR's own, which may hold anything."""
    return frozenset(msgspec.json.decode(text, type=list[str]))


def _digest(words: frozenset[str], ids: frozenset[str]) -> str:
    text = "\n".join([*sorted(words), "", *sorted(ids)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _within(words: frozenset[str]) -> frozenset[str]:
    """Words up to the limits, so that no name makes a case unwritable."""
    kept, room = [], WORD_CHARACTERS
    for word in sorted(words)[:WORDS]:
        room -= len(word) + 1
        if room < 0:
            break
        kept.append(word)
    return frozenset(kept)


def _packed(entries: Sequence[TimelineEntry]) -> tuple[bytes, ...]:
    """Entries as JSON lists, each short enough for one property."""
    rows: list[list[bytes]] = []
    size = single.CHUNK
    for entry in entries:
        data = pack(entry)
        if size + len(data) > single.CHUNK - 2:
            rows.append([])
            size = 0
        rows[-1].append(data)
        size += len(data) + 1
    return tuple(b"[" + b",".join(row) + b"]" for row in rows)
