"""The at-risk report: who of the whole workforce could not reset, without enrolling anybody.

    users of the directory, streamed → a few bits each · holders of roles · the report, streamed → judged and joined

For 100,000 people: 101 pages of users, 101 pages of the report, and the reads of `Directory.role_holders`. Memory is
12 bytes a person and 24 for each one at risk. No case is read, none is written; what is kept is a summary of
counts, in one marker, for the dashboard. Columns and limits: docs/reports.md.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from onboarding import observe
from onboarding.domain import at_risk as rules_of
from onboarding.domain import usage
from onboarding.domain.at_risk import Bit, Exposed, Judged, Risk, answer
from onboarding.domain.evidence import Registration
from onboarding.domain.policy import ReportsPolicy
from onboarding.domain.rules import Rules
from onboarding.domain.usage import Cell, Group
from onboarding.errors import DeployerError, OperatorError, StoreConflict
from onboarding.operate.stamps import stamp
from onboarding.operate.workforce import Rows, Workforce
from onboarding.ports import CANNOT_READ, SeenRegistration, Services

log = logging.getLogger(__name__)

#: Marker of the last summary, and how long it is good.
SUMMARY, GOOD_FOR = "at_risk_summary", timedelta(days=7)
RANKS = ("administrator", "finance", "director", "other")
COLUMNS = (
    "object_id",
    "first",
    "risk",
    "methods_missing",
    "methods_registered",
    "directory_data",
    "recoverable_today",
    "new",
    "little_pc",
    "hybrid",
    "department",
)
#: In front of them, where they are asked for.
NAMES = ("user_principal_name", "display_name")
#: Different contents of rows that are told apart, and departments of a summary.
CONTENTS, DEPARTMENTS = 10_000, 50
NEEDS_PREMIUM = "report_needs_premium"


@dataclass(slots=True)
class AtRisk:
    """What was read. `rows` by rank."""

    now: datetime
    rules: Rules
    policy: ReportsPolicy
    workforce: Workforce
    #: False: the tenant does not show its users, or who holds a role.
    directory_read: bool = True
    roles_read: bool = True
    as_of: datetime | None = None
    counts: Counter[str] = field(default_factory=Counter)
    rows: tuple[Rows, ...] = field(default_factory=lambda: tuple(Rows() for _ in RANKS))
    _judged: dict[tuple[object, ...], int] = field(default_factory=dict)
    _contents: list[tuple[Judged, tuple[str, ...]]] = field(default_factory=list)
    _places: dict[int, list[int]] = field(default_factory=dict)

    def take(self, seen: SeenRegistration) -> None:
        """One row of the report."""
        row = seen.registration
        if self.as_of is None or row.as_of > self.as_of:
            self.as_of = row.as_of
        bits, place = self.workforce.find(seen.user_id)
        bits |= int(Bit.ADMIN) if row.is_admin else 0
        if bits & Bit.GUEST:
            self.counts["guests"] += 1
            return
        content = self._content(row, bool(bits & Bit.ADMIN))
        found, rank = self._contents[content][0], rules_of.rank(bits)
        self._tally(found, bits, rank)
        if found.risk is Risk.OUT_OF_SCOPE:
            return
        department = self._places.setdefault(place, [0, 0])
        department[0] += 1
        self.counts["scope_unknown"] += row.sspr_enabled is None
        if found.risk is not Risk.NONE:
            department[1] += 1
            self.counts["called_registered"] += row.sspr_registered is True
            self.rows[rank].add(seen.user_id, bits, place, content)

    def _content(self, row: Registration, admin: bool) -> int:
        key = (row.methods, row.sspr_enabled, admin)
        number = self._judged.get(key)
        if number is None:
            judged = rules_of.judge(row, admin, self.rules, self.now)
            # Names of methods are an open set: after so many contents the names are left out.
            full = len(self._contents) >= CONTENTS
            short: tuple[object, ...] = (judged,) if full else key
            number = self._judged.get(short)
            if number is None:
                number = self._judged[short] = len(self._contents)
                self._contents.append((judged, () if full else row.methods))
        return number

    def _tally(self, found: Judged, bits: int, rank: int) -> None:
        counts = self.counts
        counts[f"risk_{found.risk}"] += 1
        if found.risk is Risk.OUT_OF_SCOPE:
            return
        counts[f"people_{RANKS[rank]}"] += 1
        if bits & Bit.ADMIN:
            counts[f"admins_missing_{found.missing}"] += 1
        if found.risk is Risk.NONE:
            counts["questions_needed"] += found.questions_needed
            counts["phones_only"] += found.phones_only
            counts["phones_and_questions"] += found.phones_only and found.questions_needed
            counts["phones_or_questions"] += found.phones_or_questions
            return
        counts[f"at_risk_{RANKS[rank]}"] += 1
        counts[f"data_{answer(bits, Bit.DATA, Bit.DATA_KNOWN)}"] += 1
        counts[f"recoverable_{rules_of.recoverable(bits, found, self.rules, self.now)}"] += 1
        counts[f"hybrid_{answer(bits, Bit.SYNCED, Bit.SYNCED_KNOWN)}"] += 1
        counts[f"little_pc_{answer(bits, Bit.LITTLE_PC, Bit.LITTLE_PC_KNOWN)}"] += 1
        if found.risk is Risk.NOTHING:
            counts[f"new_{answer(bits, Bit.NEW, Bit.NEW_KNOWN)}"] += 1

    @property
    def total(self) -> int:
        """People at risk."""
        return sum(map(len, self.rows))

    def table(self) -> Iterator[Mapping[str, Any]]:
        """Rows with `COLUMNS`: ids and codes; administrators first, then finance, then directors."""
        names = self.workforce.departments.names
        for rank, rows in zip(RANKS, self.rows, strict=True):
            for user_id, bits, place, content in rows:
                found, methods = self._contents[content]
                yield {
                    "object_id": user_id,
                    "first": rank,
                    "risk": str(found.risk),
                    "methods_missing": found.missing,
                    "methods_registered": " ".join(methods),
                    "directory_data": answer(bits, Bit.DATA, Bit.DATA_KNOWN),
                    "recoverable_today": rules_of.recoverable(bits, found, self.rules, self.now),
                    "new": answer(bits, Bit.NEW, Bit.NEW_KNOWN),
                    "little_pc": answer(bits, Bit.LITTLE_PC, Bit.LITTLE_PC_KNOWN),
                    "hybrid": answer(bits, Bit.SYNCED, Bit.SYNCED_KNOWN),
                    "department": names[place] if bits & Bit.LISTED else None,
                }

    def summary(self) -> dict[str, Any]:
        """Counts only."""
        counts = self.counts
        in_scope = sum(counts[f"people_{rank}"] for rank in RANKS)

        def three(name: str) -> dict[str, int]:
            return {said: counts[f"{name}_{said}"] for said in ("yes", "no", "unknown")}

        return {
            "report": "at-risk",
            "read_at": stamp(self.now),
            "as_of": stamp(self.as_of) if self.as_of else None,
            "people": {
                "in_scope": in_scope,
                "out_of_scope": counts[f"risk_{Risk.OUT_OF_SCOPE}"],
                "guests_left_out": counts["guests"],
                "enabled_and_not_in_the_report": self.workforce.unreported() if self.directory_read else None,
            },
            "at_risk": {
                "total": self.total,
                "nothing": counts[f"risk_{Risk.NOTHING}"],
                "too_few": counts[f"risk_{Risk.TOO_FEW}"],
                "directory_data": three("data"),
                "recoverable_today": three("recoverable"),
            },
            "groups": {
                "new_never_registered": three("new"),
                "little_pc": three("little_pc"),
                "hybrid": three("hybrid"),
            },
            "first": {
                rank: {"people": counts[f"people_{rank}"], "at_risk": counts[f"at_risk_{rank}"]}
                for rank in RANKS
            },
            "administrators": {f"missing_{n}": counts[f"admins_missing_{n}"] for n in range(3)},
            "enough_for_now": {
                "phones_only": counts["phones_only"],
                "questions_needed": counts["questions_needed"],
                "phones_or_questions": counts["phones_or_questions"],
            },
            "departments": self._departments(),
            "forecast": list(rules_of.forecast(self._exposed(), self.rules, self.policy, self.now.date())),
            "assumptions": {
                "resets_per_person_year": {
                    "value": self.policy.resets_per_person_year,
                    "source": self.policy.resets_source,
                },
                "working_days_per_year": rules_of.WORKING_DAYS,
                "new_days": self.policy.new_days,
                "least_people": self.policy.least_people,
                "deadline": self.rules.deadline.isoformat(),
                "writeback": self.rules.writeback,
                "methods_required": self.rules.methods_required,
            },
            "notes": self._notes(),
        }

    def _exposed(self) -> Exposed:
        counts, both = self.counts, self.counts["phones_and_questions"]
        return Exposed(
            now=self.total - counts["recoverable_yes"],
            from_deadline=counts["recoverable_yes"],
            from_questions_end=counts["questions_needed"] - both,
            phones_only=counts["phones_only"] - both,
            phones_and_questions=both,
            phones_or_questions=counts["phones_or_questions"],
        )

    def _departments(self) -> list[dict[str, Any]]:
        """Most at risk first; small ones, and those after the first fifty, together at the end."""
        if not self.directory_read:
            return []
        names = self.workforce.departments.names
        cells = [
            Cell("", Group(usage.DEPARTMENT, names[place]), people, {"people": people, "at_risk": risk})
            for place, (people, risk) in self._places.items()
        ]
        found = usage.shown(cells, self.policy.least_people)
        ordered = sorted(found.groups.items(), key=lambda item: (-item[1]["at_risk"], item[0]))
        for _, counts in ordered[DEPARTMENTS:]:
            usage.add(found.rest, counts)
        rows = [{usage.DEPARTMENT: name, **counts} for name, counts in ordered[:DEPARTMENTS]]
        return [*rows, {usage.DEPARTMENT: None, **found.rest}] if found.rest else rows

    def _notes(self) -> list[str]:
        """What a reader has to know beside the numbers."""
        notes = [
            "From the registration report, which is up to 36 hours behind and leaves out disabled people. It says "
            "which methods are registered, not who added them.",
            "recoverable_today is about what the directory holds; unknown counts as not able to in the forecast.",
        ]
        if not self.directory_read:
            notes.append(
                "The tenant does not show its users: department, job title, new, hybrid and directory data are "
                "unknown. Grant User.Read.All."
            )
        if not self.roles_read:
            notes.append(
                "The tenant does not show who holds a role: administrators are those whom the report calls so "
                "(isAdmin)."
            )
        if not self.policy.little_pc_words:
            notes.append(
                "No field of Graph says who rarely uses a PC: little_pc is unknown until reports.little_pc_words of "
                "the policy names departments or job titles."
            )
        if self.counts["hybrid_yes"] and not self.rules.writeback:
            notes.append(
                "ONBOARDING_WRITEBACK is false: synced people cannot reset by themselves, whatever they registered."
            )
        if (count := self.counts["called_registered"]) and self.rules.sspr_scope == "report":
            notes.append(
                f"The report calls {count} of the people at risk registered (isSsprRegistered): compare "
                "ONBOARDING_METHODS_REQUIRED with the tenant."
            )
        if (count := self.counts["scope_unknown"]) and self.rules.sspr_scope == "report":
            notes.append(
                f"Of {count} people the report does not say whether SSPR is open to them: taken as in scope."
            )
        return notes


async def read(s: Services) -> AtRisk:
    """Read everything. Raises what the tenant raises; OperatorError `report_needs_premium` without Entra ID P1."""
    now, policy = await s.clock.now(), s.policy.reports
    found = AtRisk(now, Rules.of(s.settings, s.policy), policy, Workforce(policy, now))
    try:
        async for users in s.directory.people():
            found.workforce.add(users)
    except DeployerError as exc:
        if exc.code not in CANNOT_READ:
            raise
        found.workforce, found.directory_read = Workforce(policy, now), False
    found.workforce.close()
    try:
        found.workforce.mark_admins(user.id for user in await s.directory.role_holders())
    except DeployerError as exc:
        if exc.code not in CANNOT_READ:
            raise
        found.roles_read = False
    async for page in s.security.registration_report():
        for seen in page:
            found.take(seen)
    observe.event(log, "at_risk_read", people=len(found.workforce), at_risk=found.total)
    return found


async def named(s: Services, found: AtRisk) -> Iterator[Mapping[str, Any]]:
    """The rows of `table` with `NAMES` in front; null for whoever the directory does not show any more. Reads all users
    once more, and holds the names of those at risk."""
    names: dict[str, tuple[str | None, str | None]] = {
        user_id.lower(): (None, None) for rows in found.rows for user_id, *_ in rows
    }
    if found.directory_read:
        async for users in s.directory.people(named=True):
            for user in users:
                if user.id.lower() in names:
                    names[user.id.lower()] = (user.user_principal_name, user.display_name)
    return (
        {**dict(zip(NAMES, names[row["object_id"].lower()], strict=True)), **row} for row in found.table()
    )


async def keep(s: Services, summary: Mapping[str, Any]) -> None:
    """For the dashboard. Another reader that was faster has read the same."""
    marker = await s.cases.read_marker(SUMMARY)
    with contextlib.suppress(StoreConflict):
        await s.cases.write_marker(SUMMARY, summary, marker.etag if marker else None)


async def kept(s: Services) -> Mapping[str, Any] | None:
    """The last summary; None: there is none yet. With `error` and nothing else but `read_at`: there cannot be one."""
    marker = await s.cases.read_marker(SUMMARY)
    return marker.value if marker else None


async def refresh(s: Services) -> bool:
    """Read anew when the last summary is a week old. True: it was read."""
    last, now = await kept(s), await s.clock.now()
    if last is not None and now - datetime.fromisoformat(last["read_at"]) < GOOD_FOR:
        return False
    try:
        await keep(s, (await read(s)).summary())
    except OperatorError as exc:
        if exc.code != NEEDS_PREMIUM:
            raise
        await keep(s, {"report": "at-risk", "read_at": stamp(now), "error": exc.code})
    return True
