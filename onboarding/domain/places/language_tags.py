"""The language field of HR systems → a BCP 47 tag ("German", "de_AT.UTF-8", "Chinese (Simplified)", "deu", "en-UK").

Tags have their usual case and order: language, script, region ("zh-Hant-TW", RFC 5646 section 2.1.1). Names are
those of Unicode CLDR in the larger languages and every language's own, from `data/languages.tsv`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

from onboarding.domain.places.codes import ISO, OTHER_CODES
from onboarding.domain.places.keys import key

LONGEST = 80

#: Tags that name the same written language (IANA language subtag registry; "no" is in practice Bokmål).
SAME = {"no": "nb", "iw": "he", "in": "id", "ji": "yi", "tl": "fil", "mo": "ro", "sh": "sr-Latn"}

#: What Windows called these before it had scripts (.NET cultures), and what people append to a language's name.
_SCRIPTS = {
    "chs": "Hans",
    "cht": "Hant",
    "simplified": "Hans",
    "traditional": "Hant",
    "简体": "Hans",
    "繁體": "Hant",
    "latin": "Latn",
    "cyrillic": "Cyrl",
}
#: Names that CLDR does not carry.
_ALIASES = {
    "mandarin": "zh", "tagalog": "fil", "farsi": "fa", "castilian": "es", "castellano": "es", "moldovan": "ro",
    "bokmal": "nb", "norsk": "nb", "burmese": "my",
}  # fmt: skip
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
_BETWEEN = re.compile(r"\s[-–—|]\s|[/()\[\]|,;]")


def canonical(text: str) -> str:
    """BCP 47 in its usual case: "DE_at" → "de-AT", "zh_hant_tw" → "zh-Hant-TW". Encodings are cut off."""
    parts = text.strip().split(".")[0].split("@")[0].replace("_", "-").split("-")
    cased = [parts[0].lower()]
    for part in parts[1:]:
        cased.append(part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part)
    head = SAME.get(cased[0], cased[0])
    return "-".join([head, *cased[1:]])


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """(key of a name → tag, code → language). A name of two languages is in neither."""
    text = (
        resources.files("onboarding.domain.places")
        .joinpath("data", "languages.tsv")
        .read_text(encoding="utf-8")
    )
    names: dict[str, str] = dict(_ALIASES)
    codes: dict[str, str] = {}
    for line in text.splitlines()[1:]:
        tag, other, *keys = line.split("\t")
        if tag != "?":
            names.update(dict.fromkeys(keys, SAME.get(tag, tag)))
            codes.update(dict.fromkeys((tag, *other.split()), SAME.get(tag, tag)))
    return names, codes


def language_codes() -> frozenset[str]:
    """The two-letter codes of ISO 639-1."""
    return frozenset(code for code in _tables()[1] if len(code) == 2)


def _subtags(parts: list[str]) -> str:
    """Script and region of a tag, as far as they are known; variants and extensions are left out."""
    script = next((_script(part) for part in parts if _script(part)), "")
    region = next((_region(part) for part in parts if _region(part)), "")
    return "".join(f"-{part}" for part in (script, region) if part)


def _script(part: str) -> str:
    """ISO 15924 in its usual case, or what Windows and people call it; "" when it is none."""
    return _SCRIPTS.get(part.lower()) or (part.title() if len(part) == 4 and part.isalpha() else "")


def _region(part: str) -> str:
    """ISO 3166-1, "UK" for GB, or "419" (Latin America, the one area in use); "" when it is none."""
    upper = part.upper()
    return upper if upper in ISO or upper == "419" else OTHER_CODES.get(upper, "") if len(part) == 2 else ""


def _of_tag(text: str, modifier: str = "") -> str | None:
    first, *rest = re.split("[-_]", text)
    language = SAME.get(first.lower()) or _tables()[1].get(first.lower())
    if language is None:
        return None
    extension = next((n for n, part in enumerate(rest) if len(part) == 1), len(rest))
    known = [part for part in (modifier, *rest[:extension]) if part]
    return language.split("-")[0] + (_subtags(known) or language.removeprefix(language.split("-")[0]))


def _of_name(text: str) -> str | None:
    """A name with what follows it: a country, a script, or words that say nothing about it ("fluent")."""
    if whole := _tables()[0].get(key(text)):
        return whole
    parts = [part for part in _BETWEEN.split(text) if key(part)]
    if len(parts) == 1:
        parts = _first_or_last(parts[0])
        beside = next((part for part in parts if not _of_part(part)), "")
        if key(beside) not in _SCRIPTS and not _country([beside]):
            return None  # "Lower Sorbian" is not Sorbian, "English or German" not English
    script = next((_SCRIPTS[key(part)] for part in parts if key(part) in _SCRIPTS), "")
    parts = [part for part in parts if key(part) not in _SCRIPTS]
    tags = {part: _of_part(part) for part in parts}
    found = {tag for tag in tags.values() if tag}
    if len({tag.split("-")[0] for tag in found}) != 1:
        return None  # none, or two languages in one field
    language, *rest = max(found, key=len).split("-")
    country = _country([part for part in parts if not tags[part]])
    return language + _subtags([part for part in (script, country, *rest) if part])


def _of_part(part: str) -> str | None:
    """The tag of one part: a name, or a code in a form that nobody takes for a word or a country."""
    part = part.strip()
    if tag := _tables()[0].get(key(part)):
        return tag
    plainly_a_tag = (len(part) == 2 and part.islower()) or ("-" in part and _TAG.fullmatch(part))
    return _of_tag(part) if plainly_a_tag else None


def _first_or_last(text: str) -> list[str]:
    """ "English US", "Simplified Chinese": the word that is a language beside the rest."""
    first, *rest = text.split()
    if not rest or key(first) in _tables()[0]:
        return [first, " ".join(rest)] if rest else [text]
    return [" ".join([first, *rest[:-1]]), rest[-1]]


def _country(parts: list[str]) -> str:
    from onboarding.domain.places.names import alpha2

    codes = {code for part in parts if (code := alpha2(part)) and code in ISO}
    return codes.pop() if len(codes) == 1 else ""


@lru_cache(maxsize=1024)
def read_language(text: str | None) -> str | None:
    """The BCP 47 tag that a language field means, or None: unknown, or several languages. Never raises.

    Codes in any case ("de", "DE_at", "deu", "zh-CHS", "en-UK"), names ("German", "Deutsch", "allemand"), with a
    country or a script behind them ("English (United States)", "Chinese - Traditional").
    """
    if text is None or not (text := text.strip()) or len(text) > LONGEST:
        return None
    bare, _, modifier = text.partition("@")
    bare = bare.split(".")[0].strip()
    if bare.istitle() and bare.isalpha() and (named := _tables()[0].get(key(bare))):
        return named  # "Yi" is a language of its own, "yi" and "YI" are Yiddish
    if _TAG.fullmatch(bare) and (tag := _of_tag(bare, modifier)):
        return tag
    return _of_name(text)
