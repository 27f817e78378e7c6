"""The phones of a hire: which one the directory may get, what HR is told, and what stays of them.

Raw numbers leave the case once the account exists: a keyed hash and the last two digits stay, enough to see
that HR changed a number and to tell an operator which one was meant (design section 5).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace

from onboarding.domain import phone
from onboarding.domain.case import Case
from onboarding.domain.hire import Hire, Phone

_ORDER = {"mobile": 0, "other": 1, "work": 2, "home": 3}


def results(hire: Hire) -> Iterator[tuple[Phone, phone.PhoneResult]]:
    """Each number with what became of it; mobile and primary ones first.

    The country evidence is this person's alone, nearest first: the hint beside the number, where they live, where
    they work. There is no default of the company: in a second country it would make numbers somebody else's.
    """
    listed = sorted(hire.phones or (), key=lambda p: (_ORDER.get(p.label, 1), not p.is_primary))
    for item in listed:
        yield item, phone.normalise(item.raw, (item.country_hint, hire.home_country, hire.work_country))


def directory_number(hire: Hire) -> str | None:
    """The number for `mobilePhone`: certain, and a mobile (or fixed-line-or-mobile) one. None: leave it out.

    One that HR keeps with an extension, in the field or beside it, is a switchboard.
    """
    for item, result in results(hire):
        if not item.extension and (number := phone.directory_phone(result)):
            return number
    return None


def hashed(key: str, e164: str) -> str:
    """Keyed hash of one number: HMAC-SHA-256, in hex."""
    return hmac.new(key.encode(), e164.encode(), hashlib.sha256).hexdigest()


def forget_numbers(case: Case, key: str) -> None:
    """Replace the raw numbers by a keyed hash, two digits, and the reason code of the first bad one."""
    case.behind = replace(case.behind, phones=None)
    case.behind_said.pop("phones", None)
    if not case.hire.phones:
        return
    found = [result for _, result in results(case.hire)]
    good = next((r for r in found if r.e164), None)
    bad = next((r for r in found if r.reason), None)
    case.phone_reason = str(bad.reason) if bad else None
    if good and good.e164:
        case.phone_hash, case.phone_tail = hashed(key, good.e164), good.e164[-2:]
    case.hire = replace(case.hire, phones=())
