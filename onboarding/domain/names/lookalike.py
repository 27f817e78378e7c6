"""Names that look like other names: so that nobody is given an account that reads like an administrator's.

A much reduced form of the skeletons of Unicode Technical Standard 39 (section 4, confusable detection), enough
for user names, which are ASCII, and for the letters of other scripts that pass for Latin ones in display names.
"""

from __future__ import annotations

import unicodedata

from onboarding.domain.names.text import clean

_LETTERS = str.maketrans(
    {
        # Cyrillic
        "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "і": "i", "ј": "j", "к": "k", "ӏ": "l",
        "м": "m", "н": "h", "о": "o", "р": "p", "ԛ": "q", "ѕ": "s", "т": "t", "у": "y", "х": "x", "ԝ": "w",
        # Greek
        "α": "a", "β": "b", "ε": "e", "η": "n", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t",
        "υ": "u", "χ": "x", "γ": "y", "ω": "w",
        # Armenian, Latin letters without a decomposition, signs
        "օ": "o", "ս": "u", "հ": "h", "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "$": "s", "@": "a",
        "|": "l", "!": "l",
    }
)  # fmt: skip
#: ASCII shapes. A capital I is an l, and systems capitalise as they like, so i, l and 1 are one.
_DIGITS = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "8": "b"})
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
#: Words that people write with digits to get past a list.
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "$": "s", "@": "a"})


def _base(text: str) -> str:
    """Lower case, letters of other scripts as the Latin ones they pass for, accents and separators gone."""
    decomposed = unicodedata.normalize("NFKD", clean(text)).casefold().translate(_LETTERS)
    return "".join(c for c in decomposed if c.isalnum())


def skeleton(text: str) -> str:
    """A string that two texts share exactly when they look alike. Only for comparing, never for showing."""
    shape = _base(text).translate(_DIGITS)
    for pair, letter in _PAIRS:
        shape = shape.replace(pair, letter)
    return shape


def looks_like(a: str, b: str) -> bool:
    """Would a reader take `a` for `b`? True for equal texts, too.

    Case, accents, separators (`.`, `-`, `_`), 0/o, 1/l/i, rn/m, vv/w, cl/d and the look-alikes of other scripts
    do not count. Compare user names without their domains. Errs on the side of True: the price is a number
    behind a name.
    """
    return skeleton(a) == skeleton(b)


def latin_reading(text: str) -> str | None:
    """The Latin word that `text` passes for: "Grасе" with three Cyrillic letters is "grace".

    `text` itself where no Cyrillic, Greek or Armenian letter stands in it; None where one of them passes for nothing.
    """
    if not any(_foreign(c) for c in text):
        return text
    read = unicodedata.normalize("NFKD", clean(text)).casefold().translate(_LETTERS)
    return None if any(_foreign(c) for c in read) else read


def _foreign(letter: str) -> bool:
    return letter.isalpha() and unicodedata.name(letter, "").startswith(("CYRILLIC", "GREEK", "ARMENIAN"))


def plain_word(text: str) -> str:
    """`text` as the word it wants to be read as: "r00t" root, "post.master" postmaster, "admin2" admin."""
    word = _base(text).rstrip("0123456789")
    if not word:
        return _base(text)  # only digits: a number, not a word written with digits
    word = word.translate(_LEET)
    for pair, letter in _PAIRS[:2]:
        word = word.replace(pair, letter)
    return word
