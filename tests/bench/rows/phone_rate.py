"""Phone numbers normalised a second, on one core."""

from __future__ import annotations

import statistics
import time

from onboarding.domain.phone import PhoneStatus, normalise
from tests.bench.row import Row, judged

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


def numbers(count: int) -> list[tuple[str, str | None]]:
    """So many raw numbers, hardly any twice."""
    found = []
    for n in range(count):
        raw, country = SHAPES[n % len(SHAPES)]
        digits = iter(f"{(n // len(SHAPES) * 7919) % 10_000:04}")
        found.append(("".join(next(digits, "0") if c == "#" else c for c in raw), country))
    return found


def run(count: int = 20_000, rounds: int = 7) -> Row:
    """`domain.phone.normalise` over HR's spellings, the library's loading not counted."""
    given = numbers(count)
    usable = sum(normalise(raw, (country,)).status is PhoneStatus.OK for raw, country in given)
    rates = [count / _seconds(given) for _ in range(rounds)]
    rate = statistics.median(rates)
    return judged(
        "phone_rate",
        f"≥ {MUST:,} numbers/s",
        f"{rate:,.0f} numbers/s",
        rate >= MUST,
        f"{count:,} numbers in {len(SHAPES)} spellings, {usable / count:.0%} usable; best round {max(rates):,.0f}/s",
        {"per_second": rate, "best": max(rates)},
    )


def _seconds(given: list[tuple[str, str | None]]) -> float:
    begin = time.process_time()
    for raw, country in given:
        normalise(raw, (country,))
    return time.process_time() - begin
