"""Since when a person holds a role, or none, as rows of the registration report said. Pure.

A reset takes two methods from administrators and the tenant's number from everybody else, so what SSPR said at an
attempt is worth nothing once the role is another. A row says what was so at its time at the latest; between the last
row that says otherwise and the first one that says the same as the newest, nobody knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from onboarding.domain.evidence import Registration

#: Time of a row, and whether it called the person an administrator.
RoleRow = tuple[datetime, bool]
#: Rows that a case keeps. Of one run of equal ones the first and the last tell everything, unless an older row that
#: says otherwise comes late: for that some between them are kept as well.
MOST = 6


def row_of(registration: Registration | None) -> list[RoleRow]:
    """What the newest row of the report in here says of the role; nothing where there is none or it does not say."""
    if registration is None or registration.reported_at is None or registration.is_admin is None:
        return []
    return [(registration.reported_at, registration.is_admin)]


def kept(known: Iterable[RoleRow], more: Iterable[RoleRow]) -> list[RoleRow]:
    """Both, by time; of too many the oldest that lie inside a run of equal ones go first."""
    rows = sorted({*known, *more})
    while len(rows) > MOST:
        inside = (n for n in range(1, len(rows) - 1) if rows[n - 1][1] == rows[n][1] == rows[n + 1][1])
        del rows[next(inside, 0)]
    return rows


def since(rows: Collection[RoleRow], admin: bool) -> tuple[datetime | None, datetime | None]:
    """Last row that says otherwise than `admin`, and the first one after it that says `admin`."""
    other = max((at for at, said in rows if said is not admin), default=None)
    same = (at for at, said in rows if said is admin and (other is None or at > other))
    return other, min(same, default=None)


def same_at(rows: Sequence[RoleRow], admin: bool, moment: datetime) -> bool:
    """Was the role at that moment what it is now? Yes as well where no row has ever said otherwise."""
    other, first = since(rows, admin)
    return other is None or (first is not None and first <= moment)
