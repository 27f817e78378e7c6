"""The vendor contract: what one file in `onboarding.intake.vendors` says about one HR system.

A vendor file holds one constant, `ADAPTER`, and a `parse` function. It performs no I/O and knows no secret.
`tests/contract/test_vendor_contract.py` runs over every adapter in the catalog, with the captured-shape bytes
in `tests/vendors/<slug>/` and what `fixtures.toml` says about them.

A source is a configured instance of an adapter. What a source changes (an event filter, options) is bound to the
adapter by `catalog.of_source`, so that the door and a later replay read a delivery in the same way.
"""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.intake import pruning
from onboarding.intake.payload import Payload, Unreadable, read_json
from onboarding.intake.scheme import SignatureScheme
from onboarding.settings import SourceSettings
from onboarding.web import JSON, Request

#: Lower-case names. The pseudo header `:method` holds the request's method for adapters that list it.
Headers = Mapping[str, str]
METHOD = ":method"
Item = TypeVar("Item")

#: Warning on an event that the source's filter turned away.
FILTERED = "filtered"


class Evidence(StrEnum):
    """What a fact about a vendor rests on, best first."""

    VENDOR = "vendor"  # the vendor's own page, specification or repository
    CAPTURED = "captured"  # recorded from the live product by somebody else
    SECONDARY = "secondary"  # somebody quotes or models the vendor
    UNCONFIRMED = "unconfirmed"  # a guess, read tolerantly


class Role(StrEnum):
    """What a fixture shows. Every adapter has one of each, or says in `lacks` why not."""

    HIRE = "hire"  # a new hire; also serves tampered and replayed
    THIN = "thin"  # names the person only, so that the API is asked
    UPDATE = "update"  # of a person who is known; arrives before its create too
    CANCEL = "cancel"  # the hire was withdrawn
    PING = "ping"  # handshake or test message, as it comes, signed or not
    OTHER = "other"


class Need(StrEnum):
    """A setting that a source of this adapter must have: `ONBOARDING_HR_<SOURCE>_<name>`."""

    SECRET = "SECRET"  # noqa: S105 - a name
    API_URL = "API_URL"
    API_TOKEN = "API_TOKEN"  # noqa: S105 - a name
    OPTIONS = "OPTIONS"


#: What a vendor with thin events needs.
THIN_NEEDS = (Need.SECRET, Need.API_URL, Need.API_TOKEN)


@dataclass(frozen=True, slots=True)
class LinkedEvent(HireEvent):
    """A hire event with what only some vendors need to find the right case."""

    #: Other ids under which this vendor's later events may name the person, in the namespace of candidate ids:
    #: `application:46194062`.
    also_known_as: tuple[str, ...] = ()
    #: False: the event updates a case that exists and opens none (it fires for people nobody hired).
    opens: bool = True
    #: True: `occurred_at` is only the earliest time at which it may have happened; the vendor does not say when it did.
    at_the_earliest: bool = False
    #: True: the record says, by a flag that ends the employment where it is off, that the person works there.
    at_work: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableEvent(HireEvent):
    """One item of several that cannot be used. The others are applied, and the delivery is kept for an operator."""

    error: Unreadable


def unusable(error: Unreadable) -> UnreadableEvent:
    """What stands in the place of that item, so that those behind it keep their numbers."""
    return UnreadableEvent("", EventType.IGNORED, Hire(), "unreadable", error=error)


def each(items: Iterable[Item], read: Callable[[Item], Iterable[HireEvent]]) -> list[HireEvent]:
    """The events of every item of a body that names several people, unusable or not."""
    found: list[HireEvent] = []
    for item in items:
        try:
            found += read(item)
        except Unreadable as error:
            found.append(unusable(error))
    return found


@dataclass(frozen=True, slots=True)
class Greeting:
    """Our answer to a handshake or ping, which is given before the signature and changes nothing.

    `kept` is text of the request that an operator needs to finish the set-up (a verification token). It is stored as
    a delivery, of which the newest is kept; it never enters a log, and no signature is checked with it.
    """

    status: int | None = None  # None: the adapter's success status
    body: bytes | None = None  # None: the usual {"accepted": true, …}
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    kept: str | None = None


def body_hash(headers: Headers, body: bytes) -> str:
    """De-duplication key for vendors without a signed event id: the same body is the same delivery."""
    return hashlib.sha256(body).hexdigest()


def no_greeting(request: Request) -> Greeting | None:
    """This vendor has no handshake or ping that comes before the signature."""
    return None


def json_body(headers: Headers, body: bytes) -> Payload:
    """The body is a JSON object."""
    return read_json(body)


