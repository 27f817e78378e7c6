"""A hire under an id that a case has already, of somebody whose name has no word in common with the one before. Pure.

HR systems give numbers again (SCIM clients make them the `externalId`), and then it is another person: whose private
address, telephone and manager the case holds must not be taken for the new one's. So they are forgotten, and an
approver says whether it is the same person. The first day tells another hire from a name that is corrected; after a
hire that is over none is known any more. Names in two scripts cannot be compared.

It makes no difference in which order the words come. What is said of the one before may come late: the case keeps when
each HR system first showed whoever bears the name that stands, and when it last named somebody else before
(`records.Naming`: times, nothing of that person), and what it said before the first of these is void.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import fields, replace
from datetime import date, datetime

from onboarding.domain import names
from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.domain.places.place import place_of
from onboarding.domain.records import Naming
from onboarding.intake import named_manager, words
from onboarding.intake.merging import DATED, HIRING, IDS, READ, is_of_an_earlier_hire, newest_withdrawal

APPROVE_OTHER_NAME = "needs_approval_other_name"
_NAMES = ("given_name", "family_name", "preferred_name", "display_name")
_PARTS = ("given_name", "family_name")
_PERSONAL = tuple(item.name for item in fields(Hire) if item.name not in {*IDS, "employee_number"})


def is_another(case: Case, event: HireEvent, at: datetime, *, judged: bool = True) -> bool:
    """The event, of `at` and not merged yet, shows that two people were named under the ids of the case: what was said
    of the one before is forgotten, and this has to be asked. `judged` False: whoever works is not asked about, and one
    who is named from now on is no other person; what comes late of one before is void all the same."""
    said = {name for name in _NAMES if getattr(event.hire, name)}
    stays = any(getattr(case.hire, name) for name in set(_PARTS) - said)
    if not said or (not _is_whole(event) and (stays or said == {"preferred_name"})):
        return False
    newest = max((word.at for name in _NAMES if (word := case.said.get(name)) is not None), default=None)
    if newest is None or newest <= at:
        if not is_other_name(case, event):
            return _same(case, event, at, judged=judged)
        return judged and _next(case, event, at, newest or case.created_at)
    former = _part_of_before(case, event, at)
    if judged and former is not None:
        return _next(case, event, at, former)
    beside = any(getattr(event.hire, name) and not getattr(case.hire, name) for name in _PARTS)
    if is_other_name(case, event) and not beside:
        return _one_before(case, event, at)
    return _same(case, event, at, judged=judged, late=True)  # an update may have named one of its names


def may_be_another(case: Case, event: HireEvent, at: datetime) -> bool:
    """Whether `is_another` is a question at all: of hardly any event."""
    known = case.namings.get(event.source, Naming())
    is_open = _is_whole(event) and known.former_at is not None and not known.another
    return is_open or is_other_name(case, event) or _part_of_before(case, event, at) is not None


def _part_of_before(case: Case, event: HireEvent, at: datetime) -> datetime | None:
    """When the given or the family name was said that still stands from before `at`, beside one that was said since:
    whoever is shown at `at` does not bear it. None: there is none, or they do."""
    known = {name: word.at for name in _PARTS if (word := case.said.get(name)) is not None and word.at <= at}
    all_said = _is_whole(event) or all(getattr(event.hire, name) for name in _PARTS)
    if not known or not all_said or not is_other_name(case, event, tuple(known)):
        return None
    return max(known.values())


def _same(case: Case, event: HireEvent, at: datetime, *, judged: bool, late: bool = False) -> bool:
    """One more word about whoever bears the name: it may be the first that shows them whole, and that what was taken
    for a correction was another hire. Of whoever works that is told by what comes `late` alone."""
    known = case.namings.get(event.source, Naming())
    if not _is_whole(event) or (known.former_at is not None and at <= known.former_at):
        return False
    earlier = known.shown_at is None or at < known.shown_at
    known = replace(known, shown_at=min(at, known.shown_at or at))
    case.namings[event.source] = known
    if known.another and known.shown_at == at:
        _forget(case, at, {event.source, None})  # what `follow` left
    if known.another or known.former_at is None or not (earlier and (late or judged)):
        return False
    before = _day_before(case, known.former_at, at)
    return _found(case, event.source, before, event.hire.start_date, {event.source, None})


def _next(case: Case, event: HireEvent, at: datetime, newest: datetime) -> bool:
    """Another name from now on. Without a hire or a whole record it is a correction, until one of these comes late."""
    case.namings[event.source] = Naming(at if _is_whole(event) else None, newest)
    sources = {word.source for word in (*case.said.values(), *case.behind_said.values())}
    before = _day_before(case, newest, at)
    return _found(case, event.source, before, event.hire.start_date, {event.source, *sources})


def _day_before(case: Case, former: datetime, at: datetime) -> date | None:
    """The first day of the hire that was there when somebody else was named at `at`, after `former`; None: it is not
    known, since that hire was over by then, or what was said since has taken its place."""
    said = case.said.get("start_date")
    over = _is_withdrawn(case, former, at)
    return None if over or (said is not None and said.at > at) else case.hire.start_date


def _one_before(case: Case, event: HireEvent, at: datetime) -> bool:
    """Another name that is older than the one that stands, and was said by the same system."""
    mine = case.namings.get(event.source)
    known = mine or _of_before(case)
    if (mine and at == mine.shown_at) or (known.former_at is not None and at <= known.former_at):
        return False
    shown = known.shown_at if known.shown_at is not None and known.shown_at > at else None
    if (shown is None or mine is None) and not _is_by(case, event.source):
        return False
    case.namings[event.source] = replace(known, shown_at=shown, former_at=at)
    if known.another:
        return False
    over = is_of_an_earlier_hire(case, at) or (shown is not None and _is_withdrawn(case, at, shown))
    before = None if over else event.hire.start_date
    return _found(case, event.source, before, case.hire.start_date, {event.source, None})


def _is_by(case: Case, source: str) -> bool:
    """The name that stands is this system's, as far as HR systems have said it."""
    words_of = [word for name in _NAMES if (word := case.said.get(name)) is not None]
    by_hr = [word for word in words_of if not word.recruiting]
    return {word.source for word in by_hr or words_of} <= {source, None}


