"""The service desk's verbs: a lost phone, a new pass, a page for the person."""

from __future__ import annotations

import argparse

from onboarding.bootstrap import App
from onboarding.cli import context
from onboarding.operate import desk, handout, requests
from onboarding.operate.asks import Ask
from onboarding.ports import Operation

ACTOR = "cli"


async def lost_phone(app: App, args: argparse.Namespace) -> int:
    """Without `--method` the methods are listed."""
    if not args.method:
        data = await desk.methods(app.services, args.id)
        if args.json:
            context.out_json(data)
        else:
            columns = [("id", "ID"), ("method", "METHOD"), ("label", "LABEL"), ("created_at", "SINCE")]
            context.table(data["items"], columns)
            if data["others"]:
                context.out("Also registered: " + ", ".join(data["others"]))
            context.note(
                "To delete what was on the phone and end all sessions: --method ID for each, --kept ID (or a name) for "
                "what the person still has, --reason TEXT. What is neither stays, and confirms nobody any more."
            )
        return context.OK
    ask = Ask(ACTOR, args.reason or "", lost=tuple(args.method), kept=tuple(args.kept))
    return _told(args, await requests.carry_out(app.services, desk.LOST_PHONE, args.id, ask))


async def new_pass(app: App, args: argparse.Namespace) -> int:
    """Each identity check of the policy has to be confirmed by its code."""
    ask = Ask(ACTOR, args.reason, confirmed=tuple(args.confirm))
    return _told(args, await requests.carry_out(app.services, desk.NEW_PASS, args.id, ask))


async def hand_out(app: App, args: argparse.Namespace) -> int:
    """The page as text; who printed it, and why, is in the timeline."""
    done = await requests.carry_out(app.services, desk.HANDOUT, args.id, Ask(ACTOR, args.reason))
    page = await handout.page(app.services, done.case_id or args.id)
    if args.json:
        context.out_json(
            {
                "operation_id": done.operation_id,
                "case_id": done.case_id,
                "language": page.language,
                "text": page.as_text(),
            }
        )
    else:
        context.out(page.as_text())
    return context.OK


def _told(args: argparse.Namespace, done: Operation) -> int:
    if args.json:
        context.out_json({"operation_id": done.operation_id, "case_id": done.case_id})
    else:
        context.out(f"{args.verb}: accepted (case {done.case_id}, operation {done.operation_id})")
        context.note("The service does it in a moment; the timeline says what came of it.")
    return context.OK
