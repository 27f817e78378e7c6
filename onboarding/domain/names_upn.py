"""User principal names: an endless, fair, stable list of candidates for one person.

Limits (user resource page; page "sspr-policy" for the characters): 64 characters before the @ and 48 behind it;
A-Z a-z 0-9 ' . - _ ! # ^ ~; no dot right before the @. Ours are narrower: lower case a-z, 0-9, dot, hyphen, and
underscore from the pattern.

Clash order. The first person with a name gets it as it is, the next one 2, then 3, … in the order in which
their UPNs are reserved. Nobody is told apart by a middle name, a birth year or a job, which are nobody else's
business, and the list depends on nothing but the arguments, so that two workers at the same time try the same
candidates in the same order and the store's insert-if-absent decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from onboarding.domain.names_ascii import spelling, words
from onboarding.domain.names_lookalike import plain_word
from onboarding.domain.names_person import NameUnusable, PersonName, base_language, part, parts_in_use
from onboarding.errors import ConfigurationError

LOCAL_LIMIT = 64
DOMAIN_LIMIT = 48
MAIL_NICKNAME_LIMIT = 64

_FIELDS = ("given", "family", "g", "f", "legal_given", "employee_number")
_PATTERN = re.compile(rf"(?:\{{(?:{'|'.join(_FIELDS)})\}}|[a-z0-9._-])+")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")

_RESERVED_TEXT = """
    abuse account accounts admin administration administrator administrators all alert alerts anonymous api apps
    audit azure backup billing board bot ceo cfo ciso compliance contact cto daemon default desktop dev devops
    dns domain dpo email entra everybody everyone exchange facilities finance ftp guest help helpdesk hostmaster
    hr infosec info it itsupport jobs joiner legal localhost mail mailerdaemon marketing microsoft news newsletter
    nobody noc noreply null office onboarding operations operator ops owner password payroll phishing postmaster
    press privacy recruiting register root sales scim secops secretary secure security service servicedesk soc
    ssladmin ssladministrator staff support sync sysadmin system team tech test undefined usenet user uucp
    webadmin webmaster webmail www
"""
#: Never given bare: the mailbox names of RFC 2142, those that certificate authorities trust (CA/Browser Forum
#: baseline requirements 3.2.2.4.4), and names that colleagues would take for a function.
RESERVED = frozenset(_RESERVED_TEXT.split())

_PARTICLES_TEXT = """
    van von vom zu zur zum der den de del della dello di da do dos das du des d la le les el los las al bin binti
    bint ibn abu ter ten te op af av
"""
#: Words that belong to the family name behind them: "van der Berg" is vanderberg.
_PARTICLES = frozenset(_PARTICLES_TEXT.split())


def check_pattern(pattern: str) -> None:
    """ConfigurationError unless the pattern has a name in it and can only yield permitted characters.

    Fields: {given} (the preferred name, else the given name), {family}, {g} and {f} (their first letters),
    {legal_given} (the given name even where another is preferred), {employee_number}.
    """
    if not _PATTERN.fullmatch(pattern) or not re.search(r"\{(given|family|legal_given|g|f)\}", pattern):
        raise ConfigurationError(
            "username_pattern may hold {given} {family} {g} {f} {legal_given} {employee_number}, at least one of "
            "the names, and beside them a-z 0-9 . - _ only."
        )


def _check_domain(domain: str) -> str:
    domain = domain.strip().removeprefix("@").lower()
    if len(domain) > DOMAIN_LIMIT or not _DOMAIN.fullmatch(domain):
        raise ConfigurationError(
            "The domain for new accounts needs the form 'example.com', 48 characters at most."
        )
    return domain


def _tidy(local: str) -> str:
    """One separator at a time, none at the ends: no "..", no dot right before the @."""
    single = re.sub(r"[._-]*([._])[._-]*", r"\1", local)
    return re.sub("-+", "-", single).strip("._-")


def _joined(items: list[str], *, family: bool = False) -> str:
    """Words of one part: hyphens between them (double names), particles glued to the word they precede."""
    out = ""
    for index, word in enumerate(items):
        glue = family and word in _PARTICLES and index < len(items) - 1
        out += word + ("" if glue else "-")
    return out.strip("-")


def _whole(name: PersonName, language: str) -> str:
    """A user name from the display name alone: its words in order, "Last, First" turned round."""
    text = part(name.display) or part(name.preferred)
    last, comma, first = text.partition(",")
    return ".".join(words(f"{first} {last}" if comma else text, language))


def _base(name: PersonName, pattern: str, number: str, language: str) -> str:
    """The local part without a clash number; "" when no part of the name can be written in ASCII."""
    used_given, used_family = parts_in_use(name)
    language = spelling(f"{used_given} {used_family}", language)
    given = _joined(words(used_given, language)) or _joined(words(part(name.given), language))
    family = _joined(words(used_family, language), family=True)
    if not given or not family:
        alone = given or family or _tidy(_whole(name, language))
        return f"{alone}.{number}" if alone and number and "{employee_number}" in pattern else alone
    values = {
        "given": given,
        "family": family,
        "g": given[0],
        "f": family[0],
        "legal_given": _joined(words(part(name.given), language)) or given,
        "employee_number": number,
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], pattern)


def _limited(base: str, suffix: str) -> str:
    return base[: LOCAL_LIMIT - len(suffix)].rstrip("._-") + suffix


def upn_candidates(
    name: PersonName,
    domain: str,
    pattern: str = "{given}.{family}",
    employee_number: str | None = None,
    *,
    locale: str | None = None,
    country: str | None = None,
) -> Iterator[str]:
    """Candidates for a UPN, best first, without end and without repetition; equal arguments, equal order.

    `locale` (else the main language of `country`) chooses the spelling of ä, å, Cyrillic letters and so on. A
    one-word name is just that word. A reserved word gets ".user" behind it. A name that cannot be written in
    ASCII (emoji, kanji in Japan) becomes "user" and the employee number. ConfigurationError for a bad pattern
    or domain; never for a name.
    """
    check_pattern(pattern)
    behind = _check_domain(domain)
    language = base_language(locale, country)
    number = "-".join(words(employee_number))
    base = _tidy(_base(name, pattern, number, language))
    if not base:
        base = _tidy(f"user.{number}")
    elif plain_word(base) in RESERVED:
        base = _limited(base, ".user")
    return _numbered(base, behind)


def _numbered(base: str, domain: str) -> Iterator[str]:
    dash = "-" if base[-1].isdigit() else ""  # louis14-2, not louis142
    seen: set[str] = set()
    count = 1
    while True:
        local = _limited(base, "" if count == 1 else f"{dash}{count}")
        if local not in seen:  # a name that ends in "-2" may, once cut, meet its own second candidate
            seen.add(local)
            yield f"{local}@{domain}"
        count += 1


def mail_nickname(upn: str) -> str:
    """`mailNickname` for a UPN: its local part, at most 64 characters that the property allows.

    NameUnusable when nothing of it is allowed (our own candidates always are).
    """
    local = re.sub(r"[^A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]", "", upn.partition("@")[0])
    local = re.sub(r"\.{2,}", ".", local)[:MAIL_NICKNAME_LIMIT].strip(".")
    if not local:
        raise NameUnusable("The user principal name has no character that mailNickname allows.")
    return local
