"""A lost phone: its sign-in methods are deleted once each, the person's sessions end, and the follow-up begins anew.

Not part of the plan: an approver asked for it, which stands on the case (`Case.lost_method`) before anything is done,
with a due row of its own, whatever state the case is in. Look, act on the difference, record:

    asked → guard → for each method: look → "deleting" on the case → delete → done on the case; → end the sessions
    → follow-up resumed and task off the case, in one write

What stays confirms nobody any more, unless the approver said that the person still has it (`Act.DOUBTED`); where that
is enough by itself, a confirmed case stays confirmed.

A worker that dies in between is followed by one that looks first: a method that is gone is not deleted again; sessions
are ended once more at worst, which does no harm. Where the tenant refuses to delete a method, the sessions are ended
all the same; where it refused all of them, the follow-up stays as it is: they are still there.

An outage is waited for without end, and so is a missing permission or token, which holds everybody who needs it, with
one alert, until a probe gets through (`provisioning.holds`): the phone is somebody else's in the meantime. Of what is
refused otherwise, or to this account alone, an administrator is told once. While only the deletion waits, for whatever
reason, the sessions are ended once, and once more when the method is gone. A dry run is waited for as well, and neither
is done in it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain.account import Account, LostMethod
from onboarding.domain.case import Case
from onboarding.domain.confirmation import assess
from onboarding.domain.evidence import Act, By, Evidence
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.provenance import METHODS, PUSH
from onboarding.domain.records import TimelineEntry
from onboarding.errors import DeployerError, Held, NotYetVisible, OperatorError, RetryLater, StoreConflict
from onboarding.followup import sources
from onboarding.followup.evidence import new_episode, take_events
from onboarding.ports import Services, SignInMethod
from onboarding.provisioning import holds
from onboarding.provisioning.step import Context
from onboarding.provisioning.withdraw import DRY_RUN
from onboarding.safeguards import protection

log = logging.getLogger(__name__)

#: A delayed message may be there a moment before our clock agrees.
_EARLY = timedelta(seconds=1)
ACCOUNT_GONE = "account_gone"
#: What is held back by itself where a permission is missing: while one waits, the others are done.
GUARD, DELETE, SESSIONS = "lost_phone", "delete_method", "end_sessions"


async def advance(s: Services, case: Case, now: datetime) -> bool:
    """Go on with the task, if there is one and its moment has come. True: the case has been written.

    Raises StoreConflict (load the case again).
    """
    task, account = case.lost_method, case.account
    if task is None or now < task.when - _EARLY:
        return False
    if account is None:  # the case became another's; that one has the account
        case.lost_method = None
        await casework.save(s, case, now, casework.entry(now, "lost_phone_refused", reason=ACCOUNT_GONE))
        return True
    with observe.request_ids() as requests:
        try:
            await _take(s, case, account, task, now, requests)
        except StoreConflict:
            raise
        except (RetryLater, OperatorError, DeployerError) as exc:
            await _again(s, case, task, now, exc, requests)
    return True


async def _take(
    s: Services, case: Case, account: Account, task: LostMethod, now: datetime, requests: list[str]
) -> None:
    """All of it, as far as the tenant lets us; what it raises is waited for."""
    ctx = Context(s, case, now)
    if reason := await holds.beside(ctx, GUARD, lambda seen: refusal(seen, account)):
        # The sessions of a protected account are its administrators' matter, too.
        case.lost_method = None
        await casework.save(s, case, now, _entry(now, "lost_phone_refused", requests, reason=reason))
        return
    if not task.settled:
        try:
            await _settle(s, case, account, task, now, requests)
        except StoreConflict:
            raise
        except (RetryLater, DeployerError):
            if not task.signed_out:
                await _end_sessions(ctx, account)
                task.signed_out = True
                await casework.save(s, case, now, _entry(now, "sessions_ended", requests))
            raise
    await _end(s, case, account, task, now, requests)


async def refusal(s: Services, account: Account) -> str | None:
    """Why nothing may be written to the account, as a reason code; None: it may."""
    user = await s.directory.get_user(account.id)
    if user is None:
        return ACCOUNT_GONE
    return await protection.refusal(s, user, ours=account.origin == "created")


async def _end_sessions(ctx: Context, account: Account) -> None:
    await holds.beside(ctx, SESSIONS, lambda seen: seen.directory.revoke_sessions(account.id))


async def _settle(
    s: Services, case: Case, account: Account, task: LostMethod, now: datetime, requests: list[str]
) -> None:
    """Each method is gone, or it is written why it is not. Only a refusal of this very method ends the matter."""
    while not task.settled:
        try:
            note = await _delete(s, case, account, task, now, requests)
            task.gone = True
        except OperatorError as exc:
            if exc.code == DRY_RUN:
                raise
            observe.failure(log, "lost_phone_not_deleted", exc, case_id=case.case_id)
            note = _entry(now, "lost_phone_not_deleted", requests, method=task.method, reason=exc.code)
            task.refused = True
        if task.rest:
            task.method_id, task.method = task.rest.pop(0)
            task.deleting = False
        else:
            task.settled = True
        await casework.save(s, case, now, note)


async def _delete(
    s: Services, case: Case, account: Account, task: LostMethod, now: datetime, requests: list[str]
) -> TimelineEntry:
    async def delete(seen: Services) -> list[SignInMethod]:
        found = await seen.security.sign_in_methods(account.id)
        if found is None:
            raise NotYetVisible("The account's methods cannot be read; they are read again.")
        if any(item.id == task.method_id for item in found):
            if not task.deleting:
                task.deleting = True
                await casework.save(s, case, now)
            await seen.security.delete_method(account.id, task.method, task.method_id)
        return found

    found = await holds.beside(Context(s, case, now), DELETE, delete)
    left = [item for item in found if item.id != task.method_id]
    _doubt(case, task, left)
    _forget_listed(case, task, left, now)
    # One that was gone before we tried was somebody else's to delete.
    action = "lost_phone_deleted" if task.deleting else "lost_phone_gone"
    return _entry(now, action, requests, method=task.method)


def _doubt(case: Case, task: LostMethod, left: list[SignInMethod]) -> None:
    """What nobody said that the person still has counts no more, as of the report. An app that is not there was not
    registered with the lost phone; security questions and tokens show in no list that is read here, but in the report.
    What nothing has shown so far is registered anew."""
    there = {item.method for item in left}
    known = set(METHODS)
    if case.registration is not None:
        known &= {*there, *case.registration.methods, *(item.method for item in case.evidence if item.method)}
    names = known - set(task.kept) - ({PUSH} - there)
    at = task.asked_at
    take_events(
        case,
        [
            Evidence(f"desk:{name}:doubted:{at:%Y%m%dT%H%M%SZ}", "desk", Act.DOUBTED, By.UNKNOWN, name, at)
            for name in sorted(names)
        ],
    )


def _forget_listed(case: Case, task: LostMethod, left: list[SignInMethod], now: datetime) -> None:
    """The list without this method, and a piece of evidence: what is read in the next minutes may still show it,
    and the audit record is on its way."""
    there = {item.method for item in left}
    if task.method in there:
        return  # another one of its kind is left: the list still has the name
    if case.registration is not None:
        # As of now is the list that was just read; of what it does not show, the one that was there before.
        kept = {*case.registration.methods, *there} - {task.method}
        names = (*case.registration.methods, *sorted(there))
        methods = tuple(dict.fromkeys(name for name in names if name in kept))
        case.registration = replace(case.registration, methods=methods, as_of=now)
    by = By.APP if task.deleting else By.UNKNOWN
    seen = f"methods:{task.method}:deleted:{now:%Y%m%dT%H%M%SZ}"
    take_events(case, [Evidence(seen, "methods", Act.DELETED, by, task.method, now)])


async def _end(
    s: Services, case: Case, account: Account, task: LostMethod, now: datetime, requests: list[str]
) -> None:
    """End the sessions, and take the task off the case together with what follows from it."""
    try:
        await _end_sessions(Context(s, case, now), account)
        note = _entry(now, "sessions_ended", requests)
    except OperatorError as exc:
        if exc.code == DRY_RUN:
            raise
        observe.failure(log, "sessions_not_ended", exc, case_id=case.case_id)
        note = _entry(now, "sessions_not_ended", requests, reason=exc.code)
    case.lost_method = None
    nothing_gone = task.refused and not task.gone
    if nothing_gone or await _still_confirmed(s, case, now) or not _reopened(case):
        await casework.save(s, case, now, note)
        return
    # While the sessions waited, the follow-up may have seen the method go, and begun an episode.
    if case.episode_started_at is None or case.episode_started_at < task.asked_at:
        new_episode(case, now)
    if case.state is State.FOLLOWING_UP:
        resumed = casework.entry(now, "method_removed", because="lost_phone", episode=case.episode)
        await casework.hand_on(s, case, now, "follow_up", "method_removed", note, resumed)
    else:
        await casework.save(s, case, now, note)


async def _still_confirmed(s: Services, case: Case, now: datetime) -> bool:
    """By what the person still has, on the approver's word."""
    if case.state is not State.CONFIRMED and not case.watch_ended:
        return False
    return assess(case, await sources.rules(s, now), now).confirmed


