"""Days off in the week, by country and region.

Sources: Unicode CLDR weekData and PyPI `holidays`; a test compares with both and names every difference. Where they
have a single day (Sunday in India and Uganda, Friday in Iran, Afghanistan, Somalia), the day before counts as well:
it is a half or a free day in most offices, and a message on a day off is worse than the same message a day later.
The rules are those of today: the United Arab Emirates left Friday and Saturday in January 2022.
"""

from __future__ import annotations

_MONDAY, _TUESDAY, _WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)

SATURDAY_SUNDAY = frozenset({SATURDAY, SUNDAY})
_FRIDAY_SATURDAY = "BD BH DJ DZ EG IL IQ JO KW LY MV MY-02 MY-03 MY-11 OM PS QA SA SD SY YE"
_THURSDAY_FRIDAY = "AF IR SO"

_WEEKENDS = {
    **dict.fromkeys(_FRIDAY_SATURDAY.split(), frozenset({FRIDAY, SATURDAY})),
    **dict.fromkeys(_THURSDAY_FRIDAY.split(), frozenset({THURSDAY, FRIDAY})),
    # Government of Brunei: Friday and Sunday. Saturday is free in many private offices.
    "BN": frozenset({FRIDAY, SATURDAY, SUNDAY}),
    # Sharjah alone among the Emirates, since January 2022.
    "AE-SH": frozenset({FRIDAY, SATURDAY, SUNDAY}),
}


def weekend(country: str | None, region: str | None = None) -> frozenset[int]:
    """The days off in a country (alpha-2) or region (ISO 3166-2), as `date.weekday()` numbers (Monday is 0).

    Saturday and Sunday where nothing else is known.
    """
    own = _WEEKENDS.get(region) if region else None
    return own or _WEEKENDS.get(country or "", SATURDAY_SUNDAY)
