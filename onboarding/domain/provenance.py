"""Who put each authentication method there: the evidence of one person folded, in order of time, per method.

Pure data for `confirmation.assess`, which says what it adds up to and states the rules in prose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from onboarding.domain.case import Act, By, Case, Evidence, Registration

#: Methods that SSPR accepts → the gate they open; two methods of one gate count once.
METHODS: Mapping[str, str] = {
    "microsoftAuthenticatorPush": "app",
    "softwareOneTimePasscode": "app",
    "hardwareOneTimePasscode": "token",
    "mobilePhone": "mobile",
    "alternateMobilePhone": "mobile",
    "officePhone": "office",
    "email": "email",
    "securityQuestion": "questions",
}
#: Nobody but the person can add these (facts 2.6).
PERSON_ONLY = frozenset({"microsoftAuthenticatorPush", "securityQuestion"})
PASSKEYS = frozenset(
    {
        "fido2",
        "passKeyDeviceBound",
        "passKeyDeviceBoundAuthenticator",
        "passKeyDeviceBoundWindowsHello",
        "passKeySynced",
    }
)
#: Methods that SSPR refuses, named so that an unknown string is still seen as unknown.
REFUSED = PASSKEYS | {
    "windowsHelloForBusiness",
    "temporaryAccessPass",
    "microsoftAuthenticatorPasswordless",
    "macOsSecureEnclaveKey",
    "platformCredential",
    "externalAuthMethod",
    "qrCode",
    "appPassword",
    "password",
}
#: Security questions leave SSPR in March 2027.
QUESTIONS_END = date(2027, 3, 1)
LISTING_LAG = timedelta(hours=60)


class Owner(StrEnum):
    NOBODY = "nobody"
    PERSON = "person"
    #: By an event that names no method: counts only what is listed.
    PERSON_ALL = "person_all"
    OTHERS = "others"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Method:
    """What the evidence adds up to for one method."""

    name: str
    owner: Owner = Owner.NOBODY
    #: Ids of the evidence for `owner` and for a review.
    evidence: str | None = None
    reviewed: str | None = None
    #: What the last audit event about it left behind: there (True), deleted (False), no event (None).
    left: bool | None = None
    at: datetime | None = None
    #: How long after `at` a list that says otherwise is only behind.
    lag: timedelta = LISTING_LAG
    first_listed: datetime | None = None
    #: It was the person's, and was deleted.
    lost: bool = False

    def take(self, event: Evidence) -> None:
        exact = event.method == self.name
        if event.act is Act.LISTED:
            self.first_listed = self.first_listed or (event.at if exact else None)
        elif event.act is Act.DELETED:
            self._deleted(event, exact)
        elif event.act is Act.REVIEWED and event.by is By.USER:
            self.reviewed = event.id
        elif event.act in {Act.REGISTERED, Act.UPDATED}:
            if event.by is By.USER:
                self._by_person(event, exact)
            elif self.name not in PERSON_ONLY:
                self._by_others(event, exact)

    def _deleted(self, event: Evidence, exact: bool) -> None:
        self.left, self.at = False, event.at
        # An event that names no method may have meant another one: the next list decides at once.
        self.lag = LISTING_LAG if exact else timedelta(0)
        if exact:
            mine = self.owner in {Owner.PERSON, Owner.PERSON_ALL} or self.reviewed is not None
            self.lost = mine or self.name in PERSON_ONLY
            self.owner, self.evidence, self.reviewed, self.first_listed = Owner.NOBODY, None, None, None

    def _by_person(self, event: Evidence, exact: bool) -> None:
        if exact and event.act is Act.REGISTERED:
            self.owner, self.evidence, self.reviewed, self.lost = Owner.PERSON, event.id, None, False
        elif exact and self.owner is not Owner.PERSON:
            self.reviewed = event.id
        if exact:
            self.left, self.at, self.lag = True, event.at, LISTING_LAG
        elif event.method == "all" and event.act is Act.REGISTERED and self.owner in _UNCLAIMED:
            self.owner, self.evidence = Owner.PERSON_ALL, event.id

    def _by_others(self, event: Evidence, exact: bool) -> None:
        owner = Owner.UNKNOWN if event.by is By.UNKNOWN else Owner.OTHERS
        if exact:
            self.left, self.at, self.lag = True, event.at, LISTING_LAG
            self.owner, self.evidence, self.reviewed = owner, event.id, None
        elif self.owner is Owner.NOBODY:
            self.owner, self.evidence = owner, event.id

    def present(self, listed: bool, as_of: datetime | None) -> bool:
        if self.left is None or self.at is None:
            return listed
        list_is_behind = as_of is None or as_of < self.at + self.lag
        return self.left if list_is_behind else listed

    def personal(self, listed: bool) -> bool:
        """Given that it is present."""
        if self.name in PERSON_ONLY or self.owner is Owner.PERSON:
            return True
        return self.owner is Owner.PERSON_ALL and listed


_UNCLAIMED = {Owner.NOBODY, Owner.UNKNOWN, Owner.PERSON_ALL}
#: At the same instant the less trusting reading wins: it comes last.
_RANK = {By.USER: 0, By.UNKNOWN: 1, By.APP: 2, By.ADMIN: 3}


@dataclass(slots=True)
class View:
    """Everything counted, before it is put into words."""

    required: int
    usable: frozenset[str]
    events: list[Evidence]
    registration: Registration | None
    methods: dict[str, Method]
    present: set[str] = field(default_factory=set)
    personal: set[str] = field(default_factory=set)
    agreed: set[str] = field(default_factory=set)

    @property
    def as_of(self) -> datetime | None:
        times = [event.at for event in self.events if event.kind == "audit"]
        if self.registration:
            times.append(self.registration.as_of)
        return max(times, default=None)

    def listed(self, name: str) -> bool:
        return bool(self.registration and name in self.registration.methods)

    def enough(self, names: Iterable[str]) -> bool:
        return len({METHODS[name] for name in names}) >= self.required

    def owned(self, owner: Owner) -> set[str]:
        return {name for name in self.present if self.methods[name].owner is owner}

    def lost(self) -> bool:
        """Something that was the person's is not there any more."""
        return any(
            method.lost
            or method.owner in {Owner.PERSON, Owner.PERSON_ALL}
            or (method.first_listed is not None and name in PERSON_ONLY)
            for name, method in self.methods.items()
            if name in self.usable and name not in self.present
        )