def _found(
    case: Case, source: str, before: date | None, since: date | None, sources: Collection[str | None]
) -> bool:
    """Two names, one after the other, with the first day of either: the same hire, where these are equal."""
    known = case.namings[source]
    if known.shown_at is None or (before is not None and since in {None, before}):
        return False
    for name in sources:
        if name is not None:
            case.namings[name] = replace(known, another=True)
    _forget(case, known.shown_at, sources)
    return True


def is_withdrawn_between(case: Case) -> bool:
    """The hire of the one before was withdrawn, as is known now: equal first days do not tell that they are one."""
    for source, known in list(case.namings.items()):
        if known.another or known.former_at is None or known.shown_at is None:
            continue
        if _is_withdrawn(case, known.former_at, known.shown_at):
            return _found(case, source, None, None, {source, None})
    return False


def _is_withdrawn(case: Case, former: datetime, since: datetime) -> bool:
    newest = newest_withdrawal(case)
    return newest is not None and former <= newest < since


def follow(case: Case, then: Case) -> bool:
    """Of the case as it will be, `then`: since when its ids mean whom. True: somebody else from now on, or before.
    The dates of a hire that is over stay: whether another one opens the case is still to be judged by them."""
    changed = {source: known for source, known in then.namings.items() if known != case.namings.get(source)}
    case.namings.update(changed)
    apart = {source: known.shown_at for source, known in changed.items() if known.another and known.shown_at}
    over = case.state is State.CLOSED or case.withdrawn_at is not None
    for since in set(apart.values()):
        _forget(case, since, {None, *apart}, stays=DATED if over else ())
    return bool(apart)


def own(case: Case, event: HireEvent, at: datetime) -> HireEvent:
    """What the event, of `at`, says of the person of the case: of the one before nothing but ids."""
    known = case.namings.get(event.source)
    if known is None or not known.another or known.shown_at is None or at >= known.shown_at:
        return event
    return replace(event, hire=replace(event.hire, **dict.fromkeys(_PERSONAL)), cleared=())


def is_of_the_one_before(case: Case, source: str) -> bool:
    """The candidate that this recruiting system knows is somebody whose id HR has given again since."""
    since = [known.shown_at for known in case.namings.values() if known.another and known.shown_at]
    said = case.said.get("candidate_id")
    return bool(since and said and said.recruiting and said.source == source and said.at < max(since))


def join(case: Case, other: Case) -> None:
    """What is known of either case of one person holds for both."""
    for source, known in other.namings.items():
        mine = case.namings.get(source)
        if mine is None or (not mine.another and known.another):
            case.namings[source] = known


def _of_before(case: Case) -> Naming:
    """Of a row from before this was kept, or of a name that no hire and no record showed."""
    newest = max(word.at for name in _NAMES if (word := case.said.get(name)) is not None)
    return Naming(min(newest, case.hired_at)) if not case.namings and case.hired_at else Naming()


def _is_whole(event: HireEvent) -> bool:
    """It shows the person who has the id: a hire, or the record of an HR system, posted or read."""
    read = event.vendor_event_type == READ and not event.recruiting
    return (event.event_type in HIRING or event.snapshot or read) and event.certainty is Certainty.EMPLOYEE


def is_other_name(case: Case, event: HireEvent, of: Collection[str] = _NAMES) -> bool:
    """What the event calls the person has no word in common with what the case does, in these fields."""
    known, said = case.hire, event.hire
    shown = [text for name in of if (text := getattr(known, name))]
    if not all(_is_latin(text) for text in (*shown, *(getattr(said, name) or "" for name in _NAMES))):
        return False
    person = names.PersonName(said.given_name, said.family_name, said.preferred_name, said.display_name)
    where = place_of(said).country or place_of(known).country
    return bool(shown) and names.nothing_shared(
        person, shown, locale=said.locale or known.locale, country=where
    )


def _is_latin(text: str) -> bool:
    """One in another script may be the same name."""
    return all(unicodedata.name(char, "").startswith("LATIN") for char in text if char.isalpha())


def _forget(
    case: Case, since: datetime, sources: Collection[str | None], *, stays: Collection[str] = ()
) -> None:
    """What these systems said before `since`, or nobody knows when, but for the ids and what `stays`."""
    manager = case.hire.manager
    for name in [name for name in _PERSONAL if name not in stays]:
        waits, word = case.behind_said.get(name), case.said.get(name)
        if waits is not None and waits.at < since and waits.source in sources:
            words.forget_behind(case, name)
        if word is None or (word.at < since and word.source in sources):
            words.drop(case, name)
        emptied = case.emptied.pop(name, {})
        if kept := {of: word for of, word in emptied.items() if word.at >= since or of not in sources}:
            case.emptied[name] = kept
    if "start_date" not in stays:
        days = case.first_days.items()
        case.first_days = {of: word for of, word in days if word.at >= since or of not in sources}
    if case.hire.end_date is None:
        case.ends_at = None
    if case.hire.manager is None:
        case.manager_named_at, case.manager_changed, case.manager_unannounced = None, False, False
    named_manager.forget(case, manager)
