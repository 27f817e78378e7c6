"""Which word on a field of the hire stands. Pure; what a word is made from: `intake.merging`.

The firmer one; of two that are as firm that of an HR system, before a recruiting system's; then the newest. That holds
in whatever order they come. Recruiting says a whole record anew with each change of it, most of which is as it was
when the offer was written: the first day that HR moved since must not come back by it.

What an HR system said of a hire that is over comes before nothing (`Case.over_until`): recruiting may know more of who
is hired again. So a newer word of recruiting's that waits behind an HR system's is kept (`Case.behind`), and stands
once that one goes. A name as one text waits behind an HR system's given and family name, too.

What other systems said before an HR system did is outdated for good, also where that one takes its own word back, and
whichever comes first: the first day of an offer does not come back when HR has moved it and then says that none is
known. A field that an HR system empties and never filled outdates nothing.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from onboarding.domain.case import Case
from onboarding.domain.hire import Hire
from onboarding.domain.records import Said
from onboarding.intake import numbers

#: What an account is made from: it stays as it was used.
USED = frozenset({"given_name", "family_name", "preferred_name", "display_name", "start_date"})
#: In `Case.emptied`, beside the sources that emptied a field: the newest word of an HR system's that was taken back, by
#: which all older ones are void. No source is called so.
_OUTDATED = "older:"
FIELDS = tuple(item.name for item in fields(Hire))
_NUMBER, _SHOWN, _PARTS = "employee_number", "display_name", ("given_name", "family_name")


def take(case: Case, hire: Hire, said: Said) -> None:
    """Everything that was said at once."""
    for name in FIELDS:
        value = getattr(hire, name)
        if value == ():
            empty(case, name, said)
        elif value is None:
            continue
        elif _is_void(case, name, said):
            _outdate(case, name, said)
        else:
            if name == _NUMBER:
                numbers.note(case, said, value)
            _take(case, name, value, said)
    _cover_name(case)


def empty(case: Case, name: str, said: Said) -> None:
    """One system says that a field is empty: its own older words on it are void, whenever they come."""
    if name == _NUMBER:
        numbers.note(case, said, None)
    source, known = said.source or "", case.emptied.setdefault(name, {})
    if source not in known or known[source].gives_way_to(said):
        known[source] = said
    before, waits = word(case, name), case.behind_said.get(name)
    if waits is not None and waits.source == said.source and waits.gives_way_to(said):
        forget_behind(case, name)
        _outdate(case, name, waits)
    if before is None:
        _stand(case, name, () if name == "phones" else None, None)
    elif before.source in {None, said.source} and before.gives_way_to(said):
        drop(case, name)
        _outdate(case, name, before)
    _cover_name(case)


def drop(case: Case, name: str) -> None:
    """The word that stands is gone: the one behind it stands now, or none."""
    value: Any = () if name == "phones" else None
    said = case.behind_said.get(name)
    if said is not None:
        value = getattr(case.behind, name)
        forget_behind(case, name)
    _stand(case, name, value, said)


def begin_anew(case: Case, until: datetime) -> None:
    """What was said at `until` or before is of a hire that is over."""
    case.over_until = max(until, case.over_until or until)
    for name in list(case.behind_said):
        before = word(case, name)
        if before is None or not _leads(case, before):
            drop(case, name)
    _cover_name(case)


def join(case: Case, other: Case) -> None:
    """What was said in another case of the same person, as if it had been said in this one."""
    if other.over_until is not None:
        begin_anew(case, other.over_until)
    for name in FIELDS:
        if name == "phones" and case.account:  # as for an event
            continue
        if (value := getattr(other.hire, name)) is not None and (said := word(other, name)) is not None:
            take(case, Hire(**{name: value}), said)
        if (waits := other.behind_said.get(name)) is not None:
            take(case, Hire(**{name: getattr(other.behind, name)}), waits)
        for source, said in other.emptied.get(name, {}).items():
            (_outdate if source == _OUTDATED else empty)(case, name, said)


def forget_behind(case: Case, *names: str) -> None:
    """Nothing waits any more, on any field or on these."""
    for name in names or FIELDS:
        case.behind = replace(case.behind, **{name: None})
        case.behind_said.pop(name, None)


def word(case: Case, name: str) -> Said | None:
    """Who said the field last; None: nobody. Cases from before fields were dated are as of their last event."""
    if name in case.said:
        return case.said[name]
    if getattr(case.hire, name) in {None, ()}:
        return None
    return Said(case.hire_as_of or case.created_at, True, case.deliveries[-1] if case.deliveries else "")


def _take(case: Case, name: str, value: Any, said: Said) -> None:
    before = word(case, name)
    if before is not None and not _gives_way(case, before, said):
        if said.firm and said.at >= before.at:
            _wait(case, name, value, said)
        return
    waits = case.behind_said.get(name)
    if waits is not None and waits.at <= said.at:
        forget_behind(case, name)
    if before is not None and before.firm and before.at > said.at:
        _wait(case, name, getattr(case.hire, name), before)
    _stand(case, name, value, said)


def _gives_way(case: Case, before: Said, said: Said) -> bool:
    same = before.source is not None and before.source == said.source
    if same or before.firm != said.firm or _leads(case, before) == _leads(case, said):
        return before.gives_way_to(said)
    return _leads(case, said)


def _leads(case: Case, said: Said) -> bool:
    """An HR system's word about the hire that stands."""
    return not said.recruiting and (case.over_until is None or said.at > case.over_until)


def _cover_name(case: Case) -> None:
    shown, parts = word(case, _SHOWN), [word(case, name) for name in _PARTS]
    covered = all(part is not None and part.firm and _leads(case, part) for part in parts)
    if shown is not None and covered and not _leads(case, shown):
        value = getattr(case.hire, _SHOWN)
        _stand(case, _SHOWN, None, None)
        _wait(case, _SHOWN, value, shown)
    elif shown is None and not covered and _SHOWN in case.behind_said:
        drop(case, _SHOWN)


def _stand(case: Case, name: str, value: Any, said: Said | None) -> None:
    case.hire = replace(case.hire, **{name: value})
    if said is None:
        case.said.pop(name, None)
    else:
        case.said[name] = said


def _wait(case: Case, name: str, value: Any, said: Said) -> None:
    known = case.behind_said.get(name)
    if known is None or known.gives_way_to(said):
        case.behind = replace(case.behind, **{name: value})
        case.behind_said[name] = said


def _is_void(case: Case, name: str, said: Said) -> bool:
    known = case.emptied.get(name, {})
    emptied = [known.get(said.source or ""), known.get(_OUTDATED)]
    return any(word is not None and not word.gives_way_to(said) for word in emptied)


def _outdate(case: Case, name: str, taken_back: Said) -> None:
    """An HR system's word does not stand any more: what was said before it does not stand instead."""
    if taken_back.recruiting:
        return
    known = case.emptied.setdefault(name, {})
    if _OUTDATED not in known or known[_OUTDATED].gives_way_to(taken_back):
        known[_OUTDATED] = taken_back
    waits, stands = case.behind_said.get(name), word(case, name)
    if waits is not None and _is_void(case, name, waits):
        forget_behind(case, name)
    used = name in USED and (case.account is not None or case.intent is not None)
    if stands is not None and not used and _is_void(case, name, stands):
        drop(case, name)
