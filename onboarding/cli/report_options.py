"""Arguments of `report`, apart from its work: reading the command line imports nothing heavy."""

from __future__ import annotations

import argparse
from datetime import date

#: The same as `operate.BY`; a test compares.
BY = ("week", "department", "country")


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """The two reports, and what each can be asked."""
    kinds = verb.add_subparsers(dest="report", metavar="REPORT", required=True)
    text = "registrations, resets, failures and calls saved, of the people who have a case"
    one = kinds.add_parser("usage", help=text, description=text)
    one.add_argument("--since", type=date.fromisoformat, help="a day of the first week (default: 12 weeks)")
    one.add_argument("--until", type=date.fromisoformat, help="a day of the last week (default: today)")
    one.add_argument("--by", choices=BY, default=BY[0], help="one row for each (default: week)")
    _add_forms(one)
    text = "who of the whole workforce could not reset: reads the registration report and the users; enrols nobody"
    risk = kinds.add_parser("at-risk", help=text, description=text)
    risk.add_argument(
        "--names", action="store_true", help="with user names and names: reads all users once more"
    )
    _add_forms(risk)


def _add_forms(verb: argparse.ArgumentParser) -> None:
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="data as JSON")
    form.add_argument("--csv", action="store_true", help="for a spreadsheet, on standard output")
    form.add_argument("--xlsx", metavar="FILE", help="a workbook; a name that is free")
