"""How a name of a country or a language is compared: the key that two spellings of one name share.

Pure text, no data. `scripts/place_index.py` makes the keys of `data/*.tsv` with it, `places.names` and
`places.languages` the keys that are looked up, so the two cannot drift apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

#: Letters that do not decompose, and letters that people write for one another (Persian and Arabic yeh and kaf).
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "ə": "e"}
    | {"ی": "ي", "ى": "ي", "ک": "ك"}
)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_ABBREVIATED = {"st": "saint", "rep": "republic", "dem": "democratic", "fed": "federal", "is": "islands"}
_FILLERS = frozenset({"the", "and", "of"})
#: Dropped inside a word: apostrophes in all their forms, and the full stops of "U.S.A".
_INSIDE = frozenset("'’ʻʼ`´.·")
#: "and" between two names, in the languages of CLDR that write it as a word of its own.
_AND = re.compile(r"(?<=\S)\s+(?:und|et|y|e|i|og|och|en|ja|ve|va|és|és|dan|và|a|и|і|та|და|և|και)\s+(?=\S)")
_BRACKETED = re.compile(r"\s*[(（\[].*?[)）\]]")


def words(text: str) -> list[str]:
    """Lower case, without accents and punctuation; marks that are letters in Indic scripts stay."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).casefold().translate(_LETTERS)
    kept = (
        c if unicodedata.category(c)[0] in "LMN" else ("" if c in _INSIDE else " ")
        for c in plain
        if not unicodedata.combining(c) and unicodedata.category(c) != "Cf"
    )
    whole = unicodedata.normalize("NFC", "".join(kept))
    return [_ABBREVIATED.get(word, word) for word in whole.split()]


def joined(parts: Iterable[str]) -> str:
    """The key of a name's words: without spaces, and without words that people leave out."""
    return "".join(word for word in parts if word not in _FILLERS)


def key(text: str) -> str:
    """The key of a whole text; "" when there is no letter or digit in it."""
    return joined(words(text))


def forms(name: str, language: str) -> Iterator[str]:
    """Ways to write a name of CLDR's: as it is, without its bracket, "&" for the and of its language, and in
    German without umlauts.
    """
    bare = _BRACKETED.sub("", name)
    for form in dict.fromkeys((name, bare)) if bare else (name,):
        yield form
        yield _AND.sub(" & ", form)
        if language == "de":
            yield form.translate(_GERMAN)
            yield _AND.sub(" & ", form.translate(_GERMAN))
