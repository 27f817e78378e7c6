"""User principal names: an endless, fair, stable list of candidates for one person.

Limits (user resource page; page "sspr-policy" for the characters): 64 characters before the @ and 48 behind it, no
dot right before the @. What stands before it: `names.local`.

Clash order: the pattern; the patterns for names that are taken, in their order; the first pattern with 2, then 3 and
so on. Whoever reserves first gets the earliest that is free. Nobody is told apart by a middle name, a birth year or a
job, which are nobody else's business, unless the company's own patterns say so. The list depends on nothing but the
arguments, so that two workers at the same time try the same candidates in the same order and the store's
insert-if-absent decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import count as count_from

from onboarding.domain.names.local import check_pattern, limited, local_part, spelled, tidy
from onboarding.domain.names.lookalike import latin_reading, plain_word, skeleton
from onboarding.domain.names.person import NameUnusable, PersonName, base_language
from onboarding.errors import ConfigurationError

DOMAIN_LIMIT = 48
MAIL_NICKNAME_LIMIT = 64
DEFAULT_PATTERN = "{given}.{family}"

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")

_RESERVED_TEXT = """
    aadconnect abuse account accounts admin administration administrator administrators adsync all alert alerts
    anonymous api apps audit azure azuread backup billing board bot breakglass ceo cfo ciso compliance contact cto
    daemon default desktop dev devops discoverysearchmailbox dns domain dpo email emergency emergencyaccess entra
    entraid everybody everyone exchange facilities federatedemail finance ftp global globaladmin guest help helpdesk
    hostmaster hr infosec info it itsupport jobs joiner krbtgt legal localadmin localhost mail mailerdaemon marketing
    microsoft migration msol news newsletter nobody noc noreply null office onboarding onmicrosoft operations operator
    ops owner password payroll phishing postmaster press privacy recruiting register root sales scim secops secretary
    secure security service serviceaccount servicedesk soc ssladmin ssladministrator staff superuser support sync
    sysadmin system systemmailbox team tech tenantadmin test trouble undefined usenet user uucp webadmin webmaster
    webmail www
"""
#: Never given bare: the mailbox names of RFC 2142, those that certificate authorities trust (CA/Browser Forum
#: baseline requirements 3.2.2.4.4), names that Entra Connect and Exchange use, and what colleagues would take for a
#: function.
RESERVED = frozenset(_RESERVED_TEXT.split())


class Refusal(StrEnum):
    """Why a candidate is not offered to this person."""

    #: It reads like a function of the company: the next one has ".user" behind it.
    RESERVED_WORD = "reserved_word"
    #: It is the name of a protected account: taken, whether the store knows it or not.
    PROTECTED = "protected"
    #: It can be mistaken for a protected account's: an approver decides.
    LOOKALIKE = "lookalike"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One user name. `refusal` None: it may be reserved. `resembles`: the protected name it can be mistaken for."""

    upn: str
    refusal: Refusal | None = None
    resembles: str | None = None


@dataclass(frozen=True, slots=True)
class Naming:
    """The company's choices about user names. `protected`: names of privileged accounts, with or without a domain."""

    domain: str
    pattern: str = DEFAULT_PATTERN
    if_taken: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()


def check_domain(domain: str) -> str:
    """`domain` in lower case without a leading @. ConfigurationError unless Entra could take it."""
    domain = domain.strip().removeprefix("@").lower()
    if len(domain) > DOMAIN_LIMIT or not _DOMAIN.fullmatch(domain):
        raise ConfigurationError(
            "The domain for new accounts needs the form 'example.com', 48 characters at most."
        )
    return domain


def candidates(
    name: PersonName,
    naming: Naming,
    *,
    number: str | None = None,
    employee_id: str | None = None,
    locale: str | None = None,
    country: str | None = None,
) -> Iterator[Candidate]:
    """Every candidate, best first, without end and without repetition, those that are refused among them.

    Equal arguments, equal order. `locale` (else the main language of `country`) chooses the spelling of ä, å,
    Cyrillic letters and so on. A one-word name is just that word. A name that cannot be written in ASCII (emoji,
    kanji in Japan) becomes "user" and HR's number. ConfigurationError for a bad pattern or domain; never for a name.
    """
    patterns = (naming.pattern, *naming.if_taken)
    for pattern in patterns:
        check_pattern(pattern)
    domain = check_domain(naming.domain)
    person = spelled(name, base_language(locale, country), number, employee_id)
    found = [local_part(person, pattern) for pattern in patterns]
    bases = [(base, plain_word(base) in RESERVED) for base in found if base]
    if not found[0]:
        bases.insert(0, (tidy(f"user.{person.number}"), False))
    protected = _Protected.of(naming.protected)
    return _judged(bases, domain, protected, _read_as(name, patterns, protected, number, employee_id))


