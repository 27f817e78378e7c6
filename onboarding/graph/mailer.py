"""`ports.Mailer` on Microsoft Graph: one sender mailbox, drafts with immutable ids.

Mail.Send as an application permission reaches every mailbox: scope it to the sender with Exchange RBAC for
Applications. Where Mail.ReadWrite is not granted for that mailbox, `can_draft` is False and claims without an
answer stay uncertain.
"""

from __future__ import annotations

from onboarding.errors import EffectUnknown
from onboarding.graph import calls_mail as calls
from onboarding.graph.client import GraphConnection
from onboarding.ports import DraftState, Mail


class GraphMailer:
    """The mailbox of `settings.sender`. Errors: `onboarding.graph.errors`."""

    def __init__(self, connection: GraphConnection, *, can_draft: bool = True) -> None:
        self._graph = connection
        self._sender = connection.settings.sender
        self.can_draft = can_draft

    async def create_draft(self, mail: Mail) -> str:
        """Immutable id of the draft: it stays when the message moves to Sent Items."""
        row = await self._graph.read(calls.CREATE_DRAFT, calls.create_draft(self._sender, mail)) or {}
        draft_id = row.get("id")
        if not isinstance(draft_id, str):
            raise EffectUnknown("Graph made a draft and named no id.")
        return draft_id

    async def send_draft(self, draft_id: str) -> None:
        """202: accepted, not delivered. EffectUnknown when no answer came, or the draft is not there."""
        await self._graph.send(calls.SEND_DRAFT, calls.send_draft(self._sender, draft_id))

    async def look_up(self, draft_id: str) -> DraftState:
        """GONE may also be lag: Sent Items follow late."""
        row = await self._graph.read(calls.GET_MESSAGE, calls.get_message(self._sender, draft_id))
        if row is None:
            return DraftState.GONE
        return DraftState.DRAFT if row.get("isDraft") else DraftState.SENT

    async def send_now(self, mail: Mail, *, save: bool) -> None:
        """sendMail: no id, no look-up. EffectUnknown when no answer came."""
        await self._graph.send(calls.SEND_NOW, calls.send_now(self._sender, mail, save=save))
