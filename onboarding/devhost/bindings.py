"""Values between host and function, made by the library's own converters, as the Python worker does it.

Used of azure-functions, the same in 1.26 and 2.x: `get_binding_registry()` (public) and `meta.Datum` (the
pair that converters take; its module has no underscore, but no documentation either).
"""

from __future__ import annotations

import json
import threading
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum

from onboarding.ports import LeasedMessage

#: Trigger metadata of a queue message, as the extension names it.
_METADATA = ("Id", "DequeueCount", "ExpirationTime", "InsertionTime", "NextVisibleTime", "PopReceipt")


def _converter(binding: str) -> Any:
    registry: Any = func.get_binding_registry  # untyped in the library
    return registry().get(binding)


def accepts(binding: str, annotation: type) -> bool:
    """Would the worker take this annotation for this trigger?"""
    try:
        return bool(_converter(binding).check_input_type_annotation(annotation))
    except TypeError:
        return False


def is_out(annotation: object) -> bool:
    origin = typing.get_origin(annotation)
    return annotation is func.Out or origin is func.Out


def is_valid_out(annotation: object) -> bool:
    """`Out[str]` and `Out[typing.List[str]]` load; `Out[list[str]]` takes the whole app down."""
    return all(
        (isinstance(item, type) and typing.get_origin(item) is None) or _is_typing_alias(item)
        for item in typing.get_args(annotation)
    )


def _is_typing_alias(item: object) -> bool:
    return type(item).__module__ == "typing"


class Context(func.Context):
    """The `context` argument. Trace and retry context do not exist on one machine."""

    def __init__(self, invocation_id: str, function_name: str, directory: str) -> None:
        self._values = (invocation_id, function_name, directory)
        self._local = threading.local()

    @property
    def invocation_id(self) -> str:
        return self._values[0]

    @property
    def thread_local_storage(self) -> Any:
        return self._local

    @property
    def function_name(self) -> str:
        return self._values[1]

    @property
    def function_directory(self) -> str:
        return self._values[2]

    @property
    def trace_context(self) -> Any:
        return None

    @property
    def retry_context(self) -> Any:
        return None


# --- HTTP ------------------------------------------------------------------------------------------------


def http_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    route_values: Mapping[str, str],
    body: bytes,
) -> Any:
    """The `func.HttpRequest` that the worker would make. Headers are lower case and joined already."""

    def strings(values: Mapping[str, str]) -> dict[str, Datum]:
        return {name: Datum(value, "string") for name, value in values.items()}

    return _converter("httpTrigger").decode(
        Datum(
            {
                "method": Datum(method, "string"),
                "url": Datum(url, "string"),
                "headers": strings(headers),
                "query": strings(query),
                "params": strings(route_values),
                "body": Datum(body, "bytes"),
            },
            "http",
        ),
        trigger_metadata=None,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """An encoded HTTP answer. Headers other than Set-Cookie are unique."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


def http_answer(value: object) -> Answer:
    """Encode what an HTTP function returned. TypeError for anything but `HttpResponse` and `str`."""
    if isinstance(value, str):
        return Answer(200, (("Content-Type", "text/plain; charset=utf-8"),), value.encode())
    if not isinstance(value, func.HttpResponse):
        raise TypeError(f"unable to encode outgoing TypedData: {type(value).__name__}")
    # The converter takes Set-Cookie out of the headers; every other repeated name collapses to its last.
    cookies = list(value.headers.get_all("Set-Cookie"))
    encoded = _converter("http").encode(value, expected_type=None).value
    headers = [(name, datum.value) for name, datum in encoded["headers"].items()]
    headers += [("Set-Cookie", cookie) for cookie in cookies]
    for name, text in headers:
        if any(mark in name + text for mark in "\r\n\0"):
            raise ValueError(f"the header {name!r} holds a line break")
    return Answer(int(encoded["status_code"].value), headers, encoded["body"].value)


# --- queue and timer -------------------------------------------------------------------------------------


def queue_message(message: LeasedMessage) -> tuple[Any, list[str]]:
    """The `func.QueueMessage`, and which of its properties the body's own keys have overwritten.

    The host lets top-level properties of a JSON body overwrite the trigger metadata, case-insensitively and
    as strings; null and arrays are passed over (azure-functions-host, Utility.ApplyBindingData; facts:
    functions trap 3). A body that makes the metadata unreadable fails the run, as in Azure (ValueError).
    """
    data = {
        "Id": Datum(message.message_id, "string"),
        "DequeueCount": Datum(message.dequeue_count, "int"),
        "InsertionTime": Datum(json.dumps(message.inserted_at.astimezone(UTC).isoformat()), "json"),
        "PopReceipt": Datum(message.receipt, "string"),
    }
    overwritten = []
    for key, value in _top_level(message.body).items():
        name = next((known for known in _METADATA if known.lower() == key.lower()), None)
        if name is not None:
            overwritten.append(name)
            data[name] = value
    converter = _converter("queueTrigger")
    return converter.decode(Datum(message.body, "string"), trigger_metadata=data), overwritten


def _top_level(body: str) -> dict[str, Datum]:
    """Top-level properties of a JSON object as the host would hand them on; {} for anything else."""
    if not body.strip().startswith("{"):
        return {}
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return {
        key: Datum(json.dumps(value), "json") if isinstance(value, dict) else Datum(str(value), "string")
        for key, value in parsed.items()
        if value is not None and not isinstance(value, list)
    }


def timer_request(past_due: bool, last: datetime | None, due: datetime | None) -> Any:
    """The `func.TimerRequest`."""
    status = {"Last": last and last.isoformat(), "Next": due and due.isoformat()}
    info = {"IsPastDue": past_due, "ScheduleStatus": status, "Schedule": {"AdjustForDST": True}}
    return _converter("timerTrigger").decode(Datum(json.dumps(info), "json"), trigger_metadata=None)
