"""What the service desk does for one person: a lost phone, a new pass, a page to hand out. Each with a reason.

A lost phone and a new pass are an approver's: both are ways into an account. The new pass is made by the same step as
the first one, past the same guards; what the approver adds is that somebody checked who the person is, item by item of
the policy's list. It goes to the manager or to the desk's mailbox, as the setting says, and is shown to nobody here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from onboarding import casework
from onboarding.domain import people_policy
from onboarding.domain.account import Account, LostMethod
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.nudges import has_left
from onboarding.domain.provenance import CODE, METHODS, PASSWORDLESS, PUSH
from onboarding.errors import Refused, RequestError
from onboarding.operate import lost_phone, rerun_plan
from onboarding.operate.asks import Ask
from onboarding.operate.cases import find, stamp
from onboarding.ports import Services, SignInMethod
from onboarding.provisioning.steps import issue_access_pass

LOST_PHONE, NEW_PASS, HANDOUT = "lost-phone", "new-pass", "handout"
#: What is on the phone that most people mean. Graph keeps a mobile number until the alternate one is gone (Learn,
#: "Delete phoneAuthenticationMethod"), so it goes last.
_ON_A_PHONE = frozenset({"mobilePhone", PUSH, PASSWORDLESS, CODE})
_LAST = "mobilePhone"
#: Nobody works for these people any more, or on purpose not.
_LEFT_ALONE = frozenset({State.EXCLUDED, State.CANCELLED})


async def methods(s: Services, wanted: str) -> dict[str, Any]:
    """What can be deleted when a phone is lost (`items`), read now, and names of what else is registered (`others`), as
    it was listed last. `likely`: it is on the phone that most people mean, and the only one of its kind. NotFound,
    Ambiguous; Refused without an account, for a protected one, or for one that is gone; Unavailable."""
    case = await find(s, wanted)
    account = await _writable(s, case)
    found = await s.security.sign_in_methods(account.id) or []
    kinds = Counter(item.method for item in found)
    items = [
        {
            "id": item.id,
            "method": item.method,
            "label": item.label,
            "created_at": stamp(item.created_at),
            "likely": item.method in _ON_A_PHONE and kinds[item.method] == 1,
            "counts": item.method in METHODS,
        }
        for item in found
    ]
    return {"case_id": case.case_id, "items": items, "others": _others(case, found)}


def _others(case: Case, found: Sequence[SignInMethod]) -> list[str]:
    """Names of methods that confirm, and that a lost phone's list does not show. An app's codes go with the app."""
    listed = {item.method for item in found}
    names = set(case.registration.methods) if case.registration is not None else set()
    names -= listed | ({CODE} if listed & {PUSH, PASSWORDLESS} else set())
    return sorted(names & METHODS.keys())


async def report_lost(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    """Put the task on the case; a worker carries it out (`operate.lost_phone`)."""
    if case.lost_method is not None:
        raise Refused("A lost phone of this person is being taken care of already.", code="under_way")
    if not ask.lost:
        raise RequestError(
            "Say which methods are lost, by their ids: list them first.", code="method_required"
        )
    account = await _writable(s, case)
    found = await s.security.sign_in_methods(account.id) or []
    by_id = {item.id: item for item in found}
    if not set(ask.lost) <= by_id.keys():
        raise RequestError("The person has no such method any more: list them again.", code="no_such_method")
    lost = sorted((by_id[name] for name in dict.fromkeys(ask.lost)), key=lambda item: item.method == _LAST)
    first = lost[0]
    case.lost_method = LostMethod(
        first.id,
        first.method,
        now,
        now,
        rest=[(item.id, item.method) for item in lost[1:]],
        kept=_kept(case, found, ask),
    )
    note = casework.entry(
        now,
        "lost_phone",
        f"operator:{ask.actor}",
        reason=ask.reason.strip(),
        method=",".join(item.method for item in lost),
        kept=",".join(case.lost_method.kept) or None,
    )
    await casework.save(s, case, now, note)
    await casework.look_now(s, case, "lost_phone")


def _kept(case: Case, found: Sequence[SignInMethod], ask: Ask) -> list[str]:
    """Names of what the person still has. RequestError for what is not there, or is said to be lost as well."""
    if set(ask.kept) & set(ask.lost):
        raise RequestError("A method is either lost, or the person still has it.", code="lost_and_kept")
    names = {item.id: item.method for item in found if item.id not in ask.lost}
    names |= {item.method: item.method for item in found if item.id not in ask.lost}
    names |= {name: name for name in _others(case, found)}
    if unknown := sorted(set(ask.kept) - names.keys()):
        raise RequestError(
            f"The person has no such method: {', '.join(unknown)}. List them again.", code="no_such_method"
        )
    kept = {names[name] for name in ask.kept}
    return sorted(kept | ({CODE} if PUSH in kept else set()))


async def new_pass(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    """Have the step issue another pass, with an approver's word that the person's identity was checked. Refused where
    nothing would come of it."""
    if refused := no_pass(s, case, now):
        raise refused
    _check_list(s, ask)
    await _writable(s, case)
    what = rerun_plan.prepare(case, now, issue_access_pass.STEP.name)
    case.identity_proofed_at = now
    note = casework.entry(
        now,
        "new_pass",
        f"operator:{ask.actor}",
        reason=ask.reason.strip(),
        checks=",".join(check.code for check in s.policy.desk.identity_checks),
    )
    await casework.hand_on(s, case, now, what, "new_pass", note)


def _withheld(word: str | None) -> str:
    """Why nobody is given the account yet: of whom HR still calls a guest or somebody of Active Directory, and not."""
    if word is not None:
        return (
            "By HR's word no account is made here for this person, so nobody is given the one that there is: HR "
            "corrects the record first, or the account of Active Directory comes, with a password of its own."
        )
    return (
        "HR has taken back that no account is made here for this person, but the one that there is has not been opened "
        "yet: whether another one came meanwhile is looked for, or asked. The case says what it waits for."
    )


def no_pass(s: Services, case: Case, now: datetime) -> Refused | None:
    """Why this person gets no new pass here, and what to do instead. None: one can be asked for."""
    if s.settings.first_credential == "none":
        return Refused(
            "The company gives the first credential in its own way (ONBOARDING_FIRST_CREDENTIAL=none): use that.",
            code="company_own_way",
        )
    if case.account is None:
        return None  # told where the account is asked for
    if case.account.withheld:
        return Refused(_withheld(people_policy.called(s.policy.people, case)), code="account_closed")
    if case.account.origin == "synced":
        return Refused(
            "The account comes from Active Directory, and so does its password: have whoever runs it there give a new "
            "one, or an Entra administrator issue a Temporary Access Pass in Entra.",
            code="synced_account",
        )
    if case.state is State.CLOSED and case.watch_ended:
        return Refused(
            "Nobody looks after this case any more. If the phone is lost, report that (lost-phone): it opens the case "
            "again, and a pass can be asked for then. Else an Entra administrator issues one in Entra.",
            code="case_closed",
        )
    if case.state is State.CLOSED or has_left(case, s.policy, now):
        return Refused(
            "The person's time here is over, and nothing is given any more. If that is wrong, HR corrects the end or "
            "hires them again: the case then goes on, and gives a pass. To finish what the case left undone, rerun it.",
            code="employment_ended",
        )
    return None


def _check_list(s: Services, ask: Ask) -> None:
    """Every item of the policy's list, and no other."""
    wanted = {check.code: check.text for check in s.policy.desk.identity_checks}
    if unknown := sorted(set(ask.confirmed) - wanted.keys()):
        raise RequestError(
            f"The policy has no identity check {', '.join(unknown)}. It has: {', '.join(wanted)}.",
            code="unknown_check",
        )
    if missing := [f"{code} ({text})" for code, text in wanted.items() if code not in ask.confirmed]:
        raise RequestError(
            f"Not every identity check is confirmed. Missing: {' '.join(missing)}", code="checks_missing"
        )


async def hand_out(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    """Note who had the person's page printed, and why. The page itself holds no secret (`operate.handout`)."""
    if case.account is None:
        raise Refused("There is no account yet, so there is nothing to register.", code="no_account")
    note = casework.entry(now, HANDOUT, f"operator:{ask.actor}", reason=ask.reason.strip())
    await casework.save(s, case, now, note)


async def _writable(s: Services, case: Case) -> Account:
    """The account, if something may be done to it. Refused with the reason otherwise."""
    if case.account is None:
        raise Refused("The case has no account yet.", code="no_account")
    if case.state in _LEFT_ALONE:
        raise Refused(
            "The person is left alone (excluded or withdrawn): resume the case first, or act in Entra.",
            code="left_alone",
        )
    if reason := await lost_phone.refusal(s, case.account):
        raise Refused(
            "Nothing may be done to this account here; an Entra administrator has to act in Entra.",
            code=reason,
        )
    return case.account
