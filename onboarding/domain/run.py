"""One run of a case: from the hire to its end; another one begins when HR hires the person again. Pure.

Who comes back is judged by what happened since, and so is whoever has another account: methods may have been taken away
and added meanwhile, of which no record was read. What was seen before is kept and shown, and taken for nothing; a
registration that still stands is in the next list of the person's methods.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.evidence import Evidence, Recoverable, Status

#: Steps that come before there is an account; all others are done to one.
_WITHOUT_ACCOUNT = frozenset({"reserve_username", "create_account"})


def began(case: Case) -> datetime | None:
    """What was seen before this moment is of an employment, or of an account, before; None: there was none."""
    account = case.account
    of_account = (account.created_at, account.instead_since) if account else ()
    return max(filter(None, (*of_account, case.rehired_at)), default=None)


def of(case: Case, account: Account) -> datetime:
    """What tells one run through the plan with this account from the next one, after HR hired the person again."""
    return case.rehired_at or account.created_at


def is_kept(case: Case) -> bool:
    """In this run somebody signs in with the account, or an administrator enabled what was closed: it stays, whatever
    HR calls the person."""
    account = case.account
    return account is not None and account.kept_for == of(case, account)


def counts(case: Case, at: datetime) -> bool:
    """What was seen at that moment is of this run."""
    since = began(case)
    return since is None or at >= since


def seen(case: Case) -> list[Evidence]:
    """The evidence of this run."""
    since = began(case)
    return [item for item in case.evidence if since is None or item.at >= since]


def came_back(case: Case) -> bool:
    """The person has the account of an employment before."""
    account, again = case.account, case.rehired_at
    return account is not None and again is not None and account.created_at < again


def is_made_for_it(case: Case) -> bool:
    """The account was made by this service for this run: it had nothing before."""
    return case.account is None or (case.account.origin == "created" and not came_back(case))


def start_anew(case: Case) -> dict[str, str]:
    """Nothing is known of the person in this run yet. Returns what was, for the timeline; empty: nothing was."""
    known: dict[str, str] = {}
    if case.status is not Status.UNKNOWN or case.confirmed_at is not None:
        known["status"] = str(case.status)
        moments = {"as_of": case.status_as_of, "confirmed_at": case.confirmed_at}
        known |= {name: at.isoformat() for name, at in moments.items() if at is not None}
    case.status, case.recoverable, case.status_as_of = Status.UNKNOWN, Recoverable.UNKNOWN, None
    case.confirmed_at = case.registration = None
    return known


def replace_account(case: Case, now: datetime) -> dict[str, str]:
    """The account of this case is another one from now on, or will be: it has no life before it, a pass of its own, and
    what was done and said was about the other. Returns what was known, for the timeline."""
    case.begun, case.access_pass = False, None
    case.steps = {name: record for name, record in case.steps.items() if name in _WITHOUT_ACCOUNT}
    if case.rungs:
        case.episode, case.episode_started_at = case.episode + 1, now
    return start_anew(case)
