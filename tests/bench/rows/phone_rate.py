"""Phone numbers normalised a second on one core: the command line as a whole process, from bytes to JSON."""

from __future__ import annotations

import random
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.processes import ROOT
from tests.bench.row import Row, judged
from tests.support.numbering import Known, world
from tests.support.phone_forms import INTERNATIONAL, LOOSE, NATIONAL

MUST = 15_000
#: What HR systems hold: (raw, country), with `#` for a digit that changes, so that no cache helps.
SHAPES = (
    ("+49 151 2345####", None),
    ("0151/2345####", "DE"),
    ("(0)30 9018####", "Germany"),
    ("+44 (0)7400 12####", "GB"),
    ("07400 12####", "United Kingdom"),
    ("+1 (212) 555-####", None),
    ("212.555.####", "US"),
    ("06 12 34 ## ##", "FR"),
    ("+33 6 12 34 ## ##", None),
    ("+81-90-1234-####", None),
    ("090-1234-####", "JP"),
    ("+55 11 91234-####", "BR"),
    ("+39 312 345 ####", None),
    ("0039 312 345 ####", "IT"),
    ("+41 78 123 ## ##", "CH"),
    ("tel:+353-85-012-####", None),
    ("+48 512 34# ### ext. 21", None),
    ("+1 212 555 #### (work)", "US"),
    ("98765 4####", "IN"),
    ("1.23E+10", "IL"),
    ("51234#", "PL"),
    ("n/a", "DE"),
    ("+91 98765 4####", None),
    ("+31 6 1234 ####", None),
)
#: Of ten lines: seven as HR writes them, two of any country in any form, one damaged.
MIX = (*("shape",) * 7, *("world",) * 2, "damage")


def lines(count: int) -> list[str]:
    """So many lines `COUNTRY<TAB>RAW`, hardly any twice, all countries among them."""
    rng = random.Random(20)
    people = world(3)
    return [_line(n, MIX[n % len(MIX)], rng, rng.choice(people)) for n in range(count)]


def _line(n: int, sort: str, rng: random.Random, number: Known) -> str:
    if sort == "shape":
        raw, country = SHAPES[rng.randrange(len(SHAPES))]
        return f"{country or ''}\t{''.join(rng.choice('0123456789') if c == '#' else c for c in raw)}"
    if sort == "damage":
        return f"{number.region}\t{rng.choice(list(LOOSE.values()))(number)}"
    national = n % 2
    form = rng.choice(list((NATIONAL if national else INTERNATIONAL).values()))
    return f"{number.region if national else ''}\t{form(number)}".replace("\n", " ")


def run(count: int = 200_000, rounds: int = 5) -> Row:
    """CPU time of `python -m onboarding phone --json`, start and loading of the metadata included."""
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "lines")
        given.write_text("".join(f"{line}\n" for line in lines(count)), encoding="utf-8")
        answers = Path(folder, "answers")
        rates = [count / _cpu_seconds(given, answers) for _ in range(rounds)]
        found = answers.read_bytes()
    if (answered := found.count(b"\n")) != count:
        raise ValueError(f"{count} lines asked, {answered} answered")
    usable = found.count(b'"status":"ok"')
    rate = statistics.median(rates)
    return judged(
        "phone_rate",
        f"≥ {MUST:,} numbers/s",
        f"{rate:,.0f} numbers/s",
        rate >= MUST,
        f"whole process, {count:,} lines of all plans and forms, {usable / count:.0%} usable; "
        f"rounds {min(rates):,.0f} to {max(rates):,.0f}/s",
        {"per_second": rate, "worst": min(rates), "best": max(rates)},
    )


def _cpu_seconds(given: Path, answers: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with given.open("rb") as source, answers.open("wb") as target:
        subprocess.run(
            [sys.executable, "-m", "onboarding", "phone", "--json"],
            stdin=source, stdout=target, cwd=ROOT, check=True,
        )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
