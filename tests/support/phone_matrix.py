# mypy: allow-untyped-defs, allow-untyped-calls
"""`python -m tests.support.phone_matrix [COUNT] [SEED]`: every plan × kind × written form, and what became of it.

COUNT more numbers of each region and kind (default 3) beside the example number. Prints a line a form: how many
were read right, how many as another number, how many not, and why. Exit 1 when a number was read wrong.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator

import phonenumbers

from onboarding.domain.phone import PhoneStatus, normalise
from tests.support import phone_forms as forms
from tests.support.numbering import PERSONAL, SHARED, Known, national, world

WRONG_COUNTRIES = ("US", "DE", "GB", "IT", "BR", "JP", "RU", "AU", "MX", "AR")
#: Countries whose exit codes are not simply 00, and one where they are.
DIALLING = (
    *("US", "AU", "RU", "JP", "KR", "SG", "HK", "TH", "BR", "CO", "FI", "ID"),
    *("TW", "IL", "KH", "DE", "KE", "TZ", "UG", "NG", "BY", "CU", "UZ", "CL"),
)
Case = tuple[Known, str, str | None]


class Row:
    """What became of one written form, over all numbers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.right = self.wrong = 0
        self.missed: Counter[str] = Counter()
        self.examples: list[str] = []

    def judge(self, case: Case, must: bool = True) -> None:
        number, raw, country = case
        result = normalise(raw, (country,))
        if result.status is not PhoneStatus.OK:
            self.missed[str(result.reason)] += 1
            if must:
                self.examples.append(f"missed {number.region} {country} {raw!r} {result.reason}")
        elif result.e164 == number.e164:
            self.right += 1
        else:
            self.wrong += 1
            self.examples.insert(
                0, f"WRONG {number.region} {country} {raw!r} {number.e164} read {result.e164}"
            )

    def add(self, other: Row) -> None:
        self.right += other.right
        self.wrong += other.wrong
        self.missed += other.missed

    def __str__(self) -> str:
        total = self.right + self.wrong + sum(self.missed.values())
        missed = sum(self.missed.values()) / total if total else 0
        why = ", ".join(f"{name} {n}" for name, n in self.missed.most_common())
        return f"{self.name:<44} {total:>7} right {self.right:>7} wrong {self.wrong:>4} missed {missed:7.2%} {why}"


def _other(number: Known, salt: int) -> str:
    rng = [c for c in WRONG_COUNTRIES if phonenumbers.country_code_for_region(c) != number.code]
    return rng[(int(number.national[-3:]) + salt) % len(rng)]


def cases(count: int, seed: int) -> Iterator[tuple[str, bool, Iterable[Case]]]:
    people = world(count, PERSONAL, seed)
    for name, form in forms.INTERNATIONAL.items():
        yield f"int {name}, no country", True, ((n, form(n), None) for n in people)
        yield f"int {name}, right country", True, ((n, form(n), n.region) for n in people)
        yield f"int {name}, wrong country", True, ((n, form(n), _other(n, len(name))) for n in people)
    yield "trunk kept", True, ((n, t, None) for n in people for t in forms.trunk_kept(n))
    yield "trunk kept, right", True, ((n, t, n.region) for n in people for t in forms.trunk_kept(n))
    for country in DIALLING:
        yield f"dialled from {country}", False, (
            (n, forms.dialled_from(n, country), country) for n in people
            if n.code != phonenumbers.country_code_for_region(country)
        )  # fmt: skip
    for name, form in forms.NATIONAL.items():
        yield f"nat {name}", True, ((n, form(n), n.region) for n in people)
    for name, form in forms.LOOSE.items():
        yield f"loose {name}, right", False, ((n, form(n), n.region) for n in people)
        yield f"loose {name}, none", False, ((n, form(n), None) for n in people)
        yield f"loose {name}, wrong", False, ((n, form(n), _other(n, len(name))) for n in people)
    yield "nat, none", False, ((n, national(n), None) for n in people)
    yield "nat, wrong country (assumed)", False, ((n, national(n), _other(n, 0)) for n in people)
    shared = world(count, SHARED, seed)
    for name in ("e164", "international", "00", "full width", "x12", "label behind"):
        form = forms.INTERNATIONAL[name]
        yield f"shared {name}", False, ((n, form(n), None) for n in shared)
    for name in ("national", "digits", "label"):
        form = forms.NATIONAL[name]
        yield f"shared nat {name}", False, ((n, form(n), n.region) for n in shared)
    for name, form in forms.LOOSE.items():
        yield f"shared loose {name}", False, ((n, form(n), n.region) for n in shared)


#: Rows whose numbers are written rightly, by the beginning of their names.
MUST = {"int": "international forms", "trunk": "trunk prefix kept", "nat": "national forms, right country"}


def main(argv: list[str]) -> int:
    """COUNT SEED SHOW, all optional; SHOW examples of what was missed or wrong are printed for each row."""
    count, seed, show = (int(text) for text in (argv + ["3", "0", "3"][len(argv) :])[:3])
    sums = {name: Row(name) for name in MUST.values()}
    for name, must, found in cases(count, seed):
        row = Row(name)
        for case in found:
            row.judge(case, must)
        print(row)
        for line in row.examples[:show]:
            print("    ", line)
        if must:
            sums[MUST[name.split(" ")[0]]].add(row)
    print(*sums.values(), sep="\n")
    return 1 if any(row.wrong for row in sums.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
