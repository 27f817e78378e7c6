"""Names in ASCII letters, as their bearers would spell them on a keyboard without accents.

`words` is the one door. Scripts with rules of their own have modules: `names.alphabets` (Cyrillic, Greek, Armenian),
`names.east_asian`, `names.indic`, `names.thai`, `names.semitic` (Arabic, Hebrew). Everything else: the `anyascii`
library, one character at a time.

Latin letters: ICAO Doc 9303 part 3, section 6 (what passports print: Ä AE, Å AA, Ø OE, ß SS, Þ TH), which offers A,
O, U for Ä, Ö, Ü too, taken where the language drops the dots.
"""

from __future__ import annotations

import re
import unicodedata

from onboarding.domain.names import alphabets
from onboarding.domain.names.text import clean

#: ICAO 9303. Applied to lower case; languages below override single letters.
_ICAO = {
    "ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "æ": "ae", "ø": "oe", "œ": "oe", "ß": "ss", "þ": "th", "ð": "d",
    "đ": "d", "ł": "l", "ı": "i", "ĳ": "ij", "ŋ": "n", "ə": "e", "ħ": "h", "ŧ": "t", "ǿ": "oe", "ǽ": "ae",
}  # fmt: skip
_NO_DOTS = {"ä": "a", "ö": "o", "ü": "u"}
_DROP_DOTS_TEXT = """
    sv fi et se smn sms smj sma kk tt uz tr az tk crh hu sk sl nl af fr es ca gl pt it oc br eu cy sq is fo pl ro lt
    lv vi id ms fil sw tl mt ga eo qu gn
"""
#: Languages in which the dots mark another letter or a break, and people leave them out. All others, and whoever's
#: language is not known: ae, oe, ue, as in German.
_DROP_DOTS = frozenset(_DROP_DOTS_TEXT.split())
_DROP_RING = frozenset(("sv", "fi", "et", "se", "smn", "sms", "smj", "sma"))
_DJ = frozenset(("sr", "cnr"))

#: Apostrophes and what stands for them: the Hawaiian ʻokina, Ukrainian and Hebrew marks, the Catalan l·l.
_REMOVED = frozenset("'’‘ʼʻʹ`´′ʿʾ＇׳״·\u02bd")

_INDIC_TEXT = "DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU KANNADA MALAYALAM SINHALA"
_INDIC = frozenset(_INDIC_TEXT.split())
#: Khmer signs that shorten or silence; alone they have no sound.
_SIGNS = re.compile("[\u17c6-\u17d1\u17dd]")

#: Scripts that `words` reads only in part: letters without the vowels, or without where syllables end. A spelling in
#: Latin letters from HR comes before them. (First words of Unicode character names.)
WEAK_SCRIPTS = frozenset(("ARABIC", "HEBREW", "CJK", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "SYRIAC"))


def _script(char: str) -> str:
    """First word of the Unicode name ("CJK", "HIRAGANA", "CYRILLIC"); "" for unnamed characters."""
    return unicodedata.name(char, "").split(" ")[0].split("-")[0]


def scripts(text: str) -> frozenset[str]:
    """Scripts of the letters outside ASCII in `text`, as first words of Unicode character names."""
    return frozenset(
        _script(char) for char in text if not char.isascii() and unicodedata.category(char)[0] in "LM"
    )


def _latin(text: str, language: str) -> str:
    table = dict(_ICAO)
    if language in _DROP_DOTS:
        table |= _NO_DOTS
    if language in _DROP_RING:
        table["å"] = "a"
    if language in _DJ:
        table["đ"] = "dj"
    return alphabets.replace(text, table)


def spelling(text: str, language: str) -> str:
    """The language to spell a whole name by: `language`, unless its letters say otherwise (kana are Japanese)."""
    if scripts(text) & {"HIRAGANA", "KATAKANA"}:
        return "ja"
    return alphabets.cyrillic_language(text.lower(), language)


def _separated(char: str) -> str:
    """Letters, marks and digits stay; hyphens are one hyphen; apostrophes go; all else parts words."""
    if char in _REMOVED:
        return ""
    kind = unicodedata.category(char)
    if kind == "Pd":
        return "-"
    return char if kind[0] in "LMN" else " "


def plain(text: str | None) -> str:
    """`text` in lower case and NFC, compatibility forms resolved, with letters, marks, digits, hyphens, spaces only."""
    lowered = unicodedata.normalize("NFKC", clean(text)).replace("İ", "i").lower()
    return unicodedata.normalize("NFC", "".join(map(_separated, lowered)))


def words(text: str | None, language: str = "", *, family: bool = False) -> list[str]:
    """The words of a name part in lower-case a-z, 0-9 and inner hyphens; empty when nothing can be read.

    `language` is a BCP 47 base ("de", "sv", "uk"), "" when unknown; `family`: it is the family name, which some
    languages spell by custom. Apostrophes are removed and not turned into a break (O'Neill is oneill): `'` is
    allowed in a UPN, but must be doubled in every OData filter and quoted in every shell, and many sign-up forms
    refuse it. Emoji and signs part words.
    """
    from anyascii import anyascii

    read = re.sub("(.)々", r"\1\1", plain(text))  # the mark repeats the character before it
    language = spelling(read, language)
    found = scripts(read)
    if language in {"ja", "ko"} and "CJK" in found:
        return []
    read = _read(read, language, found, family=family)
    kept = re.sub(r"[^a-z0-9 -]", "", anyascii(_latin(read, language)).lower())
    return [word for raw in kept.split() if (word := re.sub("-+", "-", raw).strip("-"))]


def _read(text: str, language: str, found: frozenset[str], *, family: bool) -> str:
    """`text` with the scripts that have rules of their own in Latin letters."""
    if "GREEK" in found:
        text = alphabets.greek(text)
    if "CYRILLIC" in found:
        text = alphabets.cyrillic(text, language)
    if "ARMENIAN" in found:
        text = alphabets.armenian(text)
    if found & {"HIRAGANA", "KATAKANA", "HANGUL", "CJK"}:
        text = _east_asian(text, found, family=family)
    if found & {"ARABIC", "HEBREW"}:
        from onboarding.domain.names import semitic

        text = semitic.hebrew(semitic.arabic(text, language), language)
    if "THAI" in found:
        from onboarding.domain.names.thai import thai

        text = thai(text)
    if found & _INDIC:
        from onboarding.domain.names.indic import indic

        text = indic(text)
    return _SIGNS.sub("", text)


def _east_asian(text: str, found: frozenset[str], *, family: bool) -> str:
    from onboarding.domain.names import east_asian

    if found & {"HIRAGANA", "KATAKANA"}:
        text = east_asian.kana(text)
    if "HANGUL" in found:
        text = " ".join(east_asian.hangul(word, family=family) for word in text.split())
    if "CJK" in found and family:
        text = " ".join(map(east_asian.chinese_family, text.split()))
    return text
