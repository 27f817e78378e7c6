"""Names in ASCII letters, as their bearers would spell them on a keyboard without accents.

Sources: the transliteration tables of ICAO Doc 9303 part 3, section 6 (what passports print: Ä AE, Å AA, Ø OE, ß
SS, Þ TH), which offer A, O, U for Ä, Ö, Ü too, taken where the language drops the dots; ELOT 743 (Greek); the
Ukrainian cabinet's resolution 55 of 2010; the Bulgarian transliteration act of 2009; Serbian and Macedonian
national practice; Hepburn (Japanese kana). Everything else: the `anyascii` library, one character at a time.

Known weaknesses, which no table can mend: Arabic and Hebrew write few vowels ("mhmd"); Chinese characters are
read in Mandarin, also a Hong Kong name; a kanji name has no reading that can be derived, so it gives nothing.
"""

from __future__ import annotations

import re
import unicodedata

from onboarding.domain.names_text import clean

#: ICAO 9303. Applied to lower case; languages below override single letters.
_ICAO = {
    "ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "æ": "ae", "ø": "oe", "œ": "oe", "ß": "ss", "þ": "th", "ð": "d",
    "đ": "d", "ł": "l", "ı": "i", "ĳ": "ij", "ŋ": "n", "ə": "e", "ħ": "h", "ŧ": "t", "ǿ": "oe", "ǽ": "ae",
}  # fmt: skip
_NO_DOTS = {"ä": "a", "ö": "o", "ü": "u"}
#: Languages in which the dots mark another letter or a break, and people leave them out.
_DROP_DOTS = frozenset(
    (
        "sv",
        "fi",
        "et",
        "tr",
        "az",
        "tk",
        "hu",
        "sk",
        "nl",
        "fr",
        "es",
        "ca",
        "gl",
        "pt",
        "it",
        "cy",
        "sq",
        "is",
        "fo",
    )
)
_DROP_RING = frozenset(("sv", "fi", "et"))

_UKRAINIAN = {
    "зг": "zgh", "г": "h", "ґ": "g", "є": "ie", "и": "y", "і": "i", "ї": "i", "й": "i", "х": "kh", "ц": "ts",
    "щ": "shch", "ю": "iu", "я": "ia", "ж": "zh", "ч": "ch", "ш": "sh", "ь": "",
}  # fmt: skip
_UKRAINIAN_INITIAL = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
_BULGARIAN = {"щ": "sht", "ъ": "a", "ь": "y", "ю": "yu", "я": "ya", "х": "h", "ц": "ts", "й": "y"}
_SERBIAN = {
    "ж": "z", "ч": "c", "ш": "s", "ц": "c", "х": "h", "ј": "j", "љ": "lj", "њ": "nj", "ђ": "dj", "ћ": "c",
    "џ": "dz",
}  # fmt: skip
_MACEDONIAN = {
    "ж": "zh", "ч": "ch", "ш": "sh", "ц": "c", "х": "h", "ј": "j", "љ": "lj", "њ": "nj", "ѓ": "gj", "ќ": "kj",
    "ѕ": "dz", "џ": "dj",
}  # fmt: skip
_CYRILLIC = {"uk": _UKRAINIAN, "bg": _BULGARIAN, "sr": _SERBIAN, "bs": _SERBIAN, "mk": _MACEDONIAN}

_GREEK_PAIRS = {"ου": "ou", "γγ": "ng", "γξ": "nx", "γχ": "nch"}
_GREEK = str.maketrans(dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True))) | str.maketrans(
    {"θ": "th", "χ": "ch", "ψ": "ps"}
)  # fmt: skip
#: After these, and at the end of a word, αυ, ευ, ηυ end in f; else in v.
_GREEK_VOICELESS = "θκξπσςτφχψ"

_SMALL_KANA = dict(zip("ゃゅょャュョ", "auoauo", strict=True))


def _script(char: str) -> str:
    """First word of the Unicode name ("CJK", "HIRAGANA", "CYRILLIC"); "" for unnamed characters."""
    return unicodedata.name(char, "").split(" ")[0].split("-")[0]


def has_script(text: str, *scripts: str) -> bool:
    """Does any character of `text` belong to one of `scripts` (first words of Unicode character names)?"""
    return any(not char.isascii() and _script(char) in scripts for char in text)


def _replace(text: str, table: dict[str, str]) -> str:
    pattern = "|".join(sorted(map(re.escape, table), key=len, reverse=True))
    return re.sub(pattern, lambda match: table[match[0]], text)


