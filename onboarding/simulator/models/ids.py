"""Reproducible ids: one seed, one run."""

from __future__ import annotations

import random
import string
import uuid

_OPAQUE = string.ascii_letters + string.digits + "-_"
#: No look-alikes, as in the passes that the portal shows.
_PASS = "".join(c for c in string.ascii_letters + string.digits + "*$&%#!+" if c not in "0O1lI")


class Ids:
    """Everything that real Entra draws at random. Object ids and trace ids come from separate streams,
    so that polling does not change the ids of the objects made next."""

    def __init__(self, seed: int) -> None:
        self._objects = random.Random(seed)
        self._traces = random.Random(seed ^ 0x7ACE)
        self._records = 0

    def guid(self) -> str:
        return str(uuid.UUID(int=self._objects.getrandbits(128), version=4))

    def request_id(self) -> str:
        return str(uuid.UUID(int=self._traces.getrandbits(128), version=4))

    def record_id(self, prefix: str) -> str:
        """An audit id: opaque and no GUID (directoryaudit-list, example 2: SSGM_..._MCDC4_88453290)."""
        self._records += 1
        return (
            f"{prefix}_{self.guid()}_{''.join(self._objects.choices('ABCDEFGHJK', k=5))}_{self._records:08d}"
        )

    def key_id(self) -> str:
        """A passkey's id: its credential id, no GUID (authentication-list-methods, example)."""
        return "".join(self._objects.choices(_OPAQUE, k=22)) + "2"

    def opaque(self, length: int) -> str:
        """A long base64url-like id, as Outlook uses for messages."""
        return "AAMk" + "".join(self._objects.choices(_OPAQUE, k=length - 5)) + "="

    def access_pass(self, length: int) -> str:
        return "".join(self._objects.choices(_PASS, k=length))
