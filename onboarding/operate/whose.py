"""What an approver says about an account that was found, beside a yes: that it is another person's, or that it is gone.

Both are words about single accounts, by object id, kept on the case (`Case.other_person`, `Case.purged`); the step that
asked goes by them (`provisioning.existing`), in the plan of a rerun and in a rehearsal as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from onboarding import casework
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.errors import IllegalTransition, RequestError
from onboarding.operate import rerun_plan
from onboarding.operate.asks import Ask, check_named
from onboarding.ports import Services
from onboarding.provisioning import out_of_sight

OTHER_PERSON, PURGED = "other-person", "purged"


async def other_person(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    """The account that the case asks about, or the one of several that `ask.account` names, is another person's."""
    if not rerun_plan.asks_whose(case):
        raise IllegalTransition("This case does not ask whose an account is.")
    await _check_named(s, case, now, ask, "other_person")
    chosen = _chosen(case, ask)
    case.other_person(chosen)
    case.apply(Event.UNBLOCK)
    await _go_on(s, case, now, "other_person", ask, chosen)


async def purged(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    """The account that is waited for, or asked about, was deleted for good. Should it be there all the same, it is
    found, and nothing is made."""
    if not rerun_plan.asks_whether_purged(case):
        raise IllegalTransition("This case neither waits for an account of before nor asks about one.")
    await _check_named(s, case, now, ask, "purged")
    missing = out_of_sight.missing(case)
    chosen = _waited_for(case, missing.ids, ask) if missing else _chosen(case, ask)
    case.purged(chosen)
    if case.state is State.BLOCKED:
        case.apply(Event.UNBLOCK)
    await _go_on(s, case, now, "purged", ask, chosen)


async def _check_named(s: Services, case: Case, now: datetime, ask: Ask, action: str) -> None:
    """Whoever names the account says what is answered."""
    if not ask.account:
        await check_named(s, case, now, ask, action)


def _chosen(case: Case, ask: Ask) -> list[str]:
    """Object ids of the accounts that the answer is about. RequestError for one that the case does not ask about."""
    if not ask.account:
        return list(case.found_ids)
    wanted = ask.account.strip().lower()
    found = [item for name, item in case.found.items() if wanted in {name.lower(), item.lower()}]
    if not found:
        raise RequestError(
            "The case does not ask about this account: give one of the user names that it shows.",
            code="no_such_account",
        )
    return found


def _waited_for(case: Case, ids: Sequence[str], ask: Ask) -> list[str]:
    """Of the accounts that are out of sight those that the answer is about. RequestError for another one."""
    if not ask.account:
        return list(ids)
    names = dict(case.found)
    if case.account is not None:
        names[case.account.user_principal_name] = case.account.id
    wanted = ask.account.strip().lower()
    meant = {item.lower() for name, item in names.items() if name.lower() == wanted} | {wanted}
    found = [item for item in ids if item.lower() in meant]
    if not found:
        raise RequestError(
            "The case does not wait for this account: give the user name or the id of one that it waits for.",
            code="no_such_account",
        )
    return found


async def _go_on(
    s: Services, case: Case, now: datetime, action: str, ask: Ask, object_ids: list[str]
) -> None:
    note = casework.entry(
        now,
        action,
        f"operator:{ask.actor}",
        reason=ask.reason.strip(),
        object_id=", ".join(object_ids),
    )
    await casework.hand_on(s, case, now, rerun_plan.NEXT.get(case.state, "provision"), action, note)
