"""Country texts from HR → ISO 3166-1 alpha-2, without guessing.

Sources, in this order:
1. a code: alpha-2 or alpha-3 (ISO 3166-1), plus "UK" and "EL", which HR systems send although ISO does not
   assign them to anything else (both are reserved for these countries);
2. `ALIASES`: official ISO short names, everyday spellings and former names that CLDR does not carry;
3. the territory names of Unicode CLDR (through Babel) in `LANGUAGES`.

A text that fits two countries gives None; so does one that fits none. The caller asks HR; it does not pick.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from onboarding.domain.country_tables import ALIASES, AMBIGUOUS, ISO, KNOWN, LANGUAGES, OTHER_CODES

__all__ = ["ISO", "KNOWN", "alpha2"]

#: Official forms in front of the name or, after a comma, behind it. Not "state of" (Georgia), not "democratic
#: republic of", not "people's republic of": those choose between two countries and stand in `ALIASES`.
_FORMS = re.compile(
    r"^(?:the )?(?:(?:islamic |federal |federative |hellenic |arab |co operative |socialist )?republic|"
    r"(?:united |hashemite )?kingdom|commonwealth|principality|grand duchy|sultanate|bolivarian republic|"
    r"plurinational state|federal democratic republic|federated states) (?:of )?(?:the )?(.+)$"
)
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "ə": "e"})
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_ABBREVIATED = {"st": "saint", "rep": "republic", "dem": "democratic"}
_FILLERS = {"the", "and", "of"}


def _words(text: str) -> list[str]:
    """Lower case, without accents and punctuation; marks that are letters in Indic scripts stay."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).casefold().translate(_LETTERS)
    kept = (
        c if unicodedata.category(c)[0] in "LMN" else ("" if c in "'’ʻʼ`´." else " ")
        for c in plain
        if not unicodedata.combining(c)
    )
    return [_ABBREVIATED.get(word, word) for word in "".join(kept).split()]


def _key(words: list[str]) -> str:
    return "".join(word for word in words if word not in _FILLERS)


def _split(texts: str) -> Iterator[str]:
    return (_key(_words(text)) for text in texts.split(";"))


@lru_cache(maxsize=1)
def _aliases() -> dict[str, str | None]:
    found: dict[str, str | None] = {key: code for code, texts in ALIASES.items() for key in _split(texts)}
    found.update((key, None) for key in _split(AMBIGUOUS))
    return found


@lru_cache(maxsize=1)
def _index() -> dict[str, str | None]:
    """Key of a name → code; None where two countries share it in different languages."""
    from babel import Locale

    found: dict[str, str | None] = {}
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            country = code if code in KNOWN else OTHER_CODES.get(code)
            if country is None:
                continue
            for key in {_key(_words(form)) for form in _forms(name, language)}:
                if found.setdefault(key, country) != country:
                    found[key] = None
    found.update(_aliases())
    return found


def _forms(name: str, language: str) -> Iterator[str]:
    """The CLDR name, the name without its bracket, and in German the spelling without umlauts."""
    bare = re.sub(r"\s*[(（].*?[)）]", "", name)
    for form in (name, bare) if bare else (name,):
        yield form
        if language == "de":
            yield form.translate(_GERMAN)


def _code(text: str) -> str | None:
    """`text` as an alpha-2 or alpha-3 code, former codes with one successor included (TMP, ZAR)."""
    upper = text.upper()
    if upper in KNOWN:
        return upper
    if upper in OTHER_CODES:
        return OTHER_CODES[upper]
    if len(text) != 3 or not text.isalpha():
        return None
    from babel.core import get_global

    codes = get_global("territory_aliases").get(upper, ())
    return codes[0] if len(codes) == 1 and codes[0] in KNOWN else None


def _word_like_code(text: str, code: str) -> bool:
    """ "Nga" is Russia in Vietnamese and NGA is Nigeria: not in capitals, that says neither."""
    return len(text) == 3 and not text.isupper() and _index().get(_key(_words(text)), code) != code


def _named(text: str) -> str | None:
    words = _words(text)
    key = _key(words)
    if not key:
        return None
    if key in _aliases():
        return _aliases()[key]
    if key in _index():
        return _index()[key]
    head, comma, tail = text.rpartition(",")
    inverted = [*_words(tail), *_words(head)] if comma else words
    for candidate in (inverted, words):
        if key_of := _key(candidate):
            match = _FORMS.match(" ".join(candidate))
            stripped = _key(match[1].split()) if match else key_of
            if _index().get(stripped):
                return _index()[stripped]
    return None


def _flag(text: str) -> str | None:
    """Two regional indicator symbols (the flag emoji) are an alpha-2 code by Unicode's definition."""
    if len(text) == 2 and all("\U0001f1e6" <= c <= "\U0001f1ff" for c in text):
        return "".join(chr(ord(c) - 0x1F1E6 + ord("A")) for c in text)
    return None


@lru_cache(maxsize=4096)
def alpha2(text: str | None) -> str | None:
    """The ISO 3166-1 alpha-2 code (upper case) that `text` names, or None when unknown or ambiguous.

    Takes alpha-2 and alpha-3 codes, names in some sixty languages, HR spellings ("UK", "Korea, Republic of",
    "The Netherlands") and two agreeing names in one field ("DE - Germany", "Turkey/Türkiye"). Case, accents
    and punctuation do not matter. Kosovo gives "XK". "Georgia" is the country; "Congo" and "Korea" are None.
    No numeric codes: 380 is Italy in ISO 3166 and Ukraine on the telephone.
    """
    if text is None or len(text) > 120:
        return None
    text = text.strip()
    compact = text.replace(".", "").strip()
    if compact.isascii() and (code := _code(compact)):
        return None if _word_like_code(compact, code) else code
    if flag := _flag(text):
        return flag if flag in KNOWN else OTHER_CODES.get(flag)
    if found := _named(text):
        return found
    if _key(_words(text)) in _aliases():
        return None  # known to be ambiguous: no second try with its parts
    parts = [part for part in re.split(r"\s[-–—|]\s|[/()|\[\]]", text) if part.strip()]
    if len(parts) < 2:
        return None
    codes = {alpha2(part) for part in parts}
    return codes.pop() if len(codes) == 1 else None
