"""Outcome: exactly one Entra account exists for this person and is linked to the case.

POST /users with the reserved name is at most once by itself: Entra refuses a second object of that name. So on
ObjectConflict look at that name:
- our mark, and not older than our intent → it is ours (an earlier try took effect): adopt;
- our mark, but older than our intent → the person seems to have an account already: an approver decides;
- somebody else's → next candidate;
- 404 → it exists but has not replicated: wait, and never take the next candidate, which would make two accounts.
Before that, where the mark is HR's own number, an account that carries it already under another name is for an
approver too: HR systems announce their whole workforce when somebody switches the webhook on.
The initial password is random, used once in the request, and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from onboarding.domain import calendar, names
from onboarding.domain.case import TENANT, Account, AccountIntent, Alias, AliasKind
from onboarding.domain.nudges import working_time_of
from onboarding.domain.phone import phonebook
from onboarding.domain.places import place
from onboarding.errors import NotYetVisible
from onboarding.ports import DirectoryUser, NameTaken, NewUser
from onboarding.provisioning import timing
from onboarding.provisioning.step import Block, Context, Done, Outcome, Step
from onboarding.provisioning.steps import reserve_username

STEP = Step(
    "create_account",
    "The Entra account exists, once",
    after=("reserve_username",),
    lead=timing.CREATE,
    permissions=("User.ReadWrite.All", "User.Read.All"),
)
NEEDS_APPROVAL = "needs_approval_adopt"


async def run(ctx: Context) -> Outcome:
    """Create, or adopt what an earlier try created."""
    for _ in range(reserve_username.CANDIDATES):
        if ctx.case.account:
            return Done("already_linked")
        if ctx.case.intent is None:
            reserved = await reserve_username.run(ctx)
            if isinstance(reserved, Block):
                return reserved
            continue
        try:
            wanted = new_user(ctx, ctx.case.intent)
        except names.NameUnusable:
            return Block("name_unusable")  # HR changed the name after it was reserved
        if known := await _known(ctx, ctx.case.intent):
            return known
        if wanted.mobile_phone and not ctx.case.intent.with_phone:
            ctx.case.intent.with_phone = True
            await ctx.save("phone_intended")
        try:
            user = await ctx.s.directory.create_user(wanted)
            return await _link(ctx, ctx.case.intent, user, "created")
        except NameTaken:
            outcome = await _look(ctx, ctx.case.intent)
            if outcome:
                return outcome
    return Block("no_free_username")


async def _known(ctx: Context, intent: AccountIntent) -> Outcome | None:
    """Somebody with HR's number who was there before us. None: nobody, or our own earlier try."""
    if intent.mark != reserve_username.hr_mark(ctx.hire):
        return None
    found = await ctx.s.directory.find_by_employee_id(intent.mark)
    others = [u for u in found if u.user_principal_name.lower() != intent.user_principal_name.lower()]
    if not others:
        return None
    if NEEDS_APPROVAL in ctx.case.approvals and len(others) == 1:
        return await _link(ctx, intent, others[0], "adopted")
    return _ask(ctx, others)


async def _look(ctx: Context, intent: AccountIntent) -> Outcome | None:
    """Decide whose the taken name is. None: somebody else's, the name is given up."""
    user = await ctx.s.directory.get_user(intent.user_principal_name)
    if user is None:
        raise NotYetVisible("The name is taken but not readable yet; waiting for replication.")
    if user.employee_id == intent.mark:
        if user.created_at is not None and user.created_at >= intent.at:
            return await _link(ctx, intent, user, "created")
        if NEEDS_APPROVAL in ctx.case.approvals:
            return await _link(ctx, intent, user, "adopted")
        return _ask(ctx, [user])
    case = ctx.case
    await ctx.s.cases.release_alias(_upn_alias(intent.user_principal_name), case.case_id)
    case.refused_names.append(intent.user_principal_name)
    case.intent = None
    await ctx.save("username_taken")
    return None


def _ask(ctx: Context, found: Sequence[DirectoryUser]) -> Block:
    """An approver decides; the names are kept on the case, for whoever has to look the account up."""
    ctx.case.found_account = ", ".join(sorted(user.user_principal_name for user in found))
    return Block(NEEDS_APPROVAL)


async def _link(ctx: Context, intent: AccountIntent, user: DirectoryUser, origin: str) -> Outcome:
    """File the object id first (so that evidence finds the case), then write the account on the case."""
    case = ctx.case
    owner = await ctx.s.cases.claim_alias(Alias(TENANT, AliasKind.OBJECT_ID, user.id), case.case_id)
    if owner != case.case_id:
        return Block("account_of_another_case")
    if user.user_principal_name.lower() != intent.user_principal_name.lower():
        # Adopted under the name it has: the reserved one is free again.
        await ctx.s.cases.claim_alias(_upn_alias(user.user_principal_name), case.case_id)
        await ctx.s.cases.release_alias(_upn_alias(intent.user_principal_name), case.case_id)
    case.account = Account(
        id=user.id,
        user_principal_name=user.user_principal_name,
        mark=intent.mark,
        created_at=user.created_at or intent.at,
        origin=origin,
        synced=bool(user.synced),
    )
    case.intent = case.found_account = None
    phonebook.forget_numbers(case, ctx.s.settings.hash_key.reveal())
    await ctx.save("account_linked", origin=origin, object_id=user.id)
    # `domain.confirmation` reads from the detail whether the directory holds a phone.
    return Done(f"{origin}_with_mobile_phone" if intent.with_phone and origin == "created" else origin)


def _upn_alias(upn: str) -> Alias:
    return Alias(TENANT, AliasKind.UPN, upn.lower())


def new_user(ctx: Context, intent: AccountIntent) -> NewUser:
    """The request's content, cut to Entra's property limits. Limits: Graph, user resource type."""
    hire, s = ctx.hire, ctx.s
    where = reserve_username.where(hire)
    person = reserve_username.person_name(hire)
    directory_phone = None
    if s.settings.phone_attribute == "mobilePhone" and ctx.now.date() >= s.settings.deadline:
        # Before the deadline this attribute would count as a recovery factor nobody confirmed.
        directory_phone = phonebook.directory_number(hire)
    zone = working_time_of(ctx.case, s.policy).zone
    return NewUser(
        user_principal_name=intent.user_principal_name,
        mail_nickname=names.mail_nickname(intent.user_principal_name),
        display_name=names.display_name(person, hire.locale, where),
        employee_id=intent.mark,
        password=s.entropy.password(),
        given_name=names.given_name(person),
        surname=names.surname(person),
        job_title=_cut(hire.job_title, 128),
        department=None if hire.department_is_id else _cut(hire.department, 64),
        company_name=_cut(s.settings.company_name, 64),
        usage_location=place.usage_location(hire),
        preferred_language=place.known_language(hire),
        employee_hire_date=calendar.local_midnight(hire.start_date, zone) if hire.start_date else None,
        mobile_phone=directory_phone,
    )


def _cut(text: str | None, limit: int) -> str | None:
    cleaned = names.clean(text) if text else ""
    return names.truncate(cleaned, limit) or None
