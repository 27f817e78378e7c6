"""Who is hired in the demo. Made-up people with the kinds of names, countries and numbers that HR systems hold.

Some are always there because of what they show (`QUIRKS`); the others are drawn from `POOL` by the seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

#: How a person, an administrator or HR behaves. What each does when is in `story.plan`.
EARLY, PROMPT, LATE, VERY_LATE, CANCELS = "early", "prompt", "late", "very_late", "cancels"
PASSKEY, NEVER, HELPED, REMOVES = "passkey", "never", "helped_by_admin", "removes"
WITHDRAWN, LEFT, INCOMPLETE, COMPLETED, TWIN = "withdrawn", "left", "incomplete", "completed", "twin"

STANDARD, GREENHOUSE = "standard-webhooks", "greenhouse"


@dataclass(frozen=True, slots=True)
class Person:
    """One hire. `start` counts days from the first simulated day, a Monday; None: the seed chooses."""

    given: str
    family: str | None
    country: str
    phone: str | None = None
    phone_country: str | None = None
    behaviour: str = PROMPT
    note: str = ""
    source: str = STANDARD
    start: int | None = None
    zone: str | None = None
    locale: str | None = None
    #: Sent again unchanged, or sent out of order: an update before its create.
    duplicate: bool = False
    out_of_order: bool = False
    #: Hours after the beginning at which HR announces the hire; None: the seed chooses.
    announced: int | None = None
    employee_id: str = ""
    #: Number of the manager; None: the seed chooses. Greenhouse names none.
    manager: int | None = None

    @property
    def name(self) -> str:
        """As people would write it."""
        return " ".join(filter(None, (self.given, self.family)))


QUIRKS = (
    Person("Jürgen", "Groß", "Germany", "0176 10042069", "DE", EARLY, "umlauts, national number", manager=0),
    Person("Jürgen", "Groß", "Deutschland", "+49 30 901820", None, VERY_LATE, "same name again, landline", manager=1),
    Person("Sukarno", None, "Indonesia", "0812-3456-7890", "ID", PROMPT, "one-word name"),
    Person("Siobhán", "O'Neill", "Ireland", "+353 85 012 3456", None, PROMPT, "apostrophe", duplicate=True),
    Person("José María", "de la Cruz Núñez", "Spain", "612 34 56 78", None, PROMPT, "number without a country"),
    Person("太郎", "山田", "Japan", "090-1234-5678", "JP", LATE, "not Latin", locale="ja-JP"),
    Person("Łukasz", "Żółć", "Poland", "+48 512 345 678 ext. 21", None, PROMPT, "extension", out_of_order=True),
    Person("Priya", "Raghunathan", "India", "98765 43210", "IN", NEVER, "answers nothing"),
    Person("Åse", "Sørensen", "Denmark", "+45 20 12 34 56", None, HELPED, "an administrator adds a phone"),
    Person("Nguyễn", "Thị Ánh", "Vietnam", "+84 91 234 56 78", None, PASSKEY, "a passkey and nothing else"),
    Person("Işıl", "Çağlar", "Türkiye", "+90 532 123 45 67", None, CANCELS, "cancels the first time"),
    Person("Fatima", "Al-Mansouri", "United Arab Emirates", "+971 50 123 4567", zone="Asia/Dubai"),
    Person("Maya", "Cohen", "Israel", "1.23E+10", None, LATE, "a number from a spreadsheet"),
    Person("Sam", "Taylor", "USA", "+1 212 555 2368 (work)", None, EARLY, "words after it", zone="America/New_York"),
    Person("Ana", "Silva", "Brazil", "(11) 91234-5678", "BR", EARLY, "offer, then hire", source=GREENHOUSE),
    Person("Marta", "Kowalczyk-Nowak", "Poland", "512345", None, VERY_LATE, "six digits"),
    Person("Noor", "van den Berg", "The Netherlands", "06 12345678", "NL", REMOVES, "deletes it again", start=2),
    Person("Chloé", "Lefèvre", "France", "06 12 34 56 78", "FR", WITHDRAWN, "withdrawn early", start=30),
    Person("Elif", "Öztürk", "Türkiye", "0532 123 45 68", "TR", LEFT, "withdrawn late", start=10),
    Person("Ben", "Whitfield", "United Kingdom", "07400 123456", "GB", INCOMPLETE, "no start date"),
    Person("Rosa", "Jiménez", "Spain", "+34 612 34 56 79", None, COMPLETED, "start date sent a day later", start=7),
    Person("Ida", "Nilsson", "Sweden", "070-123 45 68", "SE", TWIN, "has an account already"),
    Person("Anna", "Schmidt", "Austria", "+43 664 1234568", None, PROMPT, "a namesake works here already"),
    Person("Olga", "Смирнова", "Kazakhstan", "+7 701 123 4567", None, NEVER, "Cyrillic", duplicate=True),
)  # fmt: skip

POOL = (
    Person("Emma", "Müller", "Germany", "+49 151 23456789", locale="de-DE"),
    Person("Lukas", "Weiß", "Austria", "+43 664 1234567", locale="de-AT"),
    Person("Giulia", "Rossi", "Italy", "+39 312 345 6789"),
    Person("Mateo", "García", "Mexico", "+52 55 1234 5678", zone="America/Mexico_City"),
    Person("Oliver", "Hughes", "United Kingdom", "+44 7400 123457", source=GREENHOUSE),
    Person("Hannah", "Schäfer", "Germany", "0151/23456788", "Germany", locale="de-DE"),
    Person("Sofia", "Lindqvist", "Sweden", "070-123 45 67", "SE"),
    Person("Aoife", "Byrne", "Ireland", "085 012 3457", "IE"),
    Person("Kwame", "Mensah", "Ghana", "+233 24 123 4567"),
    Person("Yuki", "Tanaka", "Japan", "+81 90 1234 5679", locale="ja-JP"),
    Person("Camille", "Dubois", "France", "+33 6 12 34 56 79", locale="fr-FR"),
    Person("Liam", "Murphy", "Australia", "+61 412 345 678", zone="Australia/Sydney"),
    Person("Isabella", "Costa", "Portugal", "+351 912 345 678"),
    Person("Ahmed", "Hassan", "Egypt", "+20 100 123 4567"),
    Person("Mei", "Chen", "Singapore", "+65 8123 4567"),
    Person("Daniel", "Novák", "Czech Republic", "+420 601 123 456"),
    Person("Eleni", "Παπαδοπούλου", "Greece", "+30 691 234 5678"),
    Person("Jakob", "Hansen", "Norway", "+47 406 12 345"),
    Person("Sara", "Virtanen", "Finland", "+358 40 1234567"),
    Person("Pieter", "Janssens", "Belgium", "+32 470 12 34 56"),
    Person("Lena", "Fischer", "Switzerland", "+41 78 123 45 67", locale="de-CH"),
    Person("Grace", "Okafor", "Nigeria", "+234 802 123 4567"),
    Person("Minh", "Trần", "Vietnam", "+84 91 234 56 79"),
    Person("Ravi", "Kumar", "India", "+91 98765 43211"),
    Person("Thandi", "Nkosi", "South Africa", "+27 71 123 4567"),
    Person("Diego", "Fernández", "Argentina", "+54 9 11 2345-6789", zone="America/Argentina/Buenos_Aires"),
    Person("Katarina", "Horvat", "Croatia", "+385 92 123 4567"),
    Person("Tom", "Becker", "Germany", "+49 151 23456787", locale="de-DE", source=GREENHOUSE),
    Person("Zoë", "Smit", "Netherlands", "+31 6 12345679"),
    Person("Min-jun", "Kim", "Korea, Republic of", "+82 10-2345-6789"),
    Person("Hugo", "Martin", "Luxembourg", "+352 628 123 456"),
    Person("Ana", "Popescu", "Romania", "+40 712 034 567"),
)

_BEHAVIOURS = (EARLY, PROMPT, PROMPT, PROMPT, LATE, LATE, VERY_LATE, CANCELS, NEVER)
#: Wednesday and Thursday, and Monday to Thursday after: a working day everywhere, and no sooner than the day
#: after the one on which the first credential can go out.
_STARTS = (2, 3, 7, 8, 9, 10)
#: Hours into the first day, and for those who start in the second week into the first three days.
_SOON, _LATER = (0, 4, 8, 12), (0, 8, 24, 28, 52)


def hires(seed: int) -> list[Person]:
    """Who is hired with this seed: every quirk, and twenty to twenty-six of the pool."""
    chance = random.Random(seed)
    drawn = chance.sample(POOL, chance.randint(20, 26))
    people = [*QUIRKS, *(replace(p, behaviour=chance.choice(_BEHAVIOURS)) for p in drawn)]
    chance.shuffle(people)
    return [_complete(person, number, chance) for number, person in enumerate(people)]


def _complete(person: Person, number: int, chance: random.Random) -> Person:
    """What the seed decides. Every draw is made for everybody, so that one person's data moves no other's."""
    start, manager = chance.choice(_STARTS), chance.randrange(4)
    soon, later = chance.choice(_SOON), chance.choice(_LATER)
    stutters, disorder = chance.random() < 0.12, chance.random() < 0.1
    start = start if person.start is None else person.start
    by_standard = person.source == STANDARD
    return replace(
        person,
        start=start,
        announced=soon if start < 7 else later,
        duplicate=person.duplicate or stutters,
        out_of_order=person.out_of_order or (by_standard and person.behaviour == PROMPT and disorder),
        employee_id=str((1000 if by_standard else 78000) + number),
        manager=person.manager if person.manager is not None else manager,
    )
