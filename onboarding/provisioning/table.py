"""docs/steps.md: the plan, and what every step does for every kind of person, drawn from the code.

`python -m onboarding.provisioning.table` prints the page. The cells are what the policy of
`tests/support/full_policy.py` leads to, in which every step has something to do; a test lives through every row.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from onboarding.provisioning.plan import every, steps
from onboarding.provisioning.step import ONBOARDING, Retries, Step, always

NEVER = "–"
#: What becomes of an employee for whom everything is there.
EMPLOYEE: Mapping[str, str] = {
    "reserve_username": "done",
    "create_account": "done: `created`",
    "assign_groups": "done: `in_all_groups`",
    "prepopulate_phone": "done: `added`",
    "set_hire_date": NEVER,
    "set_leave_date": NEVER,
    "set_manager": "done",
    "assign_licenses": "done: `assigned`",
    "enable_account": "done: `enabled`",
    "issue_access_pass": "done: `manager`",
    "wait_for_mailbox": "done: `there`",
    "send_welcome": "done: `sent`",
}
_SYNCED = "left out: `synced_account`"
_NOT_NEW = {
    "prepopulate_phone": "left out: `not_made_for_this_hire`",
    "set_hire_date": "done",
    "issue_access_pass": "asks `needs_approval_pass`, then done: `manager`",
}
_BEFORE = {
    **_NOT_NEW,
    "assign_licenses": "done: `already_licensed`",
    "wait_for_mailbox": "left out: `mailbox_not_there_yet`",
}
_RESTORED = {**_BEFORE, "create_account": "asks `needs_approval_restore`, then done: `restored`"}
_MADE_BEFORE = {
    **_BEFORE,
    "create_account": "asks `needs_approval_adopt`, then done: `adopted`",
    "enable_account": NEVER,
}
_AGAIN = {**_NOT_NEW, "reserve_username": "done: `already_reserved`"}
_UNWRITTEN = dict.fromkeys(
    ("assign_groups", "prepopulate_phone", "set_manager", "assign_licenses"), _SYNCED
) | {"enable_account": NEVER}


@dataclass(frozen=True, slots=True)
class Kind:
    """One row. `cells` are where it differs from `EMPLOYEE`; after the step `stops` nothing happens."""

    name: str
    cells: Mapping[str, str] = field(default_factory=dict)
    stops: str | None = None

    def row(self) -> dict[str, str]:
        """Step → cell, for every step of the plan."""
        found, over = {}, False
        for planned in steps():
            name = planned.step.name
            found[name] = NEVER if over else self.cells.get(name, EMPLOYEE[name])
            over = over or name == self.stops
        return found


def _refused(name: str, step: str, code: str, **cells: str) -> Kind:
    return Kind(name, {**cells, step: f"refused: `{code}`"}, stops=step)


KINDS: tuple[Kind, ...] = (
    Kind("employee"),
    Kind("contractor with an end date", {"set_leave_date": "done"}),
    _refused("contractor whose last day is over", "reserve_username", "end_date_passed"),
    Kind("frontline, no mailbox", {"wait_for_mailbox": "left out: `no_mailbox_expected`"}),
    Kind(
        "frontline, no private address",
        {"wait_for_mailbox": "left out: `no_mailbox_expected`", "send_welcome": "left out: `no_address`"},
    ),
    Kind("one name"),
    Kind(
        "no manager",
        {"set_manager": "left out: `no_manager_named`", "issue_access_pass": "done: `desk`"},
    ),
    _refused("no country", "assign_licenses", "no_usage_location"),
    Kind("comes back, account disabled", _RESTORED),
    Kind("comes back, account deleted", _RESTORED),
    Kind("comes back, policy restores", {**_RESTORED, "create_account": "done: `restored`"}),
    Kind("comes back, number was another's", _RESTORED),
    Kind("withdrawn and hired again", {**_AGAIN, "create_account": "done: `already_linked`"}),
    Kind("withdrawn, deleted, hired again", {**_AGAIN, "create_account": "done: `restored`"}),
    Kind("account made by HR or IT", _MADE_BEFORE),
    Kind("account made by IT, no number", _MADE_BEFORE),
    Kind(
        "account made by IT, synced",
        {
            **_BEFORE,
            **_UNWRITTEN,
            "set_hire_date": _SYNCED,
            "create_account": "asks `needs_approval_adopt`, then done: `adopted`",
            "issue_access_pass": "asks `needs_approval_pass`, then done: `desk`",
        },
    ),
    Kind("number is on another person's account"),
    Kind(
        "synced",
        {
            **_UNWRITTEN,
            "reserve_username": _SYNCED,
            "create_account": "done: `synced`",
            "issue_access_pass": _SYNCED,
        },
    ),
    _refused("synced, account missing", "create_account", "sync_did_not_come", reserve_username=_SYNCED),
    _refused("synced, no number", "create_account", "sync_needs_number", reserve_username=_SYNCED),
    _refused("guest", "reserve_username", "guest_not_created"),
    _refused("account is a guest's", "create_account", "protected_guest"),
    _refused("account holds a role", "create_account", "protected_privileged"),
    _refused("account is listed", "create_account", "protected_listed"),
    _refused("account is shared", "create_account", "protected_shared_mailbox"),
    _refused("account is a room's", "create_account", "protected_resource_account"),
    _refused("account is of the sync", "create_account", "protected_sync_account"),
)

_RETRY = {Retries.STANDARD: "standard", Retries.FIRST_DAY: "first day"}
_INTRO = """# Steps, and for whom

