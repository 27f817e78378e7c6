"""The set that a use case gets, and the composing of messages, which needs that set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from onboarding.domain.case import Case
from onboarding.domain.policy import Policy
from onboarding.domain.records import RungRecord
from onboarding.ports.cases import CaseStore
from onboarding.ports.deliveries import DeliveryStore
from onboarding.ports.directory import Directory
from onboarding.ports.hr import HrApi, NoHrApi
from onboarding.ports.mail import Mail, Mailer
from onboarding.ports.queues import WorkQueue
from onboarding.ports.security import SecurityInfo
from onboarding.ports.time import Clock, Entropy
from onboarding.ports.usage import UsageStore
from onboarding.settings import Settings


class Messages(Protocol):
    """Composing and delivering the messages of the ladder; made by `onboarding.followup`."""

    def compose(
        self,
        message: str,
        case: Case,
        to: tuple[str, ...],
        *,
        now: datetime,
        facts: Mapping[str, str] | None = None,
    ) -> Mail:
        """The message in the person's language (fallback chain). `facts` fill what the case does not hold."""
        ...

    async def deliver(
        self, s: Services, case: Case, rung: str, audience: str, mail: Mail, now: datetime
    ) -> RungRecord:
        """At most once: claim → draft → send → sent, each written to the case with compare-and-swap.

        Resumable after a crash. Returns the record; a status that is not final (claimed, drafted) means that
        another worker holds the claim or that a look-up must wait: come back at `claimed_at + CLAIM_LEASE`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a use case may touch. Built once per process by `onboarding.bootstrap`."""

    settings: Settings
    policy: Policy
    clock: Clock
    entropy: Entropy
    cases: CaseStore
    deliveries: DeliveryStore
    usage: UsageStore
    queue: WorkQueue
    directory: Directory
    security: SecurityInfo
    mailer: Mailer
    messages: Messages
    hr: HrApi = field(default_factory=NoHrApi)
