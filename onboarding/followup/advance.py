"""One case in `following_up` or `confirmed`, as far as it goes now.

Judge by what the audit log and the report have said, then either confirm, remind, tell somebody above, or wait; always
leaving a next action. One person's methods are read directly where something depends on it: before somebody above is
told, before follow-up resumes, where the audit log knows more than any list that was read, and before a reminder where
what was read is too old to say that the person has not registered. Nobody is polled.
The person's own registration ends everything within one pass; who was told before is told that it is done, at once,
whatever the hour.

Decisions that are ours:
- Somebody outside SSPR's scope has the status `excluded` and hears nothing, but the case stays in follow-up and
  is looked at again: group membership often comes days later. Coming into scope begins a new episode.
- A message needs a list that is not stale: while the report stands still, one of this person alone. A listed method
  whose audit record is still on its way holds a message back for `AUDIT_PATIENCE`.
- A confirmed person whose evidence no longer holds is read directly before follow-up resumes: reports lag.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain import nudges
from onboarding.domain.account import Account
from onboarding.domain.case import WATCH_ENDED, Case
from onboarding.domain.confirmation import Assessment, assess
from onboarding.domain.evidence import Act, Registration, Status
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.policy import Rung
from onboarding.domain.records import NextAction, RungRecord, RungStatus, TimelineEntry
from onboarding.domain.rules import Rules
from onboarding.domain.run import seen
from onboarding.errors import (
    DeployerError,
    LimitReached,
    OperatorError,
    PermissionMissing,
    RetryLater,
    StoreConflict,
)
from onboarding.followup import escalate, nudge, sources
from onboarding.followup.deliver import FINAL
from onboarding.followup.evidence import codes, lost, new_episode, note, take_list
from onboarding.ports import CLAIM_LEASE, REPLICATION, DirectoryUser, Services

log = logging.getLogger(__name__)

#: How long a message waits for the audit record of a method that is listed already (P99 is 5 minutes).
AUDIT_PATIENCE = timedelta(hours=2)
SOON = timedelta(minutes=10)
#: Where nothing but a changed policy would be found, a case is looked at so many times as rarely.
SELDOM = 7
#: Until a deployer has mended what is missing; then everything goes on by itself.
DEPLOYER_PAUSE = timedelta(hours=1)
#: `Assessment.because` of somebody of whom nothing is known that is new enough; and why their messages wait.
STALE = "sources_stale"


@dataclass(slots=True)
class _Pass:
    """One run over one case. `entries` are timeline lines that go out with the next write."""

    s: Services
    case: Case
    now: datetime
    rules: Rules
    entries: list[TimelineEntry] = field(default_factory=list)
    #: The person's methods were read in this run.
    looked: bool = False

    def judge(self) -> Assessment:
        found, entries = note(self.case, self.rules, self.now)
        self.entries += entries
        return found

    def say(self, action: str, **detail: object) -> None:
        self.entries.append(casework.entry(self.now, action, **detail))

    async def save(self) -> None:
        await casework.save(self.s, self.case, self.now, *self.taken())

    async def wait(self, what: str, when: datetime, why: str) -> None:
        await casework.wait(self.s, self.case, self.now, what, when, why, *self.taken())

    def taken(self) -> list[TimelineEntry]:
        entries, self.entries = self.entries, []
        return entries

    @property
    def look_again(self) -> datetime:
        # A policy may say 0 hours; it must not spin.
        return self.now + max(timedelta(hours=self.s.policy.follow_up.look_again_hours), SOON)


async def advance(s: Services, case: Case, now: datetime) -> None:
    """Take a case in `following_up` or `confirmed` as far as it goes at `now`.

    Raises StoreConflict (load it again and repeat). Everything else that goes wrong becomes a planned next
    action, or a blocked case with a reason code.
    """
    run = _Pass(s, case, now, await sources.rules(s, now))
    try:
        await (_watch(run) if case.state is State.CONFIRMED else _follow(run))
    except StoreConflict:
        raise
    except RetryLater as exc:
        # Held by a limit: whoever may lift it wakes everybody.
        least = DEPLOYER_PAUSE if isinstance(exc, LimitReached) else SOON
        pause = least * (1 + s.entropy.fraction())
        when = now + max(pause, timedelta(seconds=exc.retry_after or 0))
        await run.wait("follow_up", when, exc.code)
    except OperatorError as exc:
        observe.event(log, "case_blocked", case_id=case.case_id, reason=exc.code)
        await casework.block(s, case, now, exc.code)
    except DeployerError as exc:
        observe.failure(log, "follow_up_needs_deployer", exc, case_id=case.case_id)
        await run.wait("follow_up", now + DEPLOYER_PAUSE, exc.code)


# --- following up ----------------------------------------------------------------------------------------


async def _follow(run: _Pass) -> None:
    case = run.case
    if case.account is None:
        raise OperatorError("The case has no account: rerun it from create_account.", code="no_account")
    if not await _look_where_it_matters(run):
        return await run.wait("follow_up", run.now + SOON, "not_yet_visible")
    found = run.judge()
    if found.confirmed:
        return await _confirm(run, found)
    if not found.nudge:
        return await run.wait("follow_up", run.look_again, found.because)
    if run.s.settings.mode == "dry_run":
        return await run.wait("follow_up", run.look_again, "dry_run")
    await _climb(run, found)


async def _look_where_it_matters(run: _Pass) -> bool:
    """False: the new account is not visible yet."""
    decision = nudges.due(run.case, run.s.policy, run.now)
    if _behind(run):
        return await _look(run)
    if not isinstance(decision, nudges.Due):
        return True
    if run.case.registration is None:
        return await _look(run)
    return await _look_at_account(run)


#: After these, a list says more than the last one did; of a pass, or of how a reset went, it does not.
_NEWS = frozenset(
    {Act.REGISTERED, Act.UPDATED, Act.DELETED, Act.REVIEWED, Act.CANCELLED, Act.RESET_NO_METHODS}
)


def _behind(run: _Pass) -> bool:
    """Does the audit log say something that no list has said yet, and leave the answer open?"""
    registration, now = run.case.registration, run.now
    news = [
        e.at
        for e in seen(run.case)
        if e.kind == "audit" and e.act in _NEWS and e.method != "temporaryAccessPass"
    ]
    if not news or (registration is not None and max(news) <= registration.as_of):
        return False
    return assess(run.case, run.rules, now).status is Status.UNKNOWN


def _begun(run: _Pass) -> bool:
    """Has day 0 come? Before it nobody has a credential, and there is nothing to look at."""
    zero = nudges.day_zero(run.case, run.s.policy)
    time = nudges.working_time_of(run.case, run.s.policy)
    return zero is not None and run.now >= nudges.planned_at(zero, time)


async def _look_at_account(run: _Pass) -> bool:
    """Before a reminder: a disabled account is absent, and hears nothing. False: it is not visible yet."""
    account, known = run.case.account, run.case.registration
    assert account is not None and known is not None  # noqa: S101, PT018 (asked by the caller)
    user = await run.s.directory.get_user(account.id)
    _note_account(account, user)
    there = user is not None and not account.is_disabled(user.account_enabled, run.now)
    if user is None and run.now - account.created_at < REPLICATION:
        return False
    if there and not known.present:
        return await _look(run)  # enabled again: the list does not know it yet
    if not there:
        seen = Registration(known.methods, run.now, present=False, direct=True)
        take_list(run.case, seen)
    return True


def _note_account(account: Account, user: DirectoryUser | None) -> None:
    """A mailbox that came later than anybody waited for it: from now on it is written to. Whether the account is Active
    Directory's decides who can reset."""
    if user is None:
        return
    if user.mail and account.mailbox is False:
        account.mailbox = True
    account.note_synced(user.synced)


