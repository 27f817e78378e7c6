"""Outcome: a userPrincipalName is reserved in our store for this case, and the intent {upn, mark} is written.

The reservation is ours (insert if absent), not a look-up in Entra, which lags: two cases can never hold one name.
The mark goes into `employeeId` (16 characters at most, not unique in Entra): HR's number where it fits, else a
token that we keep, also for the account that follows one that is gone, and where another person's account carries that
number.

Candidates come in an order that depends on the person and the policy alone (`names.candidates`), and each case takes
the earliest one that nobody holds: whoever loses a race goes on to the next, and nobody is renumbered. A crash between
the claim and the intent costs nothing: the same claim is ours again. A candidate that can be mistaken for a protected
account (the policy's list, our own sender and the service desk, whoever holds a directory role in the tenant) waits for
an approver, whose word is about that very name. Holders who carry HR's number of this hire are this hire:
`create_account` asks before it links them.

While the tenant does not answer, nobody gets a name. Where it will not say who holds roles (no permission, which is a
choice that a company can make), the rest of the list is compared, and the step says so in its detail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from onboarding.domain import names, people_policy
from onboarding.domain.account import AccountIntent
from onboarding.domain.case import LOOKALIKE, TENANT, Alias, AliasKind, Case
from onboarding.domain.hire import Hire
from onboarding.domain.places.place import place_of
from onboarding.errors import DeployerError
from onboarding.ports import CANNOT_READ
from onboarding.provisioning import timing
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step

#: Detail of the step where the holders of roles could not be compared.
WITHOUT_HOLDERS = "without_role_holders"

STEP = Step(
    "reserve_username",
    "A user name is reserved for this person",
    lead=timing.CREATE,
    permissions=("RoleManagement.Read.Directory", "GroupMember.Read.All", "User.Read.All"),
)

#: employeeId holds 16 characters (Graph: user resource type).
MARK_LENGTH = 16
#: After this many taken names something else is wrong.
CANDIDATES = 200
NEEDS_APPROVAL = LOOKALIKE
GUEST = "guest_not_created"
_PASSED_OVER = frozenset({names.Refusal.RESERVED_WORD, names.Refusal.PROTECTED})


async def run(ctx: Context) -> Outcome:
    """Reserve the first free candidate; a reservation that is ours already is used again."""
    case, s = ctx.case, ctx.s
    if case.account or case.intent:
        return Done("already_reserved")
    if stops := refusal(ctx):
        return stops
    if is_synced(ctx):
        return Skip("synced_account")
    person = person_name(ctx.hire)
    try:
        names.display_name(person, ctx.hire.locale, where(ctx.hire))
    except names.NameUnusable:
        return Block("name_unusable")
    holders = await _role_holders(ctx)
    for candidate in islice(candidates(ctx, holders or ()), CANDIDATES):
        if candidate.upn in case.refused_names or candidate.refusal in _PASSED_OVER:
            continue
        alias = Alias(TENANT, AliasKind.UPN, candidate.upn.lower())
        if candidate.refusal is names.Refusal.LOOKALIKE and not case.is_said(NEEDS_APPROVAL, candidate.upn):
            if (await s.cases.owners([alias])).get(alias, case.case_id) == case.case_id:
                case.lookalike = candidate.upn
                return Block(NEEDS_APPROVAL)
            continue
        if await s.cases.claim_alias(alias, case.case_id) == case.case_id:
            mark = mark_of(case) or s.entropy.token(MARK_LENGTH)
            case.intent = ctx.reserved = AccountIntent(candidate.upn, mark, whole_second(ctx.now))
            # The word is used up: another run, or another name, needs its own.
            case.take_back({NEEDS_APPROVAL})
            case.lookalike = None
            await ctx.save("username_reserved")
            return Done(WITHOUT_HOLDERS if holders is None else None)
    return Block("no_free_username")


def refusal(ctx: Context) -> Block | None:
    """People for whom nothing is made: guests of the policy."""
    return Block(GUEST) if people_policy.any_fits(ctx.s.policy.people.guests, ctx.case) else None


def is_synced(ctx: Context) -> bool:
    """The account comes from Active Directory."""
    return people_policy.any_fits(ctx.s.policy.people.synced, ctx.case)


async def _role_holders(ctx: Context) -> list[str] | None:
    """User names of those who hold a directory role and are not this person. None: the tenant will not say."""
    try:
        found = await ctx.s.directory.role_holders()
    except DeployerError as exc:
        if exc.code not in CANNOT_READ:
            raise
        return None
    mark = number_of(ctx.case)
    return [user.user_principal_name for user in found if mark is None or user.employee_id != mark]


def candidates(ctx: Context, holders: Iterable[str]) -> Iterator[names.Candidate]:
    """The user names for this person, in the order in which they are tried."""
    hire, settings, policy = ctx.hire, ctx.s.settings, ctx.s.policy.account
    return names.candidates(
        person_name(hire),
        names.Naming(
            settings.domain,
            policy.username_pattern,
            policy.username_if_taken,
            (*policy.protected_names, settings.sender, settings.service_desk or "", *holders),
        ),
        number=hire.employee_number,
        employee_id=hire.employee_id,
        locale=hire.locale,
        country=where(hire),
    )


def still_fits(ctx: Context, user_principal_name: str) -> bool:
    """The reserved name is one that this person could be given, by the name that HR says now."""
    try:
        found = {candidate.upn for candidate in islice(candidates(ctx, ()), CANDIDATES)}
    except names.NameUnusable:
        return True  # nothing better is known
    return user_principal_name in found


def where(hire: Hire) -> str | None:
    """The hire's country (ISO alpha-2): where they work, else where they live."""
    return place_of(hire).country


def person_name(hire: Hire) -> names.PersonName:
    """The hire's name in the form that `names` takes."""
    return names.PersonName(hire.given_name, hire.family_name, hire.preferred_name, hire.display_name)


def hr_mark(hire: Hire) -> str | None:
    """HR's number where it fits into employeeId and is plain, else None."""
    for value in (hire.employee_number, hire.employee_id, hire.candidate_id):
        if (
            value
            and len(value) <= MARK_LENGTH
            and value.isascii()
            and value.isprintable()
            and " " not in value
        ):
            return value
    return None


def number_of(case: Case) -> str | None:
    """HR's number as a mark, unless an account that is another person's carries it."""
    number = hr_mark(case.hire)
    return None if number == case.number_of_another else number


def mark_of(case: Case) -> str | None:
    """What the next account of this case carries in `employeeId`; None: a token has to be made."""
    return number_of(case) or (None if case.mark == case.number_of_another else case.mark)


def whole_second(at: datetime) -> datetime:
    """createdDateTime has whole seconds; an intent with microseconds would seem younger than its own account."""
    return at.replace(microsecond=0)
