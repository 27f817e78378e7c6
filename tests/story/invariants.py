"""What holds at the end of every story, whatever happened in it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import ACTIVE, State
from onboarding.domain.records import RungStatus
from onboarding.operate.explain import sentence
from onboarding.ports import Services
from tests.story.world import Sent, World

SCHEMA = Path("docs/schemas/case.json")
#: What `show` promises (design: contracts), all of it always there.
PROMISED = {
    "case_id",
    "state",
    "reason_code",
    "employee_id",
    "hire",
    "account",
    "status",
    "recoverable",
    "evidence",
    "steps",
    "nudges",
    "timeline",
    "next_action",
}


async def check(world: World) -> None:
    """Raises AssertionError with what does not hold."""
    cases, sent = await world.cases(), await world.sent()
    assert await world.host.left() == 0, "a message is left in a queue"
    _accounts(world, cases)
    _once(cases, sent)
    _working_hours(world, sent)
    _one_pass(world, cases, sent)
    for case in cases:
        await _explained(world.host.app.services, case)
        _shown(await world.show(case.case_id))
    _discreet(world, sent)


def _accounts(world: World, cases: list[Case]) -> None:
    """Every account that we made belongs to one case, and no case to two."""
    made = Counter(user["id"] for user in world.ours())
    linked = Counter(case.account.id for case in cases if case.account and case.account.origin == "created")
    wanted = {case.intent.user_principal_name.lower() for case in cases if case.intent}
    loose = {user["id"] for user in world.ours() if user["userPrincipalName"].lower() in wanted}
    assert max(linked.values(), default=1) == 1, "two cases hold one account"
    assert set(made) - loose == set(linked), "an account that no case knows, or the other way round"
    names = Counter(case.account.user_principal_name.lower() for case in cases if case.account)
    assert max(names.values(), default=1) == 1


def _once(cases: list[Case], sent: list[Sent]) -> None:
    """No rung twice: in the mailbox, and each that the case calls sent is there."""
    mailed = Counter((mail.case_id, mail.episode, mail.message) for mail in sent if not _is_pass(mail))
    twice = [key for key, count in mailed.items() if count > 1]
    assert not twice, f"sent twice: {twice}"
    recorded = Counter(
        case.case_id for case in cases for rung in case.rungs.values() if rung.status is RungStatus.SENT
    )
    doubt = Counter(
        case.case_id
        for case in cases
        for rung in case.rungs.values()
        if rung.status in {RungStatus.UNCERTAIN, RungStatus.CLAIMED, RungStatus.DRAFTED}
    )
    arrived = Counter(key[0] for key in mailed)
    for case in cases:
        low, high = recorded[case.case_id], recorded[case.case_id] + doubt[case.case_id]
        assert low <= arrived[case.case_id] <= high, "the mailbox and the case disagree about what was sent"


def _is_pass(mail: Sent) -> bool:
    return mail.message.startswith("access_pass_")


def _working_hours(world: World, sent: list[Sent]) -> None:
    for mail in sent:
        local = mail.at.astimezone(ZoneInfo(world.zone))
        decent = time(9) <= local.time() < time(17) and local.weekday() not in world.weekend
        assert decent or mail.message == "resolved_desk", f"{mail.message} at {local:%a %H:%M}"


def _one_pass(world: World, cases: list[Case], sent: list[Sent]) -> None:
    """At most one pass can be used, and it is the one that was mailed last; no other mail holds one."""
    for case in cases:
        if not case.account:
            continue
        person = world.simulator.tenant.people.by_id[case.account.id]
        passes = [mail for mail in sent if mail.case_id == case.case_id and _is_pass(mail)]
        if person.access_pass is None or person.access_pass.actor != "app":
            continue
        secret = person.access_pass.secret
        holders = [mail for mail in sent if secret in mail.text]
        assert all(_is_pass(mail) for mail in holders)
        if case.access_pass and case.access_pass.status is PassStatus.DELIVERED:
            assert passes, "the case says that a pass was handed over"
            assert secret in passes[-1].text, "the pass that was mailed last cannot be used"


async def _explained(s: Services, case: Case) -> None:
    """The timeline says what happened, and a case that works has something planned."""
    timeline = await s.cases.timeline(case.case_id)
    actions = [entry.action for entry in timeline]
    assert actions, "a case without a history"
    for entry in timeline:
        assert sentence(entry.action, entry.detail)
    if case.account:
        assert "account_linked" in actions
    if case.confirmed_at:
        assert "confirmed" in actions
    if case.state is State.BLOCKED:
        assert "blocked" in actions
        assert case.reason_code
    for rung in case.rungs.values():
        if rung.status in {RungStatus.SENT, RungStatus.SKIPPED, RungStatus.UNCERTAIN}:
            said = f"message_{rung.status}"
            assert any(e.action == said and e.detail.get("rung") == rung.rung for e in timeline), rung.rung
    if case.state in ACTIVE:
        assert case.next_action.when is not None, "nothing is planned for a case that works"


def _shown(found: dict[str, Any]) -> None:
    assert set(found) >= PROMISED
    if SCHEMA.exists():
        _validator().validate(found)


@cache
def _validator() -> Any:
    """Checked once: `jsonschema.validate` would compare the schema with its own schema at every case."""
    import jsonschema  # type: ignore[import-untyped]

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema, format_checker=None)


def _discreet(world: World, sent: list[Sent]) -> None:
    """No name, number, address, user name or pass in what we logged."""
    secrets = set(world.personal) | {user["userPrincipalName"] for user in world.ours()}
    secrets |= {p.access_pass.secret for p in world.simulator.tenant.people if p.access_pass}
    for line in world.log.lines:
        found = [secret for secret in secrets if secret.lower() in line.lower()]
        assert not found, f"{found} in the log: {line}"
