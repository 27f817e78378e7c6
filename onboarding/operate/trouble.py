"""What is held back for everybody, what failed in a way that nobody foresaw, and the approval of a limit."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from onboarding import observe
from onboarding.domain.policy import LIMITED
from onboarding.errors import IllegalTransition, NotFound, RequestError, StoreConflict, Unavailable
from onboarding.operate.actions import Ask, check_reason
from onboarding.operate.stamps import stamp
from onboarding.ports import CaseQuery, Operation, Services
from onboarding.safeguards import limits, stops
from onboarding.safeguards.stops import Board, Release, Stop

log = logging.getLogger(__name__)

ACTION = "approve_limit"
#: Most that an approver can allow at once.
MOST_ALLOWED = 1_000_000
#: Cases that are read for their cause, and shown of each group.
READ, SHOWN = 200, 5
NO_CAUSE = "not recorded"
_TRIES = 5

#: Kind of a stop → what is held, in words; `{what}` is the step, the API or the kind of action.
WORDS = {
    stops.PERMISSION: "Nobody passes {what}: the tenant refuses it for want of a permission",
    stops.TENANT: "Nothing is asked of the tenant's API {what}: it does not answer",
    stops.LIMIT: "No more {what}: the limit of an hour is reached",
}
#: Kind of a stop → who ends it, and how.
ENDS = {
    stops.PERMISSION: "Doctor names the permission; an administrator grants it. One case at a time tries, and the "
    "first that gets through lets everybody go on.",
    stops.TENANT: "Nobody has to do anything: one request at a time tries, and the first answer lets everybody go on.",
    stops.LIMIT: "An approver checks whether so many are right, and approves the limit, on the dashboard or by "
    'python -m onboarding approve limit:{what} --reason "…"',
}


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that the queue gave up on, with one cause: type of the error and its place in the program."""

    cause: str
    count: int
    case_ids: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"cause": self.cause, "count": self.count, "case_ids": list(self.case_ids)}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits for the end of the stops of one kind; `people`: some of them, as (case id, name)."""

    number: int
    more: bool
    people: tuple[tuple[str, str], ...]

    def words(self, alone: bool) -> str:
        """`alone`: it is the only stop of its kind, so that they all wait for this one."""
        who = "1 person waits" if self.number == 1 else f"{self.number} people wait"
        return f"{'More than ' if self.more else ''}{who} for {'this' if alone else 'the end of such stops'}."


NOBODY = Waiting(0, more=False, people=())


@dataclass(frozen=True, slots=True)
class Trouble:
    """`waiting`: kind of a stop → who waits. `more`: there are more cases than were read, so that the groups are
    incomplete."""

    stops: tuple[Stop, ...]
    poison: tuple[Group, ...]
    more: bool = False
    waiting: Mapping[str, Waiting] = field(default_factory=dict)

    def waits(self, stop: Stop) -> str:
        """How many wait for its end, in a sentence."""
        alone = sum(item.kind == stop.kind for item in self.stops) == 1
        return self.waiting.get(stop.kind, NOBODY).words(alone)

    def some(self, stop: Stop) -> tuple[tuple[str, str], ...]:
        """Some of those who wait, as (case id, name)."""
        return self.waiting.get(stop.kind, NOBODY).people

    def stop_json(self, stop: Stop) -> dict[str, Any]:
        """One stop, with who waits for the end of it and of its kind."""
        found = self.waiting.get(stop.kind, NOBODY)
        people = [{"case_id": case_id, "display_name": name} for case_id, name in found.people]
        return {
            **stop_json(stop),
            "waiting": {"number": found.number, "complete": not found.more, "some": people},
            "waiting_words": self.waits(stop),
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "stops": [self.stop_json(item) for item in self.stops],
            "poison": [group.as_json() for group in self.poison],
            "poison_complete": not self.more,
        }


def stop_json(item: Stop) -> dict[str, Any]:
    """One stop as every view shows it."""
    return {
        "id": item.key,
        "kind": item.kind,
        "what": item.what,
        "reason_code": stops.REASONS[item.kind],
        "words": WORDS[item.kind].format(what=item.what.replace("_", " ")),
        "ends": ends(item),
        "since": stamp(item.since),
        "next_try": stamp(item.until),
        "tries": item.tries,
        "detail": item.text,
    }


async def is_approved(s: Services, kind: str) -> bool:
    """An approver ended the stop of this limit lately, and it was not reached again."""
    board = await stops.read(s.cases)
    ended = board.released.get(f"{stops.LIMIT}:{kind}")
    return ended is not None and ended.actor.startswith("operator:")


def ends(item: Stop) -> str:
    """Who ends it, and how."""
    return ENDS[item.kind].format(what=item.what)


async def held(s: Services) -> tuple[Stop, ...]:
    """What is held back now, oldest first, a limit with what it is today. Limits that are switched off hold nothing;
    the follow-up timer ends them (`release`)."""
    board = await stops.read(s.cases)
    found = [item for item in board.stops.values() if not limits.is_off(item, s.policy.limits)]
    today = [await _as_of_today(s, item) if item.kind == stops.LIMIT else item for item in found]
    return tuple(sorted(today, key=lambda item: (item.since, item.key)))


async def _as_of_today(s: Services, item: Stop) -> Stop:
    """The policy may have changed since the limit was reached."""
    spent, _ = await limits.read(s.cases, item.what)
    cap = s.policy.limits.cap(item.what, spent.people)
    return replace(
        item, text=f"{item.text} Approved without a number, {cap} more may follow within an hour.".strip()
    )


async def survey(s: Services) -> Trouble:
    """Everything that an operator has to know beyond single cases."""
    found = await s.cases.search(CaseQuery(reason_code="poison"), None, READ)
    by_cause: defaultdict[str, list[str]] = defaultdict(list)
    for item in found.items:
        case = await s.cases.get(item.case_id)
        if case is not None and case.reason_code == "poison":
            by_cause[case.cause or NO_CAUSE].append(case.case_id)
    stopped = await held(s)
    waiting = {kind: await _waiting(s, kind) for kind in sorted({item.kind for item in stopped})}
    return Trouble(stopped, _groups(by_cause), found.next_page is not None, waiting)


async def _waiting(s: Services, kind: str) -> Waiting:
    found = await s.cases.search(CaseQuery(reason_code=stops.REASONS[kind]), None, READ)
    some = tuple((item.case_id, item.display_name) for item in found.items[:SHOWN])
    return Waiting(len(found.items), found.next_page is not None, some)


def _groups(by_cause: defaultdict[str, list[str]]) -> tuple[Group, ...]:
    groups = [Group(cause, len(ids), tuple(ids[:SHOWN])) for cause, ids in by_cause.items()]
    return tuple(sorted(groups, key=lambda group: (-group.count, group.cause)))


async def approve(s: Services, kind: str, ask: Ask, allow: int | None = None) -> Operation:
    """Let a kind of action go on that its limit stopped; the count begins anew, and everybody who waited goes on.

    `allow`: how many may be done within a day before the limit counts again; None: what the limit allows in an hour.
    Fewer than that are the most that is done within the day. Raises RequestError (400), also for fewer than the one
    action needs that reached the limit (`allow_too_few`); NotFound; IllegalTransition where nothing is stopped.

    The count is written before the stop ends: whoever dies in between leaves the stop, and the approver repeats.
    """
    check_reason(ask)
    if kind not in LIMITED:
        raise NotFound(f"There is no such limit. Known: {', '.join(LIMITED)}.")
    if allow is not None and not 1 <= allow <= MOST_ALLOWED:
        raise RequestError(f"'allow' is a number from 1 to {MOST_ALLOWED}.", code="unreadable")
    stop = (await stops.read(s.cases)).find(stops.LIMIT, kind)
    if stop is None or limits.is_off(stop, s.policy.limits):
        raise IllegalTransition("This limit is not reached: there is nothing to approve.")
    await _check_enough(s, stop, allow)
    now = await s.clock.now()
    operation = Operation(
        s.entropy.operation_id(), None, ACTION, ask.actor, ask.reason.strip(), now, "accepted", kind
    )
    await s.cases.put_operation(operation)
    await _begin_anew(s, kind, allow)
    release = Release(now, f"operator:{ask.actor}", ask.reason.strip())

    def decide(board: Board) -> bool:
        found = board.find(stops.LIMIT, kind)
        if found is None:
            return False
        board.end(found, release)
        return True

    if await stops.change(s.cases, decide):
        observe.event(log, "limit_approved", kind=kind, operation_id=operation.operation_id)
    done = replace(operation, status="done", result=kind if allow is None else f"{kind}:{allow}")
    await s.cases.put_operation(done)
    return done


async def _check_enough(s: Services, stop: Stop, allow: int | None) -> None:
    """RequestError where the action that reached the limit would reach it again at once."""
    if allow is None:
        spent, _ = await limits.read(s.cases, stop.what)
        allow = s.policy.limits.cap(stop.what, spent.people)  # None: switched off since
    if allow is not None and allow < stop.wanted:
        raise RequestError(
            f"One person needs {stop.wanted} {stop.what} at once, and this would allow {allow}: give 'allow' with "
            f"{stop.wanted} or more.",
            code="allow_too_few",
        )


async def _begin_anew(s: Services, kind: str, allow: int | None) -> None:
    now = await s.clock.now()
    for _ in range(_TRIES):
        spent, etag = await limits.read(s.cases, kind)
        cap = s.policy.limits.cap(kind, spent.people) or 0
        fresh = limits.Spent(people=spent.people, counted_at=spent.counted_at)
        if allow is not None and allow != cap:
            fresh.extra_until = now + limits.EXTRA_FOR
            fresh.extra, fresh.only = (allow - cap, None) if allow > cap else (0, allow)
        try:
            return await limits.write(s.cases, kind, fresh, etag)
        except StoreConflict:
            continue
    raise Unavailable("The count of this limit is being written by many: approve it again.")


def lines(found: Trouble) -> list[tuple[str, str, str, str]]:
    """Of each stop its key, what is held, who waits and who ends it, for doctor and the command line."""
    return [
        (
            item.key,
            f"{WORDS[item.kind].format(what=item.what)} (since {stamp(item.since)}). {item.text}",
            found.waits(item),
            ends(item),
        )
        for item in found.stops
    ]
