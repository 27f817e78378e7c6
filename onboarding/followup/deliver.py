"""A message, at most once a rung, and doubt is settled (design section 4).

    claim on the case (compare-and-swap) → create a draft → store its id → send → mark sent

What a crash leaves behind, and what the next worker does with it:

| record | meaning | done with it |
|---|---|---|
| `claimed`, young | somebody may be at it | nothing; come back at `claimed_at + CLAIM_LEASE` |
| `claimed`, old | a draft without a known id, never sent; or sendMail got no answer | `uncertain` |
| `drafted`, look-up says sent | the answer was lost | `sent` |
| `drafted`, look-up says draft | it was not sent | claim it anew, and send it |
| … and the mail reads otherwise by now | it is outdated: another address, say | wait for the lease, then draft anew |
| `drafted`, look-up says gone | Sent Items lag, or somebody emptied them | wait for the lease, then `uncertain` |

An outdated draft stays in the mailbox, unsent: it waits for the lease because a send of it may be under way.

`uncertain` is final. A claim is given back only when certainly nothing happened. What is known about an effect is
written even if the case changed meanwhile: then onto the case as it is now, and StoreConflict tells the caller to
load it again.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from datetime import datetime

from onboarding import casework, observe
from onboarding.domain.case import Case
from onboarding.domain.nudges import rung_key
from onboarding.domain.records import RungRecord, RungStatus, TimelineEntry
from onboarding.errors import EffectUnknown, OnboardingError, StoreConflict
from onboarding.ports import CLAIM_LEASE, DraftState, Mail, Services

log = logging.getLogger(__name__)
FINAL = frozenset({RungStatus.SENT, RungStatus.UNCERTAIN, RungStatus.SKIPPED})
_TRIES = 5


async def deliver(s: Services, case: Case, rung: str, audience: str, mail: Mail, now: datetime) -> RungRecord:
    """See the module. A record that is not final means: come back at `claimed_at + CLAIM_LEASE`.

    Raises StoreConflict (load the case again), RetryLater (nothing was sent; the claim was given back or the
    draft is kept), OperatorError or DeployerError (the mailbox refuses; the claim was given back).
    """
    key = rung_key(case.episode, rung)
    record = case.rungs.get(key)
    if record is not None and record.status in FINAL:
        return record
    if record is not None:
        return await _resume(s, case, record, mail, now)
    return await _begin(s, case, RungRecord(rung, case.episode, audience, RungStatus.CLAIMED, now), mail, now)


async def _begin(s: Services, case: Case, record: RungRecord, mail: Mail, now: datetime) -> RungRecord:
    record.language, record.content = mail.language, _content(s, mail)
    case.rungs[rung_key(record.episode, record.rung)] = record
    await casework.save(s, case, now)
    return await (
        _draft(s, case, record, mail, now) if s.mailer.can_draft else _now(s, case, record, mail, now)
    )


def _content(s: Services, mail: Mail) -> str:
    """Keyed hash of what a mail says, and to whom."""
    text = "\0".join((*mail.to, mail.subject, mail.text)).encode()
    return hmac.new(s.settings.hash_key.reveal().encode(), text, hashlib.sha256).hexdigest()[:32]


async def _draft(s: Services, case: Case, record: RungRecord, mail: Mail, now: datetime) -> RungRecord:
    try:
        record.message_id = await s.mailer.create_draft(mail)
    except EffectUnknown:
        return record
    except OnboardingError:
        await _give_back(s, case, record, now)
        raise
    record.status = RungStatus.DRAFTED
    await _write(s, case, record, now)
    return await _send(s, case, record, now)


async def _send(s: Services, case: Case, record: RungRecord, now: datetime) -> RungRecord:
    """Send the draft; its id is stored."""
    draft_id = record.message_id or ""
    try:
        await s.mailer.send_draft(draft_id)
    except EffectUnknown:
        # Not sent again here, even if it still looks like a draft: the send may be under way.
        if await s.mailer.look_up(draft_id) is not DraftState.SENT:
            return record
    return await _sent(s, case, record, now)


async def _now(s: Services, case: Case, record: RungRecord, mail: Mail, now: datetime) -> RungRecord:
    """sendMail, where the mailbox permission allows no more: without an answer the claim stays, and ages."""
    try:
        await s.mailer.send_now(mail, save=True)
    except EffectUnknown:
        return record
    except OnboardingError:
        await _give_back(s, case, record, now)
        raise
    return await _sent(s, case, record, now)


async def _resume(s: Services, case: Case, record: RungRecord, mail: Mail, now: datetime) -> RungRecord:
    held = now < record.claimed_at + CLAIM_LEASE
    if record.status is RungStatus.CLAIMED or record.message_id is None:
        return record if held else await _uncertain(s, case, record, now, "no_answer")
    match await s.mailer.look_up(record.message_id):
        case DraftState.SENT:
            return await _sent(s, case, record, now)
        case DraftState.DRAFT if record.content == _content(s, mail):
            record.claimed_at = now
            await casework.save(s, case, now)  # refused if HR has said something else since
            return await _send(s, case, record, now)
        case DraftState.DRAFT if held:
            return record
        case DraftState.DRAFT:
            fresh = RungRecord(record.rung, record.episode, record.audience, RungStatus.CLAIMED, now)
            return await _begin(s, case, fresh, mail, now)
        case DraftState.GONE:
            return record if held else await _uncertain(s, case, record, now, "not_found")


async def _sent(s: Services, case: Case, record: RungRecord, now: datetime) -> RungRecord:
    record.status, record.sent_at, record.content = RungStatus.SENT, now, None
    hashed = hashlib.sha256(record.message_id.encode()).hexdigest()[:16] if record.message_id else None
    observe.event(log, "message_sent", case_id=case.case_id, rung=record.rung, audience=record.audience)
    await _write(s, case, record, now, _entry(now, "message_sent", record, message=hashed))
    return record


async def _uncertain(s: Services, case: Case, record: RungRecord, now: datetime, why: str) -> RungRecord:
    record.status, record.why, record.content = RungStatus.UNCERTAIN, why, None
    observe.event(log, "message_uncertain", case_id=case.case_id, rung=record.rung, why=why)
    await _write(s, case, record, now, _entry(now, "message_uncertain", record, why=why))
    return record


async def _give_back(s: Services, case: Case, record: RungRecord, now: datetime) -> None:
    await _write(s, case, record, now, keep=False)


async def _write(
    s: Services, case: Case, record: RungRecord, now: datetime, *entries: TimelineEntry, keep: bool = True
) -> None:
    """Write the record, or its absence. On a conflict onto the newest case, then StoreConflict to the caller."""
    key = rung_key(record.episode, record.rung)
    _put(case, key, record if keep else None)
    try:
        await casework.save(s, case, now, *entries)
    except StoreConflict:
        await _write_through(s, case.case_id, key, record if keep else None, now, *entries)
        raise


def _put(case: Case, key: str, record: RungRecord | None) -> None:
    if record is None:
        case.rungs.pop(key, None)
    else:
        case.rungs[key] = record


async def _write_through(
    s: Services, case_id: str, key: str, record: RungRecord | None, now: datetime, *entries: TimelineEntry
) -> None:
    """A few tries; if all lose, the record on the case ages into `uncertain`, which is safe."""
    for _ in range(_TRIES):
        fresh = await s.cases.get(case_id)
        if fresh is None or (key in fresh.rungs and fresh.rungs[key].status in FINAL):
            return
        _put(fresh, key, record)
        try:
            await casework.save(s, fresh, now, *entries)
        except StoreConflict:
            continue
        return


def _entry(now: datetime, action: str, record: RungRecord, **detail: object) -> TimelineEntry:
    return casework.entry(now, action, rung=record.rung, audience=record.audience, **detail)
