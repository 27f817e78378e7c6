"""The verbs that need the store: each translates arguments into one use case and prints its answer."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from typing import Any

from onboarding.bootstrap import App
from onboarding.cli import context, desk, planning, reports, transfer
from onboarding.domain.case import ABOUT_NAME
from onboarding.errors import NotFound, RequestError
from onboarding.followup.track import track
from onboarding.operate import actions, cases, deliveries, doctor, due, in_person, requests, trouble, vendors
from onboarding.operate.next_step import for_approver, listed_next
from onboarding.ports import CaseQuery, DeliveryStatus

ACTOR = "cli"


def run(args: argparse.Namespace) -> int:
    """Run the verb named in `args.verb`."""
    verb = VERBS[args.verb]
    return context.run(lambda app: verb(app, args))


async def _cases(app: App, args: argparse.Namespace) -> int:
    query = CaseQuery(args.state, args.status, args.source, args.reason_code, args.employee_id, args.q)
    found = await app.services.cases.search(query, args.page)
    items = [cases.summary_json(item) for item in found.items]
    if args.json:
        context.out_json({"items": items, "next_page": found.next_page})
        return context.OK
    rows = [
        {
            **item,
            "display_name": item["display_name"] or None,
            **_next(item),
        }
        for item in items
    ]
    if not rows:
        context.note(f"No case matches here. Store: {context.store(app)}")
        return context.OK
    columns = [("case_id", "CASE"), ("display_name", "NAME"), ("employee_id", "ID"), ("state", "STATE")]
    columns += [("reason_code", "REASON"), ("status", "STATUS"), ("recoverable", "RECOVERABLE")]
    context.table(rows, [*columns, ("next", "NEXT"), ("when", "WHEN")])
    if found.next_page:
        context.note(f"More: --page {found.next_page}")
    return context.OK


async def _show(app: App, args: argparse.Namespace) -> int:
    data = await cases.show(app.services, args.id)
    if args.json:
        context.out_json(data)
        return context.OK
    hire = data["hire"]
    name = (
        hire["display_name"]
        or " ".join(filter(None, (hire["given_name"], hire["family_name"])))
        or "no name yet"
    )
    context.out(f"{data['case_id']}  {name}  ({data['source']}, {data['employee_id'] or 'no id'})")
    context.out(f"{data['state']}: {data['explanation']}")
    said = in_person.words(data["status"], accept_reviewed=app.services.settings.accept_reviewed)
    context.out(f"confirmed in person: {said}   recoverable today: {data['recoverable']}")
    for sentence in filter(None, (data["missing"], *data["sources"])):
        context.out(f"  {sentence}")
    context.out(f"account: {_account(data)}")
    if data["reason_code"] in ABOUT_NAME and data["asked_about"]:
        context.out(f"the user name: {', '.join(data['asked_about'])}")
    if data["found_account"]:
        context.out(f"an account that may be this person's already: {data['found_account']}")
    for item in data["data_quality"]:
        masked = f" {item['masked']}" if item["masked"] else ""
        context.out(f"HR sent {item['field']}{masked}: {item['what']}")
    following = data["next_action"]
    when = f" at {following['when']}" if following["when"] and not for_approver(data["reason_code"]) else ""
    context.out(f"next: {listed_next(following['what'], data['reason_code'])}{when} ({following['why']})")
    context.out()
    rows = [
        {**item, "detail": " ".join(f"{k}={v}" for k, v in item["detail"].items())}
        for item in data["timeline"]
    ]
    context.table(rows, [("at", "AT"), ("actor", "WHO"), ("action", "WHAT"), ("detail", "DETAIL")])
    return context.OK


def _next(item: dict[str, Any]) -> dict[str, Any]:
    """What happens next by its code, and when; what waits for an approver has no time."""
    if for_approver(item["reason_code"]):
        return {"next": "approve the limit", "when": None}
    return {"next": item["next_action"]["what"], "when": item["next_action"]["when"]}


def _account(data: dict[str, Any]) -> str:
    """The user name, and whether it is more than reserved."""
    if data["account"]:
        return str(data["account"]["user_principal_name"])
    # An account that was found may have the very name that is reserved: it is told on its own line.
    reserved = None if data["found_account"] else data["reserved_user_principal_name"]
    return f"none yet; {reserved} is reserved, not created" if reserved else "none yet"


async def _vendors(app: App, args: argparse.Namespace) -> int:
    if args.token:
        context.out(await vendors.token(app.services, args.token))
        return context.OK
    found, unused = await vendors.survey(app.services), vendors.available(app.services.settings)
    if args.source:
        names = ", ".join(item.source for item in found) or "none"
        found, unused = [item for item in found if item.source == args.source], []
        if not found:
            raise NotFound(f"There is no such source. Configured: {names}.")
    if args.json:
        others = [
            {"adapter": item.slug, "title": item.title, "evidence": str(item.evidence)} for item in unused
        ]
        context.out_json({"sources": [item.as_json() for item in found], "available": others})
        return context.OK
    for item in found:
        context.out("\n".join(vendors.words(item)))
        context.out()
    if not found:
        context.note("No source is set up. Set ONBOARDING_HR_<SOURCE>_SECRET for one of those below.")
    if unused:
        context.out("Not set up: " + ", ".join(f"{item.title} ({item.slug})" for item in unused))
    return context.OK


def _shown(value: object) -> str:
    """A dash for what is not there."""
    return "–" if value is None or value == "" else str(value)


async def _delivery(app: App, args: argparse.Namespace) -> int:
    data = deliveries.shown(await deliveries.find(app.services, args.id))
    if args.json:
        context.out_json(data)
        return context.OK
    content = data.pop("content")
    for name, value in data.items():
        said = ", ".join(f"{k} {_shown(v)}" for k, v in value.items()) if isinstance(value, dict) else value
        context.out(f"{name + ':':<20}{_shown(', '.join(said) if isinstance(said, list) else said)}")
    context.out("content, masked:" if content is not None else "content: gone, or not to be shown")
    if content is not None:
        context.out_json(content)
    return context.OK


async def _deliveries(app: App, args: argparse.Namespace) -> int:
    if args.id:
        return await _delivery(app, args)
    found = await app.services.deliveries.page(
        status=DeliveryStatus.asked_for(args.status), source=args.source, page=args.page
    )
    items = [deliveries.delivery_json(item) for item in found.items]
    if args.json:
        context.out_json({"items": items, "next_page": found.next_page})
        return context.OK
    columns = [("delivery_id", "DELIVERY"), ("source", "SOURCE"), ("received_at", "RECEIVED")]
    columns += [("vendor_event_type", "EVENT"), ("status", "STATUS"), ("reason_code", "REASON")]
    context.table(items, [*columns, ("reason_detail", "WHERE")])
    if found.next_page:
        context.note(f"More: --page {found.next_page}")
    return context.OK


async def _replay(app: App, args: argparse.Namespace) -> int:
    done = await deliveries.replay(app.services, args.id, actions.Ask(ACTOR, args.reason))
    if not args.json:
        context.out(f"replay: queued (operation {done.operation_id})")
        context.note(f"What comes of it: python -m onboarding deliveries {args.id}")
        return context.OK
    return _operation(args, done.operation_id, done.case_id, "queued")


async def _trouble(app: App, args: argparse.Namespace) -> int:
    found = await trouble.survey(app.services)
    if args.json:
        context.out_json(found.as_json())
    else:
        for stop, (key, text, waits, ends) in zip(found.stops, trouble.lines(found), strict=True):
            some = [f"{name or 'no name yet'} ({case_id})" for case_id, name in found.some(stop)]
            context.out(f"{key}: {text}\n  {waits}{' ' + ', '.join(some) if some else ''}\n  {ends}")
        for group in found.poison:
            context.out(f"poison: {group.count} × {group.cause}: {', '.join(group.case_ids)}")
        if not (found.stops or found.poison):
            context.out("Nothing is held back, and nothing failed in a way that nobody foresaw.")
    return context.NEGATIVE if found.stops or found.poison else context.OK


async def _approve(app: App, args: argparse.Namespace) -> int:
    """`approve limit:KIND`, else a case."""
    kind = args.id.removeprefix("limit:")
    if kind == args.id:
        if args.allow is not None:
            raise RequestError("--allow goes with limit:KIND.")
        about = tuple(args.about) if args.about else None
        ask = actions.Ask(ACTOR, args.reason, reason_code=args.reason_code, about=about, by_name=True)
        return await _act(app, args, ask)
    if args.reason_code or args.about:
        raise RequestError("--reason-code and --about go with a case.")
    done = await trouble.approve(app.services, kind, actions.Ask(ACTOR, args.reason), args.allow)
    if not args.json:
        context.out(f"approve: {done.result}; everybody who waited goes on within five minutes")
        context.note(f"operation {done.operation_id}")
        return context.OK
    return _operation(args, done.operation_id, None, done.result)


async def _answer(app: App, args: argparse.Namespace) -> int:
    """`other-person` and `purged`: of the account that is asked about, or of the one of several that is named; and
    `without-pass`."""
    about = tuple(args.about) if args.about else None
    ask = actions.Ask(
        ACTOR,
        args.reason,
        reason_code=args.reason_code,
        about=about,
        by_name=True,
        account=getattr(args, "account", None),
    )
    return await _act(app, args, ask)


async def _act(app: App, args: argparse.Namespace, ask: actions.Ask | None = None) -> int:
    done = await requests.carry_out(app.services, args.verb, args.id, ask or actions.Ask(ACTOR, args.reason))
    if note := requests.note(args.verb):
        context.note(note)
    result = done.result if done.status == "done" else f"accepted, waits: {done.result}"
    return _operation(args, done.operation_id, done.case_id, result)


def _operation(args: argparse.Namespace, operation_id: str, case_id: str | None, result: str | None) -> int:
    if args.json:
        context.out_json({"operation_id": operation_id, "case_id": case_id})
    else:
        context.out(f"{args.verb}: {result} (case {case_id or '–'}, operation {operation_id})")
    return context.OK


async def _track(app: App, args: argparse.Namespace) -> int:
    result = await track(app.services)
    data = {"events": result.events, "rows": result.rows, "changed": result.changed}
    if args.json:
        context.out_json(data)
    else:
        context.out(" ".join(f"{key}: {value}" for key, value in data.items()))
    return context.OK


async def _followup(app: App, args: argparse.Namespace) -> int:
    count = await due.enqueue_due(app.services)
    if args.json:
        context.out_json({"enqueued": count})
    else:
        context.out(f"enqueued: {count}")
    return context.OK


async def _doctor(app: App, args: argparse.Namespace) -> int:
    findings = await doctor.examine(app.services)
    if args.json:
        context.out_json({"findings": [finding.as_json() for finding in findings]})
    else:
        for finding in findings:
            context.out(f"{'ok  ' if finding.ok else 'FIX '} {finding.what}: {finding.text}")
    return context.OK if all(finding.ok for finding in findings) else context.NEGATIVE


VERBS: dict[str, Callable[[App, Any], Awaitable[int]]] = {
    "cases": _cases,
    "show": _show,
    "vendors": _vendors,
    "deliveries": _deliveries,
    "replay": _replay,
    "track": _track,
    "followup": _followup,
    "doctor": _doctor,
    "export": transfer.export,
    "import": transfer.load,
    "report": reports.run,
    "trouble": _trouble,
    **dict.fromkeys(requests.ACTIONS, _act),
    "rerun": planning.rerun,
    "plan": planning.show_plan,
    "lost-phone": desk.lost_phone,
    "new-pass": desk.new_pass,
    "handout": desk.hand_out,
    "approve": _approve,
    "other-person": _answer,
    "purged": _answer,
    "without-pass": _answer,
}
