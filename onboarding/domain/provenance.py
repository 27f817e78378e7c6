"""Who put each authentication method there: the evidence of one person folded, in order of time, per method.

Pure data for `confirmation.assess`, which says what it adds up to and states the rules in prose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from onboarding.domain import run
from onboarding.domain.case import Case
from onboarding.domain.evidence import Act, By, Evidence, Registration
from onboarding.domain.roles import RoleRow, row_of, same_at

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
PHONES = frozenset({"mobilePhone", "alternateMobilePhone", "officePhone"})
#: `Evidence.method` of an event that says "phone" and not which.
SOME_PHONE = "phone"
HARDWARE_TOKEN = "hardwareOneTimePasscode"  # noqa: S105 - the name of a method
#: Not among the methods of SSPR's policy for administrators: two of e-mail, authenticator app, phone (facts 1.6).
NOT_FOR_ADMINISTRATORS = frozenset({HARDWARE_TOKEN, "securityQuestion"})
#: A first credential: neither registered for reset nor confirmed by anybody.
PASS = "temporaryAccessPass"  # noqa: S105 - the name of a method, not a secret
#: What an administrator can change after it was registered.
_CHANGEABLE = PHONES | {"email"}
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
PUSH, PASSWORDLESS = "microsoftAuthenticatorPush", "microsoftAuthenticatorPasswordless"
#: Microsoft's app gives these codes too; so does an app of anybody else.
CODE = "softwareOneTimePasscode"
#: Methods that SSPR refuses, named so that an unknown string is still seen as unknown.
REFUSED = PASSKEYS | {
    "windowsHelloForBusiness",
    PASS,
    PASSWORDLESS,
    "macOsSecureEnclaveKey",
    "platformCredential",
    "externalAuthMethod",
    "qrCode",
    "appPassword",
    "password",
}
#: `/authentication/methods` (v1.0) does not show these; the report does (facts 2.6).
NOT_IN_TARGETED_READ = frozenset({"securityQuestion", "hardwareOneTimePasscode", PASSWORDLESS})
#: Security questions leave SSPR in March 2027.
QUESTIONS_END = date(2027, 3, 1)
#: The report is 36 hours behind for most and 24 more for a few; the targeted read a few minutes at most.
LISTING_LAG = timedelta(hours=60)
DIRECT_LAG = timedelta(minutes=5)


class Owner(StrEnum):
    NOBODY = "nobody"
    PERSON = "person"
    #: By an event that names no method: counts only what is listed, and was not known before it.
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
    #: When the person said "all", or reviewed; what is listed for the first time long after that is not meant.
    claimed_at: datetime | None = None
    reviewed_at: datetime | None = None
    #: How long after `at` a list that says otherwise is only behind.
    lag: timedelta = LISTING_LAG
    #: The first list that has it, and the id of that evidence.
    first_listed: datetime | None = None
    listing: str | None = None
    #: It was the person's, and was deleted, or does not count any more.
    lost: bool = False
    #: Id of the word that a phone was lost, since which nothing was said of this method.
    doubted: str | None = None
    #: The code went with the app, which is what is said to be gone.
    with_app: bool = False

    @property
    def known(self) -> bool:
        """An event or a list before now said that it is there."""
        return self.left is True or (self.first_listed is not None and self.left is not False)

    @property
    def free(self) -> bool:
        """No record of its own says whose it is."""
        return self.owner in {Owner.NOBODY, Owner.UNKNOWN, Owner.PERSON_ALL}

    @property
    def unnamed(self) -> bool:
        """No record names it."""
        return self.free and self.left is not True

    @property
    def since(self) -> datetime | None:
        """When it was first heard of as it is now."""
        return self.at if self.left is True else self.first_listed

    def take(self, event: Evidence, exact: bool) -> None:
        """One event, in order of time. `exact`: it is about this method; else it may be."""
        if event.act is Act.LISTED:
            if exact and self.first_listed is None:
                self.first_listed, self.listing = event.at, event.id
        elif event.act is Act.DELETED:
            self._deleted(event, exact)
        elif event.act is Act.DOUBTED:
            self._doubted(event)
        elif event.act is Act.REVIEWED and event.by is By.USER:
            self.reviewed, self.reviewed_at = event.id, event.at
        elif event.act in {Act.REGISTERED, Act.UPDATED}:
            if event.by is By.USER:
                self._by_person(event, exact)
            elif self.name not in PERSON_ONLY:
                self._by_others(event, exact)

    def _deleted(self, event: Evidence, exact: bool) -> None:
        self.left, self.at = False, event.at
        # An event that names no method may have meant another one: the next list decides at once.
        self.lag = LISTING_LAG if exact else timedelta(0)
        self.with_app = event.method == PUSH and self.name == CODE
        if exact:
            self.lost = self.lost or self._mine or self.name in PERSON_ONLY
            self.owner, self.evidence, self.reviewed, self.doubted = Owner.NOBODY, None, None, None

    @property
    def _mine(self) -> bool:
        return self.owner is Owner.PERSON or self.claimed or self.agreed

    def _doubted(self, event: Evidence) -> None:
        """What others added does not count in any case."""
        self.lost = self.lost or (self.known and (self._mine or self.name in PERSON_ONLY))
        if self.owner not in {Owner.OTHERS, Owner.UNKNOWN}:
            self.owner, self.evidence, self.doubted = Owner.NOBODY, None, event.id
        self.reviewed = None

    def _by_person(self, event: Evidence, exact: bool) -> None:
        if exact and event.act is Act.REGISTERED:
            self.owner, self.evidence, self.reviewed, self.lost = Owner.PERSON, event.id, None, False
            self.doubted = None
        elif exact and self.owner is not Owner.PERSON:
            self.reviewed, self.reviewed_at = event.id, event.at
        if exact:
            self.left, self.at, self.lag = True, event.at, LISTING_LAG
        # What was known before may be anybody's, and has a record of its own where it is the person's.
        elif event.method == "all" and event.act is Act.REGISTERED and self.free and not self.known:
            self.owner, self.evidence, self.claimed_at = Owner.PERSON_ALL, event.id, event.at

    def _by_others(self, event: Evidence, exact: bool) -> None:
        owner = Owner.UNKNOWN if event.by is By.UNKNOWN else Owner.OTHERS
        if exact:
            self.left, self.at, self.lag = True, event.at, LISTING_LAG
            self.owner, self.evidence, self.reviewed = owner, event.id, None
        elif event.act is Act.UPDATED:
            # Which one was changed is not said: nothing that can be changed is taken for the person's any more.
            if self.name in _CHANGEABLE and self.left is not False:
                self.owner, self.evidence, self.reviewed = owner, event.id, None
        elif self.free and not self.known:
            self.owner, self.evidence, self.reviewed = owner, event.id, None

    def present(self, registration: Registration | None) -> bool:
        """Is it there, by the later of events and lists?"""
        listed = self.listed(registration)
        if self.left is None or self.at is None:
            return listed
        if registration is None:
            return self.left
        direct = registration.direct and self.name not in NOT_IN_TARGETED_READ
        as_of, lag = registration.as_of, min(self.lag, DIRECT_LAG)
        if self.name == PUSH and passwordless_only(registration):
            direct, lag = False, timedelta(0)
            as_of = registration.reported_at or registration.as_of
        elif not direct:
            reported, lag = registration.reported_at, self.lag
            if reported is None:
                return self.left
            as_of = reported
        return self.left if as_of < self.at + lag else listed

    def listed(self, registration: Registration | None) -> bool:
        """By the newest list. What no audit event names, and a row lists for the first time after the targeted read,
        that read could not have: such a row is not behind it."""
        if registration is None or is_listed(self.name, registration):
            return registration is not None
        if self.left is not None or self.first_listed is None or self.name not in registration.report_methods:
            return False
        return self.first_listed > registration.as_of

    def personal(self, listed: bool) -> bool:
        """Given that it is present."""
        if self.owner is Owner.PERSON or (self.name in PERSON_ONLY and self.doubted is None):
            return True
        return listed and self.claimed

    @property
    def claimed(self) -> bool:
        """The person said "all", and it was there by then as far as lists can tell."""
        return self.owner is Owner.PERSON_ALL and self._there_by(self.claimed_at)

    @property
    def agreed(self) -> bool:
        """The person reviewed or changed it."""
        return self.reviewed is not None and (self.left is True or self._there_by(self.reviewed_at))

    def _there_by(self, moment: datetime | None) -> bool:
        if moment is None:
            return False
        return self.first_listed is None or self.first_listed <= moment + LISTING_LAG


def passwordless_only(registration: Registration) -> bool:
    """The report tells passwordless sign-in from notifications; the audit log and the targeted read do not."""
    names = registration.report_methods if registration.direct else registration.methods
    return PASSWORDLESS in names and PUSH not in names


def is_listed(name: str, registration: Registration | None) -> bool:
    """Does the newest list say that it is there?"""
    if registration is None or name not in registration.methods:
        return False
    return name != PUSH or not passwordless_only(registration)


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
    #: As `Rules.frozen_as_of`.
    frozen_as_of: datetime | None = None
    #: As `Rules.required_since`; None for administrators, for whom it is two either way.
    required_since: datetime | None = None
    #: As `Case.role_rows`, of this account.
    role_rows: list[RoleRow] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    personal: set[str] = field(default_factory=set)
    agreed: set[str] = field(default_factory=set)

    @property
    def as_of(self) -> datetime | None:
        times = [event.at for event in self.events if event.kind == "audit"]
        if self.registration:
            times.append(self.registration.newest)
        return max(times, default=None)

    @property
    def absence_as_of(self) -> datetime | None:
        """As of when something can be said *not* to be there: a list, or a deletion, which a pass says nothing of.

        Of what a report lists that stands still a deletion takes away its own method, and says nothing of others."""
        standing = self.frozen_as_of is not None and self.registration is not None
        times = [self.last_deletion] if self.last_deletion and not standing else []
        if (registration := self.registration) is not None:
            # A row that goes on saying the same keeps what was read fresh; one that stands still does not.
            moves = registration.reported_at != self.frozen_as_of
            times.append(registration.newest if moves else registration.as_of)
        return max(times, default=None)

    @property
    def last_deletion(self) -> datetime | None:
        """Time of the newest deletion of what SSPR may accept: that of a pass or a passkey takes nothing away."""
        gone = (e.at for e in self.events if e.act is Act.DELETED and e.method not in REFUSED)
        return max(gone, default=None)

    def same_role(self, moment: datetime) -> bool:
        """Did as many methods have to be there then as now, as far as the role decides it?"""
        return same_at(self.role_rows, bool(self.registration and self.registration.is_admin), moment)

    def holds(self, said_at: datetime, *, enough: bool) -> bool:
        """Microsoft said at `said_at` that enough was registered, or too little: is that so by the number that is
        required now? Enough for two is enough for one, and too little for one is too little for two."""
        if self.required_since is None or said_at >= self.required_since:
            return True
        return enough is (self.required == 1)

    def enough(self, names: Iterable[str]) -> bool:
        return len({METHODS[name] for name in names}) >= self.required

    def owned(self, owner: Owner) -> set[str]:
        return {name for name in self.present if self.methods[name].owner is owner}

    def doubted(self) -> set[str]:
        """What is there, and counted until a phone was lost."""
        return {name for name in self.present - self.personal if self.methods[name].doubted}

    def gone(self) -> set[str]:
        """What was the person's and is not there any more."""
        return {
            name
            for name, method in self.methods.items()
            if name in self.usable
            and name not in self.present
            and not method.with_app
            and (
                method.lost
                or method.owner is Owner.PERSON
                # What was agreed to where that is accepted: the same.
                or (method.agreed and (method.left is True or method.first_listed is not None))
                # "All" was said of what was listed, and of nothing else.
                or (method.first_listed is not None and (method.claimed or name in PERSON_ONLY))
            )
        }

    def needed(self, confirmed_at: datetime) -> set[str]:
        """What is gone of what the confirmation can have rested on: not what was deleted before something that the
        person has added since, by which they were confirmed."""
        added = {self.methods[name].since for name in self.personal}
        return {
            name
            for name in self.gone()
            if (method := self.methods[name]).left is not False
            or not any(at and method.at and method.at < at <= confirmed_at for at in added)
        }

    def last(self, *acts: Act, by: By | None = None) -> datetime | None:
        """Time of the newest event of these acts."""
        return max(
            (e.at for e in self.events if e.act in acts and (by is None or e.by is by)),
            default=None,
        )


