"""What somebody typed into a phone field → the digits they meant, or the reason why it is not one number.

First half of `onboarding.domain.phone`; knows no numbering plan and imports no phone library. Cleaning may
drop what carries no meaning (invisible marks, a label in brackets, spreadsheet quotes) and may set an extension
aside, but never turns a letter, an exponent or a decimal into digits: that is how a number from HR becomes
somebody else's. The forms were seen in HR exports and issue trackers; RFC 3966 gives the `tel:` parameters,
Unicode UAX #15 the compatibility folding.

The tables and patterns are in `phone.marks`, each linear or bounded by `MAX_INPUT`, so a hostile field costs
microseconds.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

from onboarding.domain.phone import marks

Problem = Literal[
    "empty", "invalid", "too_short", "too_long", "letters", "scientific_notation", "not_a_personal_number"
]

#: Longer fields are refused unread (libphonenumber has the same limit).
MAX_INPUT = 250
#: Bound of the masked form that may be logged and shown.
MAX_MASK = 40
#: Fewer digits show none in the masked form: with two shown, seven stay hidden.
MIN_TAIL = 9


@dataclass(slots=True)
class Written:
    """One number as written. `text` holds only digits, spaces and `+ ( ) . - / '`.

    international: it began with `+` or `00`, or came from a link that is international by definition
        (wa.me); `text` then starts with exactly one `+`.
    dialled: as written, where it began with `00` and no `+`; some countries dial other codes that begin so.
    decimal_tail: it ended in `.0` or `.00`, which may be a separator as well as a spreadsheet's decimal; the
        tail is still in `text`.
    """

    text: str
    extension: str | None = None
    international: bool = False
    dialled: str = ""
    decimal_tail: bool = False
    digits: str = field(init=False)

    def __post_init__(self) -> None:
        self.digits = digits_of(self.text)


def digits_of(text: str) -> str:
    """The digits of a text of ASCII characters."""
    return text.encode("ascii", "ignore").translate(None, marks.NO_DIGITS).decode("ascii")


@dataclass(slots=True)
class Cleaned:
    """`parts` has one entry for one number, more when separators say so, none when there is a `problem`."""

    parts: tuple[Written, ...] = ()
    problem: Problem | None = None


# ── masking ───────────────────────────────────────────────────────────────────────────────────────────────


def mask(raw: str | None, tail: bool = False) -> str:
    """The shape of a field in ASCII, at most `MAX_MASK` characters, from which it cannot be put together again.

    A digit is `*`, any run of letters one `a`, any run of other symbols one `?`; the separators that people put
    into numbers stay. With `tail` (the field was read as a number) the last two digits stay where there are at
    least `MIN_TAIL`, so that an operator and HR can agree on which number is meant. A field that is too long
    to show whole, or is no number and may hold anything, shows no digit at all.
    """
    if not raw:
        return ""
    shown = raw if len(raw) <= MAX_INPUT else raw[:MAX_INPUT]
    masked = shown.translate(marks.MASK) if shown.isascii() else "".join(map(_mask_one, shown))
    if "a" in masked or "?" in masked:
        masked = marks.MASKED_RUN.sub(r"\1", masked)
    if len(masked) > MAX_MASK or shown is not raw:
        return masked[: MAX_MASK - 3] + "..."
    if tail and masked.count("*") >= MIN_TAIL:
        last = masked.rfind("*")
        first = masked.rfind("*", 0, last)
        found = filter(str.isdigit, reversed(raw))
        two, one = unicodedata.digit(next(found)), unicodedata.digit(next(found))
        masked = f"{masked[:first]}{one}{masked[first + 1 : last]}{two}{masked[last + 1 :]}"
    return masked


def ending(text: str | None) -> str:
    """How every view shows a number: `…56`, its last two digits; of a text without digits nothing."""
    digits = [character for character in text or "" if character.isdigit()]
    return f"…{''.join(digits[-2:])}" if digits else ""


def _mask_one(character: str) -> str:
    if character.isascii():
        return marks.MASK[ord(character)]
    if character.isdigit():
        return "*"
    if character.isspace():
        return " "
    return "a" if character.isalpha() else "?"


# ── folding ───────────────────────────────────────────────────────────────────────────────────────────────


def _fold(raw: str) -> str:
    """Compatibility-fold to plain characters. What has no plain meaning becomes U+FFFD and fails later.

    Superscripts, circled and Roman digits do not become digits: `…567²` is a footnote, not a longer number.
    """
    out: list[str] = []
    for character in raw:
        if (known := marks.FOLD.get(character)) is not None:
            out.append(known)
        elif " " <= character <= "~":
            out.append(character)
        else:
            out.append(_fold_one(character))
    return unicodedata.normalize("NFC", "".join(out))


def _fold_one(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return ""  # direction marks, zero width characters, soft hyphens, variation selectors
    if category == "Pd":
        return "-"
    if category[0] == "Z" or character.isspace():
        return " "
    if category[0] == "M":
        return character
    folded = unicodedata.normalize("NFKC", character)
    if category[0] == "L":
        return folded
    if category[0] in "PS" and folded.isascii() and not any(c.isalnum() for c in folded):
        return folded
    return "\ufffd"


# ── links, labels, extensions, separators ─────────────────────────────────────────────────────────────────


def clean(raw: str) -> Cleaned:
    """Split a phone field into the numbers it holds. Never raises; reads nothing beyond `MAX_INPUT`."""
    if len(raw) > MAX_INPUT:
        return Cleaned(problem="too_long")
    if marks.PLAIN.match(raw) and not (len(raw) <= 10 and "-" in raw):  # which may be a date
        return Cleaned((_written(raw, None),))
    text = _unwrap(raw if raw.isascii() and raw.isprintable() else _fold(raw))
    if not text:
        return Cleaned(problem="empty")
    if marks.SCIENTIFIC.match(text):
        return Cleaned(problem="scientific_notation")
    if marks.DATE.match(text):
        return Cleaned(problem="invalid")
    if decimal := marks.DECIMAL.match(text):
        return _decimal(decimal[1], decimal[2])
    if marks.SEPARATED.match(text):
        return Cleaned((_written(text, None),))
    if link := marks.WHATSAPP.match(text):
        return Cleaned((_written("+" + link[1], None),))
    text, fax = _without_labels(_without_scheme(text))
    if fax:
        return Cleaned(problem="not_a_personal_number")
    return _parts(text)


def _unwrap(text: str) -> str:
    """Drop what a spreadsheet or a CSV writer put around the value: quotes, `=`, the text marker `'`."""
    text = text.strip()
    if text[:1] in "='\"`":
        text = text.lstrip("='\"` ").rstrip("'\"` ")
    return text.strip()


def _decimal(head: str, tail: str) -> Cleaned:
    """`447911123456.0` is a float and loses its tail; `030 123456.0` may end in a direct-dial zero: judge."""
    is_float = head[0] not in "+0" and head.isdigit()
    if tail.strip("0"):
        return Cleaned(problem="invalid") if is_float else Cleaned((_written(f"{head}.{tail}", None),))
    if is_float:
        return Cleaned((_written(head, None),))
    number = _written(f"{head}.{tail}", None)
    return Cleaned((Written(number.text, None, number.international, number.dialled, decimal_tail=True),))


def _without_scheme(text: str) -> str:
    """RFC 3966: drop `tel:` and parameters; a `phone-context=+49` completes a local number."""
    if not (scheme := marks.SCHEME.match(text)):
        return text
    text = unquote(text[scheme.end() :])
    if context := marks.CONTEXT.search(text):
        prefix = context[1].strip()
        text = marks.CONTEXT.sub("", text)
        if prefix.startswith("+") and not text.startswith("+"):
            text = prefix + text
    return marks.OTHER_PARAMETER.sub("", text)


def _without_labels(text: str) -> tuple[str, bool]:
    """Take `(home)`, `[mobile]`, `(perso)` away; between two groups of digits a label parts two numbers."""
    if not any(bracket in text for bracket in "([{<"):
        return text, False
    fax = False

    def replace(match: re.Match[str]) -> str:
        nonlocal fax
        label = match[1]
        if not any(character.isalpha() for character in label):
            return match[0]
        if marks.EXTENSION_LABEL.match(label):
            return " ext "
        fax = fax or label.strip(" .:").casefold() in marks.FAX_LABELS
        before, after = text[: match.start()], text[match.end() :]
        return " | " if marks.DIGIT.search(before) and marks.DIGIT.search(after) else " "

    replaced = marks.LABEL.sub(replace, text)
    # An extension behind a label is not a second number.
    return marks.BAR_BEFORE_EXTENSION.sub(" ", replaced), fax


def _parts(text: str) -> Cleaned:
    """Set extensions aside, split at hard separators, and refuse what is left of letters and symbols."""
    text = marks.EIGHT_TEN.sub("8 10", marks.ZERO_PLUS.sub("+", text.translate(marks.BRACKETS)))
    whole, extension = _without_extension(text)
    pieces = [piece for piece in marks.HARD_SEPARATOR.split(whole) if piece.strip()]
    found: list[Written] = []
    for piece in pieces:
        head, own = _without_extension(piece) if len(pieces) > 1 else (piece, None)
        if any(character.isalpha() for character in head):
            return Cleaned(problem="letters")
        found.append(_written(head, own))
    if not marks.DIGIT.search(whole):
        return Cleaned(problem="letters" if any(c.isalpha() for c in text) else "invalid")
    if not all(marks.DIGITS_OF_A_NUMBER.match(one.text) and marks.DIGIT.search(one.text) for one in found):
        return Cleaned(problem="invalid")
    if extension is not None and found:
        last = found[-1]
        found[-1] = Written(last.text, extension, last.international, last.dialled)
    return Cleaned(tuple(found))


def _without_extension(text: str) -> tuple[str, str | None]:
    if match := marks.EXTENSION.search(text):
        head = text[: match.start()].rstrip(" \t,;:([-/.")
        if marks.DIGIT.search(head):
            return head, match[1] or match[2]
    if match := marks.EMPTY_EXTENSION.search(text):
        return text[: match.start()].rstrip(" ([{"), None
    return text, None


def _written(text: str, extension: str | None) -> Written:
    """Recognise `+`, `++`, `(+49)`, `00`, `+00`, `00+`; everything else is left as the person wrote it."""
    text = text.strip(" \t-./")
    if "1" <= text[:1] <= "9":
        return Written(text, extension)
    if text[:1] == "+" and "1" <= text[1:2] <= "9" and "+" not in text[2:]:
        return Written(text, extension, international=True)
    if double := marks.DOUBLE_ZERO.match(text):
        dialled = "" if "+" in double[0] else text
        return Written("+" + text[double.end() :], extension, international=True, dialled=dialled)
    if pluses := marks.PLUSES.match(text):
        return Written("+" + text[pluses.end() :], extension, international=True)
    return Written(text, extension)
