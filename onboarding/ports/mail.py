"""The sender mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One message. `html` is complete; the text form is made by the mail system or the sender's adapter."""

    to: tuple[str, ...]
    subject: str
    html: str
    text: str
    language: str
    #: Opaque, for X-Onboarding-Ref: lets "yes, we sent this" be answered. No personal data.
    ref: str = ""


class DraftState(StrEnum):
    """What a look-up of a message says. `gone` may also be lag: Sent Items follow late."""

    DRAFT = "draft"
    SENT = "sent"
    GONE = "gone"


class Mailer(Protocol):
    """The sender mailbox."""

    #: False where the permission allows only sendMail: then a claim that got no answer stays uncertain.
    can_draft: bool

    async def create_draft(self, mail: Mail) -> str:
        """Immutable id of the draft."""
        ...

    async def send_draft(self, draft_id: str) -> None:
        """EffectUnknown when no answer came: look the id up."""
        ...

    async def look_up(self, draft_id: str) -> DraftState: ...

    async def send_now(self, mail: Mail, *, save: bool) -> None:
        """sendMail. `save=False` leaves no copy in Sent Items: for the pass mail."""
        ...
