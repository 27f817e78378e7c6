"""Recording adapters: reads are the tenant's, writes are noted and seen by the reads that follow.

They answer as the tenant would if every write got through: the account that was "created" can be read, is in the
groups that it was put into, and has no methods, so that the same steps run to their end. Nothing leaves this process.
Each read goes to the tenant once; `reads` may be shared by all people of one plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from onboarding.domain.case import Case
from onboarding.domain.evidence import Registration
from onboarding.domain.records import RungRecord
from onboarding.dry_run.record import Recorder
from onboarding.ports import (
    AccessPass,
    DirectoryUser,
    DraftState,
    Licence,
    LicenceUnits,
    Mail,
    NameTaken,
    NewUser,
    SignInMethod,
)

#: Attributes of POST /users that every account has, or that are no data about the person.
_PLAIN = frozenset({"user_principal_name", "mail_nickname", "password", "account_enabled"})
#: Names as Graph spells them.
_GRAPH = {
    "display_name": "displayName",
    "employee_id": "employeeId",
    "given_name": "givenName",
    "surname": "surname",
    "job_title": "jobTitle",
    "department": "department",
    "company_name": "companyName",
    "usage_location": "usageLocation",
    "preferred_language": "preferredLanguage",
    "employee_hire_date": "employeeHireDate",
    "mobile_phone": "mobilePhone",
    "employee_type": "employeeType",
}


class Reads:
    """Answers of an adapter, each asked for once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Any] = {}

    async def ask(self, port: Any, method: str, *args: Any, **named: bool) -> Any:
        """What the adapter says, now or before. A moment among the arguments makes it no other question."""
        asked = [arg for arg in args if not isinstance(arg, datetime)]
        plain = (tuple(arg) if isinstance(arg, list) else arg for arg in asked)
        key = (id(port), method, *plain, *sorted(named.items()))
        if key not in self._known:
            self._known[key] = await getattr(port, method)(*args, **named)
        return self._known[key]


