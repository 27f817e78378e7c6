"""The vendor contract: what one file in `onboarding.intake.vendors` says about one HR system.

A vendor file holds one constant, `ADAPTER`, and a `parse` function. It performs no I/O and knows no secret.
`tests/contract/test_vendor_contract.py` runs over every adapter in the catalog, with the captured-shape bytes
in `tests/vendors/<slug>/`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from onboarding.domain.hire import EventType, HireEvent
from onboarding.intake.payload import Payload, Unreadable, read_json
from onboarding.intake.signatures import SignatureScheme
from onboarding.web import Request

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LinkedEvent(HireEvent):
    """A hire event with what only some vendors need to find the right case."""

    #: Other ids under which this vendor's later events may name the person, in the namespace of candidate ids:
    #: `application:46194062`.
    also_known_as: tuple[str, ...] = ()
    #: False: the event updates a case that exists and opens none (it fires for people nobody hired).
    opens: bool = True


def body_hash(headers: Headers, body: bytes) -> str:
    """De-duplication key for vendors without a signed event id: the same body is the same delivery."""
    return hashlib.sha256(body).hexdigest()


def never(request: Request) -> bool:
    """This vendor has no handshake or ping that comes before the signature."""
    return False


@dataclass(frozen=True, slots=True)
class Adapter:
    """One vendor. Header names are lower case everywhere."""

    #: Name in `hr/{source}`, unless a source is configured under another name.
    slug: str
    #: Name for people.
    title: str
    #: Addresses of the vendor's own pages that the mapping follows.
    documents: tuple[str, ...]
    scheme: SignatureScheme
    #: Meaning of a body. Raises Unreadable with a path. An event type that is not mapped yields IGNORED.
    parse: Callable[[Payload, Headers], list[HireEvent]]
    #: Key under which a repeat of the same delivery is recognised; only called once the signature is good.
    dedupe_key: Callable[[Headers, bytes], str] = body_hash
    #: What the vendor takes for "I have it".
    success_status: int = 200
    media_types: tuple[str, ...] = ("application/json",)
    methods: tuple[str, ...] = ("POST",)
    #: Headers that `parse` reads; they are stored with the delivery. Never one that carries a credential.
    headers: tuple[str, ...] = ()
    #: A handshake or ping that is answered before the signature and changes nothing.
    is_ping: Callable[[Request], bool] = never
    #: How bytes become a payload.
    read: Callable[[bytes], Payload] = read_json
    #: Names of keys, at any depth, that are dropped from the stored body once it was processed: salaries,
    #: birth dates, free text. The mapping uses none of them.
    pruned_keys: frozenset[str] = frozenset()

    def kept_headers(self, headers: Headers) -> dict[str, str]:
        """Those headers of a request that are stored."""
        return {name: headers[name] for name in self.headers if name in headers}

    def events(self, source: str, body: bytes, headers: Headers) -> list[HireEvent]:
        """Read and parse. Raises Unreadable. Every event that concerns a person names one."""
        events = [replace(event, source=source) for event in self.parse(self.read(body), headers)]
        for event in events:
            if event.event_type not in SILENT and not ids_of(event):
                raise Unreadable(
                    "missing_id",
                    "$",
                    "Say employee_id, employee_number or candidate_id, so that we know who it is.",
                )
        return events

    def prune(self, body: bytes) -> bytes:
        """The body without `pruned_keys`, for storage. Its events are the same; its hash is not."""
        if not self.pruned_keys:
            return body
        tree = _without(json.loads(body), self.pruned_keys)
        return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


#: Event types that concern nobody.
SILENT = frozenset({EventType.TEST_PING, EventType.IGNORED})


def ids_of(event: HireEvent) -> list[str]:
    """Every id of the person in this event."""
    hire = event.hire
    known = list(event.also_known_as) if isinstance(event, LinkedEvent) else []
    return [value for value in (hire.employee_id, hire.employee_number, hire.candidate_id, *known) if value]


def _without(value: Any, names: frozenset[str]) -> Any:
    # Recursion is bounded: only bodies that `read_json` took (64 levels) come here.
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    if isinstance(value, list):
        return [_without(inner, names) for inner in value]
    return value
