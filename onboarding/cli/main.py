"""Reading the command line. Each verb's work is in `verbs.py`, `phone.py`, `names.py`, `serve.py` and `demo/`."""

from __future__ import annotations

import argparse
import io
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence

from onboarding import observe
from onboarding.cli import context, report_options
from onboarding.errors import Ambiguous, OnboardingError

#: Bytes of an argument that are not UTF-8, as Python hands them over.
_UNREADABLE = re.compile("[\udc80-\udcff]")
NOT_BUILT = ("enroll",)
ACTIONS = {
    "approve": "release a case that waits for an approval (the command line has every role: whoever reaches the store)",
    "other-person": "say that an account that was found is another person's: it is left alone for good",
    "purged": "say that an account of before was deleted for good: it is waited for no longer",
    "without-pass": "say no to a first credential that waits for an approval: the case goes on without one",
    "pause": "stop everything for this person until resume",
    "resume": "go on after pause or exclude",
    "exclude": "leave this person alone",
    "forget": "erase everything about this person; the account in Entra and sent messages stay",
}
_IDS = {"approve": "case id, SOURCE:ID, or a bare id; or limit:KIND, as trouble shows it"}
_REASONS = {"forget": "kept, as you write it: no names"}
_FILTERS = {
    "state": "for example blocked; states are listed in docs/states.md",
    "status": "for example user_registered; statuses are listed in README.md",
    "source": "name of an HR source, as vendors shows it",
    "reason-code": "for example missing_start_date",
    "employee-id": "HR's id",
}
_PORTS = "Environment: PORT (7071) and SIM_PORT (7072)"
_EPILOGS = {
    "serve": f"{_PORTS}; KEEP=1 goes on with the data and the pretend tenant of the last time; exported ONBOARDING_* "
    "settings win. Where to post, and with which secrets: build/serve.json.",
    "demo": f"{_PORTS}; DEMO_FOLDER (build/demo) takes what is left behind, and KEEP=1 goes on with that "
    "and plays nothing.",
}


