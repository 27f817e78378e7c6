"""Drafts, sending, and sendMail.

Ids: with `Prefer: IdType="ImmutableId"` an id survives sending (outlook-immutable-id); without it the
draft's id is gone once the message moved to Sent Items.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import to_seconds
from onboarding.simulator.directory_query import fragment
from onboarding.simulator.errors import GraphError, not_modelled
from onboarding.simulator.models.mail import Message, text_of
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant

_RECIPIENTS = ("toRecipients", "ccRecipients", "bccRecipients", "replyTo")
_CONTENT = {"subject", "body", "importance", "internetMessageHeaders", *_RECIPIENTS}
IMMUTABLE = 'idtype="immutableid"'


def _mailbox(tenant: Tenant, call: Call) -> Person:
    """The sender's mailbox, or the 404 that Exchange gives: to who has no licence with a mailbox, and for about
    15 minutes after it was given. People of the control interface have one as soon as they have an address."""
    key = call.params["id"]
    person = tenant.visible(key, call.lag)
    if person is None:
        raise GraphError(404, "ErrorInvalidUser", f"The requested user '{key}' is invalid.")
    made = person.origin != "graph" or (person.mailbox_at is not None and person.mailbox_at <= tenant.now())
    if not made or not person.properties.get("mail"):
        raise GraphError(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    return person


def _refuse(message: str, code: str = "ErrorInvalidRequest") -> GraphError:
    return GraphError(400, code, message)


def _recipients(value: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise _refuse(f"{name} is a collection.")
    found = []
    for entry in value:
        inner = entry.get("emailAddress") if isinstance(entry, dict) else None
        inner = inner if isinstance(inner, dict) else {}
        address = inner.get("address")
        if not isinstance(address, str) or address.count("@") != 1 or any(c.isspace() for c in address):
            raise _refuse("At least one recipient is not valid.", "ErrorInvalidRecipients")
        found.append({"emailAddress": {"name": str(inner.get("name") or address), "address": address}})
    return found


def _content(raw: Any) -> dict[str, Any]:
    """The message of a request, checked. 501 for a property that is not modelled."""
    if not isinstance(raw, dict):
        raise _refuse("A message is required.")
    content = {name: value for name, value in raw.items() if not name.startswith("@odata.")}
    if unknown := set(content) - _CONTENT:
        raise not_modelled(f"the property '{sorted(unknown)[0]}' of a message")
    for name in _RECIPIENTS:
        content[name] = _recipients(content.get(name) or [], name)
    body = content.get("body") or {"contentType": "text", "content": ""}
    kind = str(body.get("contentType", "text")).lower() if isinstance(body, dict) else ""
    if kind not in ("text", "html") or not isinstance(body.get("content"), str):
        raise _refuse("body needs contentType Text or HTML and a content.")
    content["body"] = {"contentType": kind, "content": body["content"]}
    subject = content.get("subject")
    if subject is not None and (not isinstance(subject, str) or len(subject) > 255):
        raise _refuse("subject is a string of 255 characters at most.")
    headers = content.get("internetMessageHeaders") or []
    if not isinstance(headers, list) or not all(isinstance(header, dict) for header in headers):
        raise _refuse("internetMessageHeaders is a collection of name and value.")
    for header in headers:
        if not str(header.get("name", "")).lower().startswith("x-"):
            raise _refuse(
                "The internet message header name should start with 'x-' or 'X-'.",
                "InvalidInternetMessageHeader",
            )
    return content


def _new(tenant: Tenant, sender: Person, content: dict[str, Any]) -> Message:
    return Message(
        id=tenant.ids.opaque(64),
        immutable_id=tenant.ids.opaque(72),
        sender_id=sender.id,
        sender=str(sender.properties["mail"]),
        content=content,
        created=tenant.now(),
        change_key=tenant.ids.opaque(40),
    )


def shown(call: Call, message: Message) -> dict[str, Any]:
    body = message.content["body"]
    text = text_of(body["content"]) if body["contentType"] == "html" else body["content"]
    at = message.sent_at or message.created
    sender = {"emailAddress": {"name": message.sender, "address": message.sender}}
    address = {"sender": sender, "from": sender} if message.sent_at else {}
    immutable = IMMUTABLE in call.headers.get("prefer", "").lower()
    return {
        "id": message.immutable_id if immutable else message.id,
        "createdDateTime": to_seconds(message.created),
        "lastModifiedDateTime": to_seconds(at),
        "changeKey": message.change_key,
        "categories": [],
        "receivedDateTime": to_seconds(at),
        "sentDateTime": to_seconds(at),
        "hasAttachments": False,
        "internetMessageId": f"<{message.immutable_id[4:20]}@simulator.invalid>",
        "subject": message.content.get("subject"),
        "bodyPreview": " ".join(text.split())[:255],
        "importance": str(message.content.get("importance") or "normal").lower(),
        "parentFolderId": "AAMkSentItems=" if message.sent_at else "AAMkDrafts=",
        "conversationId": f"AAQk{message.immutable_id[4:24]}=",
        "conversationIndex": f"AQ{message.immutable_id[4:24]}==",
        "isDeliveryReceiptRequested": False,
        "isReadReceiptRequested": False,
        "isRead": True,
        "isDraft": message.sent_at is None,
        "webLink": f"https://mail.simulator.invalid/?ItemID={message.immutable_id[4:24]}",
        "inferenceClassification": "focused",
        "body": body,
        **address,
        **{name: message.content[name] for name in _RECIPIENTS},
    }


_READABLE = frozenset(
    {"id", "subject", "isDraft", "sentDateTime", "createdDateTime", "lastModifiedDateTime", "toRecipients"}
    | {"ccRecipients", "parentFolderId", "internetMessageId", "body", "bodyPreview", "importance"}
)


def create_draft(tenant: Tenant, call: Call) -> Answer:
    sender = _mailbox(tenant, call)
    message = _new(tenant, sender, _content(call.json_object()))
    tenant.mail.enter(message)
    context = call.context(f"users('{sender.id}')/messages/$entity")
    etag = {"@odata.etag": f'W/"{message.change_key}"'}
    return Answer(201, {"@odata.context": context, **etag, **shown(call, message)})


def _message(tenant: Tenant, call: Call) -> Message:
    """404 for an unknown id, and while a sent message has not reached Sent Items."""
    sender = _mailbox(tenant, call)
    message = tenant.mail.find(sender.id, call.params["message_id"])
    lag = timedelta(seconds=tenant.policy.sent_items_lag_seconds)
    hidden = message is not None and message.sent_at is not None and tenant.now() < message.sent_at + lag
    if message is None or hidden or not message.stored:
        raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    return message


def get_message(tenant: Tenant, call: Call) -> Answer:
    message = _message(tenant, call)
    found = shown(call, message)
    names = call.selected(_READABLE, tuple(found))
    context = call.context(fragment(call, f"users('{message.sender_id}')/messages", names) + "/$entity")
    etag = {"@odata.etag": f'W/"{message.change_key}"'}
    picked = dict.fromkeys(("id", *names))
    return Answer(200, {"@odata.context": context, **etag, **{name: found[name] for name in picked}})


def delete_message(tenant: Tenant, call: Call) -> Answer:
    tenant.mail.forget(_message(tenant, call))
    return Answer(204)


def _deliver(tenant: Tenant, message: Message) -> None:
    if not any(message.content[name] for name in _RECIPIENTS[:3]):
        raise _refuse("At least one recipient is not valid.", "ErrorInvalidRecipients")
    message.sent_at = tenant.now()
    tenant.mail.sent.append(message)


def send_draft(tenant: Tenant, call: Call) -> Answer:
    message = _message(tenant, call)
    if message.sent_at is not None:
        raise _refuse("The item is not a draft.", "ErrorInvalidOperation")
    _deliver(tenant, message)
    tenant.mail.forget(message)
    message.id = tenant.ids.opaque(64)  # moved to Sent Items: only the immutable id survives
    tenant.mail.enter(message)
    return Answer(202)


def send_mail(tenant: Tenant, call: Call) -> Answer:
    """202 with an empty body and no id."""
    body = call.json_object()
    keys = {name.lower(): name for name in body}  # Graph reads Message and SaveToSentItems too
    if unknown := set(keys) - {"message", "savetosentitems"}:
        raise not_modelled(f"the property '{sorted(unknown)[0]}' of sendMail")
    sender = _mailbox(tenant, call)
    saves = body.get(keys.get("savetosentitems", ""), True)
    if str(saves).lower() not in ("true", "false"):
        raise _refuse("saveToSentItems is true or false.")
    message = _new(tenant, sender, _content(body.get(keys.get("message", ""))))
    message.stored = str(saves).lower() == "true"
    _deliver(tenant, message)
    if message.stored:
        tenant.mail.enter(message)
    return Answer(202)
