"""Who is hired in the demo. Made-up people with the kinds of names, countries and numbers that HR systems hold.

Some are always there because of what they show (`QUIRKS`); the others are drawn by the seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

#: How a person behaves after the first day. The order of severity is that of the table at the end.
PROMPT, LATE, VERY_LATE, CANCELS, PASSKEY, NEVER = (
    "prompt",
    "late",
    "very_late",
    "cancels",
    "passkey",
    "never",
)
HELPED, REMOVES, WITHDRAWN, INCOMPLETE = "helped_by_admin", "removes", "withdrawn", "incomplete"


@dataclass(frozen=True, slots=True)
class Person:
    """One hire. `start` counts days from the first simulated day."""

    given: str
    family: str | None
    country: str
    phone: str | None = None
    phone_country: str | None = None
    behaviour: str = PROMPT
    source: str = "standard-webhooks"
    start: int = 2
    zone: str | None = None
    locale: str | None = None
    note: str = ""
    #: Sent again unchanged, or sent out of order: an update before its create.
    duplicate: bool = False
    out_of_order: bool = False
    employee_id: str = ""
    manager: int = field(default=0)


QUIRKS = (
    Person(
        "Jürgen", "Groß", "Germany", "0176 10042069", "DE", note="umlauts; national number with a country"
    ),
    Person(
        "Jürgen", "Groß", "Deutschland", "+49 30 901820", behaviour=LATE, note="same name again; a landline"
    ),
    Person("Sukarno", None, "Indonesia", "0812-3456-7890", "ID", note="one-word name"),
    Person("Siobhán", "O'Neill", "Ireland", "+353 85 012 3456", note="apostrophe", duplicate=True),
    Person("José María", "de la Cruz Núñez", "Spain", "612 34 56 78", note="no country beside the number"),
    Person("太郎", "山田", "Japan", "090-1234-5678", "JP", behaviour=LATE, locale="ja-JP", note="not Latin"),
    Person("Łukasz", "Żółć", "Poland", "+48 512 345 678 ext. 21", note="extension", out_of_order=True),
    Person("Priya", "Raghunathan", "India", "98765 43210", "IN", behaviour=NEVER),
    Person(
        "Åse",
        "Sørensen",
        "Denmark",
        "+45 20 12 34 56",
        behaviour=HELPED,
        note="an administrator adds a phone",
    ),
    Person(
        "Nguyễn",
        "Thị Ánh",
        "Vietnam",
        "+84 91 234 56 78",
        behaviour=PASSKEY,
        note="a passkey and nothing else",
    ),
    Person(
        "Işıl", "Çağlar", "Türkiye", "+90 532 123 45 67", behaviour=CANCELS, note="cancels the first time"
    ),
    Person("Fatima", "Al-Mansouri", "United Arab Emirates", "+971 50 123 4567", zone="Asia/Dubai"),
    Person("Maya", "Cohen", "Israel", "1.23E+10", behaviour=LATE, note="a number that Excel ruined"),
    Person(
        "Sam", "Taylor", "USA", "+1 212 555 2368 (work)", zone="America/New_York", note="label in the number"
    ),
    Person(
        "Ana", "Silva", "Brazil", "(11) 91234-5678", "BR", source="greenhouse", note="offer first, then hire"
    ),
    Person("Marta", "Kowalczyk-Nowak", "Poland", "512345", note="invalid number", behaviour=VERY_LATE),
    Person(
        "Noor",
        "van den Berg",
        "The Netherlands",
        "06 12345678",
        "NL",
        behaviour=REMOVES,
        note="deletes it again",
    ),
    Person(
        "Chloé", "Lefèvre", "France", "06 12 34 56 78", "FR", behaviour=WITHDRAWN, start=30, note="withdrawn"
    ),
    Person(
        "Ben", "Whitfield", "United Kingdom", "07400 123456", "GB", behaviour=INCOMPLETE, note="no start date"
    ),
    Person(
        "Olga", "Смирнова", "Kazakhstan", "+7 701 123 4567", behaviour=NEVER, note="Cyrillic", duplicate=True
    ),
)

POOL = (
    Person("Emma", "Müller", "Germany", "+49 151 23456789", locale="de-DE"),
    Person("Lukas", "Weiß", "Austria", "+43 664 1234567", locale="de-AT"),
    Person("Giulia", "Rossi", "Italy", "+39 312 345 6789"),
    Person("Mateo", "García", "Mexico", "+52 55 1234 5678", zone="America/Mexico_City"),
    Person("Oliver", "Hughes", "United Kingdom", "+44 7400 123457", source="greenhouse"),
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
    Person("Tom", "Becker", "Germany", "+49 151 23456787", locale="de-DE", source="greenhouse"),
    Person("Zoë", "Smit", "Netherlands", "+31 6 12345679"),
    Person("Min-jun", "Kim", "Korea, Republic of", "+82 10-2345-6789"),
    Person("Hugo", "Martin", "Luxembourg", "+352 628 123 456"),
    Person("Ana", "Popescu", "Romania", "+40 712 034 567"),
)

_BEHAVIOURS = (PROMPT, PROMPT, PROMPT, LATE, LATE, VERY_LATE, CANCELS, NEVER)


def hires(seed: int) -> list[Person]:
    """Who is hired with this seed: every quirk, and twenty-four to thirty of the pool."""
    chance = random.Random(seed)
    drawn = chance.sample(POOL, chance.randint(24, 30))
    people = [*QUIRKS, *(replace(p, behaviour=chance.choice(_BEHAVIOURS)) for p in drawn)]
    chance.shuffle(people)
    made = []
    for number, person in enumerate(people):
        start = person.start if person.behaviour == WITHDRAWN else chance.randint(1, 6)
        duplicate = person.duplicate or chance.random() < 0.12
        out_of_order = person.out_of_order or (
            person.source == "standard-webhooks" and person.behaviour == PROMPT and chance.random() < 0.1
        )
        made.append(
            replace(
                person,
                start=start,
                duplicate=duplicate,
                out_of_order=out_of_order,
                employee_id=str(1000 + number)
                if person.source == "standard-webhooks"
                else str(78000 + number),
                manager=chance.randrange(4),
            )
        )
    return made
