"""`ports.SecurityInfo` on Microsoft Graph: methods, passes, audit log, registration report."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from onboarding.domain import phone
from onboarding.domain.evidence import Registration
from onboarding.errors import EffectUnknown, Unavailable
from onboarding.graph import calls_security as calls
from onboarding.graph import stream
from onboarding.graph.answer import instant
from onboarding.graph.client import GraphConnection
from onboarding.graph.evidence import SERVICES, parse
from onboarding.graph.report import Rows, read_page
from onboarding.graph.vocabulary import method_of_type
from onboarding.ports import AccessPass, PassLimits, SeenEvidence, SeenRegistration, SignInMethod

#: The audit log is read, sorted and handed on in windows of this length: order without holding it all.
WINDOW = timedelta(days=7)


class GraphSecurityInfo:
    """Errors: `onboarding.graph.errors`."""

    def __init__(self, connection: GraphConnection) -> None:
        self._graph = connection

    async def audit_events(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[SeenEvidence]]:
        """Evidence from `since` to `until`, both included, oldest first; one sequence a window, empty ones
        left out. What was handed on stays valid when a later window fails.

        Two requests a window at least: `or` is not among the documented filters, so each service is asked
        alone.
        Records arrive minutes late: read again with an overlap, and de-duplicate by id.
        """
        # Whole seconds outwards: `ge` and `le` are all the filter has.
        start = since.astimezone(UTC).replace(microsecond=0)
        end = (until.astimezone(UTC) + timedelta(microseconds=999_999)).replace(microsecond=0)
        handed_on: set[str] = set()
        while True:
            stop = min(start + WINDOW, end)
            found = [
                seen
                for service in SERVICES
                for seen in await self._window(service, start, stop)
                if seen.evidence.id not in handed_on
            ]
            if found:
                found.sort(key=lambda seen: (seen.evidence.at, seen.evidence.id))
                yield found
            if stop >= end:
                return
            # Both ends are included: what lies on the seam would come twice.
            handed_on = {seen.evidence.id for seen in found if seen.evidence.at >= stop}
            start = stop

    async def _window(self, service: str, start: datetime, stop: datetime) -> list[SeenEvidence]:
        odata_filter = (
            f"activityDateTime ge {_literal(start)} and activityDateTime le {_literal(stop)}"
            f" and loggedByService eq '{service}'"
        )
        return [
            seen
            async for rows, _ in self._graph.pages(calls.AUDITS, calls.audits(odata_filter))
            for row in rows
            if (seen := parse(row)) is not None
        ]

    def streamed(self, message: bytes) -> Sequence[SeenEvidence]:
        """See SecurityInfo. No request."""
        return stream.read(message)

    async def registration_report(self) -> AsyncIterator[Sequence[SeenRegistration]]:
        """The whole report, a page of up to 999 at a time. Disabled and deleted accounts are not in it.

        `as_of` is the report's own time (`lastUpdatedDateTime`), not when anybody registered.
        """
        report = Rows()
        pages = self._graph.pages_as(read_page, calls.REPORT, calls.registrations())
        async for rows, answer in pages:
            report.fallback = answer.at
            yield report.read(rows)

    async def registration_of(self, user_id: str, now: datetime) -> Registration:
        """This person's methods right now. Security questions and passwordless sign-in do not show here, and
        the flags of the report (administrator, SSPR) are None. Not present: no such account, or not yet."""

        data = await self._graph.read(calls.METHODS, calls.methods(user_id))
        return methods_read(data, now)

    async def sign_in_methods(self, user_id: str) -> list[SignInMethod] | None:
        """What can be deleted when a phone is lost."""
        data = await self._graph.read(calls.METHODS, calls.methods(user_id))
        if data is None:
            return None
        named = [(row, method_of_type(row)) for row in data.get("value") or ()]
        return [
            _method(row, name) for row, name in named if name and name in calls.DELETABLE and row.get("id")
        ]

    async def delete_method(self, user_id: str, method: str, method_id: str) -> None:
        """One that is gone already is fine."""
        await self._graph.send(calls.DELETABLE[method][0], calls.delete_method(user_id, method, method_id))

    async def pass_limits(self) -> PassLimits:
        """The tenant's Temporary Access Pass policy; not enabled in a cloud that has none."""
        row = await self._graph.read(calls.PASS_POLICY, calls.pass_policy()) or {}
        standard = PassLimits(enabled=row.get("state") == "enabled")
        return PassLimits(
            enabled=standard.enabled,
            minimum_minutes=row.get("minimumLifetimeInMinutes") or standard.minimum_minutes,
            maximum_minutes=row.get("maximumLifetimeInMinutes") or standard.maximum_minutes,
        )

    async def create_pass(self, user_id: str, usable_from: datetime, minutes: int) -> AccessPass:
        """One-time. Replaces a pass that exists, so a repeated call voids what was handed over."""
        build = calls.create_pass(user_id, usable_from, minutes)
        row = await self._graph.read(calls.CREATE_PASS, build) or {}
        if not row.get("id") or not row.get("temporaryAccessPass"):
            raise EffectUnknown("Graph made a pass and did not tell it: void it and issue another.")
        return _pass(row)

    async def add_phone(self, user_id: str, number: str) -> None:
        """A mobile number (`+CC NNN…`) as authentication method."""
        await self._graph.send(calls.ADD_PHONE, calls.add_phone(user_id, number))

    async def passes(self, user_id: str) -> list[AccessPass]:
        """Without secrets; one at most."""
        return [_pass(row) for row in await self._graph.items(calls.PASSES, calls.passes(user_id))]

    async def void_pass(self, user_id: str, pass_id: str) -> None:
        """A pass that is gone already is fine."""
        await self._graph.send(calls.VOID_PASS, calls.void_pass(user_id, pass_id))


def methods_read(data: Mapping[str, Any] | None, now: datetime) -> Registration:
    """The answer of `/authentication/methods` (None: 404) → what is registered at `now`."""
    if data is None:
        return Registration(methods=(), as_of=now, present=False, direct=True)
    names = [name for row in data.get("value") or () if (name := method_of_type(row)) is not None]
    return Registration(methods=tuple(dict.fromkeys(names)), as_of=now, direct=True)


def _pass(row: dict[str, Any]) -> AccessPass:
    usable_from = instant(row.get("startDateTime")) or instant(row.get("createdDateTime"))
    if usable_from is None:
        raise Unavailable("Graph answered with a pass that has no start; it is looked up again later.")
    return AccessPass(
        id=str(row["id"]),
        usable_from=usable_from,
        lifetime_minutes=int(row.get("lifetimeInMinutes") or 0),
        secret=row.get("temporaryAccessPass") or "",
        usable=row.get("isUsable") is not False,
        reason=row.get("methodUsabilityReason"),
    )


def _method(row: dict[str, Any], name: str) -> SignInMethod:
    """The number's last two digits; else the device's own name."""
    label = phone.ending(str(row.get("phoneNumber") or "")) or str(row.get("displayName") or "")
    return SignInMethod(str(row["id"]), name, label, instant(row.get("createdDateTime")))


def _literal(at: datetime) -> str:
    """An OData DateTimeOffset literal in UTC, as in the examples of directoryaudit-list."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
