"""What would become of a name: everything that provisioning derives from it, and why. Reserves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from onboarding.domain.names import NameUnusable, display_name, given_name, surname
from onboarding.domain.names.ascii import WEAK_SCRIPTS, scripts
from onboarding.domain.names.person import PersonName, base_language
from onboarding.domain.names.upn import Candidate, Naming, Refusal, candidates, mail_nickname

#: Scripts whose reading is only part of the truth → what is missing.
_DOUBTS = {"ARABIC": "few_vowels", "HEBREW": "few_vowels", "SYRIAC": "few_vowels", "CJK": "mandarin_reading"}


@dataclass(frozen=True, slots=True)
class Preview:
    """One person. `status` ok or blocked; `reason` is the case's reason code, null when ok.

    `upn` is the earliest candidate that nobody holds; `candidates` those that would be tried after it, too; `refused`
    those that are left out before it, each with its reason and the protected name that it resembles. `notes`: codes
    for what a person should know of the spelling.
    """

    status: str
    reason: str | None
    display_name: str | None
    given_name: str | None
    surname: str | None
    upn: str | None
    mail_nickname: str | None
    candidates: tuple[str, ...]
    refused: tuple[Candidate, ...]
    notes: tuple[str, ...]


def preview(
    name: PersonName,
    naming: Naming,
    *,
    taken: Callable[[str], bool] = lambda _: False,
    number: str | None = None,
    locale: str | None = None,
    country: str | None = None,
    count: int = 5,
    limit: int = 200,
) -> Preview:
    """As `reserve_username` would decide where `taken` says which names others hold. `limit`: names that are tried.

    ConfigurationError for a bad pattern or domain; never for a name.
    """
    try:
        shown = display_name(name, locale, country)
    except NameUnusable:
        return Preview("blocked", "name_unusable", None, None, None, None, None, (), (), ())
    every = islice(candidates(name, naming, number=number, locale=locale, country=country), limit)
    tried = [each for each in every if not taken(each.upn)]
    first = next((each for each in tried if each.refusal in {None, Refusal.LOOKALIKE}), None)
    usable = [each.upn for each in tried if each.refusal is None]
    waits = first is not None and first.refusal is Refusal.LOOKALIKE
    reason = "no_free_username" if first is None else "needs_approval_lookalike" if waits else None
    upn = first.upn if first and not reason else None
    return Preview(
        "blocked" if reason else "ok",
        reason,
        shown,
        given_name(name),
        surname(name),
        upn,
        mail_nickname(upn) if upn else None,
        tuple(usable[:count]),
        tuple(each for each in tried[: count + 1] if each.refusal),
        notes(name, naming, locale, country),
    )


def notes(name: PersonName, naming: Naming, locale: str | None, country: str | None) -> tuple[str, ...]:
    """Doubts about the spelling, as codes: `few_vowels`, `mandarin_reading`, `no_kanji_reading`, `letter_by_letter`.

    Empty where HR sent a spelling in Latin letters.
    """
    first = next(candidates(name, naming, locale=locale, country=country)).upn
    latin = PersonName(*(text if not _weak(text) else None for text in _fields(name)))
    if any(_fields(latin)) and first == next(candidates(latin, naming, locale=locale, country=country)).upn:
        return ()
    found = set()
    for script in sorted(_weak(" ".join(filter(None, _fields(name))))):
        if script == "CJK" and base_language(locale, country) in {"ja", "ko"}:
            found.add("no_kanji_reading")
        else:
            found.add(_DOUBTS.get(script, "letter_by_letter"))
    return tuple(sorted(found))


def _fields(name: PersonName) -> tuple[str | None, ...]:
    return name.given, name.family, name.preferred, name.display


def _weak(text: str | None) -> frozenset[str]:
    return scripts(text or "") & WEAK_SCRIPTS
