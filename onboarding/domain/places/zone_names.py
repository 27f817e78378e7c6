"""The time zone field of HR systems → an IANA name.

Understood by itself: IANA names in any case, old ones included ("Asia/Calcutta", "US/Eastern"), Windows names
(CLDR windowsZones), and the long labels of Windows and Workday that hold either, or cities ("(UTC+01:00)
Amsterdam, Berlin, Bern"). Understood with the country only: what people there call it ("Eastern Time", "PST";
CLDR metazones). An offset ("+02:00") is no zone: it says nothing about the other half of the year.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

LONGEST = 150

#: Names without a region that are fixed offsets or rules of nowhere. "EST" from a New York office is not the
#: EST of the database (no daylight saving), so such a value counts as no value.
_NOT_PLACES = {
    "EST", "MST", "HST", "CET", "MET", "EET", "WET", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT",
    "Factory", "UCT", "GMT0", "GMT+0", "GMT-0", "ROC", "ROK", "PRC", "W-SU", "NZ", "NZ-CHAT", "GB",
    "GB-Eire", "localtime", "posixrules",
}  # fmt: skip
#: Zones that say no place: what an HR system stores when nobody chose one.
_NOWHERE = frozenset({"UTC", "GMT", "Greenwich", "Universal", "Zulu"})

#: Two nights that tell clocks apart: northern winter and northern summer. Fixed, so that the answer does not
#: depend on the day it is asked; only the rules of the installed tzdata matter.
_PROBES = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))

_OFFSET = re.compile(
    r"^\(?\s*(?:UTC|GMT)?\s*(?:([+\-−±])\s*([0-9]{1,2})(?::?([0-9]{2}))?)?\s*\)?[\s:,-]*(?=[^\W\d])"
)
_IANA = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+\-]+)+")


def clock(zone: str) -> tuple[timedelta | None, ...]:
    """What tells one zone's clock from another's: its offsets in January and in July."""
    return tuple(probe.astimezone(ZoneInfo(zone)).utcoffset() for probe in _PROBES)


def one_clock(zones: Iterable[str]) -> bool:
    """Do all of these zones show the same time, so that the choice between them cannot be wrong?"""
    return len({clock(zone) for zone in zones}) == 1


def names_a_place(zone: str) -> bool:
    """False for UTC and its names, and for the fixed offsets under Etc/."""
    return zone not in _NOWHERE and not zone.startswith("Etc/")


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, str]:
    """Lower-case name → name, for every zone and link of the installed tzdata."""
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return {name.lower(): name for name in names if name not in _NOT_PLACES}


@lru_cache(maxsize=1)
def _windows() -> dict[str, str]:
    from babel.core import get_global

    return {name.lower(): zone for name, zone in get_global("windows_zone_mapping").items()}


@lru_cache(maxsize=1)
def _cities() -> dict[str, tuple[str, ...]]:
    """Plain name of a zone's city → zones."""
    found: dict[str, tuple[str, ...]] = {}
    for zone in _zone_names().values():
        if "/" in zone and not zone.startswith(("Etc/", "SystemV/")):
            city = plain(zone.rpartition("/")[2])
            found[city] = (*found.get(city, ()), zone)
    return found


def plain(text: str) -> str:
    """Letters and digits only, without accents: "São_Paulo" → "saopaulo"."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if c.isalnum())


@lru_cache(maxsize=1024)
def valid_zone(text: str | None) -> str | None:
    """The IANA name that `text` means by itself, or None. Abbreviations ("EST") and bare offsets give None."""
    if text is None or not (text := text.strip()) or len(text) > LONGEST:
        return None
    if exact := _exact(text):
        return exact
    for part in _IANA.findall(text):
        if exact := _exact(part):
            return exact
    offset = _OFFSET.match(text)
    rest = text[offset.end() :] if offset else text
    return _exact(rest) or _of_cities(rest, offset)


def _exact(text: str) -> str | None:
    name = text.replace(" ", "_").lower()
    if name in _zone_names():
        return _zone_names()[name]
    mapped = _windows().get(text.lower())
    return _zone_names().get(mapped.lower()) if mapped else None


def _of_cities(text: str, offset: re.Match[str] | None) -> str | None:
    """Cities in a label that states an offset: those of zones must have one clock, and that offset in winter or
    summer.
    """
    if offset is None or offset[2] is None:
        return None
    stated = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    stated = -stated if offset[1] in "-−" else stated
    cities = [city for part in re.split(r"[,;/()]", text) if (city := plain(part)) in _cities()]
    found = [zone for city in cities for zone in _cities()[city]]
    fits = found and one_clock(found) and stated in clock(found[0])
    return found[0] if fits else None


@lru_cache(maxsize=256)
def _spoken(country: str) -> dict[str, str]:
    """What people in a country call zones (CLDR metazones in its English): plain name → metazone."""
    from babel import Locale, localedata

    local = f"en_{country}"
    names: dict[str, str] = {}
    for locale in ("en", local) if localedata.exists(local) else ("en",):
        for metazone, forms in Locale.parse(locale).meta_zones.items():
            for length in ("long", "short"):
                names.update((plain(name), metazone) for name in forms.get(length, {}).values())
    return names


@lru_cache(maxsize=1)
def _metazones() -> dict[str, str]:
    """IANA name → metazone; CLDR keeps some zones under their old names."""
    from babel.core import get_global

    found = dict(get_global("meta_zones"))
    for old, new in get_global("zone_aliases").items():
        if old in found:
            found.setdefault(new, found[old])
    return found


def called(text: str, country: str, zones: Iterable[str]) -> tuple[str, ...]:
    """The country's zones that people there call `text` ("Eastern Time (US & Canada)", "PST"), in their order."""
    bare = re.sub(r"\(.*?\)", "", _OFFSET.sub("", text.strip()[:LONGEST], count=1)) or text
    spoken = _spoken(country)
    metazone = spoken.get(plain(bare)) or spoken.get(plain(f"{bare} Time"))
    return tuple(zone for zone in zones if metazone and _metazones().get(zone) == metazone)
