"""What people see of the demo, all of it on standard error: where it is, and at the end what happened to whom.

A terminal gets a bar that moves; anything else gets one plain line for each simulated day, and no escape codes.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from onboarding.cli.demo.people import Person
from onboarding.cli.demo.result import GROUPS, OPEN, Row
from onboarding.domain.places import country

#: Of lines that go to a file or a pipe.
PLAIN_WIDTH = 100
NAME_WIDTH = 26
_ANNOUNCEMENTS = re.compile(r"HR sends (\d+) announcements")
LEGEND = (
    "In: country. Mail: messages to the person, the welcome included. Told: who above the person heard that they "
    "are late. The first credential goes to the manager or the desk, never to the person. Only what people "
    "register themselves confirms them."
)


def console() -> Console:
    """Standard error. Without a terminal: COLUMNS or 100 wide, and plain."""
    if sys.stderr.isatty():
        return Console(stderr=True, highlight=False)
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isascii() and columns.isdigit() and int(columns) >= 40 else PLAIN_WIDTH
    return Console(
        stderr=True, highlight=False, force_terminal=False, color_system=None, width=width, emoji=False
    )


class Watch:
    """The bar, or the lines. A context; `tell` is what `story.play` calls."""

    def __init__(self, out: Console) -> None:
        self.out = out
        self._day = ""
        self._words: list[str] = []
        self._bar: Progress | None = None
        if out.is_terminal and not out.is_dumb_terminal:
            columns = (
                BarColumn(24),
                TaskProgressColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
            )
            self._bar = Progress(*columns, console=out, transient=True)
            self._task = self._bar.add_task("starting simulator and service", total=None)

    def __enter__(self) -> Watch:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()
        elif kind is None:
            self._line()

    def tell(self, done: int, total: int, moment: datetime, words: str) -> None:
        """One step of the story."""
        day = moment.strftime("%a %d %b")
        if self._bar:
            said = f"{day} {moment:%H:%M}  {words}" if words else f"{day} {moment:%H:%M}"
            self._bar.update(self._task, completed=done, total=total, description=escape(said))
            return
        if day != self._day:
            self._line()
            self._day = day
        if words:
            self._words.append(words)

    def _line(self) -> None:
        """The day that has just ended."""
        if words := _together(self._words):
            rest = len(words) - 3
            more = f" (and {rest} more moment{'' if rest == 1 else 's'})" if rest > 0 else ""
            self.out.print(f"{self._day}  {escape('; '.join(words[:3]))}{more}", soft_wrap=True)
        self._words = []


def _together(words: list[str]) -> list[str]:
    """The announcements of one day as one number, where the first of them was."""
    counts = [_ANNOUNCEMENTS.fullmatch(text) for text in words]
    total = sum(int(found[1]) for found in counts if found)
    first = next((number for number, found in enumerate(counts) if found), None)
    return [
        f"HR sends {total} announcements" if number == first else text
        for number, (text, found) in enumerate(zip(words, counts, strict=True))
        if found is None or number == first
    ]


def show(out: Console, rows: list[Row], numbers: Mapping[str, int], refused: int) -> None:
    """What happened to whom and why, group by group; what the columns mean; the counts."""
    out.print("\n[bold]What happened to whom, and why[/bold]")
    for number, group in enumerate(name for name in GROUPS if any(row.group == name for row in rows)):
        members = [row for row in rows if row.group == group]
        out.print(f"\n[bold]{group}: {len(members)}[/bold]")
        out.print(_table(members, heading=number == 0))
    out.print(f"\n{LEGEND}")
    countries = {_code(row.person) for row in rows}
    out.print(
        f"\n{len(rows)} hires from {len(countries)} countries · {numbers['deliveries']} deliveries accepted, "
        f"{refused} refused (forged) · {numbers['users_created']} accounts created · "
        f"{numbers['confirmed']} confirmed · {numbers['escalated']} escalated · {numbers['blocked']} blocked"
    )


def _table(rows: list[Row], *, heading: bool) -> Table:
    table = Table(box=None, pad_edge=False, show_header=heading, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Person", width=NAME_WIDTH)
    table.add_column("In", width=2)
    table.add_column("Mail", justify="right", width=4)
    table.add_column("Told", width=13)
    table.add_column("Why", ratio=1)
    for row in (row for row in rows if row.notable):
        told = ", ".join(row.told)
        table.add_row(escape(row.person.name), _code(row.person), str(row.messages), told, escape(row.why))
    rest = [row for row in rows if not row.notable]
    # People who are still open are told apart by what is missing; of the others the names are enough.
    for why in sorted({row.why for row in rest} if rest and rest[0].group == OPEN else {""} if rest else ()):
        _add_many(table, [row for row in rest if why in {"", row.why}], why)
    return table


def _add_many(table: Table, rows: list[Row], why: str) -> None:
    """One line for people who have nothing of their own to tell."""
    mail = sorted({row.messages for row in rows})
    span = str(mail[0]) if len(mail) == 1 else f"{mail[0]}–{mail[-1]}"
    told = ", ".join(name for name in ("manager", "desk") if any(name in row.told for row in rows))
    names = ", ".join(row.person.name for row in rows)
    table.add_row(f"{len(rows)} more", "", span, told, escape(f"{why}: {names}" if why else names))


def _code(person: Person) -> str:
    return country.alpha2(person.country) or "–"
