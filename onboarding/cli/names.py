"""`names`: what would become of a name, before anybody is hired. Reads the settings and the policy file; no store, and
the tenant only with `--role-holders`.

Lines are taken as hires in that order: whoever comes second under one name gets the next candidate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from onboarding.bootstrap import build, policy_of
from onboarding.cli import context
from onboarding.domain import names
from onboarding.domain.names.preview import Preview, preview
from onboarding.errors import ConfigurationError
from onboarding.settings import Settings

_REFUSALS = {
    names.Refusal.RESERVED_WORD: "a reserved word",
    names.Refusal.PROTECTED: "the name of a protected account",
    names.Refusal.LOOKALIKE: "can be mistaken for {resembles}: an approver decides",
}
#: Said where a hire would be compared with more names than this call knows.
POLICY_ONLY = (
    "Compared with protected_names, the sender and the service desk. A hire is compared with the holders of directory "
    "roles in the tenant, too: --role-holders reads them."
)
NOTES = {
    "few_vowels": "this script writes few vowels: a spelling in Latin letters from HR is better",
    "mandarin_reading": "read in Mandarin: a spelling in Latin letters from HR is better",
    "no_kanji_reading": "kanji have no reading that can be derived: HR has to send kana or Latin letters",
    "letter_by_letter": "spelled letter by letter: a spelling in Latin letters from HR is better",
}


@dataclass(frozen=True, slots=True)
class Person:
    """One line, or the options of the call."""

    name: names.PersonName
    language: str | None = None
    country: str | None = None
    employee_id: str | None = None


def run(args: argparse.Namespace) -> int:
    """Exit 0, also when somebody's case would be blocked: that is data; 2 for a bad option; 5 for a bad policy file;
    6 where the tenant does not say who holds roles."""
    naming = _configured()
    try:
        naming = _asked(args, naming)
        _check(naming)
    except ConfigurationError as exc:
        context.note(exc.message)
        return context.USAGE
    if not 1 <= args.count <= 200:
        context.note("--count is a number from 1 to 200.")
        return context.USAGE
    if args.role_holders:
        naming = replace(naming, protected=(*naming.protected, *asyncio.run(_role_holders())))
    elif not args.json:
        context.note(POLICY_ONLY)
    if any(field is not None for field in _fields(args)):
        _print([_one(args)], args, naming)
        return context.OK
    with ExitStack() as stack:
        lines: Iterable[str] = sys.stdin
        try:
            # Only a line feed ends a line: a lone carriage return belongs to what somebody typed.
            if args.file and args.file != "-":
                lines = stack.enter_context(
                    open(args.file, encoding="utf-8", errors="surrogateescape", newline="\n")
                )
            else:
                sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")  # type: ignore[union-attr]
        except OSError as exc:
            context.note(f"The file cannot be read: {exc.strerror}.")
            return context.USAGE
        _print((_person(line, args) for line in lines), args, naming)
    return context.OK


def _print(people: Iterable[Person], args: argparse.Namespace, naming: names.Naming) -> None:
    """One answer after the other, while questions still arrive."""
    held: set[str] = set()
    for person in people:
        found = _preview(person, naming, held, args.count)
        if found.upn:
            held.add(found.upn)
        sys.stdout.write(
            json.dumps(_as_json(person, found, args)) + "\n" if args.json else _as_text(person, found)
        )


def _configured() -> names.Naming:
    """The company's own choices: the settings and the policy file."""
    settings = Settings.from_env(context.environment())
    account = policy_of(settings).account
    ours = (settings.sender, settings.service_desk or "")
    return names.Naming(
        settings.domain,
        account.username_pattern,
        account.username_if_taken,
        (*account.protected_names, *ours),
    )


async def _role_holders() -> list[str]:
    """User names of those who hold a directory role in the tenant, read now."""
    app = build(Settings.from_env(context.environment()))
    try:
        return [user.user_principal_name for user in await app.services.directory.role_holders()]
    finally:
        await app.aclose()


def _asked(args: argparse.Namespace, naming: names.Naming) -> names.Naming:
    """The choices of the call in their place. A pattern of the call leaves the policy's second ones out."""
    if args.pattern is not None:
        naming = replace(naming, pattern=args.pattern, if_taken=())
    if args.if_taken is not None:
        naming = replace(naming, if_taken=tuple(args.if_taken))
    domain = names.check_domain(naming.domain if args.domain is None else args.domain)
    return replace(naming, domain=domain, protected=(*naming.protected, *args.protect))


def _check(naming: names.Naming) -> None:
    for pattern in (naming.pattern, *naming.if_taken):
        names.check_pattern(pattern, "The pattern")


def _fields(args: argparse.Namespace) -> tuple[str | None, ...]:
    return args.given, args.family, args.preferred, args.display


def _one(args: argparse.Namespace) -> Person:
    return Person(names.PersonName(*_fields(args)), args.language, args.country, args.employee_id)


def _person(line: str, args: argparse.Namespace) -> Person:
    given, _, rest = line.rstrip("\r\n").partition("\t")
    family, _, language = rest.partition("\t")
    name = names.PersonName(given or None, family or None)
    return Person(name, language.strip() or args.language, args.country, args.employee_id)


def _preview(person: Person, naming: names.Naming, held: set[str], count: int) -> Preview:
    return preview(
        person.name,
        naming,
        taken=held.__contains__,
        number=person.employee_id,
        locale=person.language,
        country=person.country,
        count=count,
    )


def _as_json(person: Person, found: Preview, args: argparse.Namespace) -> dict[str, Any]:
    """One object a line; absent is null, never omitted. `role_holders`: are they among the protected names?"""
    return {
        "given": names.clean(person.name.given) or None,
        "family": names.clean(person.name.family) or None,
        "language": person.language,
        "status": found.status,
        "reason": found.reason,
        "display_name": found.display_name,
        "given_name": found.given_name,
        "surname": found.surname,
        "user_principal_name": found.upn,
        "mail_nickname": found.mail_nickname,
        "candidates": list(found.candidates),
        "refused": [
            {"user_principal_name": each.upn, "reason": each.refusal, "resembles": each.resembles}
            for each in found.refused
        ],
        "notes": list(found.notes),
        "role_holders": args.role_holders,
    }


def _as_text(person: Person, found: Preview) -> str:
    """A few lines for people."""
    if found.display_name is None:
        return f"{found.status}  {found.reason}\n"
    lines = [f"{found.display_name}  →  {found.upn or f'{found.status}: {found.reason}'}"]
    if found.mail_nickname:
        lines.append(f"  mailNickname  {found.mail_nickname}")
    lines.append(f"  candidates    {' '.join(found.candidates)}")
    for each in found.refused:
        why = _REFUSALS[each.refusal].format(resembles=each.resembles) if each.refusal else ""
        lines.append(f"  refused       {each.upn}: {why}")
    lines += [f"  note          {NOTES[note]}" for note in found.notes]
    return "\n".join(lines) + "\n"
