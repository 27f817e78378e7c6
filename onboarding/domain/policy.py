"""The company's choices that are not addresses or secrets: the ladder, working time, lead times, retries.

Read from TOML (`policy_file`); what a file leaves out keeps its default here. Nothing in a case
repeats a policy value, so a changed policy applies to everybody at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from types import MappingProxyType

from onboarding.domain.people_policy import (
    EnableRule,
    GroupsPolicy,
    LicencesPolicy,
    MailboxPolicy,
    PeoplePolicy,
)


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """When accounts are made, and what they are called."""

    #: Days before the start date from which the account may exist.
    create_days_before_start: int = 14
    #: Days before the start date from which it is enabled; made earlier, it is made disabled. Never later than the
    #: day on which the first credential goes out.
    enable_days_before_start: int = 14
    #: Other lead times for some people; the first rule that fits counts.
    enable: tuple[EnableRule, ...] = ()
    #: Fields: see `onboarding.domain.names.local`.
    username_pattern: str = "{given}.{family}"
    #: Patterns for a name that is taken, in this order; then the first pattern with 2, 3 and so on.
    username_if_taken: tuple[str, ...] = ()
    #: User names of privileged accounts, with or without a domain, beside those that hold a directory role: nobody
    #: gets a name that can be mistaken for one without an approver's word.
    protected_names: tuple[str, ...] = ()
    #: Somebody comes back to a disabled or deleted account: `ask` an approver, or `restore` it where the name is the
    #: same. Their first credential needs an approver either way.
    rehire: str = "ask"
    #: HR's end date goes into employeeLeaveDateTime, which needs a permission of its own.
    leave_date: bool = False


@dataclass(frozen=True, slots=True)
class PassPolicy:
    """The first credential: a one-time Temporary Access Pass near the first day."""

    #: Issued on the working day before the start date; never later than this many days after it.
    latest_days_after_start: int = 7
    #: Requested lifetime; cut to the tenant's own limits.
    lifetime_minutes: int = 480
    #: Local time from which the pass works, on the first working day on or after the start date.
    usable_from: time = time(8, 0)
    #: People begin on the date that HR names, also where that is a weekend or a public holiday: so does the pass.
    begins_on_days_off: bool = False


@dataclass(frozen=True, slots=True)
class WorkingTimePolicy:
    """Local working time of the recipient; weekends and public holidays follow the country."""

    start: time = time(9, 0)
    end: time = time(17, 0)
    #: Nothing is sent on a public holiday of the person's country, or region where HR names one.
    public_holidays: bool = True


#: audience → messages of the ladder that are written for it. `onboarding.followup.messages` has their texts; a
#: test holds the two together.
LADDER_MESSAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "person": ("nudge_first", "nudge_second", "nudge_third", "nudge_last"),
        "manager": ("escalate_manager",),
        "desk": ("escalate_desk",),
    }
)


@dataclass(frozen=True, slots=True)
class Rung:
    """One entry of the ladder. `day` counts calendar days, without public holidays, from day 0: the first working
    day on or after the start date, or after a new episode began."""

    rung: str
    #: `person`, `manager` or `desk`.
    audience: str
    day: int
    #: One of the audience's `LADDER_MESSAGES`.
    message: str


DEFAULT_LADDER = (
    Rung("person_day_0", "person", 0, "nudge_first"),
    Rung("person_day_2", "person", 2, "nudge_second"),
    Rung("person_day_5", "person", 5, "nudge_third"),
    Rung("manager_day_5", "manager", 5, "escalate_manager"),
    Rung("person_day_10", "person", 10, "nudge_last"),
    Rung("desk_day_10", "desk", 10, "escalate_desk"),
)


@dataclass(frozen=True, slots=True)
class FollowUpPolicy:
    """The ladder and what surrounds it."""

    ladder: tuple[Rung, ...] = DEFAULT_LADDER
    #: Least time between two messages of the ladder to the same person.
    min_gap_hours: int = 20
    #: How long a confirmed person is watched for a removed method before the case closes.
    watch_days: int = 90
    #: A report older than this does not carry an escalation.
    report_stale_hours: int = 48
    #: How often a followed-up person is looked at again where others decide whether a message may go out (the scope of
    #: SSPR, an audit record); every seventh time where nothing is due.
    look_again_hours: int = 24


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Back-off of a step: full jitter between zero and min(cap, first · 2^n), never below Retry-After."""

    first_seconds: float = 5.0
    cap_seconds: float = 4 * 3600.0
    give_up_after_hours: float = 72.0


@dataclass(frozen=True, slots=True)
class FirstDayRetryPolicy(RetryPolicy):
    """Back-off of what the first day waits for: asked again after a quarter of an hour at the latest."""

    cap_seconds: float = 900.0


