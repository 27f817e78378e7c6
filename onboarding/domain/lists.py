"""Two lists of one person's methods put together: the report's rows, and targeted reads."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b

from onboarding.domain.case import Registration
from onboarding.domain.provenance import NOT_IN_TARGETED_READ, PUSH


def merged(known: Registration | None, seen: Registration) -> Registration:
    """Both together, whichever came first: the newer list, and with it what only the newer report row says (flags,
    and kinds that the targeted read leaves out)."""
    if known is None or known == seen:
        return seen
    newest = max(known, seen, key=_order)
    other = seen if newest is known else known
    rows = [r for r in (newest, other) if r.reported_at is not None]
    report = max(rows, key=_report_order) if rows else newest
    methods = set(newest.methods)
    special: tuple[str, ...] = ()
    if newest.direct:
        said = set(report.report_methods if report.direct else report.methods)
        methods = (methods - NOT_IN_TARGETED_READ) | (said & NOT_IN_TARGETED_READ)
        special = tuple(sorted(said & _SPECIAL))
    return Registration(
        methods=tuple(sorted(methods)),
        as_of=newest.as_of,
        is_admin=report.is_admin,
        sspr_enabled=report.sspr_enabled,
        sspr_registered=report.sspr_registered,
        sspr_capable=report.sspr_capable,
        present=newest.present,
        direct=newest.direct,
        report_as_of=report.reported_at if newest.direct else None,
        report_methods=special,
    )


def _order(one: Registration) -> tuple[object, ...]:
    """By time, the targeted read before a row. Two rows of one instant: as `_report_order` has them, so that names and
    flags are of the same one. Two reads: by what is their own, not by what they took from a row."""
    row = _said(one) if not one.direct else ()
    own = set(one.methods) - NOT_IN_TARGETED_READ if one.direct else one.methods
    return one.as_of, one.direct, row, one.present, sorted(own)


def _report_order(one: Registration) -> tuple[object, ...]:
    return one.reported_at, _said(one)


def _said(one: Registration) -> tuple[object, ...]:
    """What is kept of a row whatever comes after it: two rows of one instant that differ are ordered by that alone, so
    that the order of arrival is nothing. A flag that is not said comes first."""
    flags = (one.is_admin, one.sspr_enabled, one.sspr_registered, one.sspr_capable)
    names = set(one.report_methods if one.direct else one.methods)
    return [(flag is not None, bool(flag)) for flag in flags], sorted(names & _SPECIAL)


#: What is kept of a report row's names beside a targeted read.
_SPECIAL = NOT_IN_TARGETED_READ | {PUSH}


def fingerprint(one: Registration) -> str:
    """`YYYYMMDDHH.hash`: as of when, and what it says apart from that. Says nothing by itself to whoever reads it."""
    return f"{one.as_of.astimezone(UTC):%Y%m%d%H}.{content(one)}"


def content(one: Registration) -> str:
    """16 hexadecimal digits, equal for lists that say the same, whatever the order of names and their time."""
    flags = (one.is_admin, one.sspr_enabled, one.sspr_registered, one.sspr_capable, one.present)
    return blake2b(repr((sorted(one.methods), flags)).encode(), digest_size=8).hexdigest()


def as_of_hour(mark: str) -> datetime:
    """The hour in a fingerprint."""
    return datetime.strptime(mark[:10], "%Y%m%d%H").replace(tzinfo=UTC)
