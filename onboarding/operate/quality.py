"""What HR sent and nobody could use: the list of it, and a daily digest to HR.

The digest names people by employee id only, and holds no value. At most one goes out a day, and only when there is
something that none has told yet. Its claim is a marker, as a rung's is on a case:

    claim (compare-and-swap) → draft with an immutable id → id stored → sent → marked sent

After a crash the draft is looked up; a claim without an id is given up (`uncertain`), and what it would have told is
told the next day. To find what is new, every case is read once on a day that has news, and on the day after.
"""

from __future__ import annotations

import contextlib
import html
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onboarding import observe
from onboarding.domain import phone
from onboarding.domain.case import Case
from onboarding.domain.quality import WORDS
from onboarding.domain.records import Finding
from onboarding.errors import EffectUnknown, OnboardingError, StoreConflict
from onboarding.followup.text import plain
from onboarding.intake.quality import NEWS, QUIET
from onboarding.operate import sheets
from onboarding.operate.stamps import stamp
from onboarding.ports import CLAIM_LEASE, DraftState, Mail, Marker, Services

#: Marker of the digest: {day, status, claimed_at, message_id, since, until}.
DIGEST = "quality-digest"
CLAIMED, DRAFTED, SENT, UNCERTAIN = "claimed", "drafted", "sent", "uncertain"
#: Hour of the day, UTC, from which the digest goes out.
HOUR = 6
#: Lines of one digest; the rest is counted, and `export --data-quality` has it all.
LINES = 200
COLUMNS = (
    "employee_id",
    "source",
    "field",
    "code",
    "what",
    "masked",
    "delivery_id",
    "at",
    "state",
    "case_id",
)
_PAGE = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One finding and whose it is."""

    case: Case
    finding: Finding

    def as_json(self) -> dict[str, Any]:
        return {
            "case_id": self.case.case_id,
            "source": self.case.source,
            "employee_id": self.case.employee_key,
            "state": str(self.case.state),
            **finding_json(self.finding),
        }


def finding_json(item: Finding) -> dict[str, Any]:
    """One finding as every view shows it. `masked`: the last two digits of a number; of what is none, its shape."""
    return {
        "code": item.code,
        "field": item.field,
        "what": WORDS.get(item.code, item.code.replace("_", " ")),
        "masked": phone.ending(item.masked) or item.masked,
        "delivery_id": item.delivery,
        "at": stamp(item.at),
    }


async def lines(s: Services) -> AsyncIterator[Line]:
    """Every finding of every case that is listed."""
    page: str | None = None
    while True:
        found = await s.cases.walk(page, _PAGE)
        for case in found.items:
            for item in case.findings if case.listed else ():
                yield Line(case, item)
        if (page := found.next_page) is None:
            return


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """See `sheets.as_csv`."""
    return sheets.as_csv(COLUMNS, rows)


# --- the digest ----------------------------------------------------------------------------------------------


async def digest(s: Services) -> str:
    """Send what is new, once a day; returns what was done, as a code."""
    to, now = s.settings.hr_contact, await s.clock.now()
    if to is None or s.settings.mode == "dry_run":
        return "off"
    marker = await s.cases.read_marker(DIGEST)
    value: Mapping[str, Any] = marker.value if marker else {}
    if value.get("status") in {CLAIMED, DRAFTED} and marker is not None:
        return await _settle(s, marker, now)
    news = await s.cases.read_marker(NEWS)
    if news is None or not news.value.get("pending"):
        return "nothing_new"
    if now.hour < HOUR or value.get("day") == now.date().isoformat():
        return "not_yet"
    return await _tell(s, to, marker, news, now)


async def _tell(s: Services, to: str, marker: Marker | None, news: Marker, now: datetime) -> str:
    before = marker.value.get("until") if marker else None
    until = now - CLAIM_LEASE  # what is younger may still be on its way into a case
    told, count = await _new(s, datetime.fromisoformat(before) if before else None, until)
    if not told:
        await _no_news(s, news, now)
        return "nothing_new"
    value: dict[str, Any] = {"day": now.date().isoformat(), "status": CLAIMED, "claimed_at": now.isoformat()}
    value |= {"since": before, "until": until.isoformat()}
    try:
        claimed = await s.cases.write_marker(DIGEST, value, marker.etag if marker else None)
    except StoreConflict:
        return "elsewhere"
    return await _send(s, claimed, compose(to, s.settings.company_name, told, count), marker)


async def _new(s: Services, since: datetime | None, until: datetime) -> tuple[list[Line], int]:
    """The first lines, and how many there are."""
    told: list[Line] = []
    count = 0
    async for line in lines(s):
        at = line.finding.at
        if line.finding.code in QUIET or at > until or (since is not None and at <= since):
            continue
        count += 1
        if len(told) < LINES:
            told.append(line)
    return told, count


async def _no_news(s: Services, news: Marker, now: datetime) -> None:
    """Everything is told. A finding that was noted a moment ago has renewed the marker: then it stays."""
    if now - datetime.fromisoformat(news.value["pending"]) < 2 * CLAIM_LEASE:
        return
    with contextlib.suppress(StoreConflict):
        await s.cases.write_marker(NEWS, {"pending": None}, news.etag)


async def _send(s: Services, claimed: Marker, mail: Mail, before: Marker | None) -> str:
    try:
        if not s.mailer.can_draft:
            await s.mailer.send_now(mail, save=True)
            return await _mark(s, claimed, SENT)
        draft_id = await s.mailer.create_draft(mail)
    except EffectUnknown:
        return CLAIMED
    except OnboardingError as exc:
        observe.failure(log, "digest_not_sent", exc, code=exc.code)
        value = {
            **claimed.value,
            **(before.value if before else {"day": None, "until": None}),
            "status": SENT,
        }
        await s.cases.write_marker(DIGEST, value, claimed.etag)
        return exc.code
    drafted = await s.cases.write_marker(
        DIGEST, {**claimed.value, "status": DRAFTED, "message_id": draft_id}, claimed.etag
    )
    return await _send_draft(s, drafted)


async def _send_draft(s: Services, drafted: Marker) -> str:
    try:
        await s.mailer.send_draft(drafted.value["message_id"])
    except EffectUnknown:
        return DRAFTED
    return await _mark(s, drafted, SENT)


async def _settle(s: Services, marker: Marker, now: datetime) -> str:
    """Somebody claimed it and did not finish."""
    held = now < datetime.fromisoformat(marker.value["claimed_at"]) + CLAIM_LEASE
    draft_id = marker.value.get("message_id")
    if draft_id is None:
        return "held" if held else await _mark(s, marker, UNCERTAIN)
    if held:
        return "held"
    match await s.mailer.look_up(draft_id):
        case DraftState.SENT:
            return await _mark(s, marker, SENT)
        case DraftState.DRAFT:
            return await _send_draft(s, marker)
        case DraftState.GONE:
            return await _mark(s, marker, UNCERTAIN)


async def _mark(s: Services, marker: Marker, status: str) -> str:
    """What is in doubt is told again the next day: `until` goes back."""
    value = {**marker.value, "status": status}
    if status == UNCERTAIN:
        value["until"] = marker.value.get("since")
    observe.event(log, "quality_digest", status=status)
    await s.cases.write_marker(DIGEST, value, marker.etag)
    return status


def compose(to: str, company: str, told: list[Line], count: int) -> Mail:
    """The digest: employee id, field, what is wrong. What HR says is escaped, on one line, and no value."""
    rows = [(plain(line.case.employee_key) or "–", line.case.source, line.finding) for line in told]
    more = (
        f"{count - len(told)} more are in `python -m onboarding export --data-quality`."
        if count > len(told)
        else ""
    )
    head = (
        f"These {count} values in HR records could not be used as they are. Nobody is stopped by them unless the "
        "dashboard says so; correct them in the HR system, and they disappear from this list by themselves."
    )
    table = "".join(
        f"<tr><td>{html.escape(who)}</td><td>{html.escape(source)}</td><td>{html.escape(item.field)}</td>"
        f"<td>{html.escape(_words(item))}</td></tr>"
        for who, source, item in rows
    )
    text = "\n".join(f"{who} ({source}): {item.field}: {_words(item)}" for who, source, item in rows)
    page = (
        f'<!doctype html><html lang="en"><body><p>{html.escape(head)}</p><table><thead><tr><th>Employee</th>'
        f"<th>Source</th><th>Field</th><th>What is wrong</th></tr></thead><tbody>{table}</tbody></table>"
        f"<p>{html.escape(more)}</p></body></html>"
    )
    subject = f"{' '.join(company.split())}: {count} values in HR records could not be used"
    return Mail((to,), subject, page, f"{head}\n\n{text}\n{more}".rstrip(), "en")


def _words(item: Finding) -> str:
    return WORDS.get(item.code, item.code.replace("_", " "))
