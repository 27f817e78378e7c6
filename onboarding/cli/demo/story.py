"""What happens in the demo, day by day: HR announces, the clock moves, people behave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from onboarding.cli.demo import people as p
from onboarding.cli.demo.people import Person
from onboarding.cli.demo.world import World
from onboarding.domain import calendar, country

DAYS = 24
#: A working day has eight hours everywhere: a step of four meets each of them.
STEP = timedelta(hours=4)

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Doing:
    """Something that somebody does at a moment. It is tried again a step later while there is no account."""

    at: datetime
    person: Person
    act: str


def play(world: World, hires: list[Person], progress: Progress) -> None:
    """The whole story. `progress(done, total, words)` is called after every step."""
    begin = world.now()
    first_day = begin.date()
    world.hire_managers()
    arrivals = _arrivals(hires, begin)
    doings = sorted((d for person in hires for d in plan(person, first_day)), key=lambda d: d.at)
    moments = [begin + STEP * n for n in range(1, int(timedelta(days=DAYS) / STEP) + 1)]
    for number, moment in enumerate(moments):
        for person in arrivals.pop(number, ()):
            world.announce(person, first_day)
            if number == 0 and person is hires[0]:
                world.forge(person, first_day)
        if number == 6:
            for person in hires:
                if person.behaviour == p.WITHDRAWN:
                    world.withdraw(person, first_day)
        world.move_to(moment)
        later = []
        for doing in doings:
            if doing.at > moment or not _do(world, doing):
                later.append(doing)
        if len(later) < len(doings):
            world.settle()
        doings = later
        progress(number + 1, len(moments), moment.strftime("%a %d %b, %H:%M UTC"))


def _arrivals(hires: list[Person], begin: datetime) -> dict[int, list[Person]]:
    """Half of the hires are announced at once, the others over the first day."""
    found: dict[int, list[Person]] = {}
    for number, person in enumerate(hires):
        found.setdefault(0 if number % 2 == 0 else 1 + number % 5, []).append(person)
    return found


def plan(person: Person, first_day: date) -> Iterator[Doing]:
    """When this person does what, in their own morning."""

    def day(number: int, hour: int = 11) -> datetime:
        zone = country.time_zone(country.alpha2(person.country), person.zone).zone
        local = first_day + timedelta(days=person.start + number)
        return calendar.at_local(local, time(hour), zone).astimezone(UTC)

    match person.behaviour:
        case p.PROMPT:
            yield Doing(day(0), person, "register")
        case p.LATE:
            yield Doing(day(4), person, "register")
        case p.VERY_LATE:
            yield Doing(day(9), person, "register")
        case p.CANCELS:
            yield Doing(day(1), person, "cancel")
            yield Doing(day(7), person, "register")
        case p.PASSKEY:
            yield Doing(day(0), person, "passkey")
        case p.HELPED:
            yield Doing(day(1), person, "admin_phone")
        case p.REMOVES:
            yield Doing(day(0), person, "register_phone")
            yield Doing(day(8), person, "remove_phone")


def _do(world: World, doing: Doing) -> bool:
    """Carry it out; False while the person has no account to do it with."""
    user = world.account_of(doing.person)
    if user is None:
        return False
    match doing.act:
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
    return True
