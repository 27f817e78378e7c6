"""What is fuzzed, as plain functions of bytes: the suite calls them by Hypothesis, `make fuzz` by atheris.

Every `parse` with its reader, de-duplication key, greeting and pruning; the signature engine; the door's own checks;
the field map of `custom`. A target raises only when something is wrong: another exception than the named one, or
a value of the body in the text of an error.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from onboarding.domain.hire import HireEvent
from onboarding.errors import ConfigurationError, SenderError
from onboarding.intake import catalog, checks
from onboarding.intake.adapter import Adapter, UnreadableEvent
from onboarding.intake.payload import Unreadable
from onboarding.intake.scheme import BASIC, TOKEN, SignatureScheme
from onboarding.intake.signatures import verify
from onboarding.settings import SourceSettings
from onboarding.web import Request
from tests.support.intake_services import START, secrets_of, source
from tests.support.vendor_fixtures import Fixture, fixtures

Target = Callable[[bytes], None]
#: Begins every text that a target plants, and stands in no fixture and no program.
MARK = "Zq7Planted"
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 7.5, 10**30, "", " ", MARK, f"{MARK} +49 151 99887766", f"{MARK}@secret.example",
    MARK * 200, "\x00" + MARK, "\ud800", "2026-02-30", "2026-09-01", "09/01/2026", "1786960800000", [], [None],
    [MARK], [[MARK]], {}, {MARK: MARK}, {"id": MARK}, {"value": [MARK]}, {"type": MARK, "value": 1}, [{"id": 1}] * 3,
)  # fmt: skip


class Leak(AssertionError):
    """An error's text holds what a body said."""


def names() -> list[str]:
    """Every target, parsers first."""
    return [*(f"parse:{slug}" for slug in catalog.adapters()), "signatures", "door", "field-map"]


def target(name: str) -> Target:
    """The function of this name."""
    kind, _, slug = name.partition(":")
    if kind == "parse":
        shapes = tuple(Shape.of(fixture) for fixture in fixtures(slug))
        return lambda data: parse(shapes, data)
    return {"signatures": signatures, "door": door, "field-map": field_map}[kind]


def seeds(name: str) -> list[bytes]:
    """Inputs to begin with: every fixture, as it is and with the mark in its texts."""
    kind, _, slug = name.partition(":")
    if kind != "parse":
        return [
            b"",
            b"\x00" * 8,
            b"v1,AAAA",
            b'{"fields": {"employee_id": "/id"}, "event": {"default": "hire.created"}}',
        ]
    found = []
    for number, fixture in enumerate(fixtures(slug)):
        found.append(bytes([number, 0]) + fixture.body)
        found.append(bytes([number, 1, 3, 9, 7, 11]))
    return found


# --- parse ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """A fixture, read and bound once."""

    adapter: Adapter
    request: Request
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, fixture: Fixture) -> Shape:
        adapter, body = fixture.adapter, fixture.body
        # A signed id and a signed time are there whenever anything behind the signature runs.
        scheme = adapter.scheme
        where = scheme.header if scheme.timestamp_item is not None else scheme.timestamp_header
        signed = {
            scheme.id_header or "x-none": "m",
            where or "x-none": f"{scheme.timestamp_item or ''}1788000000",
        }
        headers = {**signed, **fixture.read_headers}
        return cls(adapter, Request(fixture.method, "/", headers=headers, body=body), headers, body)


def parse(shapes: tuple[Shape, ...], data: bytes) -> None:
    """First byte: whose headers; second: the rest is the body itself, or says what to change in the fixture's."""
    chosen, mode, rest = (*data[:2], 0, 0)[0], (*data[:2], 0, 0)[1], data[2:]
    shape = shapes[chosen % len(shapes)]
    check_body(shape, rest if mode % 2 == 0 else changed(shape.body, rest))


def check_body(shape: Shape, body: bytes) -> None:
    """Everything that happens to a body between its signature and the case."""
    adapter, headers = shape.adapter, shape.headers
    adapter.greet(replace(shape.request, body=body))
    adapter.dedupe_key(headers, body)
    try:
        events = adapter.events("x", body, headers)
    except Unreadable as error:
        check_text(f"{error.message} {error.reason} {error.path}")
        return
    for event in events:
        if isinstance(event, UnreadableEvent):
            check_text(f"{event.error.message} {event.error.reason} {event.error.path}")
    again = adapter.events("x", adapter.prune(body), headers)
    if [bare(event) for event in again] != [bare(event) for event in events]:
        raise AssertionError("a pruned body means something else")
    check_text(" ".join(key for event in events for key in event.unmapped_keys))


