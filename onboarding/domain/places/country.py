"""What a country means for an account: code, usage location, time zone, language, region, days off.

The parts live in modules of their own (`places.names`, `places.languages`, `places.regions`, `places.zones`);
import them from here. Nothing heavy is loaded before the first call that needs it, and nothing at all for a plain
alpha-2 code.
"""

from __future__ import annotations

from onboarding.domain.places.language_tags import read_language
from onboarding.domain.places.languages import (
    LanguageChoice,
    language,
    languages,
    main_language,
    preferred_language,
)
from onboarding.domain.places.names import ISO, CountryReading, CountryReason, alpha2, read_country
from onboarding.domain.places.regions import region
from onboarding.domain.places.zone_names import valid_zone
from onboarding.domain.places.zones import ZoneChoice, time_zone, zones

__all__ = [
    "CountryReading",
    "CountryReason",
    "LanguageChoice",
    "ZoneChoice",
    "alpha2",
    "language",
    "languages",
    "main_language",
    "preferred_language",
    "read_country",
    "read_language",
    "region",
    "time_zone",
    "usage_location",
    "valid_zone",
    "zones",
]


def usage_location(text: str | None, locale: str | None = None) -> str | None:
    """The code for `usageLocation`, or None where there is none to give.

    Graph wants a two-letter code of ISO 3166 (user resource page). Which of the 249 a tenant may license is not
    documented as a list: territories are passed on as they are, and what Entra refuses blocks the case with
    `graph_bad_value`, which names the property. Kosovo's user-assigned XK is no ISO code and is left out. Without
    a usage location an account can be created but not licensed (400, "invalid usage location").
    """
    code = alpha2(text, locale)
    return code if code in ISO else None
