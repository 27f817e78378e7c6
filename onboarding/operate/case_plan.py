"""What a rerun of one case would do: which steps, and, rehearsed, what comes of each of them."""

from __future__ import annotations

from typing import Any

from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.operate import rerun_plan
from onboarding.operate.cases import find
from onboarding.operate.reasons import REASONS
from onboarding.operate.rehearse import Rehearsal, Rehearsed
from onboarding.operate.story import sentence
from onboarding.ports import Services
from onboarding.provisioning.steps import issue_access_pass

_PASS = issue_access_pass.STEP.name
_OVER = {StepStatus.DONE, StepStatus.SKIPPED}


async def shown(s: Services, wanted: str, from_step: str | None) -> dict[str, Any]:
    """The steps with their hash, each with `then`, what would come of it; `voids`, what the rerun takes away (null:
    nothing); and `would`: what they and the follow-up after them would do, with dates. `then` and `would` are null
    where a rerun is refused. Reads the tenant, writes nothing.

    Raises NotFound, Ambiguous, RequestError for an unknown step, Unavailable.
    """
    case = await find(s, wanted)
    now = await s.clock.now()
    plan = rerun_plan.of(s, case, now, from_step)
    data, would, rehearsed = plan.as_json(), None, None
    if plan.why_not is None:
        rehearsed = await Rehearsal(s, now).run(case, from_step, rerun=True)
        told = rehearsed.as_json(now)
        would = {name: told[name] for name in ("user_principal_name", "actions", "ends")}
    then = _then([step.name for step in plan.steps], rehearsed)
    for step in data["steps"]:
        step["then"] = then.get(step["step"])
    voids = _voids(case, from_step, rehearsed)
    return {**data, "from_step": from_step, "voids": voids, "would": would}


def _then(names: list[str], rehearsed: Rehearsed | None) -> dict[str, str]:
    """Step → what would come of it, in words."""
    if rehearsed is None:
        return {}
    found, stopped = dict[str, str](), False
    for name in names:
        record = rehearsed.steps.get(name, StepRecord())
        if record.status not in _OVER and stopped:
            found[name] = "Not reached"
        else:
            stopped = stopped or record.status not in _OVER
            found[name] = _came_of(name, record, rehearsed)
    return found


def _came_of(name: str, record: StepRecord, rehearsed: Rehearsed) -> str:
    if record.status is StepStatus.DONE:
        return "Done: " + sentence("step_done", {"step": name, "detail": record.detail or ""})
    if record.status is StepStatus.SKIPPED:
        return "Left out: " + _plain(record.detail or "not needed")
    why = rehearsed.why or record.code
    if rehearsed.ends == State.BLOCKED and why is not None:
        wrong, todo = REASONS.get(why, (_plain(why), ""))
        approver = "An approver decides. " if why.startswith(rerun_plan.APPROVABLE) else ""
        return f"Stops here: {approver}{wrong} {todo}".strip()
    return "Waits" + (f": {_plain(why)}" if why else "")


def _plain(code: str) -> str:
    return code.replace("_", " ")


def _voids(case: Case, from_step: str | None, rehearsed: Rehearsed | None) -> str | None:
    """The pass that a rerun from its step takes away first, whatever comes of it then."""
    record = case.access_pass
    if from_step != _PASS or record is None or record.status is PassStatus.VOID or rehearsed is None:
        return None
    first = (
        f"The pass that went to the {record.recipient} counts no more from then on, and is made void where it can "
        "still be used."
    )
    if any(action.what == "create_pass" for action in rehearsed.actions):
        return f"{first} Another one takes its place."
    return (
        f"{first} As things are, no pass comes of it. For whoever has signed in before, or began long ago, an approver "
        'uses "New pass" under "Service desk" instead.'
    )
