"""Time zones: what HR says, else the place's, else the country's (zone.tab of the IANA database, in `tzdata`).

zone.tab orders a country's zones by geography first (its own header says so): Russia begins with Kaliningrad
and Australia with Lord Howe. Where its first zone is not the obvious one, `_DEFAULTS` names the zone of the
capital or, where more people and offices are elsewhere, of the largest city.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from onboarding.domain.places.names import alpha2
from onboarding.domain.places.regions import REGION_ZONES, TWO_CLOCKS, places, region
from onboarding.domain.places.zone_names import called, names_a_place, one_clock, plain, valid_zone

_DEFAULTS = {
    "AQ": "Antarctica/McMurdo", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CA": "America/Toronto",
    "CD": "Africa/Kinshasa", "FM": "Pacific/Pohnpei", "PF": "Pacific/Tahiti", "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv", "UZ": "Asia/Tashkent",
}  # fmt: skip

#: Zones that zone.tab does not list. XK has no row: its clock is Belgrade's (zone "backward" links of tz).
_NO_ROW = {"XK": ("Europe/Belgrade",), "BV": ("Europe/Oslo",), "HM": ("Indian/Kerguelen",)}


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """An IANA zone, whether it was assumed, and why (a sentence without personal data, for the timeline)."""

    zone: str
    assumed: bool
    why: str


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


@lru_cache(maxsize=512)
def _one_clock(country: str) -> bool:
    return one_clock(zones(country))


def _city_zone(country: str, place: str | None) -> str | None:
    """The country's zone that is named after a part of `place` ("Los Angeles, CA" → America/Los_Angeles)."""
    cities = {plain(part) for part in places(place)} - {""}
    return next((zone for zone in zones(country) if plain(zone.rpartition("/")[2]) in cities), None)


def time_zone(country: str | None, hr_zone: str | None = None, city: str | None = None) -> ZoneChoice:
    """The zone a person works in: HR's where valid, else the place's, else the country's default, else UTC.

    `country` is an alpha-2 code or any text that `alpha2` knows; `city` the place as HR writes it ("Austin, TX").
    `assumed` is true when the country has several clocks and nothing said which (the default is the capital's or
    the largest city's), and for UTC. Never raises on any text.
    """
    code = alpha2(country)
    named = valid_zone(hr_zone)
    if named and (names_a_place(named) or code is None):
        return ZoneChoice(named, False, "the HR system named this zone")
    ignored = ""
    if (hr_zone or "").strip():
        ignored = "; the HR system's zone is not an IANA or Windows zone name"
        if named:
            ignored = "; the HR system's zone names no place"
    rows = zones(code) if code else ()
    if code is None or not rows:
        return ZoneChoice("UTC", True, f"no known country{ignored}")
    if _one_clock(code):
        return ZoneChoice(rows[0], False, f"{code} has one clock{ignored}")
    if hr_zone and not named and (meant := called(hr_zone, code, rows)):
        return _of_word(code, city, rows, meant)
    return _of_place(code, city, rows, ignored)


def _of_word(code: str, place: str | None, rows: tuple[str, ...], meant: tuple[str, ...]) -> ZoneChoice:
    """ "Mountain Time" is the clock of Denver, and in Phoenix another one: then the place decides."""
    if one_clock(meant):
        return ZoneChoice(meant[0], False, f"what the HR system's word for it means in {code}")
    nearer = _of_place(code, place, rows, "")
    if nearer.zone in meant and not nearer.assumed:
        return nearer
    return ZoneChoice(meant[0], True, f"the HR system's word for it means several clocks in {code}")


def _of_place(code: str, place: str | None, rows: tuple[str, ...], ignored: str) -> ZoneChoice:
    """Of a country with several clocks: the region's where it has one, the city's, the main one of either."""
    part = region(code, place)
    zone = REGION_ZONES.get(part or "")
    if zone and part not in TWO_CLOCKS:
        return ZoneChoice(zone, False, f"the zone of {part}{ignored}")
    if by_city := _city_zone(code, place):
        return ZoneChoice(by_city, False, f"the zone of {code} that bears the city's name{ignored}")
    if zone:
        return ZoneChoice(zone, True, f"{part} has several clocks; assumed its main one{ignored}")
    return ZoneChoice(rows[0], True, f"{code} has several clocks; assumed its main one{ignored}")
