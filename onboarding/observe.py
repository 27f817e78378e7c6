"""Log events: one JSON object a line, a stable `action`, a correlation id, and nothing personal.

`event(log, "case.saved", case_id=…)` takes only what a log may hold: ids of ours, codes, counts, durations.
`Redaction` is the second lock: it masks mail addresses, phone-like digits and long tokens in every record of
every logger, also those of libraries. Libraries that log requests at INFO are turned down here (facts:
functions trap 9).
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

correlation: contextvars.ContextVar[str] = contextvars.ContextVar("correlation", default="-")
#: Whose work this is: a case id, or `-` for work about nobody in particular.
subject: contextvars.ContextVar[str] = contextvars.ContextVar("subject", default="-")
_quiet: contextvars.ContextVar[bool] = contextvars.ContextVar("quiet", default=False)
_requests: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("requests", default=None)

_NOISY = ("azure", "msal", "httpx", "httpcore", "kiota_http", "aiohttp.access", "urllib3")
#: Its warnings are pages long and repeat what the Azure CLI said; whoever asked for the token says what to do.
_SILENT = ("azure.identity",)
_MASKS = (
    (re.compile(r"[^\s@<>\"'=,;(){}\[\]]+@[^\s@<>\"'=,;(){}\[\]]+"), "<address>"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s,;\"']+"), r"\1 <secret>"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=]+"), "<secret>"),
    # A phone number: a plus or a parenthesis or digits with separators, nine digits or more in all. Ids of
    # ours hold letters between their digits; RFC 3339 times and GUIDs are let through by the look-arounds.
    (re.compile(r"(?<![\w.:-])\+?\(?\d(?:[ ().\-/]{0,2}\d){8,14}(?![\w:-])"), "<number>"),
)
_FIELDS = "onboarding_fields"
_SEEN = "onboarding_redacted"


def redact(text: str) -> str:
    """`text` with mail addresses, phone-like numbers and credentials masked."""
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


class JsonLines(logging.Formatter):
    """`{"level","logger","action","correlation",…}` in one line, redacted; exceptions by type and place."""

    def format(self, record: logging.LogRecord) -> str:
        row: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "action": record.getMessage(),
            "correlation": correlation.get(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            row["exception"] = describe(record.exc_info[1])
        line = redact(json.dumps(row, ensure_ascii=False, default=str))
        # A lone surrogate would fail while it is written, and logging would print the record as it is.
        return line.encode("utf-8", "backslashreplace").decode("utf-8")


class Redaction(logging.Filter):
    """Masks records on handlers that are not ours (the Functions host's)."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, _SEEN, False):
            return True  # the record passes one filter for each handler
        setattr(record, _SEEN, True)
        text = record.getMessage()
        fields = getattr(record, _FIELDS, None)
        if fields:
            text = f"{text} {json.dumps(fields, ensure_ascii=False, default=str)}"
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text} {describe(record.exc_info[1])}"
            record.exc_info, record.exc_text = None, None
        record.msg, record.args = redact(text), None
        return True


def describe(error: BaseException | None) -> str:
    """Type and place of an error, without its text: a library's message may quote what HR sent."""
    if error is None:
        return "none"
    frames, trace = [], error.__traceback__
    while trace is not None:
        where = trace.tb_frame.f_code
        frames.append(f"{where.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}:{where.co_name}")
        trace = trace.tb_next
    code = getattr(error, "code", None)
    return f"{type(error).__name__}({code if isinstance(code, str) else ''}) at {' < '.join(frames[-6:])}"


def cause(error: BaseException) -> str:
    """Type and innermost function of an error, the same for every case that meets it: cases are grouped by it."""
    trace = error.__traceback__
    place = "nowhere"
    while trace is not None:
        where = trace.tb_frame.f_code
        place = f"{where.co_filename.rsplit('/', 1)[-1]}:{where.co_name}"
        trace = trace.tb_next
    code = getattr(error, "code", None)
    return f"{type(error).__name__}{f'({code})' if isinstance(code, str) else ''} in {place}"


def event(log: logging.Logger, action: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log one event. `fields` are ids of ours, codes, counts and durations; never what HR sent."""
    if log.isEnabledFor(level) and not _quiet.get():
        log.log(level, action, extra={_FIELDS: fields})


def failure(log: logging.Logger, action: str, error: BaseException, **fields: object) -> None:
    """Log an error by type and place at ERROR."""
    if _quiet.get():
        return
    log.error(action, extra={_FIELDS: {**fields, "exception": describe(error)}})


@contextlib.contextmanager
def rehearsal() -> Iterator[None]:
    """What happens inside did not happen: no event of it may reach a log, a metric or an alert."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


@contextlib.contextmanager
def request_ids() -> Iterator[list[str]]:
    """Collect the `request-id` of every Graph answer received inside, for the timeline."""
    collected: list[str] = []
    token = _requests.set(collected)
    try:
        yield collected
    finally:
        _requests.reset(token)


def note_request(request_id: str) -> None:
    """Called by the Graph adapter for each answer."""
    collected = _requests.get()
    if collected is not None:
        collected.append(request_id)


def setup(handler: logging.Handler | None = None) -> None:
    """Turn noisy libraries down and put redaction on every handler of the root logger. Idempotent.

    `handler` (the development host's and the CLI's) gets the JSON formatter; under the Functions host the
    worker's own handler stays and is only redacted.
    """
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    root = logging.getLogger()
    if handler is not None:
        handler.setFormatter(JsonLines())
        root.addHandler(handler)
        root.setLevel(logging.INFO)
    for item in root.handlers:
        if not isinstance(item.formatter, JsonLines) and not any(
            isinstance(f, Redaction) for f in item.filters
        ):
            item.addFilter(Redaction())
