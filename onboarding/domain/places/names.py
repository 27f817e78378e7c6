"""Country texts from HR → ISO 3166-1 alpha-2, without guessing.

Sources, in this order:
1. a code: alpha-2, alpha-3 or numeric (ISO 3166-1), what HR systems use beside it ("UK", "GER"), withdrawn codes
   with one successor, the code of a part of a country ("DE-BY", ISO 3166-2), a flag;
2. `places.tables`: official names, everyday spellings and former names that CLDR does not carry, and texts
   that are known to be ambiguous;
3. the territory names of Unicode CLDR in all of Babel's locales, from `data/countries.tsv`.

A text that fits two countries gives none; so does one that fits none. The caller asks HR; it does not pick.
Babel itself is not loaded: the file is, on the first text that is no alpha-2 code.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources

from onboarding.domain.places.codes import (
    CALLING,
    DISSOLVED,
    FORMER,
    IN_ANY_CASE,
    ISO,
    KNOWN,
    OLYMPIC,
    OTHER_CODES,
)
from onboarding.domain.places.keys import joined, key, words
from onboarding.domain.places.tables import ALIASES, AMBIGUOUS, FORMER_NAMES

__all__ = ["ISO", "KNOWN", "CountryReading", "CountryReason", "alpha2", "read_country"]

#: Longer than any official name; what is longer is a sentence.
LONGEST = 120

#: Official forms in front of the name or, behind a comma or in brackets, after it. They are taken off only when
#: the name as a whole is not known: "People's Republic of China" and "State of Georgia" stand in our tables.
_FORMS = re.compile(
    r"^(?:the )?(?:(?:(?:islamic|federal|federative|hellenic|arab|co operative|socialist|bolivarian|eastern|peoples|"
    r"democratic|federal democratic|peoples democratic|democratic socialist) )?republic|(?:independent )?state|"
    r"(?:united |hashemite )?kingdom|commonwealth|principality|grand duchy|sultanate|union|"
    r"plurinational state|federated states) (?:of )?(?:the )?(.+)$"
)
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
#: A black flag and tag letters: England, Scotland, Wales (Unicode, emoji tag sequences).
_TAG_FLAG = re.compile("\U0001f3f4\U000e0067\U000e0062[\U000e0061-\U000e007a]{3}\U000e007f")
_PART = re.compile(r"([A-Z]{2})-([A-Z0-9]{1,3})")
_TURNED = re.compile(r"(.+)[,(]([^,(]+?)\)?\s*", re.DOTALL)
_BETWEEN = re.compile(r"\s[-–—|:]\s|[/()\[\]|,;]|(?<=^[A-Z]{2})\s|(?<=^[A-Z]{3})\s|\s(?=[A-Z]{2,3}$)")

#: Countries that a text may mean: none, the one, or several.
Candidates = tuple[str, ...]


class CountryReason(StrEnum):
    """Why a text is no country."""

    EMPTY = "empty"
    UNKNOWN = "unknown_country"
    AMBIGUOUS = "ambiguous_country"
    FORMER = "former_country"


@dataclass(frozen=True, slots=True)
class CountryReading:
    """`code` is alpha-2, or None with a `reason`; `candidates` are the countries an ambiguous text may mean."""

    code: str | None
    reason: CountryReason | None = None
    candidates: Candidates = ()


@dataclass(frozen=True, slots=True)
class _Index:
    names: dict[str, str]
    #: key → code → locales in which it means that.
    unclear: dict[str, dict[str, frozenset[str]]]
    #: alpha-3 and numeric codes.
    codes: dict[str, str]


@lru_cache(maxsize=1)
def _index() -> _Index:
    text = (
        resources.files("onboarding.domain.places")
        .joinpath("data", "countries.tsv")
        .read_text(encoding="utf-8")
    )
    index = _Index({}, {}, {})
    for line in text.splitlines()[1:]:
        code, first, *rest = line.split("\t")
        if code == "?":
            split = (meaning.split(":") for meaning in rest)
            index.unclear[first] = {meant: frozenset(where.split(",")) for meant, where in split}
        else:
            index.codes.update(dict.fromkeys(first.split(), code))
            index.names.update(dict.fromkeys(rest, code))
    return index


@lru_cache(maxsize=1)
def _curated() -> dict[str, Candidates]:
    """Key → what it means, of names that stand in our tables. Ambiguous texts with no candidates give ()."""
    found: dict[str, Candidates] = {
        key(name): (code,) for code, names in ALIASES.items() for name in names.split(";")
    }
    for table in (AMBIGUOUS, FORMER_NAMES):
        for names, codes in table.items():
            found.update((key(name), tuple(codes.split())) for name in names.split(";"))
    return found


@lru_cache(maxsize=1)
def _former_keys() -> frozenset[str]:
    return frozenset(key(name) for names in FORMER_NAMES for name in names.split(";"))


# --- codes ------------------------------------------------------------------------------------------------


def _of_code(text: str) -> Candidates:
    upper = text.upper()
    if upper in KNOWN:
        return (upper,) if text.isupper() or text.islower() else _or_word(text, upper)
    if upper in OTHER_CODES and (text == upper or upper in IN_ANY_CASE):
        return (OTHER_CODES[upper],)
    if text == upper and upper in FORMER:
        return (FORMER[upper],)
    if text == upper and upper in DISSOLVED:
        return tuple(DISSOLVED[upper].split())
    if len(text) == 3:
        return _of_three(text, upper)
    part = _PART.fullmatch(text)
    return _of_part(part[1], part[2]) if part else ()


def _of_three(text: str, upper: str) -> Candidates:
    """alpha-3 and numeric. "Nga" is Russia in Vietnamese and NGA is Nigeria."""
    found = None if text in CALLING else _index().codes.get(upper) or OLYMPIC.get(upper)
    if found is None:
        return ()
    return (found,) if text.isdigit() or text.isupper() else _or_word(text, found)


def _or_word(text: str, code: str) -> Candidates:
    """A code that is not in capitals may be a name: "Ao" is Austria in Vietnamese without its accent."""
    return tuple(sorted({code, *_of_key(key(text), "")}))


def _of_part(country: str, part: str) -> Candidates:
    """ISO 3166-2. "DE-BE" is Berlin, and German in Belgium written in capitals: such a text says neither."""
    from babel import localedata

    from onboarding.domain.places.regions import is_region

    if part in KNOWN and localedata.exists(f"{country.lower()}_{part}"):
        return tuple(sorted({country, part} & KNOWN))
    country = OTHER_CODES.get(country, country)
    return (country,) if country in KNOWN and is_region(country, part) else ()


def _of_flag(text: str) -> Candidates | None:
    """The flag emoji in a text, and what stands beside it, which must agree. None: there is no flag."""
    if _TAG_FLAG.search(text):
        flag: Candidates = ("GB",)
        rest = _TAG_FLAG.sub(" ", text)
    elif found := _FLAG.search(text):
        letters = "".join(chr(ord(c) - 0x1F1E6 + ord("A")) for c in found[0])
        flag, rest = _of_code(letters), _FLAG.sub(" ", text, count=1)
    else:
        return None
    return _agreeing([flag, _meanings(rest, "")]) if rest.strip() else flag


# --- names ------------------------------------------------------------------------------------------------


def _of_key(name: str, locale: str) -> Candidates:
    """What a key means; of several meanings, the one in the person's language, if it has one only."""
    if name in _curated():
        return _curated()[name]
    if name in _index().names:
        return (_index().names[name],)
    meanings = _index().unclear.get(name, {})
    base = re.split("[-_]", locale)[0].lower()
    spoken = [code for code, where in meanings.items() if base in {tag.split("_")[0] for tag in where}]
    return tuple(spoken) if len(spoken) == 1 else tuple(meanings)


