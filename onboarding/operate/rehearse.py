"""What would be done for one person, shown by doing it: the same plan, steps and follow-up, on recording adapters.

The case is a copy, the store keeps nothing, the clock jumps to whatever is planned next, and nobody registers anything
meanwhile. So the answer is what the service itself would do, from now to the last message of the ladder; it ends
earlier where the person has to wait for somebody, or where the tenant does not answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from onboarding import observe
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, StepRecord, StepStatus
from onboarding.dry_run import adapters
from onboarding.dry_run.record import WORDS, Action, Recorder
from onboarding.dry_run.store import ScratchCases
from onboarding.followup import advance as followup
from onboarding.intake import process
from onboarding.operate import deciding, rerun_plan
from onboarding.operate.rerun_plan import hashed
from onboarding.operate.stamps import stamp
from onboarding.ports import Services
from onboarding.provisioning import manager_again, recall, refused, runner
from onboarding.safeguards.stops import HELD

#: Reason code of a case that stopped because nothing is written.
DRY_RUN = "dry_run"
PROVISIONED = frozenset({State.WAITING_START, State.PROVISIONING})
WORKED = PROVISIONED | {State.FOLLOWING_UP}
#: Times that a person is looked at; the ladder and its looks need about ten.
LOOKS = 300
#: Days after the start (or now) beyond which nothing is looked at.
HORIZON = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One person's plan. `ends`: the state in which it ends, and `why` as a code."""

    case_id: str
    state: str
    reason_code: str | None
    user_principal_name: str | None
    actions: Sequence[Action]
    ends: str
    why: str | None
    digest: str
    #: The steps as they would then stand.
    steps: Mapping[str, StepRecord] = field(default_factory=dict)

    def as_json(self, now: datetime) -> dict[str, Any]:
        """As every view prints it. `at` is null for what would be done at once."""
        return {
            "case_id": self.case_id,
            "state": self.state,
            "reason_code": self.reason_code,
            "user_principal_name": self.user_principal_name,
            "actions": [
                {
                    "at": stamp(action.at) if action.at > now else None,
                    "what": action.what,
                    "text": _words(action),
                    "detail": dict(action.detail),
                }
                for action in self.actions
            ],
            "ends": {"state": self.ends, "why": self.why},
            "digest": self.digest,
        }


def _unanswered(case: Case) -> str | None:
    """Why the tenant did not do the last thing that it was asked for; None: it did."""
    codes = [record.code for record in case.steps.values() if record.status is StepStatus.RETRYING]
    recall = case.access_pass.recall if case.access_pass else None
    if recall is not None:
        codes.append(recall.code)
    return next((code for code in codes if code), None)


def _facts(actions: Sequence[Action]) -> list[Any]:
    """What the digest holds of what would be done: what it is, in which order, and not when. The days follow from what
    decides (HR's dates, the policy) and from the present day. An account that is made after its lead time is made
    enabled, which is the same as making and enabling it."""
    made = any(action.what == "create_account" for action in actions)
    kept = [action for action in actions if not (made and action.what == "enable_account")]
    return [
        [action.what, sorted((k, v) for k, v in action.detail.items() if k not in {"usable_from", "state"})]
        for action in kept
    ]


def _words(action: Action) -> str:
    detail = {**action.detail, "message": action.detail.get("message", "").replace("_", " ")}
    return WORDS[action.what].format_map(detail)


class Rehearsal:
    """One plan: people one after the other, over one scratch store, so that a name is given once."""

    def __init__(self, s: Services, now: datetime) -> None:
        self._now = now
        self._clock = adapters.RehearsalClock(now)
        self._cases = ScratchCases(s.cases)
        self._recorder = Recorder(lambda: self._clock.at)
        reads = adapters.Reads()
        directory = adapters.RecordingDirectory(s.directory, self._recorder, reads)
        mailer = adapters.RecordingMailer(self._recorder)
        parts: dict[str, Any] = {
            "settings": replace(s.settings, mode="live"),
            "clock": self._clock,
            "entropy": adapters.RehearsalEntropy(),
            "cases": self._cases,
            "queue": adapters.NoQueue(),
            "directory": directory,
            "security": adapters.RecordingSecurity(s.security, self._recorder, reads, directory),
            "mailer": mailer,
            "messages": adapters.RecordingMessages(s.messages, mailer),
        }
        self._s = replace(s, **parts)

    async def run(self, case: Case, from_step: str | None = None, *, rerun: bool = False) -> Rehearsed:
        """What would be done for this person from now on; with `rerun`, after it was run again from that step.

        Raises IllegalTransition where a rerun is refused, and Unavailable where neither store nor tenant answers.
        """
        with observe.rehearsal():
            trial = self._cases.start(case)
            self._clock.at, self._recorder.actions = self._now, []
            if rerun or case.reason_code == DRY_RUN:
                what = rerun_plan.prepare(trial, self._now, from_step, rerun_plan.answers(approver=True))
                trial.next_action = NextAction(what, self._now, "rerun")
                await self._cases.save(trial)
            why = await self._drive(case)
        end = await self._cases.get(case.case_id) or trial
        return self._told(case, end, why)

    async def _drive(self, case: Case) -> str | None:
        """Until nothing is left to do by itself. Returns why it ends."""
        start = case.hire.start_date
        first = datetime.combine(start, time(), UTC) if start else self._now
        horizon = max(first, self._now) + HORIZON
        for _ in range(LOOKS):
            trial = await self._cases.get(case.case_id)
            if trial is None or trial.state not in WORKED:
                return trial.reason_code if trial else None
            await recall.advance(self._s, trial, self._clock.at)
            if await process.ask_first(self._s, trial, self._clock.at):
                continue
            if trial.state in PROVISIONED:
                await runner.advance(self._s, trial, self._clock.at)
            elif await refused.heed(self._s, trial, self._clock.at):
                continue
            elif await manager_again.advance(self._s, trial, self._clock.at):
                await followup.advance(self._s, trial, self._clock.at)
            after = await self._cases.get(case.case_id)
            if after is None or after.state not in WORKED:
                continue
            planned = after.next_action
            if (unanswered := _unanswered(after)) is not None:
                return unanswered
            if (planned.why == "ladder_done" and after.recall_at is None) or planned.why in HELD:
                return planned.why
            when = min(filter(None, (planned.when, after.recall_at)), default=None)
            if when is None or when > horizon:
                return planned.why
            self._clock.at = max(self._clock.at, when)
        return "looked_often_enough"

    def _told(self, case: Case, end: Case, why: str | None) -> Rehearsed:
        actions = self._recorder.take()
        name = end.account.user_principal_name if end.account else None
        if name is None and end.intent is not None:
            name = end.intent.user_principal_name
        decides = deciding.digest(self._s, case)
        facts = [case.case_id, str(end.state), why, decides, _facts(actions)]
        return Rehearsed(
            case.case_id,
            str(case.state),
            case.reason_code,
            name,
            actions,
            str(end.state),
            why,
            hashed(facts),
            dict(end.steps),
        )
