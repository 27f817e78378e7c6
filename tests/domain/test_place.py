# mypy: allow-untyped-defs, allow-untyped-calls
"""One reading of everything that HR says about a place."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.hire import Hire
from onboarding.domain.places.codes import ISO, KNOWN
from onboarding.domain.places.country import CountryReason
from onboarding.domain.places.place import known_language, place_of, usage_location
from tests.support.tables import check


def test_the_work_country_counts_then_the_home_country():
    def found(work, home):
        place = place_of(Hire(work_country=work, home_country=home))
        return place.country, place.reason and str(place.reason)

    check(
        {
            ("Deutschland", "France"): ("DE", None), (None, "France"): ("FR", None), ("", "France"): ("FR", None),
            ("Georgia, USA", "France"): ("FR", "unknown_country"), ("Korea", None): (None, "ambiguous_country"),
            (None, None): (None, "empty"), (None, "Congo"): (None, "ambiguous_country"),
            ("Yugoslavia", "Serbia"): ("RS", "former_country"),
        },
        found,
    )  # fmt: skip


def test_a_work_country_that_cannot_be_read_gives_no_usage_location():
    check(
        {
            ("Germany", None): "DE", (None, "Germany"): "DE", (" ", "Germany"): "DE", ("Georgia, USA", "Germany"): None,
            ("Kosovo", "Germany"): None, ("Congo", None): None, (None, None): None,
        },
        lambda work, home: usage_location(Hire(work_country=work, home_country=home)),
    )  # fmt: skip


def test_a_language_that_was_chosen_among_several_is_not_for_the_directory():
    check(
        {
            ("Germany", None): "de-DE", ("Switzerland", None): None, ("Switzerland", "French"): "fr-CH",
            ("Germany", "en"): "en", (None, "Deutsch"): "de", (None, None): None,
        },
        lambda work, locale: known_language(Hire(work_country=work, locale=locale)),
    )  # fmt: skip


def test_a_region_in_any_of_the_fields_counts():
    assert place_of(Hire(work_country="DE-BY")).region == "DE-BY"
    assert place_of(Hire(work_country="England")).region == "GB-ENG"
    assert place_of(Hire(home_country="DE", location="Stuttgart, Baden-Württemberg")).region == "DE-BW"
    assert place_of(Hire(work_country="Germany", location="Berlin")).region == "DE-BE"
    assert place_of(Hire(work_country="Georgia, USA", location="Bayern")).region is None


fields = (
    st.none() | st.text(max_size=30) | st.sampled_from(["DE", "USA", "Korea", "Bayern", "Austin, TX", "EST"])
)


@settings(max_examples=200, deadline=None)
@given(fields, fields, fields, fields, fields)
def test_any_texts_make_a_place(work, home, location, zone, locale):
    hire = Hire(work_country=work, home_country=home, location=location, timezone=zone, locale=locale)
    place = place_of(hire)
    assert place.country in KNOWN | {None}
    assert place.reason in {None, *CountryReason}
    assert usage_location(hire) in ISO | {None}
    assert place.zone.zone
