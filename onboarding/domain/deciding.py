"""Which pieces of evidence the two answers of an assessment rest on, by id. Pure.

A row of the registration report has an id per method that it lists, and none for what it leaves out: "nothing is
registered" may rest on no id at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from onboarding.domain.evidence import Act, By, Evidence, Status
from onboarding.domain.provenance import CODE, METHODS, PHONES, PUSH, REFUSED, SOME_PHONE, Owner, View

_RESETS = {Act.RESET_SUCCEEDED, Act.RESET_NO_METHODS}


def deciding(
    view: View, status: Status, because: str, counted: Collection[str], *, by_reset: bool
) -> tuple[str, ...]:
    """Ids, sorted. `by_reset`: what SSPR said at an attempt decides whether a reset would work."""
    found = set(_of_status(view, status, because, counted))
    if by_reset and (attempts := [e for e in view.events if e.act in _RESETS]):
        found.add(attempts[-1].id)
    return tuple(sorted(found))


def _of_status(view: View, status: Status, because: str, counted: Collection[str]) -> Iterator[str]:
    match status:
        case Status.REMOVED:
            yield from _removals(view)
            yield from _doubts(view)
        case Status.DIRECTORY_ONLY:
            yield from _removals(view)
            yield from _last_cancelled(view)
            yield from _last_about(view, REFUSED | (METHODS.keys() - view.usable))
        case Status.ADMIN_REGISTERED:
            yield from _records(view, view.owned(Owner.OTHERS))
        case Status.UNATTRIBUTED:
            yield from _listings(view, view.present)
        case Status.UNKNOWN:
            yield from _of_unknown(view, because, counted)
        case Status.USER_REGISTERED | Status.PARTIAL | Status.USER_REVIEWED:
            yield from _carrying(view, counted)
            yield from _doubts(view)


def _of_unknown(view: View, because: str, counted: Collection[str]) -> Iterator[str]:
    match because:
        case "actor_unknown":
            yield from _records(view, view.owned(Owner.UNKNOWN))
        case "record_not_understood":
            yield from (e.id for e in _by_person(view) if e.method is None)
        case "awaiting_list":
            yield from [e.id for e in _by_person(view) if e.method == "all"][-1:]
        case "method_not_known":
            yield from (
                e.id for e in view.events if e.act is Act.LISTED and e.method not in {*METHODS, *REFUSED}
            )
        case "awaiting_audit_record":
            yield from _listings(view, view.present)
        case _:
            yield from _carrying(view, counted)
            yield from _records(view, view.owned(Owner.OTHERS))


def _by_person(view: View) -> list[Evidence]:
    return [e for e in view.events if e.act is Act.REGISTERED and e.by is By.USER]


def _carrying(view: View, counted: Collection[str]) -> Iterator[str]:
    """What the counted methods rest on; a listed row where there is no audit event."""
    for name in counted:
        method = view.methods[name]
        owned = method.evidence if name in view.personal else method.reviewed
        if carried := owned or method.listing:
            yield carried


def _records(view: View, names: Collection[str]) -> Iterator[str]:
    yield from (found for name in names if (found := view.methods[name].evidence))


def _listings(view: View, names: Collection[str]) -> Iterator[str]:
    yield from (found for name in names if (found := view.methods[name].listing))


def _doubts(view: View) -> Iterator[str]:
    """An approver's word that a phone was lost, for what stayed."""
    yield from (word for name in view.doubted() if (word := view.methods[name].doubted))


def _removals(view: View) -> Iterator[str]:
    """What took the person's methods away; of one that a list does not have any more, what it was theirs by."""
    for name in view.gone():
        method = view.methods[name]
        deleted = [e for e in view.events if e.act is Act.DELETED and _may_mean(e, name)]
        if method.left is False and deleted:
            yield deleted[-1].id
        else:
            own = method.evidence if method.owner in {Owner.PERSON, Owner.PERSON_ALL} else method.reviewed
            if was := own or method.listing:
                yield was


def _may_mean(event: Evidence, name: str) -> bool:
    if event.method == SOME_PHONE:
        return name in PHONES
    return event.method in {None, "all", name} or (event.method == PUSH and name == CODE)


def _last_cancelled(view: View) -> Iterator[str]:
    acts = [e for e in view.events if e.by is By.USER and e.act in {Act.REGISTERED, Act.CANCELLED}]
    yield from (e.id for e in acts[-1:] if e.act is Act.CANCELLED)


def _last_about(view: View, names: Collection[str]) -> Iterator[str]:
    """The newest evidence of each of these methods."""
    newest = {e.method: e.id for e in view.events if e.method in names and e.method != "password"}
    yield from newest.values()
