"""What the service needs from the world, in its own words. Adapters and test doubles share these names.

Rules for every adapter: times are aware UTC; errors are those of `onboarding.errors`, wrapped once;
a write that is not idempotent and got no answer raises `EffectUnknown`; nothing is logged that HR sent.
"""

from __future__ import annotations

from onboarding.ports.budgets import Budgets
from onboarding.ports.cases import CaseQuery, CaseStore, CaseSummary, DueRow, Marker, Operation, Page, Swept
from onboarding.ports.deliveries import Delivery, DeliveryStatus, DeliveryStore
from onboarding.ports.directory import (
    CANNOT_READ,
    Directory,
    DirectoryPerson,
    DirectoryUser,
    GroupFacts,
    Licence,
    LicenceUnits,
    NameTaken,
    NewUser,
)
from onboarding.ports.hr import HrApi, HrRecord, NoHrApi, ReaderRefused, RecordGone
from onboarding.ports.mail import DraftState, Mail, Mailer
from onboarding.ports.queues import (
    BULK_QUEUE,
    POISON,
    QUEUES,
    WORK_QUEUE,
    LeasedMessage,
    QueueHost,
    WorkMessage,
    WorkQueue,
)
from onboarding.ports.security import (
    AccessPass,
    PassLimits,
    SecurityInfo,
    SeenEvidence,
    SeenRegistration,
    SignInMethod,
)
from onboarding.ports.services import Messages, Services
from onboarding.ports.time import CLAIM_LEASE, REPLICATION, Clock, Entropy
from onboarding.ports.usage import UsageRow, UsageStore

__all__ = [
    "BULK_QUEUE",
    "CANNOT_READ",
    "CLAIM_LEASE",
    "POISON",
    "QUEUES",
    "REPLICATION",
    "WORK_QUEUE",
    "AccessPass",
    "Budgets",
    "CaseQuery",
    "CaseStore",
    "CaseSummary",
    "Clock",
    "Delivery",
    "DeliveryStatus",
    "DeliveryStore",
    "Directory",
    "DirectoryPerson",
    "DirectoryUser",
    "DraftState",
    "DueRow",
    "Entropy",
    "GroupFacts",
    "HrApi",
    "HrRecord",
    "LeasedMessage",
    "Licence",
    "LicenceUnits",
    "Mail",
    "Mailer",
    "Marker",
    "Messages",
    "NameTaken",
    "NewUser",
    "NoHrApi",
    "Operation",
    "Page",
    "PassLimits",
    "QueueHost",
    "ReaderRefused",
    "RecordGone",
    "SecurityInfo",
    "SeenEvidence",
    "SeenRegistration",
    "Services",
    "SignInMethod",
    "Swept",
    "UsageRow",
    "UsageStore",
    "WorkMessage",
    "WorkQueue",
]
