"""What happens in the demo, day by day: HR announces, the clock moves, people behave.

The story begins on the Monday after the real now, at 06:00 UTC, and everything in it counts from there: one seed
gives the same numbers on any day. Nobody registers before their first credential works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from onboarding.cli.demo import hr
from onboarding.cli.demo import people as p
from onboarding.cli.demo.people import Person
from onboarding.cli.demo.world import WRONG_SECRET, World
from onboarding.cli.processes import heed
from onboarding.domain import calendar
from onboarding.domain.calendar import WorkingTime
from onboarding.domain.places import country

DAYS = 23
#: A working day has eight hours everywhere: steps of four meet each of them.
STEP = timedelta(hours=4)
BEGIN = time(6)
#: A free day in all countries of the demo: nothing is due on it.
SATURDAY = 5

#: `tell(done, total, moment, words)` after every step; `words` say what people did, if anything.
Tell = Callable[[int, int, datetime, str], None]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that HR, a person or an administrator does at a moment. Tried again at the next one while it
    cannot be done yet.
    """

    at: datetime
    person: Person
    #: A key of `_HR` or `_TENANT`.
    what: str


def beginning(now: datetime) -> datetime:
    """The next Monday, 06:00 UTC."""
    monday = now.astimezone(UTC).date() + timedelta(days=-now.astimezone(UTC).weekday() % 7)
    begin = datetime.combine(monday, BEGIN, tzinfo=UTC)
    return begin if begin >= now else begin + timedelta(days=7)


def play(world: World, hires: list[Person], tell: Tell) -> None:
    """The whole story."""
    begin = beginning(world.now())
    world.move_to(begin)
    first_day = begin.date()
    _furnish(world, hires)
    agenda = sorted((act for person in hires for act in plan(person, begin)), key=lambda act: act.at)
    steps = [begin + STEP * n for n in range(int(timedelta(days=DAYS) / STEP) + 1)]
    acts = {act.at for act in agenda if act.at < steps[-1]}
    moments = sorted({at for at in steps if at.weekday() != SATURDAY} | acts)
    for number, moment in enumerate(moments, 1):
        heed()
        if number > 1:
            world.move_to(moment)
        done = [act for act in agenda if act.at <= moment and _do(world, act, first_day)]
        agenda = [act for act in agenda if act not in done]
        if number == 1:
            _forge(world, next(person for person in hires if person.source == p.STANDARD), first_day)
        if done:
            world.settle()
        tell(number, len(moments), moment, _words(done))


def _forge(world: World, person: Person, first_day: date) -> None:
    """Somebody who does not know the secret posts a hire."""
    body = hr.event(person, "hire.created", first_day, world.now())
    world.deliver(person, body, secret=WRONG_SECRET)


def _furnish(world: World, hires: list[Person]) -> None:
    """Who was in the tenant before: managers, a namesake, and somebody whom HR announces although they have an
    account with the same number.
    """
    for number, name in enumerate(hr.MANAGERS):
        world.hire(name, f"M{number}")
    world.hire("Anna Schmidt", "M9")
    for person in hires:
        if person.behaviour == p.TWIN:
            world.hire(person.name, person.employee_id)


# --- when ------------------------------------------------------------------------------------------------


def plan(person: Person, begin: datetime) -> Iterator[Act]:
    """What is done by and for this person, and when."""
    at = begin + timedelta(hours=person.announced or 0)
    if person.source == p.GREENHOUSE:
        yield Act(at, person, "offer")
        yield Act(at + STEP, person, "accept")
    elif person.behaviour in {p.INCOMPLETE, p.COMPLETED}:
        yield Act(at, person, "announce_undated")
    else:
        yield Act(at, person, "announce")
    if person.behaviour == p.COMPLETED:
        yield Act(at + timedelta(days=1), person, "complete")
    if person.behaviour == p.WITHDRAWN:
        yield Act(begin + timedelta(hours=28), person, "withdraw")
    if person.behaviour == p.LEFT:
        yield Act(begin + timedelta(days=3, hours=4), person, "withdraw")
    zone = country.time_zone(country.alpha2(person.country), person.zone).zone
    working = WorkingTime(zone, country.alpha2(person.country))
    start = hr.start_day(person, begin.date())
    for days, hour, what in _HABITS.get(person.behaviour, ()):
        day = calendar.working_days_after(start, days, working)
        yield Act(calendar.at_local(day, hour, zone), person, what)


