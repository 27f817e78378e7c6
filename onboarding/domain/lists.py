"""Two lists of one person's methods put together: the report's rows, and targeted reads."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b

from onboarding.domain import run
from onboarding.domain.case import Case
from onboarding.domain.evidence import Registration
from onboarding.domain.provenance import LISTING_LAG, NOT_IN_TARGETED_READ


def merged(known: Registration | None, seen: Registration) -> Registration:
    """Both together, whichever came first: the newer list, and with it what only the newer report row says (flags,
    and kinds that the targeted read leaves out). A row lags behind its own time by up to `LISTING_LAG`: until then it
    does not take the place of a targeted read, and says only that, and whether the person is in the report."""
    if known is None or known == seen:
        return seen
    both = (known, seen)
    rows = [one for one in both if one.reported_at is not None]
    report = max(rows, key=_report_order) if rows else max(both, key=_order)
    reads = [one for one in both if one.direct and not _caught_up(report, one)]
    newest = max(reads or rows, key=_order)
    methods = set(newest.methods)
    reported: tuple[str, ...] = ()
    if newest.direct:
        said = set(report.report_methods if report.direct else report.methods)
        methods = (methods - NOT_IN_TARGETED_READ) | (said & NOT_IN_TARGETED_READ)
        reported = tuple(sorted(said)) if rows else ()
    return Registration(
        methods=tuple(sorted(methods)),
        as_of=newest.as_of,
        is_admin=report.is_admin,
        sspr_enabled=report.sspr_enabled,
        sspr_registered=report.sspr_registered,
        sspr_capable=report.sspr_capable,
        present=_later(newest, report).present,
        direct=newest.direct,
        report_as_of=report.reported_at if newest.direct else None,
        report_methods=reported,
    )


def is_of_run(case: Case, seen: Registration) -> bool:
    """It was not like that before the person came back: a row may be as old as the report may lag."""
    since = case.rehired_at
    if since is None or not run.came_back(case):
        return True
    return seen.as_of >= (since if seen.direct else since + LISTING_LAG)


def _caught_up(report: Registration, read: Registration) -> bool:
    """The row was made so long after the read that it must know what the read saw."""
    return report.reported_at is not None and report.reported_at >= read.as_of + LISTING_LAG


def _later(newest: Registration, report: Registration) -> Registration:
    """Whose word it is that the person is there: the report does not have those who are disabled."""
    return report if (report.reported_at or newest.as_of) > newest.as_of else newest


def _order(one: Registration) -> tuple[object, ...]:
    """By time, the targeted read before a row. Two rows of one instant: as `_report_order` has them, so that names and
    flags are of the same one. Two reads: by what is their own, not by what they took from a row."""
    row = _said(one) if not one.direct else ()
    own = set(one.methods) - NOT_IN_TARGETED_READ if one.direct else one.methods
    return one.as_of, one.direct, row, sorted(own), one.present


def _report_order(one: Registration) -> tuple[object, ...]:
    return one.reported_at, _said(one)


def _said(one: Registration) -> tuple[object, ...]:
    """What is kept of a row beside a targeted read: two rows of one instant that differ are ordered by that alone, so
    that the order of arrival is nothing. A flag that is not said comes first."""
    flags = (one.is_admin, one.sspr_enabled, one.sspr_registered, one.sspr_capable)
    names = one.report_methods if one.direct else one.methods
    return [(flag is not None, bool(flag)) for flag in flags], sorted(names)


def fingerprint(one: Registration) -> str:
    """`YYYYMMDDHH.hash`: as of when, and what it says apart from that. Says nothing by itself to whoever reads it."""
    return f"{one.newest.astimezone(UTC):%Y%m%d%H}.{content(one)}"


def content(one: Registration) -> str:
    """16 hexadecimal digits, equal for lists that say the same, whatever the order of names and their time."""
    flags = (one.is_admin, one.sspr_enabled, one.sspr_registered, one.sspr_capable, one.present)
    return blake2b(repr((sorted(one.methods), flags)).encode(), digest_size=8).hexdigest()


def as_of_hour(mark: str) -> datetime:
    """The hour in a fingerprint."""
    return datetime.fromisoformat(f"{mark[:8]}T{mark[8:10]}+00")
