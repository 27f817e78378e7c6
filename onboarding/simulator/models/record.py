"""What is written once and saved often: packed once, so that saving (state.py) stays cheap as it grows."""

from __future__ import annotations

import pickle
import zlib
from typing import Any, TypeVar

_BLOCK = 128
T = TypeVar("T")


def _pack(value: Any) -> bytes:
    return zlib.compress(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL), level=1)


def _unpack(packed: bytes) -> Any:
    return pickle.loads(zlib.decompress(packed))  # noqa: S301 - inside the state file that state.py checks


class Record(list[T]):
    """A list that only grows, by `append`, of entries that nobody changes."""

    def __init__(self) -> None:
        super().__init__()
        self._packed: list[bytes] = []

    def __reduce__(self) -> tuple[Any, ...]:
        while len(self) - len(self._packed) * _BLOCK >= _BLOCK:
            begin = len(self._packed) * _BLOCK
            self._packed.append(_pack(self[begin : begin + _BLOCK]))
        return _record, (self._packed, self[len(self._packed) * _BLOCK :])


def _record(packed: list[bytes], rest: list[Any]) -> Record[Any]:
    record: Record[Any] = Record()
    for block in packed:
        record.extend(_unpack(block))
    record.extend(rest)
    record._packed = packed
    return record


class Sealed(dict[str, Any]):
    """An object that nobody changes after it was made."""

    def __init__(self, content: dict[str, Any], packed: bytes | None = None) -> None:
        super().__init__(content)
        self._packed = packed

    def __reduce__(self) -> tuple[Any, ...]:
        if self._packed is None:
            self._packed = _pack(dict(self))
        return _sealed, (self._packed,)


def _sealed(packed: bytes) -> Sealed:
    return Sealed(_unpack(packed), packed)
