"""The tenant in a file, so that it outlives the process: `--state FILE`.

The file is rewritten whole (draft beside it, then renamed over it, mode 0600) after every request that changed
something and before its answer leaves: whoever got an answer finds its effect after a kill -9. A read writes
nothing unless a fault acted on it, so lines of the request log about reads come into the file with the next
change or with an orderly end.

Content: one line of `_MAGIC`, the SHA-256 of the rest in hex, then a pickle of `_Saved`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import os
import pickle
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from onboarding.errors import ConfigurationError
from onboarding.simulator.models import (
    audit,
    crowd,
    entra,
    faults,
    groups,
    licences,
    mail,
    methods,
    people,
    policy,
    subscriptions,
    teams,
    tenant,
)
from onboarding.simulator.models.tenant import Tenant

_MAGIC = b"onboarding simulator state\n"
_DIGEST = 64
_SHAPED = (
    audit.Actor,
    audit.Keeping,
    crowd.Crowd,
    crowd.Plan,
    entra.Entra,
    faults.Fault,
    groups.Group,
    licences.Licence,
    licences.Sku,
    mail.Mailboxes,
    mail.Message,
    methods.AccessPass,
    methods.Method,
    people.Person,
    policy.PassPolicy,
    policy.Policy,
    teams.Teams,
    subscriptions.Subscription,
    tenant.Report,
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Saved:
    #: Names of all that is kept; another one means another version of the simulator.
    shape: str
    #: The wall clock when the file was written.
    at: datetime
    tenant: Tenant


def _wall() -> datetime:
    return datetime.now(UTC)


def _shape() -> str:
    fields = [f"{kind.__name__}.{item.name}" for kind in _SHAPED for item in dataclasses.fields(kind)]
    return " ".join([*sorted(vars(Tenant())), *fields])


class StateFile:
    """`load` once, then `keep` after every request. `wall` tells the real time."""

    def __init__(self, path: Path, *, wall: Callable[[], datetime] = _wall) -> None:
        self.path = path
        self._wall = wall
        self._shape = _shape()

    def load(self) -> Tenant | None:
        """The saved tenant, its clock further by the real time since then and never behind it; None when there
        is no file. ConfigurationError for a file that is damaged, foreign, or of another version.
        """
        try:
            saved = self._read()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise self._refusal(f"cannot be read ({exc.strerror})") from exc
        saved.tenant.unsaved = False
        away = max(timedelta(0), self._wall() - saved.at)  # the wall clock may have been set back
        saved.tenant.clock.advance(away)
        return saved.tenant

    async def keep(self, tenant: Tenant) -> None:
        """Return when what changed is in the file. Requests of one turn of the loop share a write.

        OSError when it cannot be written; the next request tries again.
        """
        if not tenant.unsaved:
            return
        await asyncio.sleep(0)
        if tenant.unsaved:
            self.write(tenant)

    def write(self, tenant: Tenant) -> None:
        """The file holds the tenant as it is now, or stays as it was."""
        saved = pickle.dumps(_Saved(self._shape, self._wall(), tenant), protocol=pickle.HIGHEST_PROTOCOL)
        draft = self.path.with_name(self.path.name + ".tmp")
        draft.unlink(missing_ok=True)  # a kill left it
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(_MAGIC + hashlib.sha256(saved).hexdigest().encode())
            out.write(saved)
        draft.replace(self.path)
        tenant.unsaved = False

    def _read(self) -> _Saved:
        with self.path.open("rb") as source:
            facts = os.fstat(source.fileno())
            content = source.read()
        head, pickled = content[: len(_MAGIC) + _DIGEST], content[len(_MAGIC) + _DIGEST :]
        if not head.startswith(_MAGIC):
            raise self._refusal("is not a file of the simulator")
        if head != _MAGIC + hashlib.sha256(pickled).hexdigest().encode():
            raise self._refusal("is damaged")
        if facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o077:
            raise self._refusal("is not yours alone (mode 0600)")
        try:
            # A pickle can run code, so this one is read only where nobody else could have written it: the file
            # is this user's with mode 0600 (checked above), written by this module, on a developer's machine
            # (the simulator refuses to run in Azure). It keeps the many shared references as they are.
            saved = pickle.loads(pickled)  # noqa: S301
        except (pickle.UnpicklingError, AttributeError, ImportError, KeyError, TypeError, ValueError) as exc:
            raise self._refusal("was written by another version") from exc
        if not isinstance(saved, _Saved) or saved.shape != self._shape:
            raise self._refusal("was written by another version")
        return saved

    def _refusal(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"The state file {self.path} {what}: remove it, or name another one "
            "(`make serve` and `make demo` without KEEP=1 begin with a fresh one)."
        )
