# mypy: allow-untyped-defs, allow-untyped-calls
"""Weekends and public holidays, by country and region."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta

from babel import localedata
from holidays.utils import country_holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.calendar.public_holidays import is_public_holiday
from onboarding.domain.calendar.weekends import weekend
from onboarding.domain.places.codes import KNOWN
from tests.support.tables import check

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


def test_weekends():
    days = {
        "DE": {SAT, SUN}, "US": {SAT, SUN}, "XX": {SAT, SUN}, "": {SAT, SUN}, None: {SAT, SUN},
        "AE": {SAT, SUN},  # since January 2022
        "SA": {FRI, SAT}, "EG": {FRI, SAT}, "IL": {FRI, SAT}, "BD": {FRI, SAT}, "MV": {FRI, SAT}, "PS": {FRI, SAT},
        "AF": {THU, FRI}, "IR": {THU, FRI}, "BN": {FRI, SAT, SUN}, "MY": {SAT, SUN},
        "IN": {SAT, SUN}, "UG": {SAT, SUN},  # Sunday only: Saturday is half a day at best
        "MR": {SAT, SUN}, "LB": {SAT, SUN}, "TN": {SAT, SUN}, "TR": {SAT, SUN}, "PK": {SAT, SUN},
    }  # fmt: skip
    check({country: frozenset(found) for country, found in days.items()}, weekend)
    assert weekend("MY", "MY-03") == {FRI, SAT}
    assert weekend("AE", "AE-SH") == {FRI, SAT, SUN}
    assert weekend("DE", "DE-BY") == {SAT, SUN}


def cldr_weekends() -> dict[str, set[int]]:
    """Babel keeps week data by locale; CLDR's are by territory, so any locale of it will do."""
    found: dict[str, set[int]] = {}
    for name in localedata.locale_identifiers():
        territory = name.split("_")[-1]
        if territory in KNOWN and territory not in found:
            data = localedata.load(name)["week_data"]
            first, last = data["weekend_start"], data["weekend_end"]
            found[territory] = {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return found


#: Countries of which CLDR says nothing, so that its default (Saturday and Sunday) stands there.
NOT_IN_CLDR = {"BD", "BN", "DJ", "MV", "PS", "SO"}
#: Where `holidays` says otherwise. Mauritania went from Friday and Saturday to Saturday and Sunday in October 2014;
#: Afghanistan and Libya as in CLDR; Palestine and Somalia are not known there.
NOT_IN_HOLIDAYS = {"AF", "LY", "MR", "PS", "SO"}


def test_the_weekends_are_those_of_cldr_and_of_holidays_but_for_what_is_listed():
    cldr = cldr_weekends()
    assert len(cldr) > 240
    assert {code for code, days in cldr.items() if not days <= weekend(code)} == NOT_IN_CLDR - {"BN"}
    other = {code for code in KNOWN if not country_holidays(code).weekend <= weekend(code)}
    assert other == NOT_IN_HOLIDAYS
    for code in KNOWN - NOT_IN_CLDR - NOT_IN_HOLIDAYS:
        single = {code: days for code, days in ((code, cldr.get(code, set())),) if len(days) == 1}
        assert weekend(code) == (cldr.get(code) or {SAT, SUN}) or single, code


def test_public_holidays_and_days_that_are_none():
    check(
        {
            (date(2026, 12, 25), "DE"): True, (date(2026, 10, 3), "DE"): True, (date(2026, 10, 2), "DE"): False,
            (date(2027, 3, 29), "DE"): True,  # Easter Monday
            (date(2026, 11, 26), "US"): True, (date(2026, 7, 3), "US"): True,  # observed: the 4th is a Saturday
            (date(2026, 7, 14), "FR"): True, (date(2026, 1, 1), "JP"): True, (date(2026, 4, 27), "NL"): True,
            # regions
            (date(2026, 1, 6), "DE"): False, (date(2026, 1, 6), "DE-BY"): True, (date(2026, 1, 6), "DE-BE"): False,
            (date(2026, 3, 8), "DE-BE"): True, (date(2026, 4, 6), "GB-ENG"): True,
            (date(2026, 4, 6), "GB-SCT"): False,
            (date(2026, 11, 30), "GB-SCT"): True, (date(2026, 12, 25), "DE-XX"): True,
            (date(2026, 12, 2), "AE-SH"): True,
            # no country, no data
            (date(2026, 12, 25), ""): False, (date(2026, 12, 25), "ZZ"): False, (date(2026, 12, 25), "-"): False,
            # not public: St. Nicholas, Halloween
            (date(2026, 12, 6), "DE"): False, (date(2026, 10, 31), "US"): False,
        },
        is_public_holiday,
    )  # fmt: skip


def test_no_country_and_no_year_raises_and_no_year_is_all_holidays():
    for code in sorted(KNOWN):
        for year in (1, 1900, 2026, 2035, 2036, 2100, 2101, 2199, 9997):
            days = [is_public_holiday(date(year, 1, 1) + timedelta(days=n), code) for n in (0, 120, 358, 364)]
            assert len(days) == 4
        free = sum(is_public_holiday(date(2026, 1, 1) + timedelta(days=n), code) for n in range(365))
        assert free <= 40, code


@settings(max_examples=100, deadline=None)
@given(st.dates(), st.text(max_size=8) | st.sampled_from(["DE-BY", "US-CA", "IN-KL", "MY-03"]))
def test_any_day_and_place_has_an_answer(day, place):
    assert is_public_holiday(day, place) in (True, False)


def test_importing_the_domain_and_a_look_at_a_weekend_load_no_holidays():
    code = (
        "import sys\nimport onboarding.domain.nudges, onboarding.domain.places.place\n"
        "from onboarding.domain import calendar\n"
        "from datetime import date\n"
        "from onboarding.domain.calendar.public_holidays import is_public_holiday\n"
        "wt = calendar.WorkingTime('Europe/Berlin', 'DE', holidays=is_public_holiday)\n"
        "assert not wt.is_working_day(date(2026, 11, 28))\n"
        "print([name for name in ('babel', 'holidays', 'phonenumbers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
