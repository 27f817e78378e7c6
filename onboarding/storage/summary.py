"""Search rows: what a list shows of a case, and the words under which it is found.

Shared by every store. `fold` makes spelling irrelevant (case, accents, width: Unicode UAX #15 and #21), so
that "muller" finds "Müller" and "soren" finds "Søren". Scripts written without spaces are indexed from every
character on, so that a prefix match is a substring match.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC
from functools import lru_cache

from onboarding.domain.case import Case
from onboarding.domain.lists import fingerprint
from onboarding.ports import CaseSummary
from onboarding.safeguards.stops import beside, waits_for

#: Words longer than this are cut, and a query uses at most `MAX_TERMS` of its words.
MAX_WORD = 128
MAX_TERMS = 8

#: Letters that NFKD leaves whole although people type them without the stroke or as two letters.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_WORD = re.compile(r"[^\W_]+")
#: Kana, CJK ideographs (all planes), Hangul; Thai, Lao, Khmer and Myanmar are written without spaces too.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)


def fold(text: str) -> str:
    """`text` without case, accents and compatibility forms."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(c for c in unicodedata.normalize("NFKD", decomposed) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare.translate(_LETTERS))


def terms(query: str) -> list[str]:
    """The words of a query, folded: each must be the start of a word of the case."""
    return [word[:MAX_WORD] for word in dict.fromkeys(_WORD.findall(fold(query)))][:MAX_TERMS]


def words(case: Case) -> frozenset[str]:
    """The words under which a case is found: of its names, user principal name and ids."""
    hire, account, intent = case.hire, case.account, case.intent
    names = (hire.display_name, hire.preferred_name, hire.given_name, hire.family_name)
    ids = (
        hire.employee_id,
        hire.employee_number,
        hire.candidate_id,
        case.case_id,
        account.user_principal_name if account else None,
        account.id if account else None,
        intent.user_principal_name if intent else None,
    )
    return _words(names, ids)


@lru_cache(maxsize=1024)
def _words(names: tuple[str | None, ...], ids: tuple[str | None, ...]) -> frozenset[str]:
    """A case is written some dozen times, and its names stay the same."""
    return frozenset((*_split(names, joined=True), *_split(ids, joined=False)))


def _split(texts: Iterable[str | None], *, joined: bool) -> Iterator[str]:
    """Words of each text; `joined` adds "oneill" for "O'Neill" and "annemarie" for "Anne-Marie"."""
    for text in texts:
        for chunk in fold(text or "").split():
            parts = _WORD.findall(chunk)
            if joined and len(parts) > 1:
                parts.append("".join(parts))
            for part in parts:
                yield part[:MAX_WORD]
                yield from (part[m.start() :][:MAX_WORD] for m in _UNSPACED.finditer(part) if m.start())


def display_name(case: Case) -> str:
    """What a list calls the person: HR's display name, else preferred or given name and family name."""
    return case.hire.listed_name


def reason(case: Case) -> str | None:
    """The reason code by which lists find a case: whoever waits for the end of a stop is found by that, so that it can
    be sent (`operate.release`), whatever the case's own reason is. Where only something beside the case waits, the
    case's own reason goes before it: whoever has to act on that finds it."""
    return waits_for(case) or case.reason_code or next((task.code for task in beside(case)), None)


def summarize(case: Case) -> CaseSummary:
    """The search row of a case."""
    name = case.account or case.intent
    return CaseSummary(
        case_id=case.case_id,
        source=case.source,
        state=case.state.value,
        reason_code=reason(case),
        status=case.status.value,
        recoverable=case.recoverable.value,
        display_name=display_name(case),
        employee_id=case.employee_key,
        user_principal_name=name.user_principal_name if name else None,
        start_date=case.hire.start_date.isoformat() if case.hire.start_date else None,
        next_what=case.next_action.what,
        next_when=case.next_action.when.astimezone(UTC) if case.next_action.when else None,
        updated_at=case.updated_at.astimezone(UTC),
        object_id=case.account.id if case.account else None,
        seen=fingerprint(case.registration) if case.registration else None,
    )


def ids(case: Case) -> frozenset[str]:
    """Values that `CaseQuery.employee_id` equals."""
    hire, numbers = case.hire, (name.partition(":")[2] for name in case.numbers)
    return frozenset(v for v in (hire.employee_id, hire.employee_number, hire.candidate_id, *numbers) if v)
