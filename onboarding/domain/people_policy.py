"""Rules about people, as data in the policy file: who is synced or a guest, and who gets which group and licence.

A rule names what it looks at; what it leaves empty it does not look at. Texts are compared without regard to case and
outer spaces, countries by their code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from onboarding.domain.case import Case
from onboarding.domain.places.place import place_of
from onboarding.errors import ConfigurationError

_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which people a rule is for. Every list that is not empty must hold the person's own value."""

    #: Names of HR sources (`hr/{source}`).
    source: tuple[str, ...] = ()
    #: ISO alpha-2 of the work country, else of the home country.
    country: tuple[str, ...] = ()
    department: tuple[str, ...] = ()
    #: As HR writes it.
    employment_type: tuple[str, ...] = ()
    #: HR's legal entity.
    company: tuple[str, ...] = ()

    def fits(self, case: Case) -> bool:
        """True for a person of this rule; without any list it is for everybody."""
        hire = case.hire
        return all(
            not wanted or _folded(value) in {_folded(item) for item in wanted}
            for wanted, value in (
                (self.source, case.source),
                (self.country, place_of(hire).country),
                (self.department, hire.department),
                (self.employment_type, hire.employment_type),
                (self.company, hire.legal_entity),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableRule(Match):
    """Another lead time for some people; the first rule that fits is the one."""

    days_before_start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule(Match):
    """People of this rule become members."""

    #: Object id.
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceRule(Match):
    """People of this rule hold this licence."""

    #: skuId of `GET /subscribedSkus`.
    sku: str
    #: servicePlanIds that stay off.
    disabled_plans: tuple[str, ...] = ()
    #: A group brings it (group-based licensing): nothing is assigned, only expected.
    by_group: bool = False
    #: It brings a mailbox.
    mailbox: bool = False


@dataclass(frozen=True, slots=True)
class PeoplePolicy:
    """Who is treated in another way, and which accounts are never written to."""

    #: Their accounts come from Active Directory: nothing is created and nothing written, they are only followed up.
    synced: tuple[Match, ...] = ()
    #: An account that does not come from the sync is asked for at HR's administrators this many days after the start.
    sync_give_up_days_after_start: int = 3
    #: Refused: guests are invited, not created, and keep their own company's credentials.
    guests: tuple[Match, ...] = (Match(employment_type=("guest",)),)
    #: Object ids or user principal names (break-glass, service, shared, room, sync accounts): no path writes to them.
    protected_accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupsPolicy:
    """Memberships that come with a first day."""

    #: The only groups that may ever be given: a rule with another one is refused when the file is read.
    allowed: tuple[str, ...] = ()
    #: The group for which self-service password reset is switched on; everybody becomes a member. Empty: none.
    sspr_scope: str = ""
    rules: tuple[GroupRule, ...] = ()


@dataclass(frozen=True, slots=True)
class LicencesPolicy:
    """Licences that come with a first day. All rules that fit count."""

    rules: tuple[LicenceRule, ...] = ()


@dataclass(frozen=True, slots=True)
class MailboxPolicy:
    """Whether a mailbox comes, and how long it is waited for."""

    #: People who get one in a way that no licence rule says.
    expected_for: tuple[Match, ...] = ()
    #: People without one (frontline): messages go to their private address.
    none_for: tuple[Match, ...] = ()
    #: After this nobody waits any longer. Microsoft's known issues speak of 15 minutes.
    wait_minutes: int = 60


def called(people: PeoplePolicy, case: Case) -> str | None:
    """What HR calls the person for whom no account is made here: a `guest`, `synced` from Active Directory, or
    neither."""
    if any_fits(people.guests, case):
        return "guest"
    return "synced" if any_fits(people.synced, case) else None


def any_fits(rules: Iterable[Match], case: Case) -> bool:
    """Is the person one of these?"""
    return any(rule.fits(case) for rule in rules)


def groups_for(policy: GroupsPolicy, case: Case) -> tuple[str, ...]:
    """Object ids in lower case, in the order of the file, each once."""
    wanted = [policy.sspr_scope, *(rule.group for rule in policy.rules if rule.fits(case))]
    return tuple(dict.fromkeys(group.lower() for group in wanted if group))


def licences_for(policy: LicencesPolicy, case: Case) -> tuple[LicenceRule, ...]:
    """The rules that fit; of several for one SKU the first."""
    found: dict[str, LicenceRule] = {}
    for rule in policy.rules:
        if rule.fits(case):
            found.setdefault(rule.sku.lower(), rule)
    return tuple(found.values())


def mailbox_expected(mailbox: MailboxPolicy, licences: LicencesPolicy, case: Case) -> bool | None:
    """True: one comes. False: none does. None: the policy says nothing about it."""
    if any_fits(mailbox.none_for, case):
        return False
    if any_fits(mailbox.expected_for, case):
        return True
    if not licences.rules:
        return None
    return any(rule.mailbox for rule in licences_for(licences, case))


def check_groups(policy: GroupsPolicy) -> None:
    """Raises ConfigurationError for what is no id, and for a group outside the allow-list."""
    allowed = {_guid(group, "groups.allowed") for group in policy.allowed}
    named = [("groups.sspr_scope", policy.sspr_scope)] if policy.sspr_scope else []
    named += [(f"groups.rules, number {n}", rule.group) for n, rule in enumerate(policy.rules, start=1)]
    for place, group in named:
        if _guid(group, place) not in allowed:
            raise ConfigurationError(
                f"{place}: '{group}' is not in groups.allowed; add it there or take it out."
            )


def check_licences(policy: LicencesPolicy) -> None:
    """Raises ConfigurationError for what is no id."""
    for number, rule in enumerate(policy.rules, start=1):
        for value in (rule.sku, *rule.disabled_plans):
            _guid(value, f"licences.rules, number {number}")


def check_people(policy: PeoplePolicy) -> None:
    """Raises ConfigurationError: a rule that is for everybody would leave nobody to create."""
    for name, rules in (("synced", policy.synced), ("guests", policy.guests)):
        if Match() in rules:
            raise ConfigurationError(
                f"people.{name}: a rule says which people; an empty one would be everybody."
            )
    for account in policy.protected_accounts:
        if "@" not in account and not _GUID.fullmatch(account.lower()):
            raise ConfigurationError(
                f"people.protected_accounts: '{account}' is neither an object id nor a user principal name."
            )


def _guid(value: str, place: str) -> str:
    if not _GUID.fullmatch(value.lower()):
        raise ConfigurationError(
            f"{place}: '{value}' is no id; write it as Entra shows it, 8-4-4-4-12 digits."
        )
    return value.lower()


def _folded(value: str | None) -> str:
    return (value or "").strip().casefold()
