"""Parts of a country (ISO 3166-2): which one HR's text names, and which clock it has.

The list of regions and their names is that of `holidays`, for the 38 countries whose regions have holidays of
their own; it is loaded when a place is looked at, not before. A region that nobody named is not guessed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from onboarding.domain.places.keys import key

#: English names that `holidays` does not carry.
_ENGLISH = {
    "AT": {"Vienna": "9", "Lower Austria": "3", "Upper Austria": "4", "Styria": "6", "Carinthia": "2", "Tyrol": "7"},
    "CH": {"Zurich": "ZH", "Geneva": "GE", "Lucerne": "LU", "St. Gallen": "SG", "Basel": "BS", "Berne": "BE"},
    "DE": {
        "Bavaria": "BY", "Saxony": "SN", "Hesse": "HE", "Thuringia": "TH", "Lower Saxony": "NI",
        "North Rhine-Westphalia": "NW", "Rhineland-Palatinate": "RP", "Saxony-Anhalt": "ST",
        "Mecklenburg-Western Pomerania": "MV",
    },
    "ES": {"Catalonia": "CT", "Andalusia": "AN", "Basque Country": "PV", "Canary Islands": "CN", "Valencia": "VC"},
}  # fmt: skip

#: Regions without holidays of their own that have a weekend of their own.
_BESIDE = {"AE": {"Sharjah": "SH"}}

_SPLIT = re.compile(r"[,;/|()\[\]]|\s[-–—]\s")
#: A code counts behind a place only ("Austin, TX"): alone, "DE" is Germany and "IN" a word.
_CODE = re.compile(r"[A-Z0-9]{1,3}")


@lru_cache(maxsize=256)
def _regions(country: str) -> dict[str, str]:
    """Code and key of each name → ISO 3166-2 code without the country."""
    from holidays.utils import country_holidays

    try:
        known = country_holidays(country)
    except NotImplementedError:
        return {}
    beside = _BESIDE.get(country, {})
    codes = {code for code in (*known.subdivisions, *beside.values()) if _CODE.fullmatch(code)}
    names = {**known.subdivisions_aliases, **_ENGLISH.get(country, {}), **beside}
    found = {key(name): code for name, code in names.items() if code in codes and len(name) > 3}
    return found | {code: code for code in codes}


def is_region(country: str, code: str) -> bool:
    """Is `code` ("BY") a region of the country (alpha-2) in the list?"""
    return _CODE.fullmatch(code) is not None and code in _regions(country)


def places(text: str | None) -> list[str]:
    """The parts of a place's name: "Austin, TX, USA" → ["Austin", "TX", "USA"]."""
    return [part.strip() for part in _SPLIT.split((text or "")[:200]) if part.strip()]


@lru_cache(maxsize=2048)
def region(country: str | None, *texts: str | None) -> str | None:
    """The ISO 3166-2 code ("US-TX") of the region of `country` (alpha-2) that one of the texts names, else None.

    Names and full codes count anywhere ("Bayern", "DE-BY", "England"), short codes behind a place only. In one
    text the last one counts: "Washington, DC" is not in the state of Washington.
    """
    if country is None or not any(texts):
        return None
    known = _regions(country)
    if not known:
        return None
    for text in texts:
        parts = places(text)
        for position in range(len(parts) - 1, -1, -1):
            if code := _named(country, parts[position], known, behind=position > 0):
                return f"{country}-{code}"
    return None


def _named(country: str, part: str, known: dict[str, str], *, behind: bool) -> str | None:
    full = part.removeprefix(f"{country}-")
    if _CODE.fullmatch(full):
        return known.get(full) if behind or full != part else None
    return known.get(key(part))


# --- clocks -----------------------------------------------------------------------------------------------

_ZONES = {
    "America/New_York": "US-CT US-DC US-DE US-FL US-GA US-IN US-KY US-MA US-MD US-ME US-MI US-NC US-NH US-NJ "
    "US-NY US-OH US-PA US-RI US-SC US-VA US-VT US-WV",
    "America/Chicago": "US-AL US-AR US-IA US-IL US-KS US-LA US-MN US-MO US-MS US-ND US-NE US-OK US-SD US-TN US-TX "
    "US-WI",
    "America/Denver": "US-CO US-ID US-MT US-NM US-UT US-WY",
    "America/Phoenix": "US-AZ",
    "America/Los_Angeles": "US-CA US-NV US-OR US-WA",
    "America/Anchorage": "US-AK",
    "Pacific/Honolulu": "US-HI",
    "America/Toronto": "CA-ON CA-QC",
    "America/Halifax": "CA-NB CA-NS CA-PE",
    "America/St_Johns": "CA-NL",
    "America/Winnipeg": "CA-MB",
    "America/Regina": "CA-SK",
    "America/Edmonton": "CA-AB CA-NT",
    "America/Vancouver": "CA-BC",
    "America/Whitehorse": "CA-YT",
    "America/Iqaluit": "CA-NU",
    "Australia/Sydney": "AU-ACT AU-NSW",
    "Australia/Melbourne": "AU-VIC",
    "Australia/Brisbane": "AU-QLD",
    "Australia/Adelaide": "AU-SA",
    "Australia/Hobart": "AU-TAS",
    "Australia/Darwin": "AU-NT",
    "Australia/Perth": "AU-WA",
    "America/Sao_Paulo": "BR-DF BR-ES BR-GO BR-MG BR-PR BR-RJ BR-RS BR-SC BR-SP",
    "America/Bahia": "BR-BA",
    "America/Fortaleza": "BR-CE BR-MA BR-PB BR-PI BR-RN",
    "America/Recife": "BR-PE",
    "America/Maceio": "BR-AL BR-SE",
    "America/Belem": "BR-AP BR-PA",
    "America/Araguaina": "BR-TO",
    "America/Campo_Grande": "BR-MS",
    "America/Cuiaba": "BR-MT",
    "America/Porto_Velho": "BR-RO",
    "America/Boa_Vista": "BR-RR",
    "America/Manaus": "BR-AM",
    "America/Rio_Branco": "BR-AC",
    "Atlantic/Canary": "ES-CN",
}
#: Region → the clock of most of its people. tz database: northamerica, southamerica, australasia, europe.
REGION_ZONES = {code: zone for zone, codes in _ZONES.items() for code in codes.split()}
_TWO_CLOCKS = """
    US-AK US-AZ US-FL US-ID US-IN US-KS US-KY US-MI US-ND US-NE US-NV US-OR US-SD US-TN US-TX BR-AM BR-PE
    CA-BC CA-NL CA-NU CA-ON CA-QC CA-SK AU-NSW AU-QLD
"""
#: Regions with a second clock somewhere: the zone is then assumed.
TWO_CLOCKS = frozenset(_TWO_CLOCKS.split())
