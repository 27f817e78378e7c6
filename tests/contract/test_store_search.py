"""CaseStore: search rows. What an operator types finds the person; pages neither repeat nor skip."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from onboarding.domain.account import Account, AccountIntent
from onboarding.domain.case import JOINED
from onboarding.domain.evidence import Recoverable, Status
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction
from onboarding.errors import RequestError
from onboarding.ports import CaseQuery, CaseSummary
from tests.storage.stores import T0, StoreUnderTest, case_id, make_case, make_delivery


async def found(store: StoreUnderTest, **query: str) -> list[int]:
    page = await store.cases.search(CaseQuery(**query))
    return sorted(int(item.case_id[2:]) for item in page.items)


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("Zoë Müller-Strauß", ["muller", "Müller", "MÜL", "zoe", "strauss", "strauß", "zoe mul"]),
        ("Zoë Müller-Strauß", ["mu\u0308ller", "müllerstr"]),
        ("Søren Ærøskøbing", ["soren", "SØREN", "aeros", "ærø"]),
        ("Łukasz Żółć", ["lukasz", "zolc", "ŁUK"]),
        ("Conan O'Neill", ["o'neill", "oneill", "neill", "O’Neill", "conan o'n"]),
        ("山田太郎", ["山田", "太郎", "田太", "郎", "山田 太郎", "山田太郎"]),
        ("𠮷野家", ["𠮷", "野家", "家"]),
        ("김민준", ["김", "민준"]),
        ("やまだ タロウ", ["まだ", "タロ", "ﾀﾛｳ"]),
        ("สมชาย ใจดี", ["สมชาย", "ชาย", "ใจ"]),
        ("محمد عبد الله", ["محمد", "عبد"]),
        ("Suharto", ["s", "suharto"]),
        ("N" * 64, ["n" * 64, "N" * 10]),
        ("İlker Işık", ["ilker", "isik", "ışık"]),
        ("Ｆｕｌｌ Ｗｉｄｔｈ", ["full width"]),
    ],
)  # fmt: skip
async def test_a_name_is_found_as_people_type_it(store: StoreUnderTest, name: str, queries: list[str]):
    await store.cases.create(make_case(1, display_name=name))
    await store.cases.create(make_case(2, display_name="Quite Different"))
    for query in queries:
        assert await found(store, q=query) == [1], query


async def test_every_word_of_the_query_must_start_a_word(store: StoreUnderTest):
    await store.cases.create(make_case(1, display_name="Anna Berg"))
    await store.cases.create(make_case(2, display_name="Anna Carl"))
    assert await found(store, q="anna") == [1, 2]
    assert await found(store, q="berg anna") == [1]
    assert await found(store, q="anna nobody") == []
    assert await found(store, q="nna") == []


@pytest.mark.parametrize("query", ["%", "_", "'", '"', "*", "!!! ...", "\\", "\x00", "-", "😀", "\ud800"])
async def test_a_query_without_a_letter_finds_nothing(store: StoreUnderTest, query: str):
    await store.cases.create(make_case(1, display_name="Anna"))
    assert await found(store, q=query) == []


@pytest.mark.parametrize(
    "query", ["a%", "an_a", "anna'; --", 'anna" OR 1=1', "a* b*", "word " * 5000, "x" * 9999]
)
async def test_a_query_is_only_ever_text(store: StoreUnderTest, query: str):
    await store.cases.create(make_case(1, display_name="Quite Different"))
    assert await found(store, q=query) == []


async def test_a_blank_query_filters_nothing(store: StoreUnderTest):
    await store.cases.create(make_case(1))
    assert await found(store, q="") == [1]
    assert await found(store, q="  ") == [1]


async def test_ids_and_principal_names_are_found(store: StoreUnderTest):
    case = make_case(1, employee_id="EMP-007", employee_number="4711", candidate_id="cand/9")
    case.account = Account("6f1c2d3e-aaaa-bbbb", "Anna.Muller@example.com", "m", T0)
    await store.cases.create(case)
    reserved = make_case(2)
    reserved.intent = AccountIntent("ben@example.com", "m", T0)
    await store.cases.create(reserved)
    for query in ("emp-007", "007", "4711", "cand", "anna.muller@ex", "6f1c2d3e-aaaa", case_id(1)):
        assert await found(store, q=query) == [1], query
    assert await found(store, q="ben@") == [2]
    assert await found(store, q="example") == [1, 2]


async def test_the_employee_id_filter_equals_any_of_the_three_ids(store: StoreUnderTest):
    await store.cases.create(make_case(1, employee_id="7"))
    await store.cases.create(make_case(2, employee_number="7"))
    await store.cases.create(make_case(3, candidate_id="7"))
    await store.cases.create(make_case(4, employee_id="07", employee_number="77"))
    assert await found(store, employee_id="7") == [1, 2, 3]
    assert await found(store, employee_id="07") == [4]
    assert await found(store, employee_id="") == []


async def test_a_case_that_is_over_is_found_by_what_it_waits_for_and_then_by_its_reason_again(
    store: StoreUnderTest,
):
    case = make_case(1, state=State.CANCELLED)
    case.reason_code, case.next_action = (
        "cancelled_by_hr",
        NextAction("revoke_pass", T0, "held_for_permission"),
    )
    saved = await store.cases.create(case)
    assert await found(store, reason_code="held_for_permission") == [1]
    assert await found(store, reason_code="held_for_permission", q=case_id(1)) == [1]
    assert await found(store, reason_code="cancelled_by_hr") == []
    assert await store.cases.mend(await store.cases.get(case_id(1)) or saved) == ()
    saved.next_action = NextAction("none", None, "cancelled_by_hr")
    await store.cases.save(saved)
    assert await found(store, reason_code="held_for_permission") == []
    assert await found(store, reason_code="cancelled_by_hr") == [1]


async def test_filters_are_combined(store: StoreUnderTest):
    for n in range(8):
        case = make_case(n, state=State.BLOCKED if n & 1 else State.CONFIRMED, display_name="Anna")
        case.status = Status.PARTIAL if n & 2 else Status.UNKNOWN
        case.source = "greenhouse" if n & 4 else "bamboohr"
        case.reason_code = "no_phone" if n == 7 else None
        await store.cases.create(case)
    assert await found(store, state="blocked") == [1, 3, 5, 7]
    assert await found(store, state="blocked", status="partial") == [3, 7]
    assert await found(store, state="blocked", status="partial", source="greenhouse", q="anna") == [7]
    assert await found(store, reason_code="no_phone") == [7]
    assert await found(store, reason_code="no_phone", state="confirmed") == []
    with pytest.raises(RequestError, match="Unknown state"):
        await found(store, state="no such state")


async def test_a_search_row_is_the_case_at_its_last_save(store: StoreUnderTest):
    case = make_case(1, display_name="Anna Alt", employee_id="7", start_date=date(2028, 2, 29))
    await store.cases.create(case)
    case.hire = make_case(
        1, given_name="Anna", family_name="Neu", preferred_name="Änne", employee_number="8"
    ).hire
    case.state, case.reason_code = State.BLOCKED, "no_start_date"
    case.status, case.recoverable = Status.REMOVED, Recoverable.NO
    case.next_action, case.updated_at = NextAction("operator", T0, "x"), T0 + timedelta(hours=1)
    await store.cases.save(case)
    assert await found(store, q="alt") == []
    assert await found(store, employee_id="7") == []
    page = await store.cases.search(CaseQuery(q="neu"))
    assert page.items == [
        CaseSummary(
            case_id(1), "bamboohr", "blocked", "no_start_date", "removed", "no", "Änne Neu", "8", None, None,
            "operator", T0, T0 + timedelta(hours=1),
        )
    ]  # fmt: skip


async def test_a_person_without_name_has_an_empty_one(store: StoreUnderTest):
    await store.cases.create(make_case(1))
    (item,) = (await store.cases.search(CaseQuery())).items
    assert item.display_name == ""
    assert item.employee_id is None


@pytest.mark.parametrize("query", [CaseQuery(), CaseQuery(q="anna"), CaseQuery(state="received")], ids=str)
async def test_pages_are_newest_first_and_neither_repeat_nor_skip(store: StoreUnderTest, query: CaseQuery):
    for n in range(23):
        # Only four different times: the page break falls among equals.
        await store.cases.create(make_case(n, at=T0 + timedelta(hours=n % 4), display_name="Anna"))
    items: list[CaseSummary] = []
    token: str | None = None
    while True:
        page = await store.cases.search(query, token, size=5)
        assert len(page.items) <= 5
        items.extend(page.items)
        token = page.next_page
        if token is None:
            break
    assert len(items) == 23
    assert len({item.case_id for item in items}) == 23
    times = [item.updated_at for item in items]
    assert times == sorted(times, reverse=True)


async def test_the_last_page_says_so_also_when_it_is_full(store: StoreUnderTest):
    for n in range(10):
        await store.cases.create(make_case(n))
    first = await store.cases.search(CaseQuery(), size=5)
    last = await store.cases.search(CaseQuery(), first.next_page, size=5)
    assert len(last.items) == 5
    assert last.next_page is None


async def test_a_size_out_of_range_is_brought_into_it(store: StoreUnderTest):
    for n in range(3):
        await store.cases.create(make_case(n))
    assert len((await store.cases.search(CaseQuery(), size=0)).items) == 1
    assert len((await store.cases.search(CaseQuery(), size=10**9)).items) == 3


@pytest.mark.parametrize(
    "token",
    ["", "x", "!!", "WzFd", "bnVsbA", "eyJhIjoxfQ", "W10", "山田", "\ud800", "../..", "1' OR '1", "[" * 100_000,
     "WyJjYXNlcyIsMSwxZTk5OV0", "WyJjYXNlcyIsOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTksMV0"],
    ids=range(14),
)  # fmt: skip
async def test_a_token_that_is_not_ours_is_refused(store: StoreUnderTest, token: str):
    with pytest.raises(RequestError):
        await store.cases.search(CaseQuery(), token)
    with pytest.raises(RequestError):
        await store.deliveries.page(page=token)


async def test_a_token_of_another_list_is_refused(store: StoreUnderTest):
    for n in range(2):
        await store.cases.create(make_case(n))
        await store.deliveries.put_if_absent(make_delivery(n))
    cases = await store.cases.search(CaseQuery(), size=1)
    deliveries = await store.deliveries.page(size=1)
    with pytest.raises(RequestError):
        await store.cases.search(CaseQuery(), deliveries.next_page)
    with pytest.raises(RequestError):
        await store.deliveries.page(page=cases.next_page)


async def test_the_trace_of_a_case_that_was_joined_into_another_is_not_listed(store: StoreUnderTest):
    case = await store.cases.create(make_case(1, display_name="Trace"))
    assert await found(store, q="trace") == [1]
    case.state, case.reason_code = State.CLOSED, JOINED
    await store.cases.save(case)
    assert await found(store, q="trace") == []
    assert await found(store, state="closed") == []
    assert "closed" not in await store.cases.counts()
    assert await store.cases.get(case.case_id) is not None