def parser() -> argparse.ArgumentParser:
    """All verbs. `--json` prints data only, on standard output."""
    top = argparse.ArgumentParser(
        prog="python -m onboarding",
        description="HR webhooks in, Entra accounts out, and evidence of who registered in person.",
        epilog="Exit codes: 0 ok, 1 negative finding, 2 usage, 3 not found, 4 ambiguous, 5 refused, "
        "6 store or tenant unreachable, 70 bug.",
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB")

    def add(name: str, text: str, json_too: bool = True) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=text, description=text, epilog=_EPILOGS.get(name))
        if json_too:
            verb.add_argument("--json", action="store_true", help="data as JSON")
        return verb

    served = add("serve", "simulator and service in the foreground", json_too=False)
    served.add_argument(
        "--store", choices=("embedded", "azure"), default="embedded", help="azure: over Azurite"
    )
    demo = add("demo", "forty-five hires and twenty-three days, in about a minute", json_too=False)
    demo.add_argument("--once", action="store_true", help="stop after printing the result")
    demo.add_argument("--seed", type=int, default=1, help="another seed, other people")
    add("trouble", "what is held back for everybody, and failures that nobody foresaw, by cause")
    add("doctor", "check settings, store, tenant and permissions; changes nothing")
    phone = add("phone", "normalise phone numbers: lines of COUNTRY<TAB>RAW")
    phone.add_argument("file", nargs="?", help="a file; default standard input")
    preview = add("names", "preview user names: lines of GIVEN<TAB>FAMILY[<TAB>LANGUAGE], or options")
    _add_names(preview)
    cases = add("cases", "list cases, newest change first")
    for name, text in _FILTERS.items():
        cases.add_argument(f"--{name}", help=text)
    cases.add_argument("-q", help="start of a name, user name or id")
    cases.add_argument("--page", help="token of the next page")
    show = add("show", "one case: why it is where it is, what happens next, its timeline")
    show.add_argument("id", help="case id, SOURCE:ID, or a bare id")
    vendors = add(
        "vendors", "what is set up for each HR system, what is missing, when it last sent something"
    )
    vendors.add_argument("source", nargs="?", help="this HR source alone")
    vendors.add_argument(
        "--token", metavar="SOURCE", help="print the verification token that a set-up of this source sent"
    )
    deliveries = add("deliveries", "list deliveries, newest first; with an id, show one masked")
    deliveries.add_argument("id", nargs="?", help="delivery id")
    deliveries.add_argument("--status", help="received, queued, processed, ignored, unreadable, failed")
    deliveries.add_argument("--source", help=_FILTERS["source"])
    deliveries.add_argument("--page", help="token of the next page")
    replay = add("replay", "process a stored delivery again")
    replay.add_argument("id", help="delivery id")
    replay.add_argument("--reason", required=True, help="kept with the delivery")
    _add_planning(add)
    _add_desk(add)
    for name, text in ACTIONS.items():
        verb = add(name, text)
        verb.add_argument("id", help=_IDS.get(name, "case id, SOURCE:ID, or a bare id"))
        verb.add_argument("--reason", required=True, help=_REASONS.get(name, "kept in the case's timeline"))
        if name in {"other-person", "purged"}:
            verb.add_argument("--account", metavar="NAME", help="which of several, by user name; else all")
        if name == "approve":
            verb.add_argument(
                "--allow", type=int, help="with limit:KIND: how many before it counts again (a day's time)"
            )
        if name in {"approve", "other-person", "purged", "without-pass"}:
            verb.add_argument("--reason-code", help="the question that is answered; another one is refused")
            verb.add_argument(
                "--about",
                action="append",
                metavar="ID",
                help="what it is about (asked_about of show); repeatable",
            )
    export = add("export", "the whole store into a new file: people, timelines, deliveries with bodies")
    export.add_argument("file", nargs="?", help="a name that is free; compressed if it ends in .gz")
    export.add_argument(
        "--data-quality",
        action="store_true",
        help="in place of a file: values from HR that could not be used",
    )
    export.add_argument("--csv", action="store_true", help="with --data-quality: for a spreadsheet")
    load = add("import", "an archive into an empty store; the service on it must be stopped")
    load.add_argument("file", help="what `export` wrote")
    load.add_argument(
        "--resume", action="store_true", help="go on with an import of this file that ended early"
    )
    report_options.add_arguments(add("report", "figures for many people: usage, at-risk", json_too=False))
    add("track", "read the audit log and the registration report once")
    add("followup", "put every case that is due on the work queue")
    return top


