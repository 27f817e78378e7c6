"""Queue messages as they stand in a queue: JSON, base64 on the wire, as the Functions host expects it.

`extensions.queues.messageEncoding` is base64 by default; the host decodes before a function sees the text, and
merges a JSON object's top-level keys over the trigger's metadata (id, dequeueCount, insertionTime,
expirationTime, nextVisibleTime, popReceipt), so a message uses none of those keys. The two keys of an id are
`case` and `delivery`; `why` is a code. (Azure Functions: "Azure Queue storage trigger and bindings".)
"""

from __future__ import annotations

import base64
import binascii
import json
import re

from onboarding.ports import WorkMessage

_ID = re.compile(r"[a-z0-9]{1,64}")


def _shaped(value: str | None, prefix: str) -> bool:
    """Ours, or none: whoever handles a message may log its ids."""
    return not value or (value.startswith(prefix) and _ID.fullmatch(value[len(prefix) :]) is not None)


def encode(message: WorkMessage) -> str:
    """Base64 of the JSON. ValueError unless exactly one of case_id and delivery_id is given."""
    _check(message)
    row = {"case": message.case_id} if message.case_id else {"delivery": message.delivery_id}
    text = json.dumps({**row, "why": message.why}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode("ascii")


def decode(wire: str) -> WorkMessage:
    """The message of a base64 body. ValueError on anything that `encode` could not have made."""
    return from_json(text_of(wire))


def text_of(wire: str) -> str:
    """Decoded text of a base64 body: what the host hands to a function. ValueError if it is not base64.

    Bytes that are not UTF-8 come out as U+FFFD, as from the host's decoder: such a message reaches the
    function, which refuses it.
    """
    try:
        data = base64.b64decode(wire, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("the queue message is not base64") from exc
    return data.decode("utf-8", errors="replace")


def from_json(text: str) -> WorkMessage:
    """The message of a decoded body. ValueError names what is wrong and holds no value of the body."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ValueError("the queue message is not JSON") from exc
    if not isinstance(row, dict):
        raise ValueError("the queue message is not a JSON object")
    case_id, delivery_id, why = row.get("case"), row.get("delivery"), row.get("why", "event")
    if not all(value is None or isinstance(value, str) for value in (case_id, delivery_id)):
        raise ValueError("an id in the queue message is not a string")
    if not isinstance(why, str):
        raise ValueError("`why` in the queue message is not a string")
    if not _shaped(case_id, "c_") or not _shaped(delivery_id, "d_"):
        raise ValueError("an id in the queue message is none of ours")
    message = WorkMessage(case_id=case_id or None, delivery_id=delivery_id or None, why=why)
    _check(message)
    return message


def _check(message: WorkMessage) -> None:
    if bool(message.case_id) == bool(message.delivery_id):
        raise ValueError("a queue message names exactly one of `case` and `delivery`")
