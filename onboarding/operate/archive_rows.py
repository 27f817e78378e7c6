"""The lines of an archive: JSON, one row a line, each with its kind in `row`.

    {"row":"archive","format":"onboarding-archive","version":1,"at":"…"}     the first line
    {"row":"marker"|"delivery"|"case"|"alias"|"operation"|"usage", …}        one line a row
    {"row":"end","counts":{"case":…},"sha256":"…"}                           the last line

`sha256` is over every byte before the last line: an archive that was cut, or changed on the way, is recognised.
It is no signature: whoever may write the file may write what is in it. A case is `domain.case_rows.encode`, so an
archive of an older version is lifted as a stored row is. Times are RFC 3339, bodies base64.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from onboarding.domain.case import Alias, Case
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.records import TimelineEntry
from onboarding.errors import Refused
from onboarding.ports import Delivery, Operation, UsageRow

FORMAT = "onboarding-archive"
VERSION = 1
#: Longest line, in bytes. A body has 256 kB at most; a case that is far larger than this is no case.
MAX_LINE = 64 * 2**20

_CASE_ID = re.compile(r"c_[a-z0-9]{20}")
_DELIVERY_ID = re.compile(r"d_[a-z0-9]{26}")
_OPERATION_ID = re.compile(r"o_[a-z0-9]{1,40}")
_WEEK, _PART, _COUNTED = re.compile(r"\d{4}-W\d{2}"), re.compile("[0-9]"), re.compile("count|event|person")


class _Row(msgspec.Struct, tag_field="row", forbid_unknown_fields=True, frozen=True):
    """One line."""


class Header(_Row, tag="archive", frozen=True):
    """The first line. `at` is when the export began."""

    format: str
    version: int
    at: datetime


class CaseRow(_Row, tag="case", frozen=True):
    """A case, as the store keeps it, with its whole timeline, oldest first."""

    case: msgspec.Raw
    timeline: list[TimelineEntry]

    @classmethod
    def of(cls, case: Case, timeline: list[TimelineEntry]) -> CaseRow:
        """The row of a case."""
        return cls(msgspec.Raw(encode(case)), timeline)

    def unpacked(self) -> Case:
        """The case, without etag. Raises as `domain.case_rows.decode`."""
        case = decode(bytes(self.case), "")
        case.etag = None
        return case


class AliasRow(_Row, tag="alias", frozen=True):
    """An alias and the case that owns it."""

    alias: Alias
    case_id: str


class MarkerRow(_Row, tag="marker", frozen=True):
    """A marker. Its etag is the store's, and stays behind."""

    name: str
    value: dict[str, Any]


class OperationRow(_Row, tag="operation", frozen=True):
    """An operation."""

    operation: Operation


class DeliveryRow(_Row, tag="delivery", frozen=True):
    """A delivery, with its body where it has one still."""

    delivery: Delivery


class UsageLine(_Row, tag="usage", frozen=True):
    """A counter of the usage report, or a mark that something was counted."""

    usage: UsageRow


class End(_Row, tag="end", frozen=True):
    """The last line: how many rows of each kind there are, and the digest of all that stands before."""

    counts: dict[str, int]
    sha256: str


Row: TypeAlias = CaseRow | AliasRow | MarkerRow | OperationRow | DeliveryRow | UsageLine
#: Kinds in the order of an export (`archive.export`).
KINDS = ("marker", "delivery", "case", "alias", "operation", "usage")

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Header | Row | End] = msgspec.json.Decoder(Header | Row | End)


def kind_of(row: Row) -> str:
    """`case`, `alias` …"""
    return str(row.__struct_config__.tag)


def line(row: Header | Row | End) -> bytes:
    """The line of a row, with its line feed."""
    return _encoder.encode(row) + b"\n"


def damaged(number: int, why: str) -> Refused:
    """The error of one line. `why` holds nothing of what stands in it."""
    return Refused(
        f"Line {number} of the archive {why}. Nothing of a person is shown here: look at the line."
    )


def other() -> Refused:
    """The error of a file that never was an archive."""
    return Refused("This is not a file that `export` wrote.", code="not_an_archive")


def cut(number: int) -> Refused:
    """The error of a file that ends in or after this line, before its end."""
    return Refused(
        f"The file ends early, at line {number}: copy it again, or export again.", code="archive_cut"
    )


def read(number: int, text: bytes) -> Header | Row | End:
    """The row of a line, whole and typed. Refused with the line's number, and nothing that stands in it."""
    try:
        row = _decoder.decode(text)
        _check(row)
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise damaged(number, "is not a row of an archive") from exc
    return row


def rows(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, Row]]:
    """The rows between header and end of an archive that was verified."""
    for number, text in lines:
        row = read(number, text)
        if not isinstance(row, Header | End):
            yield number, row


def _check(row: Header | Row | End) -> None:
    """ValueError for what has the right type and cannot be: ids that are not ours, times without a zone."""
    match row:
        case CaseRow():
            case = row.unpacked()
            ids = [(_CASE_ID, case.case_id)]
            _check_times(case)
            _check_times(row.timeline)
        case AliasRow():
            ids = [(_CASE_ID, row.case_id)]
        case OperationRow():
            ids = [(_OPERATION_ID, row.operation.operation_id)]
            _check_times(row.operation)
        case DeliveryRow():
            ids = [(_DELIVERY_ID, row.delivery.delivery_id)]
            _check_times(row.delivery)
        case UsageLine():
            ids = [(_WEEK, row.usage.week), (_PART, str(row.usage.part)), (_COUNTED, row.usage.kind)]
        case _:
            ids = []
    if not all(pattern.fullmatch(value) for pattern, value in ids):
        raise ValueError("an id")


def _check_times(value: object) -> None:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
    elif is_dataclass(value):
        for item in fields(value):
            _check_times(getattr(value, item.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            _check_times(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_times(item)
