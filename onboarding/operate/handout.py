"""The page for a person, for every view."""

from __future__ import annotations

from onboarding.errors import Refused
from onboarding.followup import handout as followup
from onboarding.followup.handout import Handout
from onboarding.operate.cases import find
from onboarding.ports import Services


async def page(s: Services, wanted: str) -> Handout:
    """How to register, in the person's language. NotFound, Ambiguous; Refused while there is no account."""
    case = await find(s, wanted)
    if case.account is None:
        raise Refused("There is no account yet, so there is nothing to register.", code="no_account")
    return followup.handout(case, s.settings)