async def _look(run: _Pass) -> bool:
    """Read this person's methods. False: the new account is not visible yet.

    A disabled account is absent, not unregistered: its methods can be read, so the account is asked as well.
    Without the permission for the methods, what the report and the audit log said has to do.
    """
    account = run.case.account
    assert account is not None  # noqa: S101 (asked by the callers)
    run.looked = True
    try:
        seen = await run.s.security.registration_of(account.id, run.now)
    except PermissionMissing as exc:
        observe.failure(log, "targeted_read_not_permitted", exc, case_id=run.case.case_id)
        return True
    if not seen.present and run.now - account.created_at < REPLICATION:
        return False
    user = await run.s.directory.get_user(account.id) if seen.present else None
    _note_account(account, user)
    if user is not None and account.is_disabled(user.account_enabled, run.now):
        seen = replace(seen, present=False)
    take_list(run.case, seen)
    return True


async def _climb(run: _Pass, found: Assessment) -> None:
    """Send what is due, one rung after the other, and plan the next."""
    case = run.case
    for _ in range(len(run.s.policy.follow_up.ladder) + 1):
        decision = nudges.due(case, run.s.policy, run.now)
        _skip(run, decision.skipped, "overtaken")
        if not isinstance(decision, nudges.Due):
            break
        if (decision.rung.audience != "person" or found.because == STALE) and not run.looked:
            # Whoever is told above must be told the truth: this person's methods, as they are now. And nobody is
            # reminded of what they may have done while the report stands still.
            if not await _look(run):
                return await run.wait("follow_up", run.now + SOON, "not_yet_visible")
            found = run.judge()
            if found.confirmed:
                return await _confirm(run, found)
            if not found.nudge:
                return await run.wait("follow_up", run.look_again, found.because)
        if held := _held_back(run, found, decision):
            return await run.wait("follow_up", *held)
        record = await _deliver(run, decision.rung, found)
        if record.status not in FINAL:
            until = max(record.claimed_at + CLAIM_LEASE, run.now + timedelta(minutes=1))
            return await run.wait(_what(decision.rung), until, "message_in_doubt")
    await _plan_next(run, decision)


