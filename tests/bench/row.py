"""What one benchmark row reports, and the small statistics that the rows share."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """`not built` fails nothing: what is measured does not exist yet."""

    OK = "ok"
    MISSED = "missed"
    NOT_BUILT = "not built"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `must` and `measured` are for people, `figures` for programs."""

    name: str
    must: str
    measured: str
    verdict: Verdict
    #: What exactly was measured, and anything that qualifies it.
    detail: str = ""
    figures: dict[str, float] = field(default_factory=dict)


def judged(
    name: str, must: str, measured: str, ok: bool, detail: str = "", figures: dict[str, float] | None = None
) -> Row:
    """A row that was measured."""
    return Row(name, must, measured, Verdict.OK if ok else Verdict.MISSED, detail, figures or {})


def not_built(name: str, must: str, detail: str) -> Row:
    """A row whose subject does not exist yet."""
    return Row(name, must, "-", Verdict.NOT_BUILT, detail)


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of two things measured in turn: the median of the ratios of neighbours, and the median of each.

    Neighbours in time share what else the machine is doing, so their ratio is steadier than either.
    """

    value: float
    ours: float
    other: float


def ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """From (ours, other) pairs."""
    return Ratio(
        statistics.median(ours / other for ours, other in pairs),
        statistics.median(ours for ours, _ in pairs),
        statistics.median(other for _, other in pairs),
    )


def pairwise(ours: Callable[[], float], other: Callable[[], float], rounds: int) -> Ratio:
    """Measure in turn, changing who begins, so that neither always runs on what the other left."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            second = other()
            pairs.append((ours(), second))
        else:
            pairs.append((ours(), other()))
    return ratio(pairs)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(math.ceil(share * len(ranked)) - 1, 0)]