Drawn from the code by `python -m onboarding.provisioning.table`; a test compares, and lives through every row of the
second table. What the policy can say about groups, licences and kinds of people: [policy.md](policy.md). What each
permission is for: [permissions.md](permissions.md).

## The plan

Top to bottom. A step looks at what is there, does what is missing, and writes down what came of it; it may be run again
at any moment. *After*: the steps that come before it, whatever else is added. *Before the start*: the value of the
policy that says how many days before the start date it may run. *Retry*: the section of the policy for its back-off,
`[retry]` or `[retry_first_day]`. *For*: everybody, or those for whom policy, settings or HR's words have something to
do; where there is nothing to do there is no step, and nothing is asked or written.
"""
_COST = """## What a hire costs

With the defaults, 16 requests to Graph for one person from the hire to the welcome, of which two go in one `$batch`,
and each of which is needed: two look whether the person was here before, one creates the account, two find and set
the manager; near the start date seven look whether a first credential may be given and to whom, two give it, and two
send the welcome. An address at the company that HR knows already adds one look for an account that has it. Groups add
one look at all of them and one write each; licences one look at what is free and one write for all; a mailbox one
look. A manager who cannot be found is looked for once more before the pass, and once with each look of the follow-up.
Who holds a role is read once an hour for everybody, and the registration report
for everybody at once. `tests/story/test_first_day.py` counts them.
"""
_KINDS = """## Kinds of people

What becomes of each, where the policy has something for every step and whoever is asked approves. `–`: not a step of
theirs, or not reached. *Left out*, *asks* and *refused* carry the code that the case shows; what each means and who
does what about it stands on the case's page.

- **People who come back** are found by HR's number, among disabled and deleted accounts (30 days). `account.rehire`
  decides: `ask` an approver, or `restore` where the name is the same as well, because numbers are given again. Their
  first credential needs an approver either way. What was known of the employment before (status, evidence, a pass that
  was used) counts no more (docs/evidence.md); methods that the account still has are a sign of use, and whoever has
  them gets no pass. An account that this service itself disabled, because HR withdrew the hire, is
  enabled again; one that somebody else disabled is not, without an approver's word, and a word counts once:
  who disables or deletes the account later is not overruled by a rerun. A word about an account that was found is about
  that one alone: if another one has the number by then, or is there in the next run, somebody is asked again. Groups
  and licences of the policy are given anew, also those that were taken away when they left; a group that an
  administrator takes away in the same run is not given again. What the tenant does not show is waited for until 24
  hours after it was made or restored, or an approver spoke of it, or it was first missed among the deleted ones: an
  administrator may have restored it by hand. Only then another one is made, or at once where an approver says that it
  was deleted for good (`purged`). One that was deleted while enabled is
  disabled again right after it is restored, and enabled at the lead time.
- **Accounts that are deleted while the plan runs** stop the case (`account_gone`): at once where the account is among
  the deleted ones, else once it has been out of sight for 24 hours. A rerun goes on with one that was restored by hand;
  a rerun from `create_account` asks an approver whether it is restored, and makes another one where it is gone for
  good.
- **A user name that is somebody else's other address** (of a colleague who married, say) is taken for Entra as well:
  the next candidate is used. One that nobody has as far as users can be read is waited for over 24 hours, because our
  own request may have made it; then it is a group's, a mail contact's or something deleted, and an operator says so by
  a rerun of that case (`username_held`).
- **Withdrawn hires**, and those of whom HR says before the first day that the employment has ended, have their account
  disabled, also one that was restored for the hire and not enabled yet; what holds that up may last beyond the first
  day that HR withdrew it before. Of somebody whose first day had come, where they work, an administrator decides
  (`disable_after_start`), also when HR names a later first day afterwards, for a mistyped one or for another hire of
  somebody at work, and takes that back. A day that HR moved before it came, or
  that passed while the hire was withdrawn, did not come. Cases from before this was kept count as begun, too, when the
  person was hired again or has registered. Where HR announces the hire again before the worker came, the pass of
  before is voided all the same, while the new run goes on or waits for an approver; the account, whose password nobody
  was told, then stays enabled. An account that the tenant does not show yet is looked for over 24 hours, soon at
  first, then ever more rarely, unless it is among the deleted ones; after that the step says `account_gone` or
  `never_created`, and `rerun` looks again.
