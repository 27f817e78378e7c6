"""Requests to the sender mailbox.

A `Call` says which permission it needs and how it may be repeated; the function below it builds the request
with the SDK's typed builders and models. Pages of Learn are named by their file under graph/api.
"""

from __future__ import annotations

from typing import Any

from onboarding.graph.errors import Call
from onboarding.graph.sdk import Build, configured, keyed, user
from onboarding.ports import Mail

#: Ids that survive sending (outlook-immutable-id).
_IMMUTABLE = 'IdType="ImmutableId"'

CREATE_DRAFT = Call("create_draft", "Mail.ReadWrite", writes=True, idempotent=False, mailbox=True)


def create_draft(sender: str, mail: Mail) -> Build:
    """user-post-messages."""

    def build(client: Any) -> Any:
        messages = user(client, sender).messages
        return keyed(messages.to_post_request_information(_message(mail), configured(Prefer=_IMMUTABLE)))

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
        from msgraph.generated.users.item.send_mail.send_mail_post_request_body import (
            SendMailPostRequestBody,
        )

        model = SendMailPostRequestBody(message=_message(mail), save_to_sent_items=save)
        return keyed(user(client, sender).send_mail.to_post_request_information(model))

    return build


def _message(mail: Mail) -> Any:
    from msgraph.generated.models.body_type import BodyType
    from msgraph.generated.models.email_address import EmailAddress
    from msgraph.generated.models.internet_message_header import InternetMessageHeader
    from msgraph.generated.models.item_body import ItemBody
    from msgraph.generated.models.message import Message
    from msgraph.generated.models.recipient import Recipient

    # Custom headers must begin with x- (message resource type, internetMessageHeaders).
    headers = [InternetMessageHeader(name="x-onboarding-ref", value=mail.ref)] if mail.ref else None
    return Message(
        # A header is one line, whatever a name from HR holds.
        subject=" ".join(mail.subject.split()),
        body=ItemBody(content_type=BodyType.Html, content=mail.html),
        to_recipients=[Recipient(email_address=EmailAddress(address=address)) for address in mail.to],
        internet_message_headers=headers,
    )
