"""What a rerun of one case would do: which steps, and, rehearsed, what each of them."""

from __future__ import annotations

from typing import Any

from onboarding.operate import rerun_plan
from onboarding.operate.cases import find
from onboarding.operate.rehearse import Rehearsal
from onboarding.ports import Services


async def shown(s: Services, wanted: str, from_step: str | None) -> dict[str, Any]:
    """The steps with their hash, and `would`: what they and the follow-up after them would do, with dates; null where a
    rerun is refused. Reads the tenant, writes nothing.

    Raises NotFound, Ambiguous, RequestError for an unknown step, Unavailable.
    """
    case = await find(s, wanted)
    now = await s.clock.now()
    plan = rerun_plan.of(s, case, now, from_step)
    would = None
    if plan.why_not is None:
        rehearsed = await Rehearsal(s, now).run(case, from_step, rerun=True)
        told = rehearsed.as_json(now)
        would = {name: told[name] for name in ("user_principal_name", "actions", "ends")}
    return {**plan.as_json(), "from_step": from_step, "would": would}