async def _plan_next(run: _Pass, decision: nudges.Due | nudges.Wait | nudges.Nothing) -> None:
    """Until the next rung, or seldom: what the person does wakes the case by itself."""
    seldom = run.now + SELDOM * (run.look_again - run.now)
    if isinstance(decision, nudges.Wait):
        if decision.until <= seldom or not _begun(run):
            what = _what(decision.rung) if decision.rung else "follow_up"
            return await run.wait(what, decision.until, decision.why)
        return await run.wait("follow_up", seldom, decision.why)
    why = decision.why if isinstance(decision, nudges.Nothing) else "ladder_done"
    await run.wait("follow_up", seldom, why)


def _what(rung: Rung) -> str:
    return "nudge" if rung.audience == "person" else "escalate"


def _held_back(run: _Pass, found: Assessment, decision: nudges.Due) -> tuple[datetime, str] | None:
    """A reason to wait with this message: (until, why)."""
    if decision.resume:
        return None
    if found.because == "awaiting_audit_record":
        listed = max((e.at for e in seen(run.case) if e.act is Act.LISTED), default=run.now - AUDIT_PATIENCE)
        if run.now < listed + AUDIT_PATIENCE:
            return min(listed + AUDIT_PATIENCE, run.now + SOON * 2), found.because
    if found.because == STALE:  # the methods may not be read, and nothing else says anything of them
        return run.now + DEPLOYER_PAUSE, STALE
    if decision.rung.audience != "person":
        registration = run.case.registration
        stale = timedelta(hours=run.s.policy.follow_up.report_stale_hours)
        if registration is None or run.now - registration.newest > stale:
            return run.now + DEPLOYER_PAUSE, STALE
    return None


def _skip(run: _Pass, keys: tuple[str, ...], why: str) -> None:
    """Record rungs that will never be sent."""
    audiences = {rung.rung: rung.audience for rung in run.s.policy.follow_up.ladder}
    for key in keys:
        rung = key.partition(":")[2]
        run.case.rungs[key] = RungRecord(
            rung, run.case.episode, audiences[rung], RungStatus.SKIPPED, run.now, why=why
        )
        run.say("message_skipped", rung=rung, why=why)


async def _deliver(run: _Pass, rung: Rung, found: Assessment) -> RungRecord:
    """One rung: recipients, text, delivery. Without a usable address, or refused, it is skipped and said so."""
    case, s, key = run.case, run.s, nudges.rung_key(run.case.episode, rung.rung)
    if run.entries:
        await run.save()
    if rung.audience == "person":
        to = nudge.recipients(case, s.policy, run.now)
        why = None if to else "no_address"
    else:
        to, why = await escalate.find(s, case, rung.audience)
    if why is None:
        mail = s.messages.compose(rung.message, case, to, now=run.now, facts={"because": found.because})
        try:
            return await s.messages.deliver(s, case, rung.rung, rung.audience, mail, run.now)
        except OperatorError as exc:
            why = exc.code
    _skip(run, (key,), why)
    await run.save()
    return case.rungs[key]


