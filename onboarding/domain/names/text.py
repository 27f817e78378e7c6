"""Text hygiene for names: what HR sends is untrusted text that ends up in a directory, in mail and on pages."""

from __future__ import annotations

import unicodedata

#: Code points that show nothing but are letters or marks by category: fillers, joiners, variation selectors
#: (Unicode's Default_Ignorable_Code_Point outside the format characters), and the blank Braille cell.
_INVISIBLE = frozenset(
    chr(point)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2065, 0x2065),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFF8),
        (0xE0000, 0xE0FFF),
    )
    for point in range(first, last + 1)
)
_SPACES = {"Zs", "Zl", "Zp"}
#: Controls (C0, C1), format characters (bidi controls, zero width, tags), lone surrogates, private use.
_DROPPED = {"Cc", "Cf", "Cs", "Co"}


def _cleaned(char: str) -> str:
    if char in "\t\n\v\f\r\x85":
        return " "
    category = unicodedata.category(char)
    if category in _SPACES:
        return " "
    return "" if category in _DROPPED or char in _INVISIBLE else char


def clean(text: str | None) -> str:
    """`text` in NFC without control, bidi and invisible characters, white space collapsed; "" for None.

    Joiners go as well: Persian and emoji sequences lose a shape but nobody's name can hide or turn text around.
    """
    visible = "".join(map(_cleaned, text or ""))
    return " ".join(unicodedata.normalize("NFC", visible).split())


def has_letter(text: str) -> bool:
    """Is there a letter or digit in it, so that somebody can be called that?"""
    return any(char.isalnum() for char in text)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def truncate(text: str, limit: int) -> str:
    """At most `limit` UTF-16 code units of `text`, cut between characters as readers see them.

    Graph's pages count "characters" without saying which; code units (what .NET counts) are never too many. A
    base letter keeps all its combining marks or goes with them. Only where the first letter alone is too long
    (hundreds of marks) is it cut within.
    """
    if _units(text) <= limit:
        return text
    end = total = 0
    for char in text:
        total += _units(char)
        if total > limit:
            break
        end += 1
    whole = end
    while whole > 0 and unicodedata.category(text[whole])[0] == "M":
        whole -= 1
    return text[: whole or end].rstrip()