#: behaviour → (working days after the start date, local time, act).
_HABITS: dict[str, tuple[tuple[int, time, str], ...]] = {
    p.EARLY: ((0, time(8, 30), "register"),),
    p.PROMPT: ((0, time(11), "register"),),
    p.COMPLETED: ((0, time(11), "register"),),
    p.LATE: ((2, time(11), "register"),),
    p.VERY_LATE: ((8, time(11), "register"),),
    p.CANCELS: ((1, time(11), "cancel"), (5, time(11), "register")),
    p.PASSKEY: ((0, time(11), "passkey"),),
    p.HELPED: ((1, time(11), "admin_phone"),),
    p.REMOVES: ((0, time(11), "register_phone"), (5, time(11), "remove_phone")),
}


# --- what ------------------------------------------------------------------------------------------------


def _do(world: World, act: Act, first_day: date) -> bool:
    """Carry it out; False while it cannot be done."""
    if act.what in _HR:
        _post(world, act, first_day)
        return True
    user = world.account_of(act.person)
    if user is None or not (act.what == "admin_phone" or _has_credential(user, world.now())):
        return False
    _register(world, user, act.what)
    return True


_HR = {
    "announce": "HR announces",
    "announce_undated": "HR announces, without a start date,",
    "offer": "HR offers a job to",
    "accept": "HR hires",
    "complete": "HR sends the start date of",
    "withdraw": "HR withdraws",
}
_TENANT = {
    "register": "{} registers in person",
    "cancel": "{} begins to register and gives up",
    "passkey": "{} registers a passkey only",
    "admin_phone": "an administrator adds a phone for {}",
    "register_phone": "{} registers a phone",
    "remove_phone": "{} deletes the phone again",
}


def _post(world: World, act: Act, first_day: date) -> None:
    person, now = act.person, world.now()
    earlier = now - timedelta(minutes=5)
    match act.what:
        case "announce" if person.out_of_order:
            created = hr.event(person, "hire.created", first_day, earlier)
            update = hr.event(person, "hire.updated", first_day, now, job_title="Senior Analyst")
            world.deliver(person, update)
            world.deliver(person, created)
        case "announce":
            world.deliver(person, hr.event(person, "hire.created", first_day, earlier))
        case "announce_undated":
            world.deliver(person, hr.event(person, "hire.created", first_day, earlier, start_date=None))
        case "complete":
            world.deliver(person, hr.event(person, "hire.updated", first_day, earlier))
        case "withdraw":
            world.deliver(person, hr.event(person, "hire.cancelled", first_day, earlier))
        case "offer":
            world.deliver(person, hr.offer(person, first_day, "offer_created", "Created"))
        case "accept":
            world.deliver(person, hr.offer(person, first_day, "offer_updated", "Accepted"))
            world.deliver(person, hr.hired(person, first_day))


def _has_credential(user: dict[str, object], now: datetime) -> bool:
    """A Temporary Access Pass was issued, and its time has come: without one nobody gets in."""
    methods = user["methods"]
    assert isinstance(methods, list)  # noqa: S101 (the simulator's own answer)
    starts = [item["startDateTime"] for item in methods if item["method"] == "temporaryAccessPass"]
    return any(datetime.fromisoformat(start) <= now for start in starts)


def _register(world: World, user: dict[str, object], what: str) -> None:
    match what:
        case "register":
            world.register(user, "microsoftAuthenticatorPush")
            world.register(user, "mobilePhone", value="+15550100")
        case "cancel":
            world.cancel(user)
        case "passkey":
            world.register(user, "fido2")
        case "admin_phone":
            world.register(user, "mobilePhone", actor="admin", value="+15550101")
        case "register_phone":
            world.register(user, "mobilePhone", value="+15550102")
        case "remove_phone":
            world.delete(user, "mobilePhone")


def _words(done: list[Act]) -> str:
    """What just happened, in a few words: the acts of people first, hires of HR as a number."""
    announced = [act for act in done if act.what in _HR]
    others = [act for act in done if act.what in _TENANT]
    if others:
        more = f", {len(done) - 1} more" if len(done) > 1 else ""
        return _TENANT[others[0].what].format(others[0].person.name) + more
    if len(announced) == 1:
        return f"{_HR[announced[0].what]} {announced[0].person.name}"
    return f"HR sends {len(announced)} announcements" if announced else ""
