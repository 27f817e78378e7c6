"""Time zones: what HR says, else the country's, from the IANA time zone database (zone.tab of `tzdata`).

zone.tab orders a country's zones by geography first (its own header says so): Russia begins with Kaliningrad
and Australia with Lord Howe. Where its first zone is not the obvious one, `_DEFAULTS` names the zone of the
capital or, where more people and offices are elsewhere, of the largest city.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from onboarding.domain.country_names import alpha2

_DEFAULTS = {
    "AQ": "Antarctica/McMurdo", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CA": "America/Toronto",
    "CD": "Africa/Kinshasa", "FM": "Pacific/Pohnpei", "PF": "Pacific/Tahiti", "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv", "UZ": "Asia/Tashkent",
}  # fmt: skip

#: Zones that zone.tab does not list. XK has no row: its clock is Belgrade's (zone "backward" links of tz).
_NO_ROW = {"XK": ("Europe/Belgrade",), "BV": ("Europe/Oslo",), "HM": ("Indian/Kerguelen",)}

#: Names without a region that are fixed offsets or rules of nowhere. "EST" from a New York office is not the
#: EST of the database (no daylight saving), so such a value counts as no value.
_NOT_PLACES = {
    "EST", "MST", "HST", "CET", "MET", "EET", "WET", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT",
    "Factory", "UCT", "GMT0", "GMT+0", "GMT-0", "ROC", "ROK", "PRC", "W-SU", "NZ", "NZ-CHAT", "GB",
    "GB-Eire", "localtime", "posixrules",
}  # fmt: skip

#: Two nights that tell clocks apart: northern winter and northern summer. Fixed, so that the answer does not
#: depend on the day it is asked; only the rules of the installed tzdata matter.
_PROBES = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """An IANA zone, whether it was assumed, and why (a sentence without personal data, for the timeline)."""

    zone: str
    assumed: bool
    why: str


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, str]:
    """Lower-case name → name, for every zone and link of the installed tzdata."""
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return {name.lower(): name for name in names if name not in _NOT_PLACES}


@lru_cache(maxsize=1)
def _by_country() -> dict[str, tuple[str, ...]]:
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    found: dict[str, tuple[str, ...]] = dict(_NO_ROW)
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found[country] = (*found.get(country, ()), zone)
    return found


def zones(country: str) -> tuple[str, ...]:
    """All zones of a country (alpha-2), the default first; empty when unknown."""
    rows = _by_country().get(country, ())
    default = _DEFAULTS.get(country)
    return (default, *(zone for zone in rows if zone != default)) if default else rows


def valid_zone(text: str | None) -> str | None:
    """The IANA name that `text` means: an IANA name in any case, or a Windows zone name (CLDR windowsZones).

    Abbreviations ("EST") and bare offsets ("+02:00") name no place and give None.
    """
    if text is None or not (text := text.strip()):
        return None
    name = text.replace(" ", "_").lower()
    if name in _zone_names():
        return _zone_names()[name]
    from babel.core import get_global

    windows = get_global("windows_zone_mapping")
    mapped = windows.get(text) or {key.lower(): zone for key, zone in windows.items()}.get(text.lower())
    return _zone_names().get(mapped.lower()) if mapped else None


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if c.isalnum())


def _city_zone(country: str, city: str | None) -> str | None:
    """The country's zone that is named after `city` ("Los Angeles" → America/Los_Angeles)."""
    wanted = _plain(city) if city else ""
    matches = [zone for zone in zones(country) if wanted and _plain(zone.rpartition("/")[2]) == wanted]
    return matches[0] if matches else None


@lru_cache(maxsize=512)
def _one_clock(country: str) -> bool:
    """Do all zones of the country show the same time, so that the choice cannot be wrong?"""
    clocks = {
        tuple(probe.astimezone(ZoneInfo(zone)).utcoffset() for probe in _PROBES) for zone in zones(country)
    }
    return len(clocks) == 1


def time_zone(country: str | None, hr_zone: str | None = None, city: str | None = None) -> ZoneChoice:
    """The zone a person works in: HR's where valid, else the city's, else the country's default, else UTC.

    `country` is an alpha-2 code or any text that `alpha2` knows. `assumed` is true when the country has
    several clocks and nothing said which (the default is the capital's or the largest city's), and for UTC.
    """
    if zone := valid_zone(hr_zone):
        return ZoneChoice(zone, False, "the HR system named this zone")
    ignored = "; the HR system's zone is not an IANA or Windows zone name" if (hr_zone or "").strip() else ""
    code = alpha2(country)
    rows = zones(code) if code else ()
    if code is None or not rows:
        return ZoneChoice("UTC", True, f"no known country{ignored}")
    if _one_clock(code):
        return ZoneChoice(rows[0], False, f"{code} has one clock{ignored}")
    if zone := _city_zone(code, city):
        return ZoneChoice(zone, False, f"the zone of {code} that bears the city's name{ignored}")
    return ZoneChoice(rows[0], True, f"{code} has several clocks; assumed its main one{ignored}")