@dataclass(frozen=True, slots=True)
class Adapter:
    """One vendor. Header names are lower case everywhere."""

    #: Name in `hr/{source}`, unless a source is configured under another name.
    slug: str
    #: Name for people.
    title: str
    #: Addresses of the pages that the mapping follows.
    documents: tuple[str, ...]
    scheme: SignatureScheme
    #: Meaning of a body. Raises Unreadable with a path. An event type that is not mapped yields IGNORED.
    parse: Callable[[Payload, Headers], list[HireEvent]]
    #: A recruiting system: what it says of a person gives way to what an HR system says.
    recruits: bool = False
    #: What signature and mapping rest on.
    evidence: Evidence = Evidence.VENDOR
    #: What nobody has confirmed, a sentence each, for whoever sets the source up.
    doubts: tuple[str, ...] = ()
    #: Key under which a repeat of the same delivery is recognised; only called once the signature is good.
    dedupe_key: Callable[[Headers, bytes], str] = body_hash
    #: A body that was taken before is news, if this source has said something else of the person since (`repeats`).
    #: Only for doors whose credential is a token: where bodies are signed, a recorded one would be good once more.
    says_again: bool = False
    #: What the vendor takes for "I have it".
    success_status: int = 200
    media_types: tuple[str, ...] = ("application/json",)
    methods: tuple[str, ...] = ("POST",)
    #: Further methods that `greet` may answer; anything else of them is 405.
    greeting_methods: tuple[str, ...] = ()
    #: Headers that `parse` reads; they are stored with the delivery. Never one that carries a credential.
    headers: tuple[str, ...] = ()
    #: A handshake or ping that is answered before the signature and changes nothing. Must not raise.
    greet: Callable[[Request], Greeting | None] = no_greeting
    #: How bytes become a payload.
    read: Callable[[Headers, bytes], Payload] = json_body
    #: Names of keys, at any depth, that are dropped from the stored body once it was processed: salaries,
    #: birth dates, free text. The mapping uses none of them.
    pruned_keys: frozenset[str] = frozenset()
    #: Instead of `pruned_keys`, where names do not tell (labels that a customer chose). Its events are the same.
    pruner: Callable[[bytes], bytes] | None = None
    #: Settings without which a source of this adapter does not work.
    needs: tuple[Need, ...] = (Need.SECRET,)
    #: Roles for which there is no fixture, and why, for people.
    lacks: Mapping[Role, str] = field(default_factory=dict)
    #: Adapts itself to the options of a source. Raises ConfigurationError that says what to mend.
    bind: Callable[[Adapter, SourceSettings], Adapter] | None = None
    #: Set by `catalog.of_source`: the source's event filter.
    patterns: tuple[str, ...] = ()

    def kept_headers(self, headers: Headers) -> dict[str, str]:
        """Those headers of a request that are stored."""
        return {name: headers[name] for name in self.headers if name in headers}

    def events(self, source: str, body: bytes, headers: Headers) -> list[HireEvent]:
        """Read and parse. Every event that concerns a person names one.

        Raises Unreadable where nothing in the body can be used; of a body about several people, what cannot be used is
        an UnreadableEvent in its place.
        """
        found = self.parse(self.read(headers, body), headers)
        events = [_named(self._filtered(replace(event, source=source))) for event in found]
        bad = [event.error for event in events if isinstance(event, UnreadableEvent)]
        if bad and all(event.event_type in SILENT for event in events):
            raise bad[0]
        return events

    def prune(self, body: bytes) -> bytes:
        """The body without `pruned_keys`, for storage. Its events are the same; its hash is not."""
        if self.pruner is not None:
            return self.pruner(body)
        return pruning.without(body, self.pruned_keys) if self.pruned_keys else body

    def takes(self, vendor_event_type: str) -> bool:
        """The source's filter lets this event type through."""
        only = [pattern for pattern in self.patterns if not pattern.startswith("!")]
        never = [pattern[1:] for pattern in self.patterns if pattern.startswith("!")]
        return (not only or _fits(vendor_event_type, only)) and not _fits(vendor_event_type, never)

    def _filtered(self, event: HireEvent) -> HireEvent:
        if event.event_type in SILENT or self.takes(event.vendor_event_type):
            return event
        return HireEvent(
            event.source,
            EventType.IGNORED,
            Hire(),
            event.vendor_event_type,
            event.vendor_event_id,
            warnings=(FILTERED,),
        )


#: Event types that concern nobody.
SILENT = frozenset({EventType.TEST_PING, EventType.IGNORED})


def ids_of(event: HireEvent) -> list[str]:
    """Every id of the person in this event."""
    hire = event.hire
    known = list(event.also_known_as) if isinstance(event, LinkedEvent) else []
    return [value for value in (hire.employee_id, hire.employee_number, hire.candidate_id, *known) if value]


def _named(event: HireEvent) -> HireEvent:
    if event.event_type in SILENT or ids_of(event):
        return event
    hint = "Say employee_id, employee_number or candidate_id, so that we know who it is."
    return unusable(Unreadable("missing_id", "$", hint))


def _fits(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
