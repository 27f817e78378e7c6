"""Bar charts, drawn by the server: geometry here, marks in `_chart.html`. No script, and a table beside each chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 12, 34
#: Width of a character of a label, and characters of one at most.
_CHARACTER, _LONGEST = 7.0, 14


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle. `series` is its number, from 1."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows, and where. `ticks` are (y, text), `labels` (x, text)."""

    id: str
    title: str
    description: str
    legend: tuple[str, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    labels: tuple[tuple[float, str], ...]
    base: float = HEIGHT - _BOTTOM
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    width: int = WIDTH
    height: int = HEIGHT


def bars(id: str, title: str, names: Sequence[str], series: Mapping[str, Sequence[float]]) -> Chart:
    """Groups of bars, one group for each name and one bar in it for each series (label → values)."""
    top = _round_up(max((value for values in series.values() for value in values), default=0))
    plot, base = WIDTH - _LEFT - _RIGHT, HEIGHT - _BOTTOM
    slot = plot / max(len(names), 1)
    width = min(28.0, slot * 0.8 / max(len(series), 1))
    drawn, labels = [], []
    shown = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in names]
    every = max(1, ceil((max(map(len, shown), default=0) + 1) * _CHARACTER / slot))
    for at in range(len(names)):
        middle = _LEFT + slot * (at + 0.5)
        start = middle - width * len(series) / 2
        for number, values in enumerate(series.values()):
            height = values[at] / top * (base - _TOP)
            drawn.append(_bar(start + number * width, base - height, width, height, number + 1))
        if at % every == 0:
            labels.append((round(middle, 1), shown[at]))
    ticks = tuple((round(base - part * (base - _TOP), 1), f"{top * part:g}") for part in (0, 0.5, 1))
    return Chart(id, title, _describe(names, series), tuple(series), tuple(drawn), ticks, tuple(labels))


def _bar(x: float, y: float, width: float, height: float, series: int) -> Bar:
    return Bar(round(x, 1), round(y, 1), round(width, 1), round(height, 1), series)


def _round_up(value: float) -> float:
    """The next of 2, 4, 10, 20, 40, 100 …: an axis whose half is a whole number."""
    step = 1
    while True:
        for factor in (2, 4, 10):
            if value <= factor * step:
                return factor * step
        step *= 10


def _describe(names: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    """The chart in words: from where to where, the sum and the highest of each series."""
    if not names:
        return "Nothing to show."
    parts = [f"{names[0]} to {names[-1]}."]
    for label, values in series.items():
        highest = max(range(len(values)), key=values.__getitem__)
        if values[highest]:
            parts.append(f"{label}: {sum(values):g} in all, most in {names[highest]} ({values[highest]:g}).")
        else:
            parts.append(f"{label}: none.")
    return " ".join(parts)
