"""Where a hire works, all of it in one reading: country, region, time zone, language, and what was assumed.

The country is the work country's where it can be read, else the home country's: good enough for working hours and
the spelling of a name. What goes into the directory is stricter, see `usage_location` and `known_language`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from onboarding.domain.hire import Hire
from onboarding.domain.places import country
from onboarding.domain.places.country import CountryReason, LanguageChoice, ZoneChoice


@dataclass(frozen=True, slots=True)
class Place:
    """What HR's fields about a place mean."""

    #: Alpha-2, or None.
    country: str | None
    #: Why the work country (where there is none, the home country) cannot be used; None where it can.
    reason: CountryReason | None
    #: ISO 3166-2, where HR names a region that has holidays or a clock of its own.
    region: str | None
    zone: ZoneChoice
    language: LanguageChoice | None


def place_of(hire: Hire) -> Place:
    """Read the hire's work country, home country, location, time zone and locale. Never raises on any text."""
    return _place(hire.work_country, hire.home_country, hire.location, hire.timezone, hire.locale)


@lru_cache(maxsize=4096)
def _place(
    work: str | None, home: str | None, location: str | None, zone: str | None, locale: str | None
) -> Place:
    at_work, at_home = country.read_country(work, locale), country.read_country(home, locale)
    code = at_work.code or at_home.code
    nearest = at_home if at_work.reason is CountryReason.EMPTY else at_work
    return Place(
        country=code,
        reason=nearest.reason,
        region=country.region(code, work, location),
        zone=country.time_zone(code, zone, location),
        language=country.preferred_language(locale, code),
    )


def usage_location(hire: Hire) -> str | None:
    """The code for Entra's `usageLocation`. A licence depends on it, so where HR names a work country that cannot
    be read, the home country does not stand in for it.
    """
    work = (hire.work_country or "").strip()
    return country.usage_location(work or hire.home_country, hire.locale)


def known_language(hire: Hire) -> str | None:
    """The tag for Entra's `preferredLanguage`, unless it would be a choice among a country's several languages:
    the directory keeps what is written there, and somebody in Geneva would get German.
    """
    choice = place_of(hire).language
    return choice.tag if choice and not choice.assumed else None