class RecordingDirectory:
    """`ports.Directory`. Made-up ids begin with `dry-run-`, so that nothing can be mistaken for a real one."""

    def __init__(self, real: Any, recorder: Recorder, reads: Reads) -> None:
        self._real, self._recorder, self._reads = real, recorder, reads
        self._users: dict[str, DirectoryUser] = {}
        self._groups: dict[str, set[str]] = {}
        self._given: dict[str, int] = {}
        self._restored: set[str] = set()
        self._managers: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        """Reads of which nothing here changes the answer."""
        if name not in PASSED_ON:
            raise AttributeError(name)

        async def read(*args: Any, **named: bool) -> Any:
            return await self._reads.ask(self._real, name, *args, **named)

        return read

    def is_made_up(self, user_id: str) -> bool:
        """An account that exists in this rehearsal only."""
        return user_id.startswith("dry-run-")

    async def create_user(self, user: NewUser) -> DirectoryUser:
        """NameTaken where POST /users would say ObjectConflict."""
        await self._claim(user.user_principal_name)
        named = [f.name for f in fields(user) if f.name not in _PLAIN and getattr(user, f.name) is not None]
        self._recorder.note(
            "create_account",
            user_principal_name=user.user_principal_name,
            state="enabled" if user.account_enabled else "disabled",
            attributes=", ".join(_GRAPH.get(name, name) for name in named),
        )
        made = DirectoryUser(
            id=f"dry-run-{len(self._users) + 1}",
            user_principal_name=user.user_principal_name,
            employee_id=user.employee_id,
            display_name=user.display_name,
            account_enabled=user.account_enabled,
            created_at=self._recorder.now().replace(microsecond=0),
            user_type="Member",
            usage_location=user.usage_location,
            employee_hire_date=user.employee_hire_date,
            licences=(),
        )
        self._users[made.id] = made
        return made

    async def _claim(self, *addresses: str | None) -> None:
        """Raise NameTaken for a user name or an address that somebody has, in the tenant or in this rehearsal."""
        for address in filter(None, addresses):
            made = any(user.user_principal_name.lower() == address.lower() for user in self._users.values())
            if made or await self.find_by_address(address, aliases=True):
                raise NameTaken

    async def get_user(self, id_or_upn: str) -> DirectoryUser | None:
        wanted = id_or_upn.lower()
        for user in self._users.values():
            if wanted in {user.id.lower(), user.user_principal_name.lower()}:
                return user
        found: DirectoryUser | None = await self._reads.ask(self._real, "get_user", id_or_upn)
        return found

    async def find_by_employee_id(self, employee_id: str) -> list[DirectoryUser]:
        found = await self._reads.ask(self._real, "find_by_employee_id", employee_id)
        ours = [user for user in self._users.values() if user.employee_id == employee_id]
        known = {user.id for user in ours}
        return [*(user for user in found if user.id not in known), *ours]

    async def has_privileges(self, user_id: str) -> bool:
        if self.is_made_up(user_id):
            return False
        return bool(await self._reads.ask(self._real, "has_privileges", user_id))

    async def memberships(self, user_id: str) -> frozenset[str]:
        held: frozenset[str] = frozenset()
        if not self.is_made_up(user_id):
            held = await self._reads.ask(self._real, "memberships", user_id)
        return held | self._groups.get(user_id, set())

    async def get_manager(self, user_id: str) -> DirectoryUser | None:
        if manager := self._managers.get(user_id):
            return await self.get_user(manager)
        if self.is_made_up(user_id):
            return None
        found: DirectoryUser | None = await self._reads.ask(self._real, "get_manager", user_id)
        return found

    async def get_deleted(self, user_id: str) -> DirectoryUser | None:
        if user_id in self._restored:
            return None
        found: DirectoryUser | None = await self._reads.ask(self._real, "get_deleted", user_id)
        return found

    async def find_deleted(self, employee_id: str) -> list[DirectoryUser]:
        found = await self._reads.ask(self._real, "find_deleted", employee_id)
        return [user for user in found if user.id not in self._restored]

    async def licence_units(self) -> list[LicenceUnits]:
        found = await self._reads.ask(self._real, "licence_units")
        return [replace(unit, free=unit.free - self._given.get(unit.sku, 0)) for unit in found]

    async def set_manager(self, user_id: str, manager_id: str) -> None:
        self._recorder.note("set_manager")
        self._managers[user_id] = manager_id

    async def restore_user(self, user_id: str) -> None:
        """NameTaken where Graph would refuse because somebody else has the user name or the address by now."""
        user = await self.get_deleted(user_id)
        if user is not None:
            await self._claim(user.user_principal_name, user.mail)
        self._recorder.note(
            "restore_account", user_principal_name=user.user_principal_name if user else user_id
        )
        self._restored.add(user_id)
        if user is not None:
            self._users[user_id] = user

    async def enable_user(self, user_id: str) -> None:
        await self._set_enabled(user_id, True)

    async def disable_user(self, user_id: str) -> None:
        await self._set_enabled(user_id, False)

    async def revoke_sessions(self, user_id: str) -> None:
        self._recorder.note("revoke_sessions")

    async def _set_enabled(self, user_id: str, enabled: bool) -> None:
        self._recorder.note("enable_account" if enabled else "disable_account")
        if user := await self.get_user(user_id):
            self._users[user_id] = replace(user, account_enabled=enabled)

    async def set_usage_location(self, user_id: str, location: str) -> None:
        self._recorder.note("set_usage_location")
        if user := await self.get_user(user_id):
            self._users[user_id] = replace(user, usage_location=location)

    async def set_hire_date(self, user_id: str, at: datetime) -> None:
        self._recorder.note("set_hire_date")
        if user := await self.get_user(user_id):
            self._users[user_id] = replace(user, employee_hire_date=at)

    async def get_leave_date(self, user_id: str) -> datetime | None:
        if self.is_made_up(user_id):
            return None
        found: datetime | None = await self._reads.ask(self._real, "get_leave_date", user_id)
        return found

    async def set_leave_date(self, user_id: str, at: datetime | None) -> None:
        self._recorder.note("clear_leave_date" if at is None else "set_leave_date")

    async def add_to_group(self, group_id: str, user_id: str) -> None:
        self._recorder.note("add_to_group", group=group_id)
        self._groups.setdefault(user_id, set()).add(group_id.lower())

    async def assign_licenses(self, user_id: str, licences: Sequence[Licence]) -> None:
        skus = [licence.sku for licence in licences]
        self._recorder.note("assign_licences", licences=", ".join(skus))
        for sku in skus:
            self._given[sku] = self._given.get(sku, 0) + 1
        if user := await self.get_user(user_id):
            held = tuple(dict.fromkeys((*(user.licences or ()), *skus)))
            # Exchange makes the mailbox within minutes.
            self._users[user_id] = replace(user, licences=held, mail=user.mail or user.user_principal_name)


#: Reads of `ports.Directory` that are the tenant's as they are.
PASSED_ON = frozenset({"find_by_address", "groups", "role_holders", "check"})