def bare(event: HireEvent) -> object:
    """Without the names of keys that nobody reads: pruning takes some of them away. Of an unusable item its reason."""
    if isinstance(event, UnreadableEvent):
        return event.error.reason, event.error.path
    return replace(event, unmapped_keys=())


#: A key in a place: the fuzzer puts the mark into these, too.
_KEY = re.compile(rf"\.\w*{MARK}\w*")


def check_text(text: str) -> None:
    """No planted text but in the name of a key, and nothing that is longer than any place in a body."""
    if MARK in _KEY.sub("", text) or len(text) > 20_000:
        raise Leak(text[:200])


def changed(body: bytes, how: bytes) -> bytes:
    """A JSON body with odd values at places that `how` names; another body with bytes put into it."""
    try:
        tree = json.loads(body)
    except ValueError:
        return how + body
    places = list(nodes(tree))
    for at, what in zip(how[::2], how[1::2], strict=False):
        if places:
            parent, key = places[at % len(places)]
            parent[key] = ODD[what % len(ODD)]
    return json.dumps(tree).encode()


def nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key or index) of every node."""
    for key, inner in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(inner, dict | list):
            yield from nodes(inner)


# --- the door ------------------------------------------------------------------------------------------------


@functools.cache
def schemes() -> tuple[tuple[SignatureScheme, SourceSettings], ...]:
    """Every scheme of the catalog with its source."""
    found = [(adapter.scheme, adapter) for adapter in catalog.adapters().values()]
    made = [(scheme, source("x", "x", *secrets_of(adapter))) for scheme, adapter in found]
    return (*made, (TOKEN, source("x", "x", "k" * 40)), (BASIC, source("x", "x", "hr:secret")))


def signatures(data: bytes) -> None:
    """Any header values and any body: a refusal, and nothing else."""
    if not data:
        return
    scheme, settings = schemes()[data[0] % len(schemes())]
    text = data[1:].decode("utf-8", "surrogateescape")
    parts = text.split("\n")
    wanted = [*scheme.headers, scheme.timestamp_header, scheme.id_header, "event-id", "link"]
    headers = {name: value for name, value in zip([name for name in wanted if name], parts, strict=False)}
    for name in scheme.headers:
        if name in headers and data[0] & 1:
            headers[name] = scheme.prefix + headers[name]
    try:
        verify(scheme, settings, headers, data[1:], START)
    except SenderError as error:
        if error.status == 401:
            return
        raise
    raise AssertionError("junk was accepted")


def door(data: bytes) -> None:
    """Method, lengths and media type of any request: a refusal of the documented ones, or nothing."""
    parts = data.decode("utf-8", "surrogateescape").split("\n", 5)
    names_ = ("content-length", "content-type", "content-encoding", "webhook-request-origin", "x-hook-secret")
    headers = dict(zip(names_, parts[1:], strict=False))
    request = Request(parts[0][:10], "/", headers=headers, body=data[:64])
    for adapter in catalog.adapters().values():
        adapter.greet(request)
        for check in (checks.method, checks.length, checks.media_type):
            _refused(check, adapter, request)
        _refused(lambda _, asked: checks.size(asked), adapter, request)


def _refused(check: Callable[[Adapter, Request], None], adapter: Adapter, request: Request) -> None:
    try:
        check(adapter, request)
    except SenderError as error:
        if error.status not in {400, 405, 411, 413, 415}:
            raise


def field_map(data: bytes) -> None:
    """Any options for `custom`: a map, or a sentence that says what to mend."""
    try:
        options = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(options, dict):
        return
    try:
        adapter = catalog.adapters()["custom"]
        bound = (
            adapter.bind(adapter, SourceSettings("custom", "custom", options=options))
            if adapter.bind
            else adapter
        )
    except ConfigurationError as error:
        if error.code != "source_options" or not error.message.startswith("ONBOARDING_HR_CUSTOM_OPTIONS"):
            raise
        return
    try:
        bound.events("custom", data, {})
    except Unreadable:
        return
