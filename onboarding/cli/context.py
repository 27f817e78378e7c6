"""What every verb shares: which settings to use, exit codes, how to print.

Settings come from the environment. Where it names no store, a service started with `make serve` (it leaves
`build/serve.json`) is used, so that `python -m onboarding cases` shows what that service sees.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from onboarding.bootstrap import App, build
from onboarding.errors import (
    Ambiguous,
    ConfigurationError,
    DeployerError,
    IllegalTransition,
    NotFound,
    OnboardingError,
    OperatorError,
    Refused,
    RequestError,
    RetryLater,
    StoreConflict,
)
from onboarding.settings import STORE_FILE, Settings

OK, NEGATIVE, USAGE, NOT_FOUND, AMBIGUOUS, REFUSED, UNREACHABLE, BUG = 0, 1, 2, 3, 4, 5, 6, 70
SERVE_FILE = Path("build/serve.json")
#: Where `make serve` and `make demo` leave their store when they end.
LEFT = (Path("build/serve/onboarding.db"), Path("build/demo/onboarding.db"))
STORE_PATH = "ONBOARDING_STORE_PATH"
#: Characters of a cell, but in the last column.
WIDEST = 100
#: What moves the cursor, clears the screen, or turns the direction of what follows (Unicode bidirectional controls).
_TURNS = "\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069"
_HARMFUL = re.compile(f"[\\x00-\\x08{_TURNS}]")
_ON_A_LINE = re.compile(f"[\\x00-\\x0a{_TURNS}]")


def environment() -> Mapping[str, str]:
    """The environment, completed by what a running `make serve` wrote."""
    env = dict(os.environ)
    if STORE_PATH in env or "ONBOARDING_STORE" in env:
        return env
    if not SERVE_FILE.is_file():
        _say_where_the_last_data_are()
        return env
    try:
        found = json.loads(SERVE_FILE.read_text(encoding="utf-8"))
        served = found["settings"].items()
        if not _alive(found.get("pid")):
            note(f"{SERVE_FILE} was left by a service that has ended; start it again with: make serve KEEP=1")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        note(f"{SERVE_FILE} cannot be read, so the settings are those of the environment.")
        return env
    return {**{str(name): str(value) for name, value in served}, **env}


def _say_where_the_last_data_are() -> None:
    """An empty answer of the default store is no news to somebody who has just watched a demo."""
    left = [path for path in LEFT if path.is_file()]
    if left and not Path(STORE_FILE).is_file():
        newest = max(left, key=lambda path: path.stat().st_mtime)
        note(f"No service runs from here. The last one left its data; for a look: {STORE_PATH}={newest}")


def _alive(pid: object) -> bool:
    """Is the process there? A file without a process id is taken at its word."""
    if not isinstance(pid, int):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def run(work: Callable[[App], Awaitable[int]]) -> int:
    """Build the app, run one verb in its own event loop, close."""

    async def whole() -> int:
        app = build(Settings.from_env(environment()))
        try:
            return await work(app)
        finally:
            await app.aclose()

    return asyncio.run(whole())


def store(app: App) -> str:
    """Which store this is, for people: the file, or `azure`."""
    settings = app.services.settings
    return settings.store_path if settings.store == "embedded" else settings.store


def exit_code(error: OnboardingError) -> int:
    """The exit code of an error (design: CLI)."""
    match error:
        case NotFound():
            return NOT_FOUND
        case Ambiguous():
            return AMBIGUOUS
        case IllegalTransition() | Refused() | OperatorError() | StoreConflict() | ConfigurationError():
            return REFUSED
        case RequestError():
            return USAGE
        case RetryLater() | DeployerError():
            return UNREACHABLE
    return BUG


def out(text: str = "") -> None:
    """Data."""
    print(plain(text))


def note(text: str) -> None:
    """Progress and errors."""
    print(plain(text), file=sys.stderr)


def plain(text: str, *, line: bool = False) -> str:
    """Text that moves no cursor and turns no direction: what HR sent is shown, and does nothing to a terminal.

    `line`: it stays on one line too.
    """
    return (_ON_A_LINE if line else _HARMFUL).sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def out_json(data: Any) -> None:
    """One JSON document."""
    out(json.dumps(data, ensure_ascii=False, indent=2))


def table(rows: list[dict[str, Any]], columns: list[tuple[str, str]]) -> None:
    """A plain table; columns are (key, heading)."""
    cells = [[heading for _, heading in columns]]
    cells += [[_cell(row.get(key), key == columns[-1][0]) for key, _ in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        out("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object, last: bool) -> str:
    text = plain(str(value) if value is not None else "–", line=True)
    return text if last or len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
