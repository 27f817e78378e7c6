"""Text that came from HR is untrusted in HTML, in mail headers and in front of a reader's eyes."""

from __future__ import annotations

import re
import unicodedata

#: Controls, format characters (bidi overrides among them), surrogates, private use, unassigned, line breaks.
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
#: Zero-width joiner and non-joiner are part of the spelling of names in Persian and Indic scripts.
_KEPT = {"\u200c", "\u200d"}
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[^@\s<>,;:\"()\[\]\\]{1,255}")


def plain(value: str | None, limit: int = 80) -> str:
    """One line of visible text, `limit` characters at most: no header injection, no direction tricks."""
    spaced = re.sub(r"[\r\n\t\v\f\x85\u2028\u2029]+", " ", value or "")
    kept = (
        c
        for c in unicodedata.normalize("NFC", spaced)
        if c in _KEPT or unicodedata.category(c) not in _DROPPED
    )
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def address(value: str | None) -> str | None:
    """A mail address that can stand in a header as it is, or None."""
    text = (value or "").strip()
    usable = _ADDRESS.fullmatch(text) and plain(text, 320) == text and ".." not in text
    return text if usable else None
