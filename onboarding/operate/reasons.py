"""What is wrong and what to do about it, for every reason code that a case can carry.

The second sentence says who mends what; where it names nobody, it is for the operator who reads it. A test
enumerates the codes that the program gives.
"""

from __future__ import annotations

from onboarding.operate.step_reasons import OF_STEPS

#: reason code → (what is wrong, what to do).
REASONS: dict[str, tuple[str, str]] = {
    "missing_start_date": (
        "HR sent no start date.",
        "Ask HR to complete the record; the case goes on by itself.",
    ),
    "missing_name": ("HR sent no usable name.", "Ask HR to complete the record; the case goes on by itself."),
    "missing_employee_id": ("HR sent no id for this person.", "Ask HR to complete the record."),
    "no_hr_reader": (
        "The event names the person only by an id that cannot be read: no HR interface is configured for this source, "
        "or the id is that of an application or an employment alone.",
        "Set ONBOARDING_HR_<SOURCE>_API_URL and _API_TOKEN for this source, then rerun. If they are set, the next "
        "event that names the person leads on.",
    ),
    "hr_not_configured": (
        "The HR system has to be asked for this person, and its address or token is not set.",
        "Whoever deploys sets ONBOARDING_HR_<SOURCE>_API_URL and _API_TOKEN; then rerun.",
    ),
    "hr_sign_in": (
        "The HR system refuses the token of this service: it is wrong, expired or revoked.",
        "An HR administrator makes a new one, whoever deploys sets it as _API_TOKEN; then rerun.",
    ),
    "hr_permission": (
        "The HR system does not let this service read the person.",
        "An HR administrator gives the service's user the permission to read employees; then rerun.",
    ),
    "hr_field_withheld": (
        "The HR system keeps the name or the start date from this service.",
        "An HR administrator gives the service's user the permission to read those fields; then rerun.",
    ),
    "hr_record_gone": (
        "The HR system announced this person and now has no such record.",
        "Ask HR whether it was a mistake: then exclude the case. If the record is back, rerun.",
    ),
    "hr_unreadable": (
        "The HR system answered in a form that this service does not know.",
        "Check the API address with whoever deploys; the log names the place in the answer. Then rerun.",
    ),
    "hr_option": (
        "The HR system refused the read: an option of the source that it needs is missing or wrong (Workable: "
        "member_id).",
        "Whoever deploys sets it in ONBOARDING_HR_<SOURCE>_OPTIONS as the vendor's page in docs/vendors says; then "
        "rerun.",
    ),
    "hr_unreachable": (
        "The HR system did not answer for as long as the policy tries (retry.give_up_after_hours, 72 by default).",
        "Find out with HR whether the system is down or its address has changed. When it answers again, rerun.",
    ),
    "needs_approval_same_person": (
        "Another case may be about the same person: the private address, the employee number, a telephone number or "
        "the first day is the same, and not enough else is.",
        "Compare the two (the timeline names the other). An approver approves if it is one person: the cases become "
        "one, which is excluded where one of them was. An approver reruns this case, by itself, if they are two.",
    ),
    "two_accounts": (
        "HR says that this person and another case are one, and both have an account, or one that was begun.",
        "Decide with HR which account stays (the timeline names the other case). Exclude the case that does not; to "
        "disable its account is yours. Then rerun this one, or exclude it if it is the one that goes.",
    ),
    "hr_deleted_record": (
        "HR deleted the record. That can be a typing error, a privacy request or a withdrawn hire.",
        "Ask HR which. Exclude the case, or rerun it; disabling an account is yours to do.",
    ),
    "needs_approval_adopt": (
        "An account with this person's number, address or name already existed before the hire.",
        "Check whether it is the same person's. If it is, an approver approves, and it is linked. If it is another "
        "person's, an approver says so (other-person; of several, one by one): it is left alone for good, and this "
        "person gets another. HR's number then stays on that account alone. To have it on the new one, take it off "
        "that account in Entra (employeeId) and rerun instead.",
    ),
    "needs_approval_lookalike": (
        "The user name that fits this person can be mistaken for a protected account's.",
        "Check with HR that the person is real (`python -m onboarding names --role-holders` shows both names), then "
        "approve; or let HR send a preferred name, then rerun.",
    ),
    "needs_approval_rehire": (
        "This person left before, and still has an account, or HR does not say for sure that they are back: the record "
        "is not clear, or a hire was announced after HR had taken it back and may be the one that was taken back.",
        "Ask HR whether the person is back, with which first day, and whether an account may be used again, then "
        "approve: if it is disabled or deleted, it is enabled near the start date. The first credential of an account "
        "that was there before needs an approval of its own. If the hire does not stand, exclude the case.",
    ),
    "needs_approval_unclear": (
        "HR's record does not say whether this person is to begin: it is inactive and says no more, or it has no "
        "status and nobody announced the hire, or one hire of the person's was taken back and another one was not.",
        "Ask HR. If the person is to begin, or works there, an approver approves; if not, exclude the case. Once HR "
        "completes the record, the case goes on, or ends, by itself.",
    ),
    "needs_approval_pass": (
        "A pass would go to an account that we did not create, to somebody who came back, or long after the start.",
        "Check the person's identity; then an approver approves. If the person got the first credential in another "
        "way, or is to get none, an approver says so (without-pass): the case goes on without one.",
    ),
    "needs_approval_shared_id": (
        "HR uses one id of this person for somebody else as well.",
        "Ask HR whether these are two people; approve if they are, exclude this case if not.",
    ),
    "needs_approval_other_name": (
        "HR hires somebody under an id of this person, and the two names have no word in common. Addresses, telephone "
        "numbers and the manager of before were forgotten.",
        "Ask HR whether this is the same person. If so, an approver approves. If the id was given to somebody else, an "
        "approver has this case erased (forget), and replays the delivery: it opens a case of its own.",
    ),
    "needs_approval_manager": (
        "HR did not name this manager when it hired the person, or has changed them since, so the first credential "
        "does not go there unasked.",
        "Check with HR that the manager is right; then an approver approves. Or set ONBOARDING_SERVICE_DESK and rerun. "
        "If no pass is to go out, an approver says so (without-pass).",
    ),
    "no_account": ("The case has no account yet.", "Rerun it from create_account."),
    "report_needs_premium": (
        "The registration report needs Entra ID P1 or P2.",
        "License the tenant, then rerun; until then nobody can say who registered.",
    ),
    "access_pass_policy": (
        "The tenant's policy does not allow a Temporary Access Pass for this person.",
        "Enable Temporary Access Pass in the authentication methods policy, then rerun.",
    ),
    "no_credential_route": (
        "No manager can safely be given the first credential, and no service desk is configured.",
        "Set ONBOARDING_SERVICE_DESK, then rerun.",
    ),
    "no_free_username": ("No user name is free for this person.", "Check the user name pattern, then rerun."),
    "account_of_another_case": (
        "The account that has this person's number, address or name is linked to another case already.",
        "Compare the two (the timeline names the other). If they are two people, an approver says so (other-person): "
        "the account is left alone for good, and this person gets another, with a token in employeeId where the number "
        "is the other's. If they are one person, exclude this case; where the other one is over, have it erased "
        "(forget) and rerun this one.",
    ),
    "graph_bad_value": (
        "Entra refused a value of this person's record.",
        "The timeline has the request id; correct the value in HR, then rerun.",
    ),
    "permission_missing": (
        "The service lacks a permission in the tenant.",
        "Run doctor: it names the permission. Grant it, then rerun.",
    ),
    "configuration": (
        "A setting of the service is missing or wrong.",
        "Run doctor: it names the setting. Correct it, then rerun.",
    ),
    "domain_not_verified": (
        "ONBOARDING_DOMAIN is no verified domain of the tenant.",
        "Verify the domain or set another, then rerun.",
    ),
    "sender_mailbox": (
        "ONBOARDING_SENDER is no mailbox that may send.",
        "Give it a licence or set another, then rerun.",
    ),
    "graph_sign_in": (
        "The service cannot sign in to the tenant.",
        "Check the managed identity and its client id, then rerun.",
    ),
    "graph_refused": (
        "Graph did not answer as the service expects.",
        "Check ONBOARDING_GRAPH_BASE_URL; the log has the request id. Then rerun.",
    ),
    "store_damaged": (
        "A row of the store cannot be read.",
        "Restore the store from its backup; the log names the row.",
    ),
    "retries_exhausted": (
        "The same step failed for as long as the policy tries (give_up_after_hours, 72 by default; nights count).",
        "The timeline names the step and the last answer: look into the service health of Microsoft 365, or report it "
        "with the request id. When the cause is gone, rerun; nobody is reminded or escalated before.",
    ),
    "poison": (
        "The work on this case failed again and again in a way that nobody foresaw.",
        "The log has the error by type and place. Report it; then rerun.",
    ),
    "dry_run": (
        "The service runs in dry-run mode and writes nothing to the tenant.",
        "Look at the plan (python -m onboarding plan, or the dashboard) and the reserved user name; set "
        "ONBOARDING_MODE=live, then release everybody by the plan's hash, or rerun this person.",
    ),
    "disable_after_start": (
        "HR withdrew the hire of somebody a first day of whom has come.",
        "Ask HR whether the person was there, or still is; if not, disable the account in Entra, then rerun.",
    ),
    "disable_adopted_account": (
        "The account was there before this hire and was not made by this service.",
        "Ask HR whether somebody still uses it; if not, an administrator disables it in Entra; then rerun.",
    ),
    "disable_synced_account": (
        "The account is synchronised from Active Directory, which alone may disable it.",
        "Disable it there, then rerun once the sync has run.",
    ),
    "disable_account_of_another_case": (
        "The account that was made for this hire belongs to another case by now, which the timeline names.",
        "Look there whether somebody uses it; if nobody does, disable it in Entra. Nothing is left to do here.",
    ),
    "name_unusable": ("No display name can be made of what HR sent.", "Correct the name in HR, then rerun."),
    "blocked": (
        "The work on this case met something that it does not decide by itself.",
        "See the timeline, then rerun.",
    ),
    "deployment": (
        "The service is not set up as it has to be.",
        "Run doctor: it says what whoever deploys has to mend. Then rerun.",
    ),
    "case_too_large": (
        "What is kept about this person no longer fits into one row of the store.",
        "Report it with the number of deliveries; docs/storage.md has the limits. Exclude the case meanwhile.",
    ),
    "row_too_large": (
        "Something that has to be kept does not fit into one row of the store.",
        "Report it; docs/storage.md has the limits.",
    ),
    "storage_refused": (
        "The storage account refused a request.",
        "Whoever deploys looks into the log, which has its error code. Then rerun.",
    ),
    "storage_forbidden": (
        "The service may not use the storage account.",
        "Whoever deploys gives its identity the role that the log names. Then rerun.",
    ),
    "storage_sign_in": (
        "The service cannot sign in to the storage account.",
        "Whoever deploys checks the managed identity and its client id. Then rerun.",
    ),
    "held_for_permission": (
        "This step is held for everybody: the tenant refused it for want of a permission.",
        "Run doctor: it names the permission. Once an administrator has granted it, everybody goes on by themselves.",
    ),
    "held_for_tenant": (
        "The tenant does not answer, so nobody is sent there.",
        "Nothing to do here: it is tried again with one request at a time, and everybody goes on when it answers.",
    ),
    "paused_by_limit": (
        "The service stopped itself: it did more of this in an hour than the policy allows ([limits]).",
        "An approver checks whether so many are right, then approves the limit: `python -m onboarding trouble`.",
    ),
    **OF_STEPS,
}
