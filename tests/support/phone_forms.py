# mypy: allow-untyped-defs, allow-untyped-calls
"""The ways one number is written, as (text, country evidence), for the matrix of all numbering plans.

International forms carry their country, so any evidence must do; national ones are read in the country given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat

from tests.support.numbering import Known, format_as, international, national

Form = Callable[[Known], str]

_SCRIPTS = {"arabic": 0x0660, "persian": 0x06F0, "devanagari": 0x0966, "bengali": 0x09E6, "thai": 0x0E50,
            "khmer": 0x17E0, "myanmar": 0x1040, "full width": 0xFF10}  # fmt: skip


def script(text: str, name: str) -> str:
    """The same digits in another script (and the full-width plus)."""
    table = {ord("0") + n: _SCRIPTS[name] + n for n in range(10)}
    if name == "full width":
        table |= {ord(c): ord(c) + 0xFEE0 for c in "+-()/."}
    return text.translate(table)


def _seps(text: str, separator: str) -> str:
    return re.sub(r"(?<=\d)[^\d]+(?=\d)", separator, text).replace("(", "").replace(")", "")


def _rest(number: Known) -> str:
    """The international format without `+CC `."""
    return international(number).removeprefix(f"+{number.code}").lstrip(" -")


INTERNATIONAL: dict[str, Form] = {
    "e164": lambda n: n.e164,
    "international": international,
    "rfc3966": lambda n: format_as(n, PhoneNumberFormat.RFC3966),
    "rfc3966 with a context": lambda n: f"tel:{n.national};phone-context=+{n.code}",
    "entra": lambda n: f"+{n.code} {n.national}",
    "00": lambda n: "00" + n.e164[1:],
    "00 spaced": lambda n: "00 " + international(n)[1:],
    "(00)": lambda n: f"(00{n.code}) {_rest(n)}",
    "+00": lambda n: "+00" + international(n)[1:],
    "dots": lambda n: _seps(international(n), "."),
    "dashes": lambda n: _seps(international(n), "-"),
    "slashes after the area": lambda n: f"+{n.code} {_rest(n).replace(' ', '/', 1)}",
    "slashes": lambda n: _seps(international(n), "/"),
    "two blanks": lambda n: _seps(international(n), "  "),
    "spaced dashes": lambda n: f"+{n.code} - {_rest(n)}",
    "(+CC)": lambda n: f"(+{n.code}) {_rest(n)}",
    "(+CC) glued": lambda n: f"(+{n.code}){n.national}",
    "+(CC)": lambda n: f"+({n.code}) {_rest(n)}",
    "+ CC": lambda n: "+ " + international(n)[1:],
    "++CC": lambda n: "+" + international(n),
    "area in brackets": lambda n: re.sub(rf"^\+{n.code}[ -](\d+)", rf"+{n.code} (\1)", international(n)),
    "square brackets": lambda n: f"[+{n.code}] {_rest(n)}",
    "no-break spaces": lambda n: international(n).replace(" ", "\u00a0"),
    "thin spaces": lambda n: international(n).replace(" ", "\u202f"),
    "non-breaking hyphens": lambda n: _seps(international(n), "\u2011"),
    "en dashes": lambda n: _seps(international(n), "\u2013"),
    "minus signs": lambda n: _seps(international(n), "\u2212"),
    "embedding marks": lambda n: f"\u202a{international(n)}\u202c",
    "override marks": lambda n: f"\u202d{n.e164}\u202c",
    "left-to-right mark": lambda n: "\u200e" + international(n),
    "zero width": lambda n: "\u200b".join(n.e164),
    "byte order mark": lambda n: "\ufeff" + n.e164,
    "variation selector": lambda n: n.e164[:4] + "\ufe0f" + n.e164[4:],
    "soft hyphen": lambda n: n.e164[:4] + "\u00ad" + n.e164[4:],
    "full width": lambda n: script(international(n), "full width"),
    "arabic digits": lambda n: script(international(n), "arabic"),
    "persian digits": lambda n: script(n.e164, "persian"),
    "devanagari digits": lambda n: script(international(n), "devanagari"),
    "bengali digits": lambda n: script(n.e164, "bengali"),
    "thai digits": lambda n: script(n.e164, "thai"),
    "khmer digits": lambda n: script(n.e164, "khmer"),
    "myanmar digits": lambda n: script(n.e164, "myanmar"),
    "apostrophe": lambda n: "'" + n.e164,
    "excel formula": lambda n: f'="{n.e164}"',
    "quoted": lambda n: f'"{international(n)}"',
    "blanks around": lambda n: f"  {international(n)}\t ",
    "line end": lambda n: international(n) + "\r\n",
    "label behind": lambda n: international(n) + " (mobile)",
    "label before": lambda n: "(home) " + international(n),
    "label in square brackets": lambda n: international(n) + " [privat]",
    "label glued": lambda n: international(n) + "(work)",
    "wa.me": lambda n: "https://wa.me/" + n.e164[1:],
    "x12": lambda n: international(n) + " x12",
    "ext. 12": lambda n: international(n) + " ext. 12",
    "ext glued": lambda n: n.e164 + "ext12",
    ";ext=12": lambda n: format_as(n, PhoneNumberFormat.RFC3966) + ";ext=12",
    "#12": lambda n: international(n) + " #12",
    "extension in brackets": lambda n: international(n) + " (ext. 12)",
    "poste 12": lambda n: international(n) + " poste 12",
    "Durchwahl 12": lambda n: international(n) + " Durchwahl 12",
    "full-width x": lambda n: script(international(n), "full width") + "　ｘ１２",
}  # fmt: skip

NATIONAL: dict[str, Form] = {
    "national": national,
    "digits": lambda n: "".join(filter(str.isdigit, national(n))),
    "dots": lambda n: _seps(national(n), "."),
    "dashes": lambda n: _seps(national(n), "-"),
    "blanks": lambda n: _seps(national(n), " "),
    "slashes": lambda n: _seps(national(n), "/"),
    "area in brackets": lambda n: re.sub(r"^(\d+)[ -]", r"(\1) ", national(n)),
    "no-break spaces": lambda n: national(n).replace(" ", "\u00a0"),
    "non-breaking hyphens": lambda n: _seps(national(n), "\u2011"),
    "full width": lambda n: script(national(n), "full width"),
    "arabic digits": lambda n: script(national(n), "arabic"),
    "devanagari digits": lambda n: script(national(n), "devanagari"),
    "embedding marks": lambda n: f"\u202a{national(n)}\u202c",
    "tel:": lambda n: "tel:" + national(n).replace(" ", "-"),
    "apostrophe": lambda n: "'" + national(n),
    "label": lambda n: national(n) + " (home)",
    "label before": lambda n: "(cell) " + national(n),
    "x12": lambda n: national(n) + " x12",
    "ext. 12": lambda n: national(n) + " ext. 12",
}

#: Right or not at all: each drops or adds something that only the plan can put right.
LOOSE: dict[str, Form] = {
    "national number alone": lambda n: n.national,
    "without trunk, grouped": lambda n: _rest(n),
    "digits.0": lambda n: "".join(filter(str.isdigit, national(n))) + ".0",
    "lost +": lambda n: n.e164[1:],
    "lost +, grouped": lambda n: international(n)[1:],
    "lost +.0": lambda n: n.e164[1:] + ".0",
    "+.0": lambda n: n.e164 + ".0",
    "0 and code": lambda n: "0" + n.e164[1:],
    "000 and code": lambda n: "000" + n.e164[1:],
    "code twice": lambda n: f"+{n.code}{n.e164[1:]}",
    "00 code twice": lambda n: f"00{n.code}{n.e164[1:]}",
    "+00 twice": lambda n: f"+{n.code}00{n.e164[1:]}",
    "+CC +CC": lambda n: f"+{n.code} {n.e164}",
    "last digit lost": lambda n: n.e164[:-1],
    "digit doubled": lambda n: n.e164 + n.e164[-1],
    "national last digit lost": lambda n: national(n)[:-1],
    "national digit doubled": lambda n: national(n) + national(n)[-1],
    "minus": lambda n: "-" + n.national,
    "+national": lambda n: "+" + "".join(filter(str.isdigit, national(n))),
    "+national number": lambda n: "+" + n.national,
    "00 national number": lambda n: "00" + n.national,
    "twice": lambda n: f"{n.e164} {n.e164}",
    "twice glued": lambda n: n.e164 + n.e164,
    "national twice": lambda n: f"{national(n)} {national(n)}",
    "national twice slash": lambda n: f"{national(n)}/{national(n)}",
    "footnote": lambda n: n.e164 + "¹",
    "1 (text) appended": lambda n: international(n) + " 1",
}

#: Of `LOOSE`: what is left may be another valid number of a plan whose numbers differ in length.
UNDETECTABLE = frozenset({
    "last digit lost", "digit doubled", "national last digit lost", "national digit doubled",
    "+national", "+national number", "00 national number", "1 (text) appended",
})  # fmt: skip


def trunk(number: Known) -> str | None:
    """The digits a person puts before a national number of this plan, or None."""
    found: str | None = PhoneMetadata.metadata_for_region(number.region, None).national_prefix
    return found


def trunk_kept(number: Known) -> Iterator[str]:
    """`+44 (0)20 …`, `+44 020 …`, `0044 (0) 20 …`: the trunk prefix after the country code."""
    if prefix := trunk(number):
        rest = _rest(number)
        yield f"+{number.code} ({prefix}){rest}"
        yield f"+{number.code} ({prefix}) {rest}"
        yield f"+{number.code}({prefix}){number.national}"
        yield f"00{number.code} ({prefix}) {rest}"
        yield f"+{number.code} {prefix}{rest}"
        yield f"+{number.code}{prefix}{number.national}"


def dialled_from(number: Known, country: str) -> str:
    """As dialled in another country, with the exit code people use there."""
    text: str = phonenumbers.format_out_of_country_calling_number(number.parsed, country)
    return text
