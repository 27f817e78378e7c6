"""Requests to the sender mailbox.

A `Call` says which permission it needs and how it may be repeated; the function below it builds the request
with the SDK's builders. Pages of Learn are named by their file under graph/api.
"""

from __future__ import annotations

from typing import Any

from onboarding.graph.errors import Call
from onboarding.graph.sdk import Build, configured, keyed, posted, user
from onboarding.ports import Mail

#: Ids that survive sending (outlook-immutable-id).
_IMMUTABLE = 'IdType="ImmutableId"'

CREATE_DRAFT = Call("create_draft", "Mail.ReadWrite", writes=True, idempotent=False, mailbox=True)


def create_draft(sender: str, mail: Mail) -> Build:
    """user-post-messages."""

    def build(client: Any) -> Any:
        return posted(user(client, sender).messages, _message(mail), Prefer=_IMMUTABLE)

    return build


SEND_DRAFT = Call("send_draft", "Mail.Send", writes=True, idempotent=False, mailbox=True)


def send_draft(sender: str, draft_id: str) -> Build:
    """message-send."""

    def build(client: Any) -> Any:
        message = user(client, sender).messages.by_message_id(draft_id)
        return keyed(message.send.to_post_request_information(configured(Prefer=_IMMUTABLE)))

    return build


GET_MESSAGE = Call("get_message", "Mail.ReadWrite", mailbox=True, may_be_absent=True)


def get_message(sender: str, message_id: str) -> Build:
    """message-get."""

    def build(client: Any) -> Any:
        from msgraph.generated.users.item.messages.item import message_item_request_builder as module

        parameters = module.MessageItemRequestBuilder.MessageItemRequestBuilderGetQueryParameters
        query = parameters(select=["id", "isDraft"])
        message = user(client, sender).messages.by_message_id(message_id)
        return keyed(message.to_get_request_information(configured(query, Prefer=_IMMUTABLE)))

    return build


SEND_NOW = Call("send_now", "Mail.Send", writes=True, idempotent=False, mailbox=True)


def send_now(sender: str, mail: Mail, *, save: bool) -> Build:
    """user-sendmail."""

    def build(client: Any) -> Any:
        data = {"message": _message(mail), "saveToSentItems": save}
        return posted(user(client, sender).send_mail, data)

    return build


def _message(mail: Mail) -> dict[str, Any]:
    """message resource type."""
    found: dict[str, Any] = {
        # A header is one line, whatever a name from HR holds.
        "subject": " ".join(mail.subject.split()),
        "body": {"contentType": "html", "content": mail.html},
        "toRecipients": [{"emailAddress": {"address": address}} for address in mail.to],
    }
    if mail.ref:
        # Custom headers must begin with x- (internetMessageHeaders).
        found["internetMessageHeaders"] = [{"name": "x-onboarding-ref", "value": mail.ref}]
    return found
