"""The one JSON form of a case. Rows carry `schema`, and `decode` lifts older ones (`_LIFTS`)."""

from __future__ import annotations

from typing import Any

import msgspec

from onboarding.domain.case import SCHEMA, Case

_encoder = msgspec.json.Encoder()
#: Nothing before that field has one of this name, and in texts the marks are escaped.
_NO_ETAG = b',"etag":null'


def encode(case: Case) -> bytes:
    """JSON of a case without its etag (the store keeps that)."""
    etag, case.etag = case.etag, None
    try:
        return _encoder.encode(case).replace(_NO_ETAG, b"", 1)
    finally:
        case.etag = etag


class _Version(msgspec.Struct):
    """What is read of a row before anything else."""

    schema: int = 1


_versions = msgspec.json.Decoder(_Version)
_decoder = msgspec.json.Decoder(Case)

#: schema n → function that lifts a row of schema n to n + 1.
_LIFTS: dict[int, Any] = {}


def decode(data: bytes, etag: str) -> Case:
    """Case from its JSON, lifted from older schemas. Raises msgspec.DecodeError on a damaged row.

    A row of a newer schema is refused as well: written back by this version, it would lose what is new.
    """
    try:
        case = _decoder.decode(data)
    except msgspec.ValidationError:  # of another schema, or damaged
        if _versions.decode(data).schema == SCHEMA:
            raise
    else:
        if case.schema == SCHEMA:
            case.etag = etag
            return case
    schema = _versions.decode(data).schema
    row = msgspec.json.decode(data, type=dict[str, Any])
    while schema in _LIFTS and schema < SCHEMA:
        row = _LIFTS[schema](row)
        schema = row["schema"]
    if schema != SCHEMA:
        raise msgspec.ValidationError("The case row has a schema that this version does not know.")
    row["etag"] = etag
    return msgspec.convert(row, Case)
