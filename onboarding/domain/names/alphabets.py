"""Cyrillic, Greek and Armenian names by the rules of their own countries.

Sources: the Ukrainian cabinet's resolution 55 of 2010; the Bulgarian transliteration act of 2009; the Belarusian
interior ministry's instruction 288 of 2008 (passports); Serbian and Macedonian national practice; the Latin
alphabets of Uzbekistan (1995) and, for Kazakh, what passports print; MNS 5217 of Mongolia; ELOT 743 (Greek);
BGN/PCGN 1981 without marks (Armenian). Russian and every other Cyrillic language: what `anyascii` does, which is
BGN/PCGN 1947 as commonly simplified (Юрий yuriy, Щукин shchukin).
"""

from __future__ import annotations

import re
import unicodedata

_UKRAINIAN = {
    "зг": "zgh", "г": "h", "ґ": "g", "є": "ie", "и": "y", "і": "i", "ї": "i", "й": "i", "х": "kh", "ц": "ts",
    "щ": "shch", "ю": "iu", "я": "ia", "ж": "zh", "ч": "ch", "ш": "sh", "ь": "",
}  # fmt: skip
_BELARUSIAN = {
    "г": "h", "ґ": "g", "ё": "io", "і": "i", "й": "i", "ў": "u", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh",
    "ж": "zh", "ы": "y", "ю": "iu", "я": "ia", "ь": "",
}  # fmt: skip
#: At the beginning of a word.
_INITIAL = {
    "uk": {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"},
    "be": {"е": "ye", "ё": "yo", "ю": "yu", "я": "ya"},
    "mn": {"е": "ye"},
}
_BULGARIAN = {"щ": "sht", "ъ": "a", "ь": "y", "ю": "yu", "я": "ya", "х": "h", "ц": "ts", "й": "y"}
_SERBIAN = {
    "ж": "z", "ч": "c", "ш": "s", "ц": "c", "х": "h", "ј": "j", "љ": "lj", "њ": "nj", "ђ": "dj", "ћ": "c",
    "џ": "dz",
}  # fmt: skip
_MACEDONIAN = {
    "ж": "zh", "ч": "ch", "ш": "sh", "ц": "c", "х": "h", "ј": "j", "љ": "lj", "њ": "nj", "ѓ": "gj", "ќ": "kj",
    "ѕ": "dz", "џ": "dj",
}  # fmt: skip
_UZBEK = {"ў": "o", "ғ": "g", "қ": "q", "ҳ": "h", "х": "x", "ж": "j", "ч": "ch", "ш": "sh"}
_CYRILLIC = {
    "uk": _UKRAINIAN,
    "be": _BELARUSIAN,
    "bg": _BULGARIAN,
    "sr": _SERBIAN,
    "bs": _SERBIAN,
    "cnr": _SERBIAN,
    "mk": _MACEDONIAN,
    "uz": _UZBEK,
    "kk": {"ғ": "g", "қ": "k", "ң": "n", "ө": "o", "ұ": "u", "ү": "u", "і": "i", "ә": "a", "һ": "h"},
    "ky": {"ңг": "ng", "ң": "ng", "ө": "o", "ү": "u"},
    "mn": {"ж": "j", "й": "i", "е": "ye", "ө": "o", "ү": "u", "х": "kh", "ц": "ts", "ь": "i"},
}

_GREEK_PAIRS = {"ου": "ou", "γγ": "ng", "γξ": "nx", "γχ": "nch"}
_GREEK = str.maketrans(
    {
        **dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True)),
        "θ": "th",
        "χ": "ch",
        "ψ": "ps",
    }
)
#: After these, and at the end of a word, αυ, ευ, ηυ end in f; else in v.
_GREEK_VOICELESS = "θκξπσςτφχψ"

_ARMENIAN = {"ու": "u", "եւ": "ev", "իւ": "yu", "ռ": "r", "ւ": "v", "օ": "o"}
_ARMENIAN_INITIAL = {"ո(?!ւ|վ)": "vo", "ե(?!ւ)": "ye"}


def pairs(text: str) -> dict[str, str]:
    """A table written as words: name, spelling, name, spelling."""
    items = text.split()
    return dict(zip(items[::2], items[1::2], strict=True))


def replace(text: str, table: dict[str, str]) -> str:
    """Every key of `table` in `text` as its value, the longest first."""
    pattern = "|".join(sorted(map(re.escape, table), key=len, reverse=True))
    return re.sub(pattern, lambda match: table[match[0]], text)


def cyrillic_language(text: str, language: str) -> str:
    """The language to read Cyrillic letters by: `language`, unless the letters say otherwise.

    ї є ґ are Ukrainian, ў without them Belarusian or Uzbek, ћ ђ Serbian: they matter for the letters beside them.
    """
    if language in _CYRILLIC:
        return language
    if re.search("[їєґ]", text):
        return "uk"
    if re.search("[ћђ]", text):
        return "sr"
    return "be" if "ў" in text and re.search("[іы]", text) else language


def cyrillic(text: str, language: str) -> str:
    """By the language's own table; what it does not name is left for `anyascii`."""
    if language not in _CYRILLIC:
        return text
    if initial := _INITIAL.get(language):
        text = re.sub(rf"(?<!\w)[{''.join(initial)}]", lambda match: initial[match[0]], text)
    if language == "bg":
        text = re.sub(r"ия(?!\w)", "ia", text)
    if language == "be":
        text = re.sub(r"(?<=[ыі])й(?!\w)", "", text)  # Юрый is Yury
    return replace(text, _CYRILLIC[language])


def greek(text: str) -> str:
    """ELOT 743. A diaeresis keeps two vowels apart (αϋ is ay, not av)."""
    text = text.replace("ϋ", "y").replace("ΰ", "y")
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if char != "\u0301")
    text = unicodedata.normalize("NFC", bare)
    text = re.sub(rf"([αεη])υ(?=[{_GREEK_VOICELESS}]|(?!\w))", r"\1f", text)
    text = re.sub(r"([αεη])υ", r"\1v", text)
    text = re.sub(r"(?<!\w)μπ|μπ(?!\w)", "b", text)
    return replace(text, _GREEK_PAIRS).translate(_GREEK)


def armenian(text: str) -> str:
    """ու is u, ո at the beginning vo, ե at the beginning ye (Ոսկանյան Voskanyan)."""
    for pattern, sound in _ARMENIAN_INITIAL.items():
        text = re.sub(rf"(?<!\w){pattern}", sound, text)
    return replace(text, _ARMENIAN)
