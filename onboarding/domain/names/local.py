"""The part of a user name before the @: a person's name put into the company's pattern.

Ours are narrower than Entra's (A-Z a-z 0-9 ' . - _ ! # ^ ~): lower case a-z, 0-9, dot, hyphen, and underscore from
the pattern. One separator at a time, none at the ends: no "..", no dot right before the @.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onboarding.domain.names.ascii import WEAK_SCRIPTS, scripts, spelling, words
from onboarding.domain.names.person import PersonName, core_family, core_given, part, preferred_given
from onboarding.errors import ConfigurationError

LOCAL_LIMIT = 64

#: field → whether it holds a part of the name.
FIELDS = {
    "given": True, "family": True, "g": True, "f": True, "first_given": True, "first_family": True,
    "last_family": True, "legal_given": True, "employee_number": False, "employee_id": False,
}  # fmt: skip
_FIELD = re.compile(r"\{([^{}]*)\}")

_PARTICLES_TEXT = """
    van von vom zu zur zum und auf aus im in der den de dela delos delas del della dello di da do dos das du des d dal
    dalla lo la le les el los las al ul bin binti bint ibn ben bar abu ter ten te op onder het af av o ni nic mac mc ui
"""
#: Words that belong to the family name behind them: "van der Berg" is vanderberg, "Ó Néill" oneill.
_PARTICLES = frozenset(_PARTICLES_TEXT.split())
#: Languages without such words, whose family names look like them (Lê, Đỗ, Ni, Mac).
_NO_PARTICLES = frozenset(("vi", "zh", "yue", "ko", "ja", "th"))
#: Also where a hyphen ties them: al-Farsi, as Arabic writes it in one word.
_ARTICLES = re.compile(r"(?<![a-z0-9])(al|el|ul|ad|as|ash|an|ar|az)-(?=[a-z]{3})")


def check_pattern(pattern: str, setting: str = "account.username_pattern") -> None:
    """ConfigurationError unless the pattern has a field in it and can only yield permitted characters."""
    unknown = [name for name in _FIELD.findall(pattern) if name not in FIELDS]
    beside = sorted(set(re.sub(r"[a-z0-9._-]", "", _FIELD.sub("", pattern))))
    if unknown:
        wrong = f"there is no field '{unknown[0]}'."
    elif beside:
        wrong = f"{' '.join(map(repr, beside))} cannot be in it."
    elif not _FIELD.search(pattern):
        wrong = "it has no field, so everybody would get the same name."
    else:
        return
    known = " ".join(f"{{{name}}}" for name in FIELDS)
    raise ConfigurationError(f"{setting}: {wrong} Fields: {known}; beside them a-z 0-9 . - _ only.")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A person's name in ASCII: words of both parts, particles already glued; the number and id of HR, "" if none."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    legal_given: tuple[str, ...]
    number: str = ""
    employee_id: str = ""


def spelled(name: PersonName, language: str, number: str | None, employee_id: str | None) -> Spelled:
    """The name as its bearer would write it in ASCII.

    Where HR sent one field in Latin letters and another in a script that cannot be read in full (kanji, Arabic),
    the Latin one counts: the given name before the preferred one, a display name before both.
    """
    family = core_family(part(name.family))
    used, legal = preferred_given(name), part(name.given)
    display = part(name.display)
    if (used or legal) and _weak(used or legal) and legal and not _weak(legal):
        used = legal
    elif display and not _weak(display) and any(map(_weak, (used or legal, family))):
        used = legal = family = ""
    used, legal = (core_given(text, with_family=bool(family)) for text in (used or legal, legal))
    language = spelling(f"{used} {family}", language)
    given = words(used, language) or words(legal, language)
    last = _glued(words(family, language, family=True), language)
    if not (given or last):
        given, last = _whole(display or part(name.preferred), language)
    numbers = ["-".join(words(each)) for each in (number, employee_id)]
    ids = (numbers[0] or numbers[1], numbers[1] or numbers[0])
    return Spelled(tuple(given), tuple(last), tuple(words(legal, language) or given), *ids)


def _weak(text: str) -> bool:
    return bool(scripts(text) & WEAK_SCRIPTS)


def _whole(text: str, language: str) -> tuple[list[str], list[str]]:
    """(given, family) of a name in one piece: the last word, with its particles, is the family's; or "Last, First"."""
    last, comma, first = text.partition(",")
    if comma and (given := words(core_given(first, with_family=True), language)):
        return given, _glued(words(core_family(last), language), language)
    found = words(core_family(core_given(text, with_family=False)), language)
    start = len(found) - 1
    while start > 1 and found[start - 1] in _PARTICLES:
        start -= 1
    return found[:start], _glued(found[start:], language)


def _glued(items: list[str], language: str) -> list[str]:
    """Particles glued to the word they precede."""
    if language in _NO_PARTICLES:
        return items
    out: list[str] = []
    stem = ""
    for index, word in enumerate(items):
        stem += _ARTICLES.sub(r"\1", word)
        if word not in _PARTICLES or index == len(items) - 1:
            out.append(stem)
            stem = ""
    return out


def tidy(local: str) -> str:
    """One separator at a time, none at the ends: no "..", no dot right before the @."""
    single = re.sub(r"[._-]*([._])[._-]*", r"\1", local)
    return re.sub("-+", "-", single).strip("._-")


def local_part(name: Spelled, pattern: str) -> str:
    """The pattern filled; a one-word name is that word under every pattern; "" when nothing could be read."""
    asked = set(_FIELD.findall(pattern))
    given, family = "-".join(name.given), "-".join(name.family)
    if any(FIELDS[field] for field in asked) and not (given and family):
        alone = given or family
        number = name.number if asked & {"employee_number", "employee_id"} else ""
        return tidy(f"{alone}.{number}") if alone else ""
    values = {
        "given": given,
        "family": family,
        "g": given[:1],
        "f": family[:1],
        "first_given": name.given[0] if name.given else "",
        "first_family": name.family[0] if name.family else "",
        "last_family": name.family[-1] if name.family else "",
        "legal_given": "-".join(name.legal_given),
        "employee_number": name.number,
        "employee_id": name.employee_id,
    }
    return tidy(_FIELD.sub(lambda match: values[match[1]], pattern))


def limited(base: str, suffix: str = "") -> str:
    """`base` and `suffix` in 64 characters, never with a separator where `base` was cut."""
    return base[: LOCAL_LIMIT - len(suffix)].rstrip("._-") + suffix
