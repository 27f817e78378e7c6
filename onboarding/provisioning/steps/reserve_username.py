"""Outcome: a userPrincipalName is reserved in our store for this case, and the intent {upn, mark} is written.

The reservation is ours (insert if absent), not a look-up in Entra, which lags: two cases can never hold one name.
The mark goes into `employeeId` (16 characters at most, not unique in Entra): HR's number where it fits, else a
token that we keep.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from onboarding.domain import names
from onboarding.domain.case import TENANT, AccountIntent, Alias, AliasKind
from onboarding.domain.hire import Hire
from onboarding.domain.place import place_of
from onboarding.provisioning.step import Block, Context, Done, Outcome, Step

STEP = Step("reserve_username", 10, "A user name is reserved for this person")

#: employeeId holds 16 characters (Graph: user resource type).
MARK_LENGTH = 16
#: After this many taken names something else is wrong.
CANDIDATES = 200


async def run(ctx: Context) -> Outcome:
    """Reserve the first free candidate; a reservation that is ours already is used again."""
    case, s = ctx.case, ctx.s
    if case.account or case.intent:
        return Done("already_reserved")
    person = person_name(ctx.hire)
    try:
        names.display_name(person, ctx.hire.locale, where(ctx.hire))
    except names.NameUnusable:
        return Block("name_unusable")
    candidates = names.upn_candidates(
        person,
        s.settings.domain,
        pattern=s.policy.account.username_pattern,
        employee_number=ctx.hire.employee_number or ctx.hire.employee_id,
        locale=ctx.hire.locale,
        country=where(ctx.hire),
    )
    for upn in islice(candidates, CANDIDATES):
        if upn in case.refused_names:
            continue
        if await s.cases.claim_alias(Alias(TENANT, AliasKind.UPN, upn.lower()), case.case_id) == case.case_id:
            mark = hr_mark(ctx.hire) or s.entropy.token(MARK_LENGTH)
            case.intent = AccountIntent(upn, mark, whole_second(ctx.now))
            await ctx.save("username_reserved")
            return Done()
    return Block("no_free_username")


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


def whole_second(at: datetime) -> datetime:
    """createdDateTime has whole seconds; an intent with microseconds would seem younger than its own account."""
    return at.replace(microsecond=0)