- **Accounts made by HR or IT before** are linked on an approver's word and not renamed. They are found by HR's number,
  and by the address at the company that HR knows (`work_email`): as user name, mail or another address of the account;
  and, when the user name that is about to be made is taken, by the same display name and no number in `employeeId`.
  Where a request of ours took effect as well before theirs could be seen, ours is linked, and the timeline names the
  other one (`another_account`), which an administrator has to merge.
- **Accounts of other people** that are found so: an approver says `other-person`, of several one by one. Such an
  account is left out for good (`not_this:` with its object id), and the hire gets another; where it carries HR's
  number, the new one carries a token in `employeeId`, so that a number never leads to two people. An account that
  belongs to another case is asked about at once (`account_of_another_case`): two HR systems may both number from 1, and
  no yes could link it. Where HR's number should be on the new account, an administrator takes it off the other one, and
  the case is rerun.
- **Synced people** (`people.synced`) have their account from Active Directory, which alone may change it: it is
  waited for, linked, and followed up; nothing is written to it. One that is disabled is waited for until it is
  enabled, or until another one has the number: it may be a leaver's. An enabled one is linked without a question, also
  where Active Directory was first or writes the name in another way. An approver is asked (`needs_approval_adopt`:
  HR may have mistyped the number, or given it again) only where the account was made more than two years before HR
  first spoke of the person, and display name and user name hold no word of their name, accents, transliterations and
  initials allowed for. (A younger one of a colleague without a case here is linked: look at the user name on the page.)
  When HR corrects the number of somebody linked to a wrong account, a rerun from `create_account` finds the one that
  carries it, and asks. One that Active Directory takes over later (a soft match) is one of these from the next look on.
  One of somebody who comes back that Active Directory deleted is not restored here: it is waited for in the same way.
  Where this service had made an account, or asked for one, before HR said where it comes from, that one is disabled
  first, unless it was given to the person already, and stays for an administrator to delete. Whether they can reset
  also depends on password writeback.
- **A manager whom HR names by an id** is the person whom the same HR system knows by it and who has a case here. An id
  of HR's is no payroll number, and `employeeId` may hold either. Who is found by `employeeId` alone is linked in Entra
  (`by_employee_id_alone`) unless something contradicts it: an address that nobody has, a number of the hire's that is
  not HR's id, another name, another id in HR. Pass and escalations go to the service desk then. An address
  from HR finds everybody. Who cannot be found, or not be told apart, may be there later, as in a mass arrival those
  whose manager is worked off after them: they are looked for again before the pass, and with each look of the
  follow-up, which waits for nobody's sake. (A pass goes to accounts only that are older than the word that named them,
  so in a mass arrival to the service desk; the link and the escalations follow.)
- **The manager who may get the pass** is the one whom the hire event of an employee names, or a read of their record.
  One whom only an offer, a draft or an update named, also where that word opened the case, is set in Entra and told
  what escalates; the pass goes to the service desk until a hire event, or a read, names the same one.
- **Another manager** than the one who was set: from HR's word on nobody counts as the manager until the new one is
  found and set, also while the person is followed up. A pass goes to the one whom HR names now, as far as a read of the
  HR system or an approver stands for the change, or to the service desk; an approval is for the manager who was named
  then. The same manager in fewer words (without the id, say) is no change. Where HR names nobody any more, or somebody
  who cannot be found, the link in Entra stays, and nothing goes to whom it names. A pass that the former manager holds
  is called back: voided at once, also of a case that is paused or blocked, by its id as well, because the tenant's list
  may lag. While nobody has used it, another one goes out past the same guards: without a read or an approver, to the
  service desk. One that is used already stays as it is. The same person in other words (the address with an id beside
  it) keeps it.
- **Protected accounts as managers**: a mailbox that many read (listed, shared, a room's, a service's) is linked in
  Entra where HR names it, and gets no pass: that goes to the service desk.
- **A record that HR deletes** after its pass went out, while nobody has used it: the pass is voided at once. When an
  operator says that the hire stands, another one goes out by the same rules.
- **A first day that moves** after its pass went out: where the pass ends before noon of the new day, or cannot be used
  by then, and there is no sign of use, it is voided at once, also of a paused or blocked case, and another one goes out
  near the new day. The account stays enabled meanwhile; the welcome is not sent again.
- **`employeeHireDate`** follows HR. The account is made with it; a first day that moves after that is written anew,
  also while the person is followed up, and so is that of accounts that were there before (of people who come back, or
  made by HR or IT). What stands there is read together with the account, and only what differs is written: the hire of
  somebody whose first day stays costs no request for it. It is HR's own date, so another one is written over, and
  lifecycle workflows and whatever else in Entra acts on that date act on the new one.
