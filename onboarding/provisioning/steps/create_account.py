"""Outcome: exactly one Entra account exists for this person and is linked to the case.

POST /users with the reserved name is at most once by itself: Entra refuses a second object of that name. So on
ObjectConflict look at that name:
- our mark, and not older than our intent → it is ours (an earlier try took effect): adopt;
- our mark, but older than our intent, or once linked to this case and given up as gone → the person seems to have an
  account already: an approver decides;
- the address by which HR knows the person already, or no number and the same display name (IT was first) → an
  approver decides as well;
- somebody else's, or another person's on an approver's word → next candidate;
- nobody of that name (404) → whoever has it as another address (proxyAddresses), by the same questions: mostly a
  colleague's, and the next candidate is taken;
- nobody at all → it exists but has not replicated: wait, and never take the next candidate, which would make two
  accounts. What stays out of sight for longer than replication takes is a group, a contact or something deleted, and
  an operator says so by a rerun of this one case.
Before that an account that carries HR's own number already under another name, or has the address that HR knows, is for
an approver too (`provisioning.existing`): HR systems announce their whole workforce when somebody switches
the webhook on.
For people whom the policy calls guests nothing is made. For those whom it calls synced neither: their account is waited
for. What was made before HR said so is closed first (`provisioning.refused`).
Before the lead time of the policy the account is made disabled. The initial password is random, used once in the
request, and kept nowhere.
"""

from __future__ import annotations

from onboarding import casework
from onboarding.domain import names
from onboarding.domain.account import AccountIntent
from onboarding.domain.case import NAME_HELD as NAME_HELD
from onboarding.errors import NotYetVisible, OnboardingError, may_have_taken_effect
from onboarding.ports import REPLICATION, DirectoryUser, NameTaken
from onboarding.provisioning import existing, from_sync, refused, timing
from onboarding.provisioning.linking import is_anothers, link, upn_alias
from onboarding.provisioning.new_user import new_user
from onboarding.provisioning.step import Block, Context, Done, Outcome, Step
from onboarding.provisioning.steps import reserve_username

STEP = Step(
    existing.CREATES,
    "The Entra account exists, once",
    after=("reserve_username",),
    lead=timing.CREATE,
    permissions=(
        "User.ReadWrite.All",
        "User.Read.All",
        "User.DeleteRestore.All",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
    ),
)
NEEDS_APPROVAL = existing.NEEDS_APPROVAL


async def run(ctx: Context) -> Outcome:
    """Create, or take up what an earlier try created or what was there before."""
    refusal = reserve_username.refusal(ctx)
    if refused.is_due(ctx):
        if (closed := await refused.close(ctx)) is not None:
            return closed
        if refused.is_due(ctx):  # else it turned out to be in use
            return refusal or await from_sync.await_sync(ctx)
    if (stopped := await refused.taken_up(ctx)) is not None:
        return stopped
    if ctx.case.account:
        made_just_now = ctx.case.rehired_at is None and ctx.now < ctx.account.created_at + REPLICATION
        found = Done("already_linked") if made_just_now else await existing.come_back(ctx)
        if found is not None:
            return found
    if refusal:
        return refusal
    if reserve_username.is_synced(ctx):
        return await from_sync.await_sync(ctx)
    for _ in range(reserve_username.CANDIDATES):
        if ctx.case.intent is None:
            reserved = await reserve_username.run(ctx)
            if isinstance(reserved, Block):
                return reserved
            continue
        if outcome := await _try(ctx, ctx.case.intent):
            return outcome
    return Block("no_free_username")