def upn_candidates(
    name: PersonName,
    domain: str,
    pattern: str = DEFAULT_PATTERN,
    employee_number: str | None = None,
    *,
    if_taken: Sequence[str] = (),
    locale: str | None = None,
    country: str | None = None,
) -> Iterator[str]:
    """The candidates of `candidates` that nothing speaks against, where no account is protected."""
    naming = Naming(domain, pattern, tuple(if_taken))
    found = candidates(name, naming, number=employee_number, locale=locale, country=country)
    return (each.upn for each in found if each.refusal is None)


def _read_as(
    name: PersonName,
    patterns: Sequence[str],
    protected: _Protected,
    number: str | None,
    employee_id: str | None,
) -> str | None:
    """The protected name that the written name can be mistaken for, whatever its letters are spelled as; None: none.

    Colleagues read the display name: a Cyrillic с is spelled s and looks like c.
    """
    parts = (name.given, name.family, name.preferred, name.display)
    read = [latin_reading(text) if text else text for text in parts]
    if (
        not protected.names
        or read == list(parts)
        or any(a and b is None for a, b in zip(parts, read, strict=True))
    ):
        return None
    person = spelled(PersonName(*read), "", number, employee_id)
    found = (protected.resembled_by(local_part(person, pattern)) for pattern in patterns)
    return next(filter(None, found), None)


def _judged(
    bases: Sequence[tuple[str, bool]], domain: str, protected: _Protected, read_as: str | None
) -> Iterator[Candidate]:
    """Each local part once, with what speaks against it. `read_as` speaks against the first."""
    seen: set[str] = set()
    for local, reserved in _locals(bases):
        if (
            local in seen
        ):  # two patterns may agree, and a cut name that ends in "-2" may meet its own second one
            continue
        seen.add(local)
        resembles = protected.resembled_by(local)
        refusal = Refusal.RESERVED_WORD if reserved else None
        if resembles and not reserved:
            refusal = Refusal.PROTECTED if resembles == local else Refusal.LOOKALIKE
        if read_as and not reserved:
            if refusal is None:
                refusal, resembles = Refusal.LOOKALIKE, read_as
            read_as = None
        yield Candidate(f"{local}@{domain}", refusal, resembles)


def _locals(bases: Sequence[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    """(local part, whether it is refused as a reserved word), without end. `bases`: (local part, is it reserved)."""
    for base, reserved in bases:
        if reserved:
            yield limited(base), True
        yield limited(base, ".user" if reserved else ""), False
    first, reserved = bases[0]
    base = limited(first, ".user") if reserved else first
    dash = "-" if base[-1].isdigit() else ""  # louis14-2, not louis142
    for count in count_from(2):
        yield limited(base, f"{dash}{count}"), False


@dataclass(frozen=True, slots=True)
class _Protected:
    """Protected names in lower case, without their domains, and what they look like → the first of that look."""

    names: frozenset[str]
    looks: Mapping[str, str]

    @classmethod
    @lru_cache(maxsize=4)
    def of(cls, protected: tuple[str, ...]) -> _Protected:
        """Kept, since the next hire is compared with the same ones: a thousand take 17 ms to look at."""
        looks: dict[str, str] = {}
        names = [name.strip().partition("@")[0].lower() for name in protected]
        for name in names:
            looks.setdefault(skeleton(name), name)
        looks.pop("", None)
        return cls(frozenset(names), looks)

    def resembled_by(self, local: str) -> str | None:
        """The protected name that `local` is, else one that it can be mistaken for."""
        return local if local in self.names else self.looks.get(skeleton(local)) if self.looks else None


def mail_nickname(upn: str) -> str:
    """`mailNickname` for a UPN: its local part, at most 64 characters that the property allows.

    NameUnusable when nothing of it is allowed (our own candidates always are).
    """
    local = re.sub(r"[^A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]", "", upn.partition("@")[0])
    local = re.sub(r"\.{2,}", ".", local)[:MAIL_NICKNAME_LIMIT].strip(".")
    if not local:
        raise NameUnusable("The user principal name has no character that mailNickname allows.")
    return local