def _known(name: str) -> bool:
    return name in _curated() or name in _index().names or name in _index().unclear


def _of_name(text: str, locale: str) -> Candidates | None:
    """The name as it stands, turned round at its last comma or bracket, without its official form. None: unknown.

    "China, Republic of" is looked up as a whole before "Republic of" is taken off: that one is Taiwan.
    """
    plain = words(text)
    turned = _TURNED.fullmatch(text)
    orders = [plain, [*words(turned[2]), *words(turned[1])]] if turned else [plain]
    for order in orders:
        if _known(name := joined(order)):
            return _of_key(name, locale)
    for order in reversed(orders):
        found = _FORMS.match(" ".join(order))
        if found and _known(name := joined(found[1].split())):
            return _of_key(name, locale)
    return None


def _agreeing(parts: list[Candidates]) -> Candidates:
    """Several texts in one field name one country, or nothing: "Korea (KR)" is, "Georgia, USA" is not."""
    common = set(parts[0]).intersection(*parts[1:])
    return tuple(sorted(common)) if len(common) == 1 else ()


def _meanings(text: str, locale: str) -> Candidates:
    """Every country that the text may mean."""
    bare = re.sub(r"^[\W_]+|[\W_]+$", "", text)
    if not bare:
        return ()
    if bare.isascii() and (found := _of_code(bare)):
        return found
    named = _of_name(text, locale)
    if named is not None:
        return named
    parts = [part for part in _BETWEEN.split(text) if re.search(r"\w", part)]
    return _agreeing([_meanings(part, locale) for part in parts]) if len(parts) > 1 else ()


@lru_cache(maxsize=4096)
def read_country(text: str | None, locale: str | None = None) -> CountryReading:
    """The country that `text` names, or why it names none. Never raises on any text.

    Takes ISO codes (a numeric one unless it is also a telephone code), names in all languages of CLDR, HR
    spellings ("UK", "Korea, Republic of", "The Netherlands"), flags, and several agreeing names in one field
    ("DE - Germany", "Turkey/Türkiye"). Case, accents and punctuation do not matter. `locale` (a BCP 47 tag)
    decides between two countries that share a name in different languages. Kosovo gives "XK", "Georgia" the
    country.
    """
    if text is None or not text.strip():
        return CountryReading(None, CountryReason.EMPTY)
    if len(text) > LONGEST:
        return CountryReading(None, CountryReason.UNKNOWN)
    flagged = _of_flag(text)
    clean = unicodedata.normalize("NFKC", text).strip()
    found = _meanings(clean, locale or "") if flagged is None else flagged
    if len(found) == 1:
        return CountryReading(found[0])
    bare = clean.strip(" .")
    if key(clean) in _former_keys() or bare in DISSOLVED:
        return CountryReading(None, CountryReason.FORMER, found)
    known = bool(found) or key(clean) in _curated()
    return CountryReading(None, CountryReason.AMBIGUOUS if known else CountryReason.UNKNOWN, found)


def alpha2(text: str | None, locale: str | None = None) -> str | None:
    """The code of `read_country`: alpha-2 in upper case, or None when unknown or ambiguous."""
    if text in KNOWN:
        return text
    return read_country(text, locale).code