def _ordered(case: Case) -> list[Evidence]:
    """Each id once, by time; of this run alone."""
    rows = sorted(
        run.seen(case),
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
        unique.setdefault(row.id, row)
    return list(unique.values())


def _about(event: Evidence, methods: Mapping[str, Method]) -> Iterator[tuple[str, bool]]:
    """Names of the methods that the event is about, and whether it says so itself."""
    if event.method == SOME_PHONE:
        known = [name for name in PHONES if methods[name].known]
        if event.by is By.USER or event.act is Act.DELETED:
            # One phone: that one. Several: nobody knows which.
            exact = len(known) == 1
            yield from ((name, exact) for name in (known or PHONES))
        elif event.act is Act.REGISTERED and (others := PHONES.difference(known)):
            # One phone of a kind (facts 2.6): what is there already can only be changed.
            yield from ((name, len(others) == 1) for name in others)
        else:
            yield from ((name, bool(known)) for name in (known or PHONES))
    elif event.method is None or event.method == "all":
        yield from ((name, False) for name in METHODS)
    elif event.method in METHODS:
        yield event.method, True
        # The app is registered and deleted under one name, its notifications and its code, which the report lists.
        if event.method == PUSH and event.act is Act.DELETED and methods[CODE].unnamed:
            yield CODE, True


def _role_rows(case: Case) -> list[RoleRow]:
    """What rows say of the role, the newest one included; from before the account they are about somebody else."""
    since = case.account.created_at if case.account else None
    rows = {*case.role_rows, *row_of(case.registration)}
    return sorted(row for row in rows if since is None or row[0] >= since)


def usable_methods(admin: bool, now: datetime) -> frozenset[str]:
    """What SSPR takes from this person at `now`."""
    ended = {"securityQuestion"} if now.date() >= QUESTIONS_END else set()
    return frozenset(METHODS.keys() - ended - (NOT_FOR_ADMINISTRATORS if admin else set()))


def build(
    case: Case,
    methods_required: int,
    now: datetime,
    frozen_as_of: datetime | None = None,
    required_since: datetime | None = None,
) -> View:
    """Fold the evidence. `methods_required` is the tenant's number for people without a role (1 or 2), and
    `required_since` when it became that; `frozen_as_of` the time of a report that stands still."""
    registration = case.registration
    admin = bool(registration and registration.is_admin)
    usable = usable_methods(admin, now)
    required = max(2, methods_required) if admin else methods_required
    methods = {name: Method(name) for name in METHODS}
    since = None if admin else required_since
    view = View(
        required, usable, _ordered(case), registration, methods, frozen_as_of, since, _role_rows(case)
    )
    # An account that others made, or of an employment before, may have had anything before the first list of it: "all"
    # claims none of that, and of what a targeted read leaves out nothing.
    unlisted = set() if run.is_made_for_it(case) else set(METHODS)
    for event in view.events:
        if event.act is Act.LISTED:
            unlisted &= NOT_IN_TARGETED_READ
        vague = event.act is Act.REGISTERED and event.method == "all"
        for name, exact in list(_about(event, view.methods)):
            if not (vague and name in unlisted):
                view.methods[name].take(event, exact)
    for name in usable:
        method = view.methods[name]
        if method.present(registration):
            view.present.add(name)
            if method.personal(method.listed(registration)):
                view.personal.add(name)
            elif method.agreed:
                view.agreed.add(name)
    return view