def _latin(text: str, language: str) -> str:
    table = dict(_ICAO)
    if language in _DROP_DOTS:
        table |= _NO_DOTS
    if language in _DROP_RING:
        table["å"] = "a"
    return _replace(text, table)


def spelling(text: str, language: str) -> str:
    """The language to spell a whole name by: `language`, unless its letters say otherwise.

    Kana are Japanese; ї є ґ are Ukrainian and ћ ђ Serbian, which matters for the letters beside them.
    """
    if has_script(text, "HIRAGANA", "KATAKANA"):
        return "ja"
    if language not in _CYRILLIC:
        if re.search("[їєґ]", text.lower()):
            return "uk"
        if re.search("[ћђ]", text.lower()):
            return "sr"
    return language


def _cyrillic(text: str, language: str) -> str:
    """By the language's own table; Russian and all others are what `anyascii` does."""
    if language not in _CYRILLIC:
        return text
    if language == "uk":
        text = re.sub(r"(?<!\w)[єїйюя]", lambda match: _UKRAINIAN_INITIAL[match[0]], text)
    if language == "bg":
        text = re.sub(r"ия(?!\w)", "ia", text)
    return _replace(text, _CYRILLIC[language])


def _greek(text: str) -> str:
    """ELOT 743. A diaeresis keeps two vowels apart (αϋ is ay, not av)."""
    text = text.replace("ϋ", "y").replace("ΰ", "y")
    text = unicodedata.normalize(
        "NFC", "".join(c for c in unicodedata.normalize("NFD", text) if c != "\u0301")
    )
    text = re.sub(rf"([αεη])υ(?=[{_GREEK_VOICELESS}]|(?!\w))", r"\1f", text)
    text = re.sub(r"([αεη])υ", r"\1v", text)
    text = re.sub(r"(?<!\w)μπ|μπ(?!\w)", "b", text)
    return _replace(text, _GREEK_PAIRS).translate(_GREEK)


def _kana(text: str) -> str:
    """Contracted and doubled kana, which cannot be read one character at a time (きょ kyo, っか kka)."""
    from anyascii import anyascii

    out: list[str] = []
    double = False
    for char in text:
        if char in "っッ":
            double = True
            continue
        if char in _SMALL_KANA and out and out[-1].endswith("i"):
            stem = out[-1][:-1]
            out[-1] = stem + ("" if stem in {"sh", "ch", "j"} else "y") + _SMALL_KANA[char]
            continue
        sound = anyascii(char).lower() if has_script(char, "HIRAGANA", "KATAKANA") else char
        if double and sound[:1].isalpha():
            sound = ("t" if sound.startswith("ch") else sound[0]) + sound
        double = False
        out.append(sound)
    return "".join(out)


def _separated(char: str) -> str:
    """Letters, marks and digits stay; hyphens are one hyphen; apostrophes go; all else parts words."""
    if char in "'’‘ʼʻʹ`´′ʿʾ＇׳":
        return ""
    kind = unicodedata.category(char)
    if kind == "Pd":
        return "-"
    return char if kind[0] in "LMN" else " "


def words(text: str | None, language: str = "") -> list[str]:
    """The words of a name part in lower-case a-z, 0-9 and inner hyphens; empty when nothing can be read.

    `language` is a BCP 47 base ("de", "sv", "uk"), "" when unknown. Apostrophes are removed and not turned into
    a break (O'Neill is oneill): `'` is allowed in a UPN, but must be doubled in every OData filter and quoted in
    every shell, and many sign-up forms refuse it. Emoji and signs part words.
    """
    from anyascii import anyascii

    plain = unicodedata.normalize("NFKC", clean(text)).replace("İ", "i").lower()
    plain = unicodedata.normalize("NFC", "".join(map(_separated, plain)))
    plain = re.sub("(.)々", r"\1\1", plain)  # the mark repeats the character before it
    language = spelling(plain, language)
    if has_script(plain, "HIRAGANA", "KATAKANA"):
        plain = _kana(plain)
    if language in {"ja", "ko"} and has_script(plain, "CJK"):
        return []
    if has_script(plain, "GREEK"):
        plain = _greek(plain)
    if has_script(plain, "CYRILLIC"):
        plain = _cyrillic(plain, language)
    ascii_text = anyascii(_latin(plain, language)).lower()
    kept = re.sub(r"[^a-z0-9 -]", "", ascii_text)
    return [word for raw in kept.split() if (word := re.sub("-+", "-", raw).strip("-"))]