# --- confirmed -------------------------------------------------------------------------------------------


async def _confirm(run: _Pass, found: Assessment) -> None:
    case = run.case
    case.apply(Event.CONFIRM)
    case.confirmed_at = run.now
    run.say(
        "confirmed",
        status=found.status,
        because=found.because,
        methods=codes(found.counted),
        evidence=codes(found.evidence),
    )
    observe.event(log, "confirmed", case_id=case.case_id, because=found.because)
    if escalate.told(case):
        case.next_action = NextAction("escalate", run.now + CLAIM_LEASE, "confirmed")
        await run.save()
    await _rest_confirmed(run)


async def _watch(run: _Pass) -> None:
    """A confirmed case: still so? Told everybody? Watched long enough?"""
    found = run.judge()
    if lost(found):
        if run.case.account is not None and await _look(run):
            found = run.judge()
        if lost(found):
            if until := _record_due(run, found):
                return await run.wait("watch", until, "awaiting_audit_record")
            return await _resume(run, found)
    await _rest_confirmed(run)


def _record_due(run: _Pass, found: Assessment) -> datetime | None:
    """A method has appeared whose record is still on its way: perhaps the person has only changed to another. When to
    look again."""
    others = set(found.present) - set(found.counted)
    at = [e.at for e in seen(run.case) if e.act is Act.LISTED and e.method in others]
    if not at or run.now >= max(at) + AUDIT_PATIENCE:
        return None
    audited = {e.method for e in seen(run.case) if e.kind == "audit" and e.act is Act.REGISTERED}
    return None if others <= audited else min(max(at) + AUDIT_PATIENCE, run.now + 2 * SOON)


async def _resume(run: _Pass, found: Assessment) -> None:
    """Follow-up again, in a new episode of the ladder."""
    run.case.apply(Event.METHOD_REMOVED)
    new_episode(run.case, run.now)
    run.say("method_removed", status=found.status, because=found.because, episode=run.case.episode)
    observe.event(log, "method_removed", case_id=run.case.case_id, because=found.because)
    await casework.hand_on(run.s, run.case, run.now, "follow_up", "method_removed", *run.taken())


async def _rest_confirmed(run: _Pass) -> None:
    case, policy = run.case, run.s.policy
    if again := await _tell_resolved(run):
        return await run.wait("escalate", again, "message_in_doubt")
    end = (case.confirmed_at or run.now) + timedelta(days=policy.follow_up.watch_days)
    if run.now < end:
        return await run.wait("watch", end, "watch_for_removal")
    case.apply(Event.CLOSE)
    run.say("closed", why=WATCH_ENDED)
    await casework.rest(run.s, case, run.now, "none", WATCH_ENDED, *run.taken())


async def _tell_resolved(run: _Pass) -> datetime | None:
    """Tell those who were told in this episode that nothing is left to do. Returns when to look again, if so."""
    s, case = run.s, run.case
    audiences = escalate.told(case)
    if not audiences or s.settings.mode == "dry_run":
        return None
    found = [await escalate.find(s, case, audience) for audience in audiences]
    to = tuple(dict.fromkeys(address for addresses, _ in found for address in addresses))
    key = nudges.rung_key(case.episode, escalate.RESOLVED)
    why = next((reason for _, reason in found if reason), "no_address")
    if to:
        mail = s.messages.compose(escalate.RESOLVED, case, to, now=run.now)
        try:
            record = await s.messages.deliver(s, case, escalate.RESOLVED, audiences[0], mail, run.now)
        except OperatorError as exc:
            why = exc.code
        else:
            return None if record.status in FINAL else record.claimed_at + CLAIM_LEASE
    case.rungs[key] = RungRecord(
        escalate.RESOLVED, case.episode, audiences[0], RungStatus.SKIPPED, run.now, why=why
    )
    run.say("message_skipped", rung=escalate.RESOLVED, why=why)
    return None
