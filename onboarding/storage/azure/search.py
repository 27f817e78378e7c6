"""Search: by the index of words where it leaves few cases, otherwise along the lists, newest first."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from onboarding.domain.case import Case
from onboarding.errors import RequestError
from onboarding.ports import CaseQuery, CaseSummary, Page
from onboarding.storage import names, summary
from onboarding.storage.azure import keys, rows, tables
from onboarding.storage.azure.connection import Connection
from onboarding.storage.azure.listings import Listings, ListRow
from onboarding.storage.azure.words import WordIndex
from onboarding.storage.paging import make_token, page_size, read_token
from onboarding.storage.times import micros

_CASE = re.compile(r"c_[a-z0-9]{20}")
_TOKEN = "cases"  # noqa: S105 a kind of page token, not a secret
#: Cases that are read one by one; more than that, and the lists are walked.
FEW = 200
#: Rows looked at for one page of a walk: a rare combination gets a short page and a token to go on.
WALK = 5000
#: Rows fetched at once on a walk that checks words.
STRIDE = 500


@dataclass(frozen=True, slots=True)
class _Found:
    """What the index of words leaves: cases, or None for "it does not narrow"; and the terms to check."""

    cases: set[str] | None
    terms: tuple[str, ...]


class Search:
    """Lists and searches of one store."""

    def __init__(self, connection: Connection, listings: Listings, words: WordIndex) -> None:
        self._connection = connection
        self._listings = listings
        self._words = words

    async def page(self, query: CaseQuery, page: str | None, size: int) -> Page[CaseSummary]:
        """See CaseStore."""
        after, size = _start(page), page_size(size)
        found = await self._by_words(query)
        if found.cases is not None and len(found.cases) <= FEW:
            return await self._few(query, found, after, size)
        return await self._walk(query, found, after, size)

    async def _by_words(self, query: CaseQuery) -> _Found:
        terms: tuple[str, ...] = ()
        narrow: list[set[str]] = []
        if query.employee_id is not None:
            narrow.append(await self._words.with_id(query.employee_id) or set())
        if query.q is not None and query.q.strip():
            terms = tuple(summary.terms(query.q))
            if not terms:
                return _Found(set(), ())
            ranges = await tables.together(self._words.with_prefix(term) for term in terms)
            narrow += [each for each in ranges if each is not None]
        return _Found(set.intersection(*narrow) if narrow else None, terms)

    async def _few(self, query: CaseQuery, found: _Found, after: str, size: int) -> Page[CaseSummary]:
        """Read the cases themselves, and sort."""
        cases = await tables.together(self._case(case_id) for case_id in sorted(found.cases or ()))
        hits = sorted(
            (_key(item), item)
            for case in cases
            if case is not None and _meets(case, query, found.terms)
            for item in (summary.summarize(case),)
            if _key(item) > after
        )  # fmt: skip
        items = [item for _, item in hits[:size]]
        return Page(items, _token(items[-1]) if len(hits) > size else None)

    async def _walk(self, query: CaseQuery, found: _Found, after: str, size: int) -> Page[CaseSummary]:
        """Along the lists of the facets that are asked for."""
        facets = [facet for facet in await self._listings.facets() if facet.meets(query)]
        checked = bool(found.terms) or found.cases is not None
        stride = STRIDE if checked else size + 1
        hits: list[ListRow] = []
        seen, more = 0, True
        while more and len(hits) <= size and seen < WALK:
            rows_ = await self._listings.newest(facets, after, stride)
            more = len(rows_) == stride
            seen += len(rows_)
            if rows_:
                after = rows_[-1].key
            likely = [row for row in rows_ if _may(row, found)]
            # No more are compared with their cases than a page needs; where that leaves some, go on there.
            if len(likely) > size + 1:
                likely, more = likely[: size + 1], True
                after = likely[-1].key
            hits += await self._listings.true(likely)
        items = [row.summary for row in hits[:size]]
        if len(hits) > size:
            return Page(items, _token(items[-1]))
        return Page(items, _token_of(after) if more else None)

    async def _case(self, case_id: str) -> Case | None:
        row = await tables.point(self._connection, names.CASES, case_id, rows.CASE)
        return None if row is None else rows.read(case_id, row, None)


def _meets(case: Case, query: CaseQuery, terms: Collection[str]) -> bool:
    pairs = (
        (query.state, case.state.value),
        (query.status, case.status.value),
        (query.source, case.source),
        (query.reason_code, summary.reason(case)),
    )
    if not case.listed or any(want is not None and want != own for want, own in pairs):
        return False
    if query.employee_id is not None and query.employee_id not in summary.ids(case):
        return False
    return _has(summary.words(case), terms)


def _may(row: ListRow, found: _Found) -> bool:
    if found.cases is not None and row.summary.case_id not in found.cases:
        return False
    return _has(row.words, found.terms)


def _has(words: Collection[str], terms: Collection[str]) -> bool:
    return all(any(word.startswith(term) for word in words) for term in terms)


def _key(item: CaseSummary) -> str:
    return f"{keys.falling(item.updated_at)}_{item.case_id}"


def _start(page: str | None) -> str:
    """The row key after which a page starts."""
    if page is None:
        return ""
    at, key = read_token(_TOKEN, page)
    if not isinstance(key, str) or not _CASE.fullmatch(key):
        raise RequestError(
            "the page token is not one of ours: start at the first page", code="bad_page_token"
        )
    return f"{keys.falling_number(at)}_{key}"


def _token(item: CaseSummary) -> str:
    return make_token(_TOKEN, micros(item.updated_at), item.case_id)


def _token_of(key: str) -> str:
    return make_token(_TOKEN, keys.fallen_number(key), keys.owner(key))
