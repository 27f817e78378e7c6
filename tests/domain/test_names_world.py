# mypy: allow-untyped-defs, allow-untyped-calls
"""Names of the world's languages: the user name a company there would expect, valid, distinct and stable.

The names are in `data/names_of_the_world.tsv`, each with the rule that its spelling follows.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from pathlib import Path

import pytest

from onboarding.domain.names import PersonName, display_name, mail_nickname, upn_candidates

DOMAIN = "contoso.com"
VALID = re.compile(r"(?=[^@]{1,64}@)[a-z0-9](?:[a-z0-9]|[._-](?![._-]))*(?<![._-])@contoso\.com")
TABLE = Path(__file__).parent / "data" / "names_of_the_world.tsv"
PATTERNS = ("{given}.{family}", "{g}{family}", "{family}{g}", "{given}", "{first_given}.{last_family}")


def rows() -> list[tuple[str, PersonName, str, str]]:
    """(language, name, user name, display name)."""
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            language, given, family, local, shown, why = line.split("\t")
            assert why, f"{line}: why?"
            found.append((language, PersonName(given or None, family or None), local, shown))
    return found


def upns(name: PersonName, language: str, pattern: str = PATTERNS[0], count: int = 5) -> list[str]:
    return list(islice(upn_candidates(name, DOMAIN, pattern, locale=language), count))


def test_sixty_languages_and_more_are_in_the_table():
    assert len({language.split("-")[0] for language, *_ in rows()}) >= 60
    assert len({name for _, name, *_ in rows()}) == len(rows())


def test_everybody_gets_the_user_name_and_the_display_name_that_their_country_expects():
    wrong = [
        f"{language}: {name.given} {name.family}: {got}, not {wanted}"
        for language, name, local, shown in rows()
        for got, wanted in (
            (upns(name, language)[0], f"{local}@{DOMAIN}"),
            (display_name(name, language), shown),
        )
        if got != wanted
    ]
    assert not wrong, "\n".join(wrong)


def test_every_candidate_under_every_pattern_is_valid_and_distinct():
    wrong = []
    for language, name, *_ in rows():
        for pattern in PATTERNS:
            found = upns(name, language, pattern)
            if len(set(found)) != len(found) or not all(VALID.fullmatch(each) for each in found):
                wrong.append(f"{language} {pattern}: {found}")
            assert all(mail_nickname(each) == each.partition("@")[0] for each in found)
    assert not wrong, "\n".join(wrong)


def test_the_form_of_the_same_letters_and_capitals_change_nothing():
    """Accents may come apart from their letters, and many HR systems write names in capitals."""
    forms = {
        form: lambda text, form=form: unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC")
    }
    wrong = []
    for language, name, *_ in rows():
        for label, form in {**forms, "capitals": str.upper}.items():
            again = PersonName(*(text and form(text) for text in (name.given, name.family)))
            if upns(again, language) != upns(name, language):
                wrong.append(f"{language} {label}: {upns(again, language)[0]}")
    assert not wrong, "\n".join(wrong)


def test_different_names_of_one_language_stay_different():
    seen: dict[tuple[str, str], PersonName] = {}
    for language, name, *_ in rows():
        first = upns(name, language)[0]
        other = seen.setdefault((language, first), name)
        assert other == name, f"{language}: {first} is {name} and {other}"


def test_without_any_language_every_name_still_gets_a_valid_user_name():
    """HR systems often send neither locale nor country."""
    for language, name, *_ in rows():
        first = upns(name, "")[0]
        assert VALID.fullmatch(first), language
        assert not first.startswith("user"), f"{language}: nothing could be read"


def test_the_letters_tell_the_language_where_nobody_said_it():
    for language, name, local, _ in rows():
        if language in {"ja", "hy", "ka", "el", "th", "hi", "ta", "te", "he", "am"}:
            assert upns(name, "")[0] == f"{local}@{DOMAIN}", language


@pytest.mark.parametrize(
    ("locale", "given", "family", "expected"),
    [
        # one person, written in both scripts of the language
        ("sr", "Ђорђе", "Живковић", "Đorđe Živković"),
        ("uz", "Шаҳзод", "Ўринов", "Shahzod Oʻrinov"),
        ("ar", "طارق", "الفارسي", "Tariq al-Farsi"),
        ("ja", "ゆうこ", "さとう", "ユウコ サトウ"),
        ("ja", "ｼｮｳﾀ", "ﾊｯﾄﾘ", "ショウタ ハットリ"),
    ],
)
def test_both_scripts_of_a_language_give_one_user_name(locale, given, family, expected):
    there = PersonName(*expected.split(" "))
    assert upns(PersonName(given, family), locale) == upns(there, locale)


@pytest.mark.parametrize(
    ("name", "locale", "expected"),
    [
        # kanji have no reading that can be derived; HR's kana or Latin field comes first
        (PersonName("太郎", "山田", None, "Taro Yamada"), "ja", "taro.yamada"),
        (PersonName("Taro", "Yamada", "太郎"), "ja", "taro.yamada"),
        (PersonName("太郎", "山田", None, "やまだ"), "ja", "yamada"),
        # Arabic writes few vowels; a Latin spelling is better than ours
        (PersonName("محمد", "الشريف", None, "Mohamed El Sherif"), "ar", "mohamed.elsherif"),
        (PersonName("Mohamed", "Elsherif", "محمد"), "ar", "mohamed.elsherif"),
        (PersonName("小明", "陳", None, "Chan, Siu Ming"), "zh-HK", "siu-ming.chan"),
        (PersonName("小明", "陳", "Peter"), "zh-HK", "peter.chen"),
        # a display name in the same script says no more
        (PersonName("محمد", "خالد", None, "محمد خالد"), "ar", "mohammed.khalid"),
        # a display name is not used where the parts can be read in full
        (PersonName("Юлия", "Попова", None, "Julia Popova"), "ru", "yuliya.popova"),
    ],
)
def test_a_latin_spelling_from_hr_comes_before_a_script_that_cannot_be_read_in_full(name, locale, expected):
    assert upns(name, locale)[0] == f"{expected}@{DOMAIN}"


@pytest.mark.parametrize(
    ("given", "family", "expected"),
    [
        ("Dr. Anna", "Berg", "anna.berg"),
        ("Prof. Dr. Anna", "Berg", "anna.berg"),
        ("Mrs Anna", "Berg", "anna.berg"),
        ("Dr.", "Berg", "dr.berg"),  # nothing else is there
        ("Don", "Berg", "don.berg"),
        ("Mary J", "Berg", "mary.berg"),
        ("J. Robert", "Berg", "j-robert.berg"),
        ("J. R. R.", "Tolkien", "j-r-r.tolkien"),
        ("Karthik S.", None, "karthik-s"),  # without a family name the initial is all there is
        ("Anna (Nan)", "Berg (Thal)", "anna.berg"),
        ("(Anna)", "[Berg]", "anna.berg"),
        ("Anna", "Berg, Jr.", "anna.berg"),
        ("Anna", "Berg III", "anna.berg"),
        ("Anna", "Berg PhD, MBA", "anna.berg"),
        ("Anna", "Jr.", "anna.jr"),
        ("Anna", "Berg née Thal", "anna.berg"),
        ("Anna", "Berg geb. Thal", "anna.berg"),
        ("Yo-Yo", "Ma", "yo-yo.ma"),
        ("Malcolm", "X", "malcolm.x"),
        ("Anna", "D'Angelo-O’Brien", "anna.dangelo-obrien"),
    ],
)
def test_what_stands_around_a_name_is_no_part_of_the_address(given, family, expected):
    assert upns(PersonName(given, family), "en")[0] == f"{expected}@{DOMAIN}"


@pytest.mark.parametrize(
    ("language", "family", "expected"),
    [
        ("vi", "Lê Nguyễn", "le-nguyen"),
        ("vi", "Đỗ Mai", "do-mai"),
        ("zh", "Ni Wang", "ni-wang"),
        ("en", "Le Roy", "leroy"),
    ],
)
def test_what_looks_like_a_particle_is_a_family_name_elsewhere(language, family, expected):
    assert upns(PersonName("An", family), language)[0] == f"an.{expected}@{DOMAIN}"
