"""CaseStore: alias rows, by which every case is found, and which reserve a user principal name once."""

from __future__ import annotations

import asyncio

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind
from onboarding.errors import StoreConflict
from tests.storage.stores import StoreUnderTest, case_id

UPN = Alias(TENANT, AliasKind.UPN, "o'neill@example.com")
ME, YOU = case_id(1), case_id(2)


async def test_the_first_claim_wins_and_a_repeat_of_it_is_harmless(store: StoreUnderTest):
    assert await store.cases.claim_alias(UPN, ME) == ME
    assert await store.cases.claim_alias(UPN, ME) == ME
    assert await store.cases.claim_alias(UPN, YOU) == ME
    assert await store.cases.owners([UPN]) == {UPN: ME}


async def test_of_many_claims_at_once_one_wins_and_all_hear_the_same(store: StoreUnderTest):
    clients = (store, store.second())
    said = await asyncio.gather(*(clients[n % 2].cases.claim_alias(UPN, case_id(n)) for n in range(24)))
    assert len(set(said)) == 1
    assert await store.cases.owners([UPN]) == {UPN: said[0]}


async def test_only_the_owner_can_release(store: StoreUnderTest):
    await store.cases.claim_alias(UPN, ME)
    await store.cases.release_alias(UPN, YOU)
    assert await store.cases.owners([UPN]) == {UPN: ME}
    await store.cases.release_alias(UPN, ME)
    assert await store.cases.owners([UPN]) == {}
    await store.cases.release_alias(UPN, ME)
    assert await store.cases.claim_alias(UPN, YOU) == YOU


async def test_only_the_owner_can_move(store: StoreUnderTest):
    with pytest.raises(StoreConflict):
        await store.cases.move_alias(UPN, ME, YOU)
    await store.cases.claim_alias(UPN, ME)
    await store.cases.move_alias(UPN, ME, YOU)
    with pytest.raises(StoreConflict):
        await store.cases.move_alias(UPN, ME, case_id(3))
    assert await store.cases.owners([UPN]) == {UPN: YOU}


@pytest.mark.parametrize(
    "value",
    [
        "007",
        "7",
        "0x7",
        "",
        " 7",
        "a/b\\c#d?e",
        "O'Neill; --",
        "%",
        "山田",
        "straße",
        "STRASSE",
        "é",
        "e\u0301",
        "x" * 300,
        "\t\n",
    ],
)
async def test_values_are_compared_exactly(store: StoreUnderTest, value: str):
    others = ["007", "7", "straße", "strasse", "é", "e\u0301", "%", "_"]
    for n, other in enumerate(others, start=10):
        if other != value:
            await store.cases.claim_alias(Alias("s", AliasKind.EMPLOYEE_ID, other), case_id(n))
    alias = Alias("s", AliasKind.EMPLOYEE_ID, value)
    assert await store.cases.owners([alias]) == {}
    assert await store.cases.claim_alias(alias, ME) == ME
    assert await store.cases.owners([alias]) == {alias: ME}
    assert await store.cases.find_aliases(value) == [(alias, ME)]


async def test_one_value_may_mean_several_things(store: StoreUnderTest):
    rows = {
        Alias("bamboohr", AliasKind.EMPLOYEE_ID, "42"): case_id(1),
        Alias("bamboohr", AliasKind.CANDIDATE_ID, "42"): case_id(2),
        Alias("greenhouse", AliasKind.CANDIDATE_ID, "42"): case_id(3),
        Alias(TENANT, AliasKind.OBJECT_ID, "42"): case_id(4),
    }
    for alias, owner in rows.items():
        assert await store.cases.claim_alias(alias, owner) == owner
    assert dict(await store.cases.find_aliases("42")) == rows
    assert await store.cases.find_aliases("4") == []
    assert await store.cases.owners(list(rows)) == rows


async def test_owners_takes_thousands_with_repeats_and_leaves_out_the_unknown(store: StoreUnderTest):
    wanted = [Alias(TENANT, AliasKind.OBJECT_ID, f"object-{n}") for n in range(1000)]
    wanted += [Alias(TENANT, AliasKind.UPN, f"object-{n}") for n in range(1000)]
    known = {alias: case_id(n) for n, alias in enumerate(wanted[::100])}
    await asyncio.gather(*(store.cases.claim_alias(alias, owner) for alias, owner in known.items()))
    assert await store.cases.owners(wanted + wanted) == known
    assert await store.cases.owners([]) == {}
