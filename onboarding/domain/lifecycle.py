"""The life of a case, as data.

Rules in prose:
- A case opens `received`. Once HR has said enough it waits for its start (`waiting_start`), is provisioned,
  followed up until the person has registered in person, and is then `confirmed`; after the watch, `closed`.
- An event that names the person only by id leads to `awaiting_fetch` first.
- What no retry can mend is `blocked`, with a reason code, until an operator acts; `paused` waits for an
  operator's resume. Both remember the state to return to.
- HR can withdraw a hire (`cancelled`), an operator can leave a person alone (`excluded`). Both can be undone,
  because HR changes its mind and operators err. What HR says of somebody excluded is kept, and counts once an
  operator includes them again. A case is also closed when its person goes on in another one, with the exclusion.
- A confirmed person who loses a needed method is followed up again. After the watch the case is read on without being
  looked at, and watched again when what is read takes the confirmation away; an approver's report of a lost phone leads
  to the follow-up at once.
- A start date that moves away before the account exists sends a case back to `waiting_start`, also from a pause or a
  block; one that moves after the first credential went out, and before anybody used it, back to `provisioning`,
  for another one. So does another manager than the one who holds it.

What is not in the table raises `IllegalTransition` and changes nothing. `docs/states.md` is drawn from it.
"""

from __future__ import annotations

from enum import StrEnum

from onboarding.errors import IllegalTransition


class State(StrEnum):
    """States of a case (design: contracts)."""

    RECEIVED = "received"
    AWAITING_FETCH = "awaiting_fetch"
    WAITING_START = "waiting_start"
    PROVISIONING = "provisioning"
    FOLLOWING_UP = "following_up"
    CONFIRMED = "confirmed"
    BLOCKED = "blocked"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    EXCLUDED = "excluded"
    CLOSED = "closed"


class Event(StrEnum):
    """What can happen to a case."""

    FETCH_NEEDED = "fetch_needed"
    FETCHED = "fetched"
    HIRE_COMPLETE = "hire_complete"
    START_NEAR = "start_near"
    START_MOVED = "start_moved"
    CREDENTIAL_RECALLED = "credential_recalled"
    PROVISIONED = "provisioned"
    CONFIRM = "confirm"
    METHOD_REMOVED = "method_removed"
    PHONE_LOST = "phone_lost"
    WATCH_AGAIN = "watch_again"
    BLOCK = "block"
    UNBLOCK = "unblock"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    REOPEN = "reopen"
    EXCLUDE = "exclude"
    RERUN = "rerun"
    CLOSE = "close"


class Return(StrEnum):
    """Not a state: "where the case came from" (`Case.return_state`)."""

    BACK = "back"


S, E = State, Event

#: States in which the service works on a case by itself.
ACTIVE = frozenset({S.AWAITING_FETCH, S.WAITING_START, S.PROVISIONING, S.FOLLOWING_UP, S.CONFIRMED})
#: States from which nothing happens until HR or an operator does something.
RESTING = frozenset({S.RECEIVED, S.BLOCKED, S.PAUSED, S.CANCELLED, S.EXCLUDED, S.CLOSED})
#: States that BACK may lead to.
RETURNABLE = ACTIVE | {S.RECEIVED}

TABLE: dict[tuple[State, Event], State | Return] = {
    (S.RECEIVED, E.FETCH_NEEDED): S.AWAITING_FETCH,
    (S.RECEIVED, E.HIRE_COMPLETE): S.WAITING_START,
    (S.AWAITING_FETCH, E.FETCHED): S.RECEIVED,
    (S.AWAITING_FETCH, E.HIRE_COMPLETE): S.WAITING_START,
    (S.WAITING_START, E.FETCH_NEEDED): S.AWAITING_FETCH,
    (S.WAITING_START, E.START_NEAR): S.PROVISIONING,
    (S.PROVISIONING, E.START_MOVED): S.WAITING_START,
    (S.PROVISIONING, E.PROVISIONED): S.FOLLOWING_UP,
    (S.FOLLOWING_UP, E.START_MOVED): S.PROVISIONING,
    **{(s, E.CREDENTIAL_RECALLED): S.PROVISIONING for s in (S.FOLLOWING_UP, S.CONFIRMED)},
    (S.FOLLOWING_UP, E.CONFIRM): S.CONFIRMED,
    (S.CONFIRMED, E.METHOD_REMOVED): S.FOLLOWING_UP,
    **{(s, E.PHONE_LOST): S.FOLLOWING_UP for s in (S.CONFIRMED, S.CLOSED)},
    # Only of a case that was watched to its end (`Case.watch_ended`), never of somebody who left.
    (S.CLOSED, E.WATCH_AGAIN): S.CONFIRMED,
    (S.BLOCKED, E.UNBLOCK): Return.BACK,
    (S.PAUSED, E.RESUME): Return.BACK,
    (S.CANCELLED, E.REOPEN): S.RECEIVED,
    (S.EXCLUDED, E.REOPEN): S.RECEIVED,
    (S.CLOSED, E.REOPEN): S.RECEIVED,
    **{(s, E.BLOCK): S.BLOCKED for s in sorted(RETURNABLE)},
    **{(s, E.PAUSE): S.PAUSED for s in sorted(RETURNABLE)},
    **{(s, E.CANCEL): S.CANCELLED for s in sorted(RETURNABLE | {S.BLOCKED, S.PAUSED})},
    **{(s, E.EXCLUDE): S.EXCLUDED for s in sorted(RETURNABLE | {S.BLOCKED, S.PAUSED})},
    **{(s, E.CLOSE): S.CLOSED for s in sorted(RETURNABLE | {S.BLOCKED, S.PAUSED, S.CANCELLED, S.EXCLUDED})},
    # A rerun repeats provisioning; every step looks before it acts, so that it is safe from each of these.
    **{
        (s, E.RERUN): S.PROVISIONING
        for s in (S.WAITING_START, S.PROVISIONING, S.FOLLOWING_UP, S.CONFIRMED, S.BLOCKED)
    },
}

#: Events after which the state to return to is remembered.
REMEMBERS = frozenset({Event.BLOCK, Event.PAUSE})


def next_state(state: State, event: Event, back: State | None = None) -> State:
    """The one look-up. `back` is the case's remembered state.

    Raises IllegalTransition for what is not in the table, and for a BACK without a state to return to.
    """
    target = TABLE.get((state, event))
    if isinstance(target, Return):
        target = back if back in RETURNABLE else None
    if target is None:
        raise IllegalTransition(
            f"A case in state '{state}' cannot take '{event}'. Allowed here: "
            f"{', '.join(allowed(state)) or 'nothing'}."
        )
    return target


def allowed(state: State) -> list[str]:
    """Events that the table has for this state, sorted."""
    return sorted(str(event) for (source, event) in TABLE if source is state)