#: Nobody knows more than a year ahead.
LONGEST_FORECAST = 366
#: HR systems send a delivery again for three days at most (BambooHR, Gusto, HiBob, Standard Webhooks senders);
#: ten times that, so that a repeat never counts as news.
LONGEST_REPEAT_DAYS = 30
#: What waits for an operator outlives a long weekend.
LEAST_UNRESOLVED_DAYS = 7


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long what HR sent is kept, in days from its arrival. See docs/retention.md."""

    #: The body of a delivery that was worked off (processed, ignored).
    delivered_days: int = 14
    #: The body of one that was not: received, queued, unreadable, failed.
    unresolved_days: int = 90
    #: The row without a body, by which a repeat is recognised. Senders without a signed time can be imitated with
    #: an old recording for as long as its row is gone; so it outlives a year, and the audit of one.
    rows_days: int = 400
    #: Cases that HR ended (the person left, or never came) are erased this long after; 0: never by themselves.
    closed_days: int = 0


#: What is counted against a limit; each has two keys in `LimitsPolicy`.
LIMITED = ("creations", "passes", "licences", "messages")


@dataclass(frozen=True, slots=True)
class LimitsPolicy:
    """How much the service does in an hour before it stops that kind of action and asks an approver (docs/trouble.md).

    What an hour may hold is the lower of `*_per_hour` and `*_percent` of the people who are in; the
    percentage never counts for less than `percent_from`. `*_per_hour = 0` switches a limit off, `*_percent = 0` its
    percentage.
    """

    creations_per_hour: int = 500
    creations_percent: int = 20
    passes_per_hour: int = 500
    passes_percent: int = 20
    licences_per_hour: int = 500
    licences_percent: int = 20
    #: Messages to persons, managers and the service desk. The mail with a pass is counted with the passes.
    messages_per_hour: int = 2000
    messages_percent: int = 100
    percent_from: int = 100

    def cap(self, kind: str, people: int) -> int | None:
        """Actions of this kind in an hour, for so many known people. None: no limit."""
        most: int = getattr(self, f"{kind}_per_hour")
        percent: int = getattr(self, f"{kind}_percent")
        if most == 0:
            return None
        return min(most, max(self.percent_from, people * percent // 100)) if percent else most


@dataclass(frozen=True, slots=True)
class ReportsPolicy:
    """What the reports assume, and whom they look for. See docs/reports.md."""

    #: Departments and countries with fewer people than this in a week are not shown by name.
    least_people: int = 5
    #: Calls to the service desk that one self-service reset saves, and where that number is from.
    calls_per_reset: float = 1.0
    calls_source: str = "assumption: who resets the own password would have called once"
    #: Password calls of one person who cannot reset, in a year, and where that number is from.
    resets_per_person_year: float = 1.2
    resets_source: str = (
        "a vendor's figure, 1.2 calls a person and year (Specops Software, The true cost of password resets, 2020); "
        "put in your service desk's own"
    )
    #: Days of the forecast.
    forecast_days: int = 30
    #: An account younger than this is a new one.
    new_days: int = 90
    #: Beginnings of words in a department or job title, in any case.
    finance_words: tuple[str, ...] = (
        "financ",
        "accounting",
        "accounts payable",
        "treasur",
        "payroll",
        "controlling",
        "finanz",
        "buchhaltung",
    )
    director_words: tuple[str, ...] = (
        "director",
        "chief",
        "president",
        "ceo",
        "cfo",
        "managing",
        "geschäftsführ",
        "vorstand",
        "directeur",
    )
    #: No field of Graph says that somebody rarely uses a PC: without words here that group stays unknown.
    little_pc_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """One item that an approver confirms before a new pass is issued. `code` stands in the timeline."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class DeskPolicy:
    """What the service desk keeps to (docs/service-desk.md)."""

    identity_checks: tuple[IdentityCheck, ...] = (
        IdentityCheck(
            "photo_id", "I compared the person with a photo identity document, in person or on video."
        ),
        IdentityCheck(
            "known_fact", "I asked for something that stands in HR's record only, and it was right."
        ),
        IdentityCheck(
            "call_back", "I called back on a number from HR's record, not on one that the caller gave."
        ),
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything in the policy file."""

    account: AccountPolicy = field(default_factory=AccountPolicy)
    people: PeoplePolicy = field(default_factory=PeoplePolicy)
    groups: GroupsPolicy = field(default_factory=GroupsPolicy)
    licences: LicencesPolicy = field(default_factory=LicencesPolicy)
    mailbox: MailboxPolicy = field(default_factory=MailboxPolicy)
    first_credential: PassPolicy = field(default_factory=PassPolicy)
    working_time: WorkingTimePolicy = field(default_factory=WorkingTimePolicy)
    follow_up: FollowUpPolicy = field(default_factory=FollowUpPolicy)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    #: Of the first credential and the welcome.
    retry_first_day: FirstDayRetryPolicy = field(default_factory=FirstDayRetryPolicy)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    reports: ReportsPolicy = field(default_factory=ReportsPolicy)
    limits: LimitsPolicy = field(default_factory=LimitsPolicy)
    desk: DeskPolicy = field(default_factory=DeskPolicy)

    def retry_of(self, section: str) -> RetryPolicy:
        """The back-off that a step names by its section."""
        found = getattr(self, section)
        assert isinstance(found, RetryPolicy)  # noqa: S101 (the step contract test holds every step to it)
        return found
