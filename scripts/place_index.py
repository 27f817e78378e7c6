"""Write the names of countries and languages in all of Babel's locales: `python -m scripts.place_index`.

Makes `onboarding/domain/places/data/countries.tsv` and `languages.tsv` from Unicode CLDR as Babel carries it. Reading
335 locales takes Babel a second and some 130 MB, which a Functions instance must not spend to understand
"Allemagne"; the two files are read in about ten milliseconds. Run it after Babel was raised: a test compares.

A line is: code, what else names it (alpha-3 and numeric code of ISO 3166-1; ISO 639-2 codes), then its keys
(`places.keys.key`), separated by tabs. Lines that begin with `?` hold the keys that mean one thing in one
language and another in another: key, then `CODE:language,language` for each.
"""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import babel
from babel import localedata
from babel.core import get_global

from onboarding.domain.places.codes import ISO, KNOWN, OTHER_CODES
from onboarding.domain.places.keys import forms, key

DATA = Path(__file__).resolve().parents[1] / "onboarding" / "domain" / "places" / "data"
#: key → code → locales that say so.
Meanings = dict[str, dict[str, set[str]]]

#: Toki Pona spells foreign names in its nine consonants ("ma Lawi" is Latvia): nobody's HR system does.
_NOT_USED = {"tok"}
#: (locale, code) that CLDR has wrong or swapped: gez calls each Korea by the other's name.
_DEFECTS = {("gez", "KP"), ("gez", "KR")}
_READERS = """
    en de fr es it pt pt_PT nl sv da nb fi is et lv lt pl cs sk sl hr sr sr_Latn bs mk sq bg ro hu
    el tr ru uk be ka hy az kk ar he fa ur hi bn ta th vi id ms fil ja ko zh zh_Hant ca eu gl ga cy
    lb af sw
"""
#: Locales whose names of languages are understood; every language's own name for itself comes on top.
READERS = frozenset(_READERS.split())


@cache
def locales(part: str) -> Sequence[tuple[str, dict[str, str]]]:
    """(locale, names) of every locale that has names of its own; `part` is territories or languages.

    Read from Babel's files: its loader keeps all of it in memory, and where it is asked for a locale's own data
    it keeps those in the place of the whole.
    """
    found = []
    for locale in localedata.locale_identifiers():
        with open(localedata.resolve_locale_filename(locale), "rb") as file:
            own = pickle.load(file).get(part)  # noqa: S301 (a file of the installed library)
        if own and locale.split("_")[0] not in _NOT_USED:
            found.append((locale, dict(own)))
    return found


def country_meanings() -> Meanings:
    """Every key of a country's name in every locale."""
    found: Meanings = defaultdict(lambda: defaultdict(set))
    for locale, names in locales("territories"):
        for territory, name in names.items():
            code = territory if territory in KNOWN else OTHER_CODES.get(territory)
            if code is None or (locale, territory) in _DEFECTS:
                continue
            for form in forms(name, locale.split("_")[0]):
                found[key(form)][code].add(locale)
    found.pop("", None)
    return found


def language_meanings() -> Meanings:
    """Keys of the names of languages that are official somewhere or have a locale, as tags ("pt-BR")."""
    rows = (row for rows in get_global("territory_languages").values() for row in rows.items())
    known = {tag.split("_")[0] for tag, info in rows if info["official_status"]}
    known |= {locale for locale in localedata.locale_identifiers() if len(locale) == 2}
    found: Meanings = defaultdict(lambda: defaultdict(set))
    for locale, names in locales("languages"):
        own = locale.split("_")[0]
        for language, name in names.items():
            wanted = locale in READERS or language in {own, locale}
            if wanted and language.split("_")[0] in known:
                for form in forms(name, own):
                    found[key(form)][language.replace("_", "-")].add(locale)
    found.pop("", None)
    return found


def _codes_of_countries() -> dict[str, list[str]]:
    """alpha-2 → alpha-3 and numeric code. Kosovo's are user-assigned like its alpha-2."""
    found: dict[str, list[str]] = {code: [] for code in sorted(KNOWN)}
    for other, successors in sorted(get_global("territory_aliases").items()):
        if len(successors) == 1 and len(other) == 3 and successors[0] in ISO and other not in FORMER:
            found[successors[0]].append(other)
    found["XK"] = ["XKX"]
    return found


_FORMER = "BUR DDR FXX TMP YMD ZAR 230 249 278 280 720 736 886"
#: alpha-3 and numeric codes that ISO 3166 has withdrawn and CLDR still maps to one successor.
FORMER = frozenset(_FORMER.split())


def _codes_of_languages() -> dict[str, list[str]]:
    """ISO 639-1 code → ISO 639-2 codes (both of them where there are two: deu, ger)."""
    found: dict[str, list[str]] = defaultdict(list)
    for other, code in sorted(get_global("language_aliases").items()):
        if len(other) == 3 and len(code) == 2:
            found[code].append(other)
    return found


def render(meanings: Meanings, codes: dict[str, list[str]], what: str) -> str:
    """The file's text."""
    certain: dict[str, list[str]] = {code: [] for code in codes}
    unclear = []
    for name, by_code in sorted(meanings.items()):
        if len(by_code) == 1:
            certain.setdefault(next(iter(by_code)), []).append(name)
        else:
            meant = (f"{code}:{','.join(sorted(where))}" for code, where in sorted(by_code.items()))
            unclear.append("\t".join(["?", name, *meant]))
    head = f"# Names of {what} from Unicode CLDR (Babel {babel.__version__}): python -m scripts.place_index"
    rows = ["\t".join([code, " ".join(codes.get(code, [])), *certain[code]]) for code in sorted(certain)]
    return "\n".join([head, *rows, *unclear]) + "\n"


def countries() -> str:
    """Text of countries.tsv."""
    return render(country_meanings(), _codes_of_countries(), "countries")


def languages() -> str:
    """Text of languages.tsv."""
    return render(language_meanings(), dict(_codes_of_languages()), "languages")


def main() -> None:
    """Write both files."""
    for name, text in (("countries.tsv", countries()), ("languages.tsv", languages())):
        (DATA / name).write_text(text, encoding="utf-8")
        print(f"{name}: {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()
