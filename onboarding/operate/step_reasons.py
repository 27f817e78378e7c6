"""Reason codes of the steps, in words: what is wrong, and who does what about it."""

from __future__ import annotations

from onboarding.domain import protected
from onboarding.provisioning import existing, from_sync, linking, pass_guards, refused, runner
from onboarding.provisioning.steps import (
    assign_groups,
    assign_licenses,
    create_account,
    reserve_username,
)

_BY_HAND = (
    "This service writes nothing to such accounts. If it is this person's, do by hand in Entra what is needed (give "
    "the first credential, disable it). If it was only found by number or address and is another person's, an approver "
    "says so (other-person), and this person gets an account of their own."
)

#: reason code → (what is wrong, what to do).
OF_STEPS: dict[str, tuple[str, str]] = {
    "plan_broken": (
        "The steps of this version of the program contradict each other.",
        "Nothing is wrong with the person. Whoever deploys goes back to the version before, and reports it.",
    ),
    protected.LISTED: (
        "The account is on the list of those that are never touched.",
        f"{_BY_HAND} The list is people.protected_accounts and account.protected_names in the policy.",
    ),
    protected.GUEST: (
        "The account is a guest's, whose credentials are their own company's.",
        "Exclude the case. If the person is an employee, correct the employment type in HR or the account in Entra.",
    ),
    protected.SYNC: ("The account belongs to the directory synchronisation or to Exchange itself.", _BY_HAND),
    protected.RESOURCE: ("The account is that of a room, a shared phone or a call queue.", _BY_HAND),
    protected.SHARED: (
        "The account cannot sign in, has a mailbox and no licence, as shared, room and equipment mailboxes do; a "
        "leaver's mailbox that was converted looks the same.",
        "If it is this person's, let an Exchange administrator convert the mailbox back and give it a licence; then "
        "rerun.",
    ),
    protected.PRIVILEGED: (
        "The account holds a directory role, or is in a group that can hold one.",
        _BY_HAND,
    ),
    reserve_username.GUEST: (
        "HR calls this person a guest (people.guests in the policy), and guests are invited, not created.",
        "Exclude the case. If it is an employee, HR corrects the employment type; then rerun. An account that was made "
        "before HR said so is disabled, unless the timeline says why not.",
    ),
    refused.CONTRADICTED: (
        "HR says that no account is made here for this person (a guest, or somebody of Active Directory), but there is "
        "one already that this service may not disable; the timeline says why.",
        "Ask HR. If it is right, an administrator disables the account in Entra, then rerun. Else HR corrects the "
        "record, then rerun.",
    ),
    linking.NEEDS_APPROVAL_INSTEAD: (
        "There is another account with this person's number beside the one that the case has: HR had said meanwhile "
        "that the account comes from Active Directory, or has corrected the number.",
        "Ask the person, and IT, which of them is theirs to work with. Of several that were found, an approver first "
        "says which ones are not (other-person, one by one), until one is left. If it is the one that was found, an "
        "approver approves: the case goes over to it, and the one that the case has is disabled, unless it comes from "
        "Active Directory; where somebody works with that already, both stay at first, and the case asks an "
        "administrator. If it is the one that the case has, an approver says so (other-person): the case keeps it, "
        "and the one that was found is left alone for good; an administrator disables it in Entra where nobody needs "
        "it.",
    ),
    refused.OWN_STAYS: (
        "An approver said that the account which was found is this person's, but the one that the case has is enabled, "
        "and this service may not disable it: somebody uses it, for example, or an administrator enabled it, or the "
        "first day has come; the timeline says why.",
        "Ask the person which of the two they use. If it is the one that the case has, an approver takes the yes back "
        "(other-person): the case goes on with it, and an administrator disables the other one in Entra. If it is the "
        "one that was found, an administrator disables the one that the case has in Entra, then rerun: the case goes "
        "on with the other.",
    ),
    runner.ENDED: (
        "The last day that HR named is over, and nothing is given after it.",
        "HR corrects the end date if the person stays, then rerun; else exclude the case, and disable the account in "
        "Entra if there is one.",
    ),
    pass_guards.LAPSED: (
        "An approver asked for a new pass, and what held it back lasted longer than the day for which the identity "
        "check counts. The person has none.",
        "If they still need it, an approver checks the identity again and asks for a new pass; if not, rerun: the case "
        "goes on without one.",
    ),
    runner.ACCOUNT_GONE: (
        "The account of this person is not there any more: somebody deleted it while it was being set up.",
        "Find out who did, and why. If it was a mistake, an Entra administrator restores it (within 30 days); then "
        "rerun. Or rerun from create_account: a deleted one is restored on an approver's word, and where it is gone "
        "for good another one is made. If the person is not to come, exclude the case.",
    ),
    create_account.NAME_HELD: (
        "Entra says that the user name is taken, and for a day no account has shown that has it, as user name or as "
        "another address: mostly it is the address of a group or a mail contact, or of something deleted.",
        "Look in the Entra and Exchange admin centers who has it. If it is no account of this person, rerun this case "
        "by itself: the next name is taken. If it is, rerun once it is shown: it is found, and linked or asked about. "
        "To have the first name, an administrator takes the address away; then rerun.",
    ),
    existing.NEEDS_APPROVAL_RESTORE: (
        "A disabled or deleted account carries this person's number. They were here before, or somebody else was.",
        "Check that it is the same person and that the account may be used again; then an approver approves: it is "
        "restored, and enabled near the start date (one that Active Directory deleted is restored there, and waited "
        "for). The first credential needs an approval of its own. If it was "
        "another person's, an approver says so (other-person; of several, one by one): it is left alone for good, and "
        "this person gets another; HR's number then stays on that account. If it was deleted for good meanwhile, an "
        "approver says so (purged), else it is waited for.",
    ),
    existing.NAME_TAKEN: (
        "The deleted account cannot be restored: somebody else has its user name or address by now.",
        "An Entra administrator restores it under another name, or deletes it for good; then rerun.",
    ),
    from_sync.NO_NUMBER: (
        "The account comes from Active Directory, and HR sent no number by which it could be found.",
        "HR sends a number of at most 16 plain characters, which is employeeId in Active Directory; then rerun.",
    ),
    from_sync.NOT_SYNCED: (
        "The account should have come from Active Directory, and no enabled account with HR's number is there.",
        "Whoever runs the directory synchronisation checks that the person exists in Active Directory, or restores "
        "them there, that the account is enabled, that employeeId is HR's number and that the object is in scope; then "
        "rerun. If a deleted account is named here and was another person's, an approver says so (other-person).",
    ),
    pass_guards.DISABLED: (
        "Somebody disabled the account, so a first credential would be of no use.",
        "Find out why; enable it in Entra if the person is to sign in, then rerun.",
    ),
    assign_groups.MISSING: (
        "A group of the policy does not exist in the tenant.",
        "Whoever keeps the policy corrects groups.rules or groups.sspr_scope; then rerun.",
    ),
    assign_groups.ROLE_ASSIGNABLE: (
        "A group of the policy can open a directory role; this service puts nobody into such groups.",
        "Whoever keeps the policy takes it out of groups; an administrator adds people by hand.",
    ),
    assign_groups.DYNAMIC: (
        "A group of the policy has a membership rule: Entra alone decides who is in it.",
        "Whoever keeps the policy takes it out of groups, or the group's rule is changed to assigned members; then "
        "rerun.",
    ),
    assign_groups.SYNCED: (
        "A group of the policy comes from Active Directory, where alone it gets members.",
        "Whoever keeps the policy names a cloud group in its place; then rerun.",
    ),
    assign_licenses.NO_UNIT: (
        "No unit of a licence is free.",
        "Whoever buys licences for the company gets more units (Microsoft 365 admin center, Billing), or somebody "
        "takes one back; then rerun.",
    ),
    assign_licenses.NOT_BOUGHT: (
        "The company has no subscription of a licence that the policy names.",
        "Whoever keeps the policy checks the skuId in licences.rules, or whoever buys licences buys it; then rerun.",
    ),
    assign_licenses.NO_LOCATION: (
        "The account has no usageLocation, without which Microsoft gives no licence: HR sent no country that could be "
        "read, or the account was not made for this hire.",
        "HR sends the country: the case then goes on by itself where the account was made or restored for this hire. "
        "Else an Entra administrator sets the usage location; then rerun.",
    ),
}
