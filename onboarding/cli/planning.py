"""`rerun` and `plan`: look first, then do what was shown."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from onboarding.bootstrap import App
from onboarding.cli import context
from onboarding.errors import RequestError
from onboarding.operate import case_plan, plan, requests, rerun_plan, reruns
from onboarding.operate.actions import Ask
from onboarding.operate.reruns import Reruns

ACTOR = "cli"


async def rerun(app: App, args: argparse.Namespace) -> int:
    """One case, or with a filter everybody whom it finds; `--dry-run` shows what would be done. With an id
    `--reason-code` and `--about` name the question that the rerun answers."""
    given = {name: getattr(args, name) for name in reruns.FILTERS if getattr(args, name)}
    if args.id and not set(given) - {"reason_code"}:
        return await _one(app, args)
    if args.id or not given:
        raise RequestError("Give an id, or a filter: --state, --reason-code, --source.", code="usage")
    if args.about:
        raise RequestError("--about goes with an id.", code="usage")
    query = reruns.query_of(given)
    if args.dry_run:
        found = await reruns.preview(app.services, query, args.from_step)
    else:
        ask = Ask(ACTOR, args.reason or "", args.from_step, args.plan_hash)
        found = await reruns.carry_out(app.services, query, ask)
    _told(args, found)
    return context.OK


def _told(args: argparse.Namespace, found: Reruns) -> None:
    data = found.as_json()
    if args.json:
        return context.out_json(data)
    rows = [
        {
            **item,
            "display_name": item["display_name"] or None,
            "steps": ", ".join(step["step"] for step in item["steps"]) or None,
            "result": item["result"] or item["why_not"],
        }
        for item in data["items"]
    ]
    if not rows:
        return context.out(
            "Nobody matches: nothing would run." if args.dry_run else "Nobody matches: nothing was run."
        )
    columns = [("case_id", "CASE"), ("display_name", "NAME"), ("state", "STATE"), ("reason_code", "REASON")]
    context.table(rows, [*columns, ("steps", "STEPS"), ("result", "RESULT")])
    context.out(f"matched: {data['matched']}, can be run again: {found.possible}, more: {data['more']}")
    if args.dry_run:
        context.out(f"plan: {data['plan_hash']}")
        context.note(
            "Nothing was run. To run it: the same, with --plan-hash and --reason, without --dry-run."
        )


async def _one(app: App, args: argparse.Namespace) -> int:
    if args.dry_run:
        data = await case_plan.shown(app.services, args.id, args.from_step)
        if args.json:
            context.out_json(data)
        else:
            _one_told(data)
        return context.OK if data["possible"] else context.REFUSED
    answers = rerun_plan.answers(approver=True)  # whoever reaches the store has every role
    ask = Ask(
        ACTOR,
        args.reason or "",
        args.from_step,
        args.plan_hash,
        reason_code=args.reason_code,
        about=tuple(args.about) if args.about else None,
        answers=answers,
        by_name=True,
    )
    done = await requests.carry_out(app.services, "rerun", args.id, ask)
    if args.json:
        context.out_json({"operation_id": done.operation_id, "case_id": done.case_id})
    else:
        context.out(f"rerun: {done.result} (case {done.case_id}, operation {done.operation_id})")
    return context.OK


def _one_told(data: dict[str, Any]) -> None:
    if data["why_not"]:
        return context.out(f"not possible: {data['why_not']}")
    if data["steps"]:
        context.table(data["steps"], [("step", "STEP"), ("now", "NOW"), ("then", "THEN")])
    else:
        context.out("No step is left to run: the follow-up looks at the person again.")
    if data["voids"]:
        context.out(data["voids"])
    context.out()
    _actions(data["would"]["actions"])
    if not data["would"]["actions"]:
        context.out("Nothing would be written or sent.")
    ends = data["would"]["ends"]
    context.out(f"ends: {ends['state']} ({ends['why']})")
    context.out(f"plan: {data['plan_hash']}")


def _actions(actions: Sequence[dict[str, Any]]) -> None:
    for action in actions:
        context.out(f"  {action['at'] or 'at once':<20}  {action['text']}")


async def show_plan(app: App, args: argparse.Namespace) -> int:
    """What would be created and sent; with `--apply`, release those who stopped in dry-run mode."""
    if args.apply:
        ask = Ask(ACTOR, args.reason or "", plan_hash=args.apply)
        found = await plan.carry_out(app.services, ask, args.limit)
    else:
        found = await plan.survey(app.services, args.limit)
    data = found.as_json()
    if args.json:
        context.out_json(data)
        return context.OK
    if args.apply:
        return _applied(data)
    for item in data["items"]:
        context.out(f"{item['case_id']}  {item['user_principal_name'] or '–'}  {item['state']}")
        _actions(item["actions"])
        context.out(f"  ends: {item['ends']['state']} ({item['ends']['why']})")
        context.out()
    for what, count in data["totals"].items():
        context.out(f"{what}: {count}")
    for item in data["limits_reached"]:
        context.out(f"limit: {item['words']}")
    context.out(f"people: {data['matched']}, stopped: {data['stopped']}, not shown: {data['more']}")
    context.out(f"plan: {data['plan_hash']}")
    return context.OK


def _applied(data: dict[str, Any]) -> int:
    """What was done, and not the whole plan once more."""
    for item in data["items"]:
        if item["result"]:
            result = "released" if item["result"] == "rerun" else item["result"]
            context.out(f"{item['case_id']}  {item['user_principal_name'] or '–'}  {result}")
    for item in data["limits_reached"]:
        context.out(f"limit: {item['words']}")
    context.out(f"released: {data['released']} of {data['stopped']} who had stopped")
    return context.OK
