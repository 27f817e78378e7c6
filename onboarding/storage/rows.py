"""Small rows as JSON, versions as etags, and what to say of a row that cannot be read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from onboarding.errors import DeployerError, StoreConflict

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def pack(value: Any) -> bytes:
    """JSON of a dataclass."""
    return _encoder.encode(value)


def unpack(row: bytes, kind: type[T]) -> T:
    """The dataclass of a JSON row; msgspec.MsgspecError if it is damaged."""
    return msgspec.json.decode(row, type=kind)


def version_of(etag: str | None) -> int:
    """The version that an etag of ours stands for. StoreConflict for anything else."""
    if etag is None or not (etag.isascii() and etag.isdigit() and len(etag) <= 18):
        raise StoreConflict("the row was not read from this store: load it and decide again")
    return int(etag)


@contextlib.contextmanager
def damaged(what: str, key: str) -> Iterator[None]:
    """Turns what decoding a damaged row raises into DeployerError `store_damaged`, without the row's values."""
    try:
        yield
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise DeployerError(
            f"the stored {what} {key} cannot be read ({type(exc).__name__}): restore it from a copy, "
            "or run the version of this program that wrote it",
            code="store_damaged",
        ) from exc