def _add_planning(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    rerun = add("rerun", "run provisioning again, for one or by filter; every step looks before it acts")
    rerun.add_argument("id", nargs="?", help="case id, SOURCE:ID, or a bare id; else a filter")
    for name in ("state", "reason-code", "source"):
        rerun.add_argument(f"--{name}", help=f"everybody of this: {_FILTERS[name]}")
    rerun.add_argument(
        "--about",
        action="append",
        metavar="ID",
        help="with an id: what the question of --reason-code is about (asked_about of show); repeatable",
    )
    rerun.add_argument("--from-step", help="also repeat steps that are done, from this one on")
    rerun.add_argument("--dry-run", action="store_true", help="show what would run, and its hash")
    rerun.add_argument("--plan-hash", help="of the preview; a filter needs it, and a stale one is refused")
    rerun.add_argument("--reason", help="kept in the case's timeline; needed unless --dry-run")
    plan = add("plan", "what would be created and sent, for whom and when; writes nothing")
    plan.add_argument("--limit", type=int, default=50, help="people to rehearse, 1 to 500 (default 50)")
    plan.add_argument(
        "--apply", metavar="HASH", help="release those who stopped in dry-run mode, if this is still the plan"
    )
    plan.add_argument("--reason", help="with --apply: kept in each timeline")


def _add_desk(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    texts = {
        "lost-phone": "list a person's sign-in methods; with --method, delete the lost ones and end all sessions",
        "new-pass": "have a new pass issued after the person's identity was checked; it goes by mail, never here",
        "handout": "a page for the person: how to register, in their language, with no secret on it",
    }
    for name, text in texts.items():
        verb = add(name, text)
        verb.add_argument("id", help="case id, SOURCE:ID, or a bare id")
        needed = name != "lost-phone"
        verb.add_argument("--reason", required=needed, help="kept in the case's timeline")
        if name == "lost-phone":
            verb.add_argument(
                "--method",
                action="append",
                default=[],
                metavar="ID",
                help="what is lost, as listed; may be repeated",
            )
            verb.add_argument(
                "--kept",
                action="append",
                default=[],
                metavar="ID",
                help="what the person still has, as listed: it goes on counting; may be repeated",
            )
        if name == "new-pass":
            verb.add_argument(
                "--confirm",
                action="append",
                default=[],
                metavar="CODE",
                help="an identity check of the policy (desk.identity_checks); all of them are needed",
            )


def _add_names(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("file", nargs="?", help="a file; default standard input")
    for option in ("given", "family", "preferred", "display"):
        verb.add_argument(f"--{option}", help=f"{option} name of one person, instead of lines")
    verb.add_argument("--language", help="BCP 47, for example de or sr-Latn; of every line that has none")
    verb.add_argument("--country", help="decides the language where none is given")
    verb.add_argument("--employee-id", help="HR's id, for patterns and for names that cannot be read")
    verb.add_argument("--pattern", help="instead of the policy's username_pattern")
    verb.add_argument("--if-taken", action="append", help="instead of username_if_taken; may be repeated")
    verb.add_argument(
        "--protect", action="append", default=[], help="beside protected_names; may be repeated"
    )
    verb.add_argument(
        "--role-holders",
        action="store_true",
        help="compare also with the holders of directory roles, read from the tenant as for a hire",
    )
    verb.add_argument("--domain", help="instead of ONBOARDING_DOMAIN")
    verb.add_argument("--count", type=int, default=5, help="candidates to show, 1 to 200 (default 5)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    _speak_utf8()
    given = sys.argv[1:] if argv is None else argv
    # Not a verb of the parser: its complaint about a misspelt one lists all that it has.
    if given and given[0] in NOT_BUILT:
        context.note(f"'{given[0]}' is not built yet.")
        return context.USAGE
    args, rest = parser().parse_known_args(argv)
    if any(_UNREADABLE.search(text) for text in given):
        parser().error("an argument is not UTF-8 text")
    if args.verb is None:
        parser().print_help(sys.stderr)
        return context.USAGE
    if rest:
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    observe.setup()
    try:
        code = _verb(args)
        sys.stdout.flush()
        return code
    except Ambiguous as exc:
        context.note(f"{exc.message} Candidates: {', '.join(exc.candidates)}")
        return context.AMBIGUOUS
    except OnboardingError as exc:
        context.note(exc.message)
        return context.exit_code(exc)
    except BrokenPipeError:
        # `… | head`: nobody reads on. What is still buffered must not fail at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return context.OK
    except KeyboardInterrupt:
        return context.OK
    except Exception:  # noqa: BLE001 - the outermost edge: a bug gets its own exit code
        traceback.print_exc()
        return context.BUG


def _speak_utf8() -> None:
    """Names need UTF-8 whatever the locale is; what no encoding can say is escaped, as JSON does it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _verb(args: argparse.Namespace) -> int:
    """Import only what the verb needs."""
    if args.verb == "phone":
        from onboarding.cli import phone

        return phone.run(args)
    if args.verb == "names":
        from onboarding.cli import names

        return names.run(args)
    if args.verb == "serve":
        from onboarding.cli import serve

        return serve.run(args.store)
    if args.verb == "demo":
        from onboarding.cli.demo import run as demo

        return demo.run(once=args.once, seed=args.seed)
    from onboarding.cli import verbs

    return verbs.run(args)
