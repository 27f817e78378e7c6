"""Authentication methods, Temporary Access Passes, audit log and registration report."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from onboarding.domain.evidence import Evidence, Registration


@dataclass(frozen=True, slots=True)
class AccessPass:
    """A Temporary Access Pass. The secret exists only in the answer to its creation; repr leaves it out."""

    id: str
    usable_from: datetime
    lifetime_minutes: int
    secret: str = field(repr=False, default="")
    usable: bool = True
    #: methodUsabilityReason as Graph spells it.
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SignInMethod:
    """One method as the service desk has to recognise it. Never stored or logged: the label is the person's."""

    id: str
    #: Name in the vocabulary of `methodsRegistered`.
    method: str
    #: Name of the device, or the last two digits of the number.
    label: str = field(repr=False, default="")
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PassLimits:
    """The tenant's TAP policy: limits in minutes; `enabled` False: no passes in this tenant."""

    enabled: bool
    minimum_minutes: int = 60
    maximum_minutes: int = 480


@dataclass(frozen=True, slots=True)
class SeenEvidence:
    """Evidence of one person, from the audit log."""

    user_id: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class SeenRegistration:
    """One person's row of the registration report."""

    user_id: str
    registration: Registration


class SecurityInfo(Protocol):
    """Authentication methods, passes, audit log and registration report."""

    def audit_events(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[SeenEvidence]]:
        """Pages of evidence about authentication methods, oldest first; unknown activities left out."""
        ...

    def streamed(self, message: bytes) -> Sequence[SeenEvidence]:
        """Evidence in one message of the diagnostic stream. Takes any bytes; asks nobody."""
        ...

    def registration_report(self) -> AsyncIterator[Sequence[SeenRegistration]]:
        """Pages of the whole report, streamed. OperatorError `report_needs_premium` on a Free tenant."""
        ...

    async def registration_of(self, user_id: str, now: datetime) -> Registration:
        """The targeted read: this person's methods right now (`/authentication/methods`)."""
        ...

    async def sign_in_methods(self, user_id: str) -> list[SignInMethod] | None:
        """What can be deleted when a phone is lost: phones, authenticator apps, passkeys. None: no such account, or
        not yet."""
        ...

    async def delete_method(self, user_id: str, method: str, method_id: str) -> None:
        """Delete one; one that is gone already is fine. OperatorError `graph_bad_value` where Graph refuses: a mobile
        phone while an alternate one is left; PermissionMissing."""
        ...

    async def pass_limits(self) -> PassLimits: ...

    async def create_pass(self, user_id: str, usable_from: datetime, minutes: int) -> AccessPass:
        """One-time. Replaces a pass that exists. EffectUnknown when no answer came."""
        ...

    async def add_phone(self, user_id: str, number: str) -> None:
        """A mobile number (`+CC NNN…`) as authentication method. OperatorError `graph_bad_value` when Graph refuses
        it; EffectUnknown when no answer came."""
        ...

    async def passes(self, user_id: str) -> list[AccessPass]:
        """Without secrets."""
        ...

    async def void_pass(self, user_id: str, pass_id: str) -> None:
        """Delete; a pass that is gone already is fine."""
        ...