- **Guests** are refused: they are invited, and keep their own company's credentials. Where their account was made, or
  asked for, before HR said so, it is looked for over 24 hours and disabled first, unless it was given to the person
  already: a pass went out, or somebody registered a method (also where it is found only now). With
  `FIRST_CREDENTIAL=none` it counts as given once the first day has come. So it is where HR says late that the account
  comes from Active Directory; that one is waited for also beyond the first day. One that this service may not disable
  stays, and the case asks an administrator (`account_contradicted`). Whoever keeps an account against HR's word has a
  sentence on the case that says so. What an administrator enables again by hand, an hour or more after it was closed,
  is not closed anew, whatever HR calls the person next; in another run (HR hires them again) it is judged anew.
- **HR takes back** that the account comes from Active Directory: whether another account with HR's number came
  meanwhile is looked for at once, and once more an hour later, because a search may miss what was just made. Until then
  nothing that was closed is opened. Once the first day has come it is opened at once, and the second look follows
  within the follow-up: two accounts for a day are less harm than a first day without one. Where another one came, an
  approver says which of the two the person works with (`needs_approval_instead`). With a yes the case's own is closed,
  its pass made void, and the other one linked; where the case's own is in use by then, was enabled by an administrator,
  or the first day has come, both stay and the case asks which (`own_account_stays`): `other-person` takes the yes back,
  or an administrator disables the case's own and reruns. Wherever a case goes over to another account, a pass that
  somebody could still use is made void first.
- **Reads that lag**: for a while after a write, Graph may show what was there before it. What this service wrote within
  the last hour weighs more than such a read: where HR takes its word back, the account is enabled, disabled or given
  its date whatever is read, which costs one request and changes nothing where it is so already. A first credential
  waits for an account that was enabled in that hour and does not look so; only after it the case says that somebody
  disabled the account. Where an administrator disables one in the hour after this service enabled it, and HR withdraws
  the hire then, this service counts as the one who disabled it.
- **Contractors**: after the last day that HR named nothing is sent and nothing is given, however late a case that was
  held or blocked goes on: every step that gives something stops at `end_date_passed`, until HR names a later day
  and somebody reruns the case. `account.leave_date` also writes it to `employeeLeaveDateTime`, and follows HR: a
  last day that moves is written anew, also while the person is followed up, and one that HR takes back, or that is
  left of the hire before, is taken away again. Only a date that this service wrote is changed; one of somebody else
  stays, and the step says `leave_date_of_others`. Microsoft documents that null empties the property, and that
  reading it needs `User-LifeCycleInfo.Read.All`, which is granted beside the writing role because nothing says that
  this one covers it. Once a case is closed, changes are for whoever runs the leavers.
- **Protected accounts** (break-glass, service, shared, room, resource and sync accounts, guests, role holders) are
  refused before every write, by one guard, and no approval lifts it: `people.protected_accounts` and
  `account.protected_names` name them, and the rest is told by role, name, licence and mailbox.

Known weaknesses: roles for which somebody is only *eligible* are not seen. A room's mailbox without any licence and
with sign-in allowed looks like a person's. A deleted account cannot be asked for roles before it is restored; Graph
itself refuses to restore a role holder, and the guard asks right after. An account that IT made under another user name
than ours would have, with neither HR's number nor an address that HR knows, is not found.
"""


def markdown() -> str:
    """The page."""
    return "\n".join([_INTRO, *_plan(), "", _COST, _KINDS, *_table(), ""])


def _plan() -> list[str]:
    head = "| step | what holds then | after | before the start | retry | for | permissions |"
    others = [planned.step for planned in every() if planned.step.track != ONBOARDING]
    found = [_step(planned.step) for planned in steps()] + [_step(step) for step in others]
    return [head, "|---|---|---|---|---|---|---|", *found]


def _step(step: Step) -> str:
    after = ", ".join(f"`{name}`" for name in step.after) or NEVER
    lead = f"`{step.lead}`" if step.lead else NEVER
    whom = "everybody" if step.applies is always else "some"
    if step.track != ONBOARDING:
        whom = "withdrawn hires"
    needs = ", ".join(f"`{name}`" for name in step.permissions) or NEVER
    return f"| `{step.name}` | {step.outcome} | {after} | {lead} | {_RETRY[step.retry]} | {whom} | {needs} |"


def _table() -> list[str]:
    names = [planned.step.name for planned in steps()]
    rows = [f"| {kind.name} | " + " | ".join(kind.row().values()) + " |" for kind in KINDS]
    head = "| | " + " | ".join(f"`{name}`" for name in names) + " |"
    return [head, "|---" * (len(names) + 1) + "|", *rows]


if __name__ == "__main__":
    sys.stdout.write(markdown())