def _reopened(case: Case) -> bool:
    """Put the case where the follow-up goes on, now or later. False: it was never there, or is over."""
    if case.state is State.CONFIRMED or case.watch_ended:
        case.apply(Event.PHONE_LOST)
        return True
    if case.state in {State.BLOCKED, State.PAUSED} and case.return_state is State.CONFIRMED:
        case.return_state = State.FOLLOWING_UP
    return State.FOLLOWING_UP in {case.state, case.return_state}


async def _again(
    s: Services,
    case: Case,
    task: LostMethod,
    now: datetime,
    error: RetryLater | OperatorError | DeployerError,
    requests: list[str],
) -> None:
    """Plan the next try. What an administrator has to mend is told once: here, and in the log."""
    notes = []
    if isinstance(error, Held):
        if error.code != task.code:
            notes = [_entry(now, "lost_phone_held", requests, reason=error.code)]
    elif isinstance(error, RetryLater):
        observe.event(log, "lost_phone_retries", level=logging.WARNING, case_id=case.case_id, why=error.code)
    elif error.code != task.code:
        observe.event(
            log,
            "lost_phone_held",
            level=logging.ERROR,
            case_id=case.case_id,
            code=error.code,
            what=error.message,
        )
        notes = [_entry(now, "lost_phone_held", requests, reason=error.code)]
    casework.try_later(s, task, now, error)
    await casework.save(s, case, now, *notes)


def _entry(now: datetime, action: str, requests: list[str], **detail: object) -> TimelineEntry:
    return casework.entry(now, action, request_id=requests[-1] if requests else None, **detail)
