"""What decides what a rerun gives to whom, as one digest.

HR's words as the policy and the steps use them, what approvers said, whose account it is, the groups and licences that
the policy gives for all that, and the settings and other sections of the policy by which a step decides. Not what an
automatic retry changes by itself. Keyed, since addresses and numbers are in it that whoever sees a plan need not see.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import fields

import msgspec

from onboarding.domain import people_policy
from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import Hire
from onboarding.ports import Services

#: Words of HR that no step and no rule of the policy looks at.
_UNUSED = frozenset({"candidate_id", "original_start_date", "status"})
#: What is remembered of the account and decides what a step may do.
_ACCOUNT = ("id", "user_principal_name", "origin", "synced", "disabled_by_us", "enabled_for")
#: Settings that say what an account is called, what is written into it, and where its first credential goes.
_SETTINGS = (
    "domain",
    "first_credential",
    "service_desk",
    "company_name",
    "phone_attribute",
    "prepopulate_phone",
    "deadline",
)
#: Sections of the policy by which a step decides, beside those that are asked for this very person.
_SECTIONS = ("account", "people", "mailbox", "first_credential")


def digest(s: Services, case: Case) -> str:
    """128 bits as hex: another one as soon as anything that decides has changed."""
    said = {item.name: getattr(case.hire, item.name) for item in fields(Hire) if item.name not in _UNUSED}
    facts = {
        "source": case.source,
        "certainty": case.certainty,
        "hire": said,
        "manager": [case.manager_changed, case.manager_named_at],
        "approvals": sorted(case.approvals),
        "found": [case.found_account, case.found_ids],
        "rehired_at": case.rehired_at,
        "withdrawn_at": case.withdrawn_at,
        "identity_proofed_at": case.identity_proofed_at,
        "account": _account(case.account),
        "groups": people_policy.groups_for(s.policy.groups, case),
        "licences": people_policy.licences_for(s.policy.licences, case),
        "settings": [getattr(s.settings, name) for name in _SETTINGS],
        "policy": [getattr(s.policy, name) for name in _SECTIONS],
    }
    text = json.dumps(msgspec.to_builtins(facts), sort_keys=True, separators=(",", ":"))
    key = s.settings.hash_key.reveal().encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]


def _account(account: Account | None) -> dict[str, object] | None:
    return {name: getattr(account, name) for name in _ACCOUNT} if account else None
