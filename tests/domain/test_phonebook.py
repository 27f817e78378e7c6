"""The phones of a hire: whose country reads them, and which one may reach the directory."""

from __future__ import annotations

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import Hire, Phone
from onboarding.domain.lifecycle import State
from onboarding.domain.phone import phonebook
from tests.support.doubles import CASE_ID, T0

LONDON = "07911 123456"


def _read(number: Phone, home: str | None = None, work: str | None = None) -> tuple[str | None, str | None]:
    hire = Hire(phones=(number,), home_country=home, work_country=work)
    [(_, result)] = phonebook.results(hire)
    return result.e164, result.reason


@pytest.mark.parametrize(
    ("hint", "home", "work", "read"),
    [
        ("GB", "DE", "US", ("+447911123456", None)),
        (None, "GB", "DE", ("+447911123456", None)),
        (None, None, "GB", ("+447911123456", None)),
        ("", " ", "United Kingdom", ("+447911123456", None)),
        (None, None, None, (None, "no_region")),
        ("Wakanda", "GB", "GB", (None, "unknown_country")),
        (None, "Wakanda", "GB", (None, "unknown_country")),
    ],
)
def test_the_nearest_country_of_this_person_reads_the_number(
    hint: str | None, home: str | None, work: str | None, read: tuple[str | None, str | None]
) -> None:
    assert _read(Phone(LONDON, country_hint=hint), home, work) == read


def test_what_the_number_says_of_its_country_comes_first() -> None:
    for raw in ("+44 7911 123456", "0044 7911 123456", "tel:+447911123456"):
        assert _read(Phone(raw, country_hint="DE"), "US", "FR") == ("+447911123456", None)


def test_no_hire_borrows_the_country_of_another() -> None:
    """Read one after the other: nothing of the first stays for the second."""
    assert _read(Phone(LONDON), home="GB") == ("+447911123456", None)
    assert _read(Phone(LONDON)) == (None, "no_region")
    assert _read(Phone(LONDON), home="DE") == (
        "+497911123456",
        None,
    )  # Schwäbisch Hall, and marked as assumed


def test_only_a_number_that_names_its_country_reaches_the_directory() -> None:
    for number in (
        Phone(LONDON, "mobile", country_hint="GB"),
        Phone("+44 20 7946 0958", "mobile"),
        Phone("+44 7911 123456 x12", "mobile"),
        Phone("+44 7911 123456", "mobile", extension="12"),
        Phone("+44 800 123 4567", "mobile"),
        Phone("+44 7911 123456 / +44 7911 654321", "mobile"),
    ):
        assert phonebook.directory_number(Hire(phones=(number,), home_country="GB")) is None, number
    assert phonebook.directory_number(Hire(phones=(Phone("0044 7911 123456"),))) == "+44 7911123456"


def test_the_mobile_and_then_the_primary_number_comes_first() -> None:
    work = Phone("+49 1512 3456780", "work", is_primary=True)
    other, mobile = Phone("+49 1512 3456781", "mobile"), Phone("+49 1512 3456782", "mobile", is_primary=True)
    assert phonebook.directory_number(Hire(phones=(work, other, mobile))) == "+49 15123456782"
    assert phonebook.directory_number(Hire(phones=(work,))) == "+49 15123456780"
    assert phonebook.directory_number(Hire()) is None


def test_a_forgotten_number_leaves_a_keyed_hash_two_digits_and_the_reason() -> None:
    hire = Hire(phones=(Phone("n/a", "mobile"), Phone("+49 1512 3456789", "work")))
    case = Case(CASE_ID, "x", State.RECEIVED, hire, T0, T0)
    phonebook.forget_numbers(case, "key")
    assert case.hire.phones == ()
    assert (case.phone_tail, case.phone_reason) == ("89", "letters")
    assert case.phone_hash is not None
    assert "3456789" not in repr(case)
    again = Case(CASE_ID, "x", State.RECEIVED, hire, T0, T0)
    phonebook.forget_numbers(again, "another key")
    assert again.phone_hash not in (None, case.phone_hash)
