"""What a country means for an account: code, usage location, time zone, language.

`alpha2` lives in `country_names`, `time_zone` in `country_zones`, the languages in `country_languages`;
import them from here. Nothing heavy is loaded before the first call.
"""

from __future__ import annotations

from onboarding.domain.country_languages import language, languages, main_language
from onboarding.domain.country_names import ISO, alpha2
from onboarding.domain.country_zones import ZoneChoice, time_zone, valid_zone, zones

__all__ = [
    "ZoneChoice",
    "alpha2",
    "language",
    "languages",
    "main_language",
    "time_zone",
    "usage_location",
    "valid_zone",
    "zones",
]


def usage_location(text: str | None) -> str | None:
    """The code for `usageLocation`, or None where there is none to give.

    Graph wants a two-letter code of ISO 3166 (user resource page), so Kosovo's user-assigned XK is left out:
    whether Entra takes it is not documented. Without a usage location an account can be created but not
    licensed (400, "invalid usage location").
    """
    code = alpha2(text)
    return code if code in ISO else None