class RecordingSecurity:
    """`ports.SecurityInfo`, for one person after the other; nobody registers anything in a rehearsal."""

    def __init__(self, real: Any, recorder: Recorder, reads: Reads, directory: RecordingDirectory) -> None:
        self._real, self._recorder, self._reads, self._directory = real, recorder, reads, directory
        self._passes: dict[str, list[AccessPass]] = {}
        #: user id → the last two digits of what would be added.
        self._phones: dict[str, str] = {}

    async def registration_of(self, user_id: str, now: datetime) -> Registration:
        methods = ("mobilePhone",) if user_id in self._phones else ()
        if self._directory.is_made_up(user_id):
            return Registration(methods=methods, as_of=now)
        seen: Registration = await self._reads.ask(self._real, "registration_of", user_id, now)
        return replace(seen, methods=tuple(dict.fromkeys((*seen.methods, *methods))), as_of=now)

    async def sign_in_methods(self, user_id: str) -> list[SignInMethod] | None:
        phone = self._phones.get(user_id)
        added = [] if phone is None else [SignInMethod("dry-run", "mobilePhone", phone)]
        if self._directory.is_made_up(user_id):
            return added
        seen = await self._reads.ask(self._real, "sign_in_methods", user_id)
        return None if seen is None else [*seen, *added]

    async def delete_method(self, user_id: str, method: str, method_id: str) -> None:
        self._recorder.note("delete_method", method=method)

    async def pass_limits(self) -> Any:
        return await self._reads.ask(self._real, "pass_limits")

    async def passes(self, user_id: str) -> list[AccessPass]:
        if user_id in self._passes or self._directory.is_made_up(user_id):
            return list(self._passes.get(user_id, ()))
        return list(await self._reads.ask(self._real, "passes", user_id))

    async def create_pass(self, user_id: str, usable_from: datetime, minutes: int) -> AccessPass:
        self._recorder.note(
            "create_pass", usable_from=usable_from.isoformat(timespec="minutes"), minutes=minutes
        )
        made = AccessPass("dry-run", usable_from, minutes, secret="-")  # noqa: S106 - there is none
        self._passes[user_id] = [made]
        return made

    async def void_pass(self, user_id: str, pass_id: str) -> None:
        self._recorder.note("void_pass")
        self._passes[user_id] = [item for item in await self.passes(user_id) if item.id != pass_id]

    async def add_phone(self, user_id: str, number: str) -> None:
        self._recorder.note("add_phone")
        self._phones[user_id] = number[-2:]


class RecordingMailer:
    """`ports.Mailer`: what would be sent, by the name of the message and the role that gets it."""

    can_draft = True

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        #: Mails that were composed, with their names; by identity, since two may be equal.
        self._names: list[tuple[Mail, str]] = []
        self._sent: set[str] = set()
        self._drafts: dict[str, Mail] = {}
        self.audience = ""

    def composed(self, mail: Mail, name: str) -> None:
        """The name of a mail that may be sent next."""
        self._names.append((mail, name))

    async def create_draft(self, mail: Mail) -> str:
        draft_id = f"dry-run-{len(self._drafts) + 1}"
        self._drafts[draft_id] = mail
        return draft_id

    async def send_draft(self, draft_id: str) -> None:
        self._sent.add(draft_id)
        if mail := self._drafts.get(draft_id):
            self._note(mail)

    async def look_up(self, draft_id: str) -> DraftState:
        """A draft from before the rehearsal would be looked up; here it is taken as lost sight of."""
        if draft_id in self._sent:
            return DraftState.SENT
        return DraftState.DRAFT if draft_id in self._drafts else DraftState.GONE

    async def send_now(self, mail: Mail, *, save: bool) -> None:
        self._note(mail)

    def _note(self, mail: Mail) -> None:
        name = next((name for known, name in self._names if known is mail), "message")
        audience = self.audience or name.rpartition("_")[2]
        self._recorder.note("send_message", message=name, audience=audience)


class RecordingMessages:
    """`ports.Messages`: composed and delivered by the real one, through the recording mailer."""

    def __init__(self, real: Any, mailer: RecordingMailer) -> None:
        self._real, self._mailer = real, mailer

    def compose(self, message: str, case: Case, to: tuple[str, ...], **more: Any) -> Mail:
        mail: Mail = self._real.compose(message, case, to, **more)
        self._mailer.composed(mail, message)
        return mail

    async def deliver(
        self, s: Any, case: Case, rung: str, audience: str, mail: Mail, now: datetime
    ) -> RungRecord:
        self._mailer.audience = audience
        try:
            record: RungRecord = await self._real.deliver(s, case, rung, audience, mail, now)
        finally:
            self._mailer.audience = ""
        return record


class RehearsalClock:
    """Stands where the rehearsal is."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    async def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class RehearsalEntropy:
    """The same each time, so that the same plan has the same hash. Nothing of it is used for anything."""

    def __init__(self) -> None:
        self._tokens = 0

    def token(self, length: int) -> str:
        self._tokens += 1
        return f"{self._tokens:x}".rjust(length, "x")

    def case_id(self) -> str:
        return "c_" + "x" * 20

    def operation_id(self) -> str:
        return "o_" + "x" * 20

    def password(self) -> str:
        return "-"

    def fraction(self) -> float:
        return 0.5


class NoQueue:
    """`ports.WorkQueue` that takes everything and keeps nothing."""

    async def send(self, message: Any, **_how: Any) -> None:
        """Nobody looks."""