async def _try(ctx: Context, intent: AccountIntent) -> Outcome | None:
    """One candidate. None: its name is somebody else's."""
    if intent.restores:
        return await existing.finish_restore(ctx, intent)
    if intent.unmade and await _is_misnamed(ctx, intent):
        ctx.case.intent = None  # HR corrected the name while the request was held back
        await ctx.save("username_released")
        await ctx.s.cases.release_alias(upn_alias(intent.user_principal_name), ctx.case.case_id)
        return None
    number = reserve_username.number_of(ctx.case)
    if number and number != intent.mark:  # HR corrected it after the name was reserved
        intent.former_marks.append(intent.mark)
        intent.mark = number
        await ctx.save("mark_changed")
    if known := await existing.known(ctx, intent):
        return known
    try:
        wanted = new_user(ctx, intent)
    except names.NameUnusable:
        return Block("name_unusable")  # HR changed the name after it was reserved
    if wanted.mobile_phone and not intent.with_phone:
        intent.with_phone = True
        await ctx.save("phone_intended")
    # An operator's word that the name is somebody else's is about the requests before this one, which may take effect
    # without an answer: it is used up first, and a process that dies here has begun the wait anew.
    before = intent.unanswered, intent.taken_since
    unmade = intent.unmade or ctx.reserved is intent
    held = ctx.case.is_said(NAME_HELD, intent.user_principal_name) and not intent.unanswered
    ctx.case.take_back({NAME_HELD})
    if intent.unanswered or held:
        intent.taken_since = None
    # Whoever did not reserve the name just now writes first: of two workers only one asks for it.
    if intent.taken_since or held or ctx.reserved is not intent:
        intent.unanswered = intent.unanswered or held or intent.taken_since is not None
        intent.unmade = False
        notes = [casework.entry(ctx.now, "username_tried_again")] if held else []
        await casework.save(ctx.s, ctx.case, ctx.now, *notes)
    try:
        user = await ctx.s.directory.create_user(wanted)
    except NameTaken:
        intent.unanswered = False
        return await _look(ctx, intent, given_up=held)
    except OnboardingError as error:
        if may_have_taken_effect(error):
            intent.taken_since = None
        else:  # what was known, and said, is about the next request as well
            intent.unanswered, intent.taken_since = before
            intent.unmade = unmade
            ctx.case.approvals += [f"{NAME_HELD}:{intent.user_principal_name}"] if held else []
        raise
    ctx.made = user
    return await link(ctx, user, "created", intent)


async def _is_misnamed(ctx: Context, intent: AccountIntent) -> bool:
    """HR has corrected the name since, and nobody has the one that was reserved."""
    if reserve_username.still_fits(ctx, intent.user_principal_name):
        return False
    return await ctx.s.directory.get_user(intent.user_principal_name) is None


async def _look(ctx: Context, intent: AccountIntent, *, given_up: bool) -> Outcome | None:
    """Decide whose the taken name is. None: somebody else's, the name is given up; so it is where nobody who can be
    read has it, after an operator's word (`given_up`)."""
    directory, case = ctx.s.directory, ctx.case
    user = await directory.get_user(intent.user_principal_name)
    holders = [user] if user else await directory.find_by_address(intent.user_principal_name, aliases=True)
    for holder in holders:
        if outcome := await _of_this_person(ctx, holder, intent):
            return outcome
    name = intent.user_principal_name.lower()
    held = any(name in {holder.user_principal_name.lower(), *holder.addresses} for holder in holders)
    if not held and not given_up:
        intent.taken_since = intent.taken_since or ctx.now
        if ctx.now >= intent.taken_since + REPLICATION:
            return Block(NAME_HELD)
        raise NotYetVisible("The name is taken but not readable yet; waiting for replication.")
    await ctx.s.cases.release_alias(upn_alias(intent.user_principal_name), case.case_id)
    case.refused_names.append(intent.user_principal_name)
    case.intent = None
    await ctx.save("username_taken")
    return None


async def _of_this_person(ctx: Context, user: DirectoryUser, intent: AccountIntent) -> Outcome | None:
    """What becomes of the account that has the name, or has it as an address. None: it is somebody else's."""
    if existing.is_ours(user, intent):
        return await link(ctx, user, "created", intent)
    if is_anothers(ctx.case, user):
        return None
    # A mark of ours under another name: somebody renamed what an earlier try made.
    if user.employee_id in {*existing.marks(ctx.case, intent), intent.mark, *intent.former_marks}:
        return await existing.take_up(ctx, user, intent)
    if existing.has_address(ctx, user):
        return await existing.take_up(ctx, user, intent, ask_anyway=True)
    if await existing.was_ours(ctx, user):
        return await existing.take_up(ctx, user, intent)
    if await existing.is_made_by_hand(ctx, user):
        return await existing.take_up(ctx, user, intent, ask_anyway=True)
    return None
