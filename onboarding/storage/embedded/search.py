"""Search over cases without reading them all.

Two plans. Where one filter leaves few cases (`FEW`), those are fetched by its index and sorted. Otherwise the
cases are walked newest first and checked, and a page is full soon because many match. Which one is chosen by a
count that stops at `FEW`. Known weakness: two frequent filters that hardly ever meet walk far (about a tenth
of a second over 50,000 cases).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from onboarding.domain.case import Case
from onboarding.ports import CaseQuery, CaseSummary, Page
from onboarding.storage import summary
from onboarding.storage.paging import make_token, page_size, read_token
from onboarding.storage.times import micros, moment

FEW = 2000
_TOKEN = "cases"  # noqa: S105 a kind of page token, not a secret
#: After every character that a word can hold: closes the range of a prefix.
_LAST = "\U0010ffff"

_NAMES = tuple(item.name for item in fields(CaseSummary))
_UPDATED, _N = _NAMES.index("updated_at"), len(_NAMES)
_COLUMNS = ", ".join(f"s.{name}" for name in (*_NAMES, "n"))
_UPSERT = (
    "INSERT INTO search (n, case_id, source, state, reason_code, status, recoverable, display_name,"
    " employee_id, user_principal_name, start_date, next_what, next_when, updated_at, object_id, seen, words, ids)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (n) DO UPDATE SET source = excluded.source, state = excluded.state,"
    " reason_code = excluded.reason_code, status = excluded.status, recoverable = excluded.recoverable,"
    " display_name = excluded.display_name, employee_id = excluded.employee_id,"
    " user_principal_name = excluded.user_principal_name, start_date = excluded.start_date,"
    " next_what = excluded.next_what, next_when = excluded.next_when, updated_at = excluded.updated_at,"
    " object_id = excluded.object_id, seen = excluded.seen,"
    " words = excluded.words, ids = excluded.ids"
)


@dataclass(frozen=True, slots=True)
class SearchRow:
    """What is written of one case: columns of the row, its words and its ids (each joined by newlines)."""

    columns: tuple[Any, ...]
    words: str
    ids: str

    @classmethod
    def of(cls, case: Case) -> SearchRow:
        """The search row of a case."""
        row = summary.summarize(case)
        columns = (
            row.case_id,
            row.source,
            row.state,
            row.reason_code,
            row.status,
            row.recoverable,
            row.display_name,
            row.employee_id,
            row.user_principal_name,
            row.start_date,
            row.next_what,
            None if row.next_when is None else micros(row.next_when),
            micros(row.updated_at),
            row.object_id,
            row.seen,
        )
        return cls(columns, _joined(summary.words(case)), _joined(summary.ids(case)))


@lru_cache(maxsize=2048)
def _joined(texts: frozenset[str]) -> str:
    return "\n".join(sorted(texts))


def write(connection: sqlite3.Connection, n: int, row: SearchRow | None) -> None:
    """Write the search row of case number `n`; words and ids are touched only where they changed.

    None: the case is not listed, and leaves the lists if it was in them.
    """
    if row is None:
        for table in ("search", "words", "ids"):
            connection.execute(f"DELETE FROM {table} WHERE n = ?", (n,))  # noqa: S608 - names of ours
        return
    before = connection.execute("SELECT words, ids FROM search WHERE n = ?", (n,)).fetchone()
    old_words, old_ids = before or ("", "")
    connection.execute(_UPSERT, (n, *row.columns, row.words, row.ids))
    if row.words != old_words:
        connection.execute("DELETE FROM words WHERE n = ?", (n,))
        connection.executemany("INSERT INTO words (word, n) VALUES (?, ?)", _rows(row.words, n))
    if row.ids != old_ids:
        connection.execute("DELETE FROM ids WHERE n = ?", (n,))
        connection.executemany("INSERT INTO ids (value, n) VALUES (?, ?)", _rows(row.ids, n))


def _rows(joined: str, n: int) -> list[tuple[str, int]]:
    return [(text, n) for text in joined.split("\n") if text]


@dataclass(frozen=True, slots=True)
class _Filter:
    """One condition: the numbers of the cases that meet it, and the check of one row `s`."""

    numbers: str
    check: str
    values: tuple[str, ...]


def _filters(query: CaseQuery) -> list[_Filter] | None:
    """Conditions of a query. None: nothing can match (a `q` without a letter or digit)."""
    found = [
        _Filter(f"SELECT n FROM search WHERE {column} = ?", f"s.{column} = ?", (value,))  # noqa: S608
        for column, value in (
            ("state", query.state),
            ("status", query.status),
            ("source", query.source),
            ("reason_code", query.reason_code),
        )
        if value is not None
    ]
    if query.employee_id is not None:
        found.append(
            _Filter(
                "SELECT n FROM ids WHERE value = ?",
                "EXISTS (SELECT 1 FROM ids i WHERE i.n = s.n AND i.value = ?)",
                (query.employee_id,),
            )
        )
    if query.q is None or not query.q.strip():
        return found
    terms = summary.terms(query.q)
    found.extend(
        _Filter(
            "SELECT n FROM words WHERE word >= ? AND word < ?",
            "EXISTS (SELECT 1 FROM words w WHERE w.n = s.n AND w.word >= ? AND w.word < ?)",
            (term, term + _LAST),
        )
        for term in terms
    )
    return found if terms else None


def statement(
    connection: sqlite3.Connection, filters: list[_Filter], after: tuple[int, int] | None, size: int
) -> tuple[str, list[Any]]:
    """The SELECT of one page (one row more than `size`) and its values."""
    counted = [(_count(connection, each), each) for each in filters]
    few = min(counted, key=lambda pair: pair[0], default=(FEW + 1, None))
    driver = few[1] if few[0] <= FEW else None
    # NOT INDEXED leaves only the look-up by number; INDEXED BY walks newest first.
    table = "search s INDEXED BY search_recent" if driver is None else "search s NOT INDEXED"
    conditions: list[str] = []
    values: list[Any] = []
    if driver is not None:
        conditions.append(f"s.n IN ({driver.numbers})")
        values.extend(driver.values)
    for each in filters:
        if each is not driver:
            conditions.append(each.check)
            values.extend(each.values)
    if after is not None:
        conditions.append("(s.updated_at, s.n) < (?, ?)")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = f"SELECT {_COLUMNS} FROM {table} {where} ORDER BY s.updated_at DESC, s.n DESC LIMIT ?"  # noqa: S608
    return sql, [*values, *(after or ()), size + 1]


def _count(connection: sqlite3.Connection, each: _Filter) -> int:
    """How many cases meet one condition, counted to FEW + 1."""
    sql = f"SELECT count(*) FROM ({each.numbers} LIMIT {FEW + 1})"  # noqa: S608
    (count,) = connection.execute(sql, each.values).fetchone()
    return int(count)


def search(
    connection: sqlite3.Connection, query: CaseQuery, page: str | None, size: int
) -> Page[CaseSummary]:
    """One page, newest change first. RequestError for a token that is not ours."""
    after: tuple[int, int] | None = None
    if page is not None:
        at, key = read_token(_TOKEN, page)
        after = (at, int(key) if isinstance(key, int) else -1)
    filters = _filters(query)
    if filters is None:
        return Page([])
    size = page_size(size)
    rows = connection.execute(*statement(connection, filters, after, size)).fetchall()
    more = len(rows) > size
    rows = rows[:size]
    token = make_token(_TOKEN, rows[-1][_UPDATED], rows[-1][_N]) if more else None
    return Page([_summary(row) for row in rows], token)


def _summary(row: tuple[Any, ...]) -> CaseSummary:
    values = dict(zip(_NAMES, row, strict=False))
    if values["next_when"] is not None:
        values["next_when"] = moment(values["next_when"])
    values["updated_at"] = moment(values["updated_at"])
    return CaseSummary(**values)