def _ordered(case: Case) -> list[Evidence]:
    """Each id once, by time; evidence from before the account is somebody else's."""
    since = case.account.created_at if case.account else None
    rows = sorted(
        case.evidence,
        key=lambda e: (
            e.at,
            e.act is Act.DELETED,
            _RANK[e.by],
            e.act,
            e.id,
            e.kind,
            e.method or "",
            e.said or "",
        ),
    )
    unique: dict[str, Evidence] = {}
    for row in rows:
        if since is None or row.at >= since:
            unique.setdefault(row.id, row)
    return list(unique.values())


def build(case: Case, methods_required: int, now: datetime) -> View:
    """Fold the evidence. `methods_required` is the tenant's number for people without a role (1 or 2)."""
    registration = case.registration
    admin = bool(registration and registration.is_admin)
    usable = frozenset(
        name for name in METHODS if name != "securityQuestion" or (not admin and now.date() < QUESTIONS_END)
    )
    required = max(2, methods_required) if admin else methods_required
    view = View(required, usable, _ordered(case), registration, {name: Method(name) for name in METHODS})
    for event in view.events:
        named = event.method if event.method != "all" else None
        for name in (named,) if named else METHODS:
            if name in METHODS:
                view.methods[name].take(event)
    as_of = registration.as_of if registration else None
    for name in usable:
        method, listed = view.methods[name], view.listed(name)
        if method.present(listed, as_of):
            view.present.add(name)
            if method.personal(listed):
                view.personal.add(name)
            elif method.reviewed:
                view.agreed.add(name)
    return view
