"""Fifty people of one name at once: every store gives each their own user name, without gaps, and to nobody two.

The names themselves come from `onboarding.domain.names`, the arbiter is `claim_alias` (insert if absent).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from onboarding.domain import names
from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.policy import AccountPolicy, Policy
from onboarding.ports import CaseStore, Services
from onboarding.provisioning.step import Context, Done, Outcome
from onboarding.provisioning.steps import reserve_username
from tests.storage.stores import T0, StoreUnderTest, case_id, make_case
from tests.support.doubles import Killed, World

#: Azurite answers one request after the other.
PEOPLE = {"embedded": 50, "azure": 10}
DOMAIN = "contoso.example"


class DiesAtTheWrite:
    """A worker that is killed after the claim and before the case says so."""

    def __init__(self, cases: CaseStore) -> None:
        self._cases = cases
        self.claimed: str | None = None

    async def claim_alias(self, alias: Alias, wanted: str) -> str:
        owner = await self._cases.claim_alias(alias, wanted)
        if owner == wanted:
            self.claimed = alias.value
        return owner

    async def save(self, *_: object, **__: object) -> None:
        raise Killed


def expected(count: int, policy: AccountPolicy) -> list[str]:
    """The names that `count` people called Maria Garcia have between them, whoever comes first."""
    found = names.upn_candidates(
        names.PersonName("Maria", "Garcia"),
        DOMAIN,
        policy.username_pattern,
        if_taken=policy.username_if_taken,
    )
    return list(islice(found, count))


async def reserve(services: Services, case: Case) -> Outcome:
    return await reserve_username.run(Context(services, case, T0))


async def hire(store: StoreUnderTest) -> list[Case]:
    """Cases as intake leaves them."""
    people = [
        make_case(n, at=T0, employee_id=f"e-{n}", given_name="Maria", family_name="Garcia", work_country="ES")
        for n in range(PEOPLE[store.name])
    ]
    return list(await asyncio.gather(*(store.cases.create(case) for case in people)))


def services_of(world: World, clients: Sequence[StoreUnderTest], policy: AccountPolicy) -> list[Services]:
    """As two workers have them, in two processes."""
    shared = replace(world.services(), policy=Policy(account=policy))
    return [replace(shared, cases=client.cases) for client in clients]


async def test_everybody_of_one_name_gets_their_own_without_gaps_and_keeps_it(store: StoreUnderTest) -> None:
    policy = AccountPolicy(username_if_taken=("{g}{family}", "{given}.{family}.{employee_id}"))
    plain = AccountPolicy()
    world = World()
    workers = services_of(world, (store, store.second()), plain)
    people = await hire(store)
    said = await asyncio.gather(*(reserve(workers[n % 2], case) for n, case in enumerate(people)))
    assert said == [Done()] * len(people)
    held = {case.case_id: case.intent.user_principal_name for case in people if case.intent}
    assert sorted(held.values()) == sorted(expected(len(people), plain))

    again = [await store.cases.get(case.case_id) for case in people]
    other = services_of(world, (store,), policy)[0]  # not even a changed policy renumbers anybody
    for case in again:
        assert case is not None
        assert case.intent is not None
        assert await reserve(other, case) == Done("already_reserved")
        assert case.intent.user_principal_name == held[case.case_id]
    world.close()


async def test_whoever_dies_between_the_claim_and_the_write_comes_back_to_the_same_name(
    store: StoreUnderTest,
) -> None:
    world = World()
    worker = services_of(world, (store,), AccountPolicy())[0]
    people = await hire(store)
    dying = {case.case_id: DiesAtTheWrite(store.cases) for case in people[::2]}

    async def first_try(case: Case) -> None:
        port = dying.get(case.case_id)
        try:
            await reserve(replace(worker, cases=port) if port else worker, case)  # type: ignore[arg-type]
        except Killed:
            assert port is not None

    await asyncio.gather(*(first_try(case) for case in people))
    stored = [await store.cases.get(case.case_id) for case in people]
    left = [case for case in stored if case and not case.intent]
    assert {case.case_id for case in left} == set(dying)
    await asyncio.gather(*(reserve(worker, case) for case in left))
    for case in left:
        assert case.intent is not None
        assert case.intent.user_principal_name == dying[case.case_id].claimed
    everybody = [await store.cases.get(case.case_id) for case in people]
    held = [case.intent.user_principal_name for case in everybody if case and case.intent]
    assert sorted(held) == sorted(expected(len(people), AccountPolicy()))
    world.close()


async def test_whoever_loses_the_race_takes_the_next_pattern_and_then_a_number(store: StoreUnderTest) -> None:
    policy = AccountPolicy(username_if_taken=("{g}{family}",))
    world = World()
    worker = services_of(world, (store,), policy)[0]
    people = (await hire(store))[:4]
    for case in people:
        await reserve(worker, case)
    held = [case.intent.user_principal_name.partition("@")[0] for case in people if case.intent]
    assert held == ["maria.garcia", "mgarcia", "maria.garcia2", "maria.garcia3"]
    for number, upn in enumerate(expected(4, policy)):
        alias = Alias(TENANT, AliasKind.UPN, upn)
        assert await store.cases.owners([alias]) == {alias: case_id(number)}
    world.close()
