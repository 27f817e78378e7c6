"""The marks people put into phone fields: tables and patterns for `onboarding.domain.phone.clean`.

Characters that stand for others, forms a whole field may have, links, words that introduce an extension,
labels, separators, prefixes. Seen in HR exports and issue trackers; RFC 3966 gives the `tel:` parameters,
ITU-T E.123 the notation with `+` and brackets. Every pattern is linear or bounded by `phone.clean.MAX_INPUT`.
"""

from __future__ import annotations

import re

# ── characters ────────────────────────────────────────────────────────────────────────────────────────────

#: What `mask` shows for each ASCII character: digits `*`, letters `a`, the rest `?`.
MASK = {code: "?" for code in range(128)}
MASK |= {ord(c): "a" for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}
MASK |= {ord(c): "*" for c in "0123456789"}
MASK |= {ord(c): c for c in " +-()[]./\\,;:#~&|='\""}

#: Every ASCII byte but the ten digits.
NO_DIGITS = bytes(code for code in range(128) if not 48 <= code <= 57)

#: A run of letters or of symbols shows as one: the lengths of words are a person's too.
MASKED_RUN = re.compile(r"(a|\?)\1+")

#: Characters whose category would mislead: dashes that are not Pd, dots, pictures of a phone, and so on.
FOLD = {
    "\u2212": "-",  # minus sign
    "\u2043": "-",  # hyphen bullet
    "\u30fc": "-",  # katakana prolonged sound mark, typed for a hyphen on Japanese keyboards
    "\uff70": "-",  # its half-width form
    "\u2500": "-",  # box drawing
    "\u00b7": ".",
    "\u2022": ".",
    "\u2219": ".",
    "\u22c5": ".",
    "\u30fb": ".",
    "\u2044": "/",
    "\u2215": "/",
    "\u2795": "+",
    "\u2019": "'",
    "\u2018": "'",
    "\u02bc": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u3010": "[",
    "\u3011": "]",
    "\u3014": "[",
    "\u3015": "]",
    "\u301c": "~",  # wave dash: a range of lines in Japan, never a hyphen
    "\uff5e": "~",
    "\u060c": ",",
    "\u061b": ";",
    "\u3001": ",",
    "\u2121": " ",  # TEL sign
    "\u20e3": "",  # enclosing keycap of an emoji digit
    "\u034f": "",  # combining grapheme joiner
    **dict.fromkeys("\n\r\u2028\u2029", "  "),  # two blanks: a soft separator
    **dict.fromkeys("\u260e\u260f\u2706\U0001f4de\U0001f4f1\U0001f4f2\U0001f3e0\U0001f3e2", " "),
}

# ── whole forms ───────────────────────────────────────────────────────────────────────────────────────────

DIGIT = re.compile(r"\d")
#: Digits, blanks, brackets and hyphens, perhaps after one `+`: nothing to clean.
PLAIN = re.compile(r"\+?[0-9][0-9 ()\-]*\Z")
#: All that may be left of one number.
DIGITS_OF_A_NUMBER = re.compile(r"[0-9+ ().\-/']*\Z")
#: One number with separators, read without a search for links, labels and extensions.
SEPARATED = re.compile(r"[ +(]*[0-9][0-9 ().\-/']*\Z")
#: `4.91761E+12`: a spreadsheet rounded the number, its last digits are gone.
SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s?[eE]\s?[+-]?\s?\d+\Z")
#: `447911123456.0`: a spreadsheet took the number for a float. No other dot or comma stands before the last one.
DECIMAL = re.compile(r"(\+?\d{3,}|\(?\+?[\d ()\-/]{7,}\d(?=[.,]0))[.,](0|00|\d{1,2})\Z")
#: `17.03.1985`, `1985-03-17`, `3/17/85`-like fields with a four-digit year, perhaps with a time of day.
DATE = re.compile(
    r"(?:[0-3]?\d([./\-])[0-3]?\d\1(?:19|20)\d\d|(?:19|20)\d\d([./\-])[01]?\d\2[0-3]?\d)"
    r"(?:[T ]+[\d:.]*)?\Z"
)

# ── links ─────────────────────────────────────────────────────────────────────────────────────────────────

SCHEME = re.compile(r"(?:tel|callto|sms)\s?:(?://)?\s*", re.IGNORECASE)
#: Click-to-chat links: international without a `+`.
WHATSAPP = re.compile(
    r"(?:https?://)?(?:www\.)?(?:wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?phone=|whatsapp://send/?\?phone=)"
    r"\s*\+?([0-9 ()\-]+)(?:[/?&#].*)?\Z",
    re.IGNORECASE,
)
#: RFC 3966: the prefix that completes a local number; the other parameters say nothing about it.
CONTEXT = re.compile(r";phone-context=([^;]*)", re.IGNORECASE)
OTHER_PARAMETER = re.compile(r";(?!ext=)[a-z][a-z-]*(?:=[^;]*)?", re.IGNORECASE)

# ── extensions and labels ─────────────────────────────────────────────────────────────────────────────────

#: Words that introduce an extension. Single letters other than `x` are not markers but typing slips.
EXTENSION_WORDS = (
    "extension|extensión|extensao|extensão|extn|ext|xtn|xt"  # en, es, pt
    "|poste|anexo|ramal|interno|interne|int|local|lokal|loc"  # fr, es, pt, it
    "|durchwahl|nebenstelle|apparat|dw|nst|app"  # de
    "|toestel|tst|anknytning|ankn|anslutning|linje|lokalnummer|alanumero|alanro"  # nl, sv, no, fi
    "|wewnętrzny|wewn|wew|klapka|linka|mellék|dahili|dah"  # pl, cs, sk, hu, tr
    "|добавочный|добав|доб|внутр|вн|вътр|εσωτερικό|εσωτ|εσ"  # ru, uk, bg, el
    "|分機|分机|转|轉|内線|內線|내선|교환"  # zh, ja, ko
    "|ต่อ|máy lẻ|nội bộ|sambungan|samb|dalaman"  # th, vi, id, ms
    "|تحويلة|داخلي|داخلی|שלוחה"  # ar, fa, he
)
#: Of more digits, fewer after a bare symbol, it would be a second number.
EXTENSION = re.compile(
    rf"(?:(?:;ext=|(?<![^\W\d_])(?:{EXTENSION_WORDS}|x)(?![^\W\d_]))[\s.:=#\-]{{0,5}}(\d{{1,7}})"
    r"|(?:[#~]|,,+|;)[\s.:=#\-]{0,5}(\d{1,5}))[\s#)\]]*\Z",
    re.IGNORECASE,
)
#: `030 123456 ext.`: the word without a number.
EMPTY_EXTENSION = re.compile(rf"[\s(\[](?:{EXTENSION_WORDS})[\s.:)\]]*\Z", re.IGNORECASE)
EXTENSION_LABEL = re.compile(rf"\s*(?:{EXTENSION_WORDS}|x)[\s.:]*\Z", re.IGNORECASE)
#: `(home)`, `[mobile]`: words in brackets, without digits.
LABEL = re.compile(r"[(\[{<]([^()\[\]{}<>\d+]{1,40})[)\]}>]")
#: Labels of a line that nobody answers.
FAX_LABELS = frozenset(
    {"fax", "telefax", "faxnummer", "télécopie", "télécopieur", "telefaks", "факс", "传真", "傳真"}
)
#: The bar `phone.clean` puts for a label, where an extension and no second number follows.
BAR_BEFORE_EXTENSION = re.compile(r"\|(?=\s*(?:ext|x|#))", re.IGNORECASE)

# ── separators and prefixes ───────────────────────────────────────────────────────────────────────────────

#: "or" and "and" in the languages of `EXTENSION_WORDS` that part words by blanks.
OR_WORDS = (
    "or|and|und|oder|ou|et|y|e|o|of|en|og|och|eller|lub|oraz|i|a|nebo|ve|veya|vagy|és|ja|tai"
    "|и|или|або|та|και|ή"
)
#: Parts two numbers wherever it stands; a `+` after a digit begins the next one.
HARD_SEPARATOR = re.compile(rf"[;,|&]|\s(?:{OR_WORDS})\s|或|または|と|(?<=\d)[\s\-/.(]*(?=\+)", re.IGNORECASE)
#: `+`, `++`, `(+`
PLUSES = re.compile(r"[\s(\-]*\+[\s+(]*")
#: `00+49`
ZERO_PLUS = re.compile(r"\A[\s(]*00[\s(]*(?=\+)")
#: `8~10`: Russia and its neighbours dial 8, wait for a tone, then 10 and the country code.
EIGHT_TEN = re.compile(r"\A[\s(]*8[\s)]*~[\s(]*10(?=\D{0,3}\d)")
#: Every bracket becomes a round one, a backslash a slash.
BRACKETS = str.maketrans("[]{}\\", "()()/")
#: `00`, `+00`, `(00`, never `000`.
DOUBLE_ZERO = re.compile(r"[\s(]*\+?[\s(]*00(?!0)[\s+)\-(./]*(?=[1-9])")
