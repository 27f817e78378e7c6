"""Public holidays by country and region, from PyPI `holidays` (category "public": days off by law).

What is not known counts as a working day: countries and years without data, half days, a company's own closing
days. Dates that follow the moon are the library's forecast. Working Saturdays that make up for a bridge day (China,
Hungary, Latvia …) stay days off here: nobody minds a message that waits until Monday.

The library is imported by the first question about a weekday in a known country (about 0.15 s, 11 MB), and asked
once for a place and year.
"""

from __future__ import annotations

import warnings
from datetime import date
from functools import lru_cache

from onboarding.domain.places.codes import KNOWN


def is_public_holiday(day: date, place: str) -> bool:
    """Is `day` a public holiday in `place`, an alpha-2 code or an ISO 3166-2 code ("DE", "DE-BY")? Never raises.

    A region that has no list of its own has its country's; "" and what is no country have none.
    """
    return day in _days(place, day.year)


@lru_cache(maxsize=2048)
def _days(place: str, year: int) -> frozenset[date]:
    country, _, part = place.partition("-")
    if country not in KNOWN:
        return frozenset()
    from holidays.utils import country_holidays

    with warnings.catch_warnings():
        # The library warns where a country's data end (India: 2035) and then gives what it has: nothing.
        warnings.simplefilter("ignore")
        for region in (part, None) if part else (None,):
            try:
                # With a language, so that the process's own (LANG) is not asked for: only dates count here.
                return frozenset(country_holidays(country, subdiv=region, years=year, language="en_US"))
            except NotImplementedError:  # no data for this region, or for the country
                continue
    return frozenset()
