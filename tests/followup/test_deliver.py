"""A message, at most once a rung, and doubt is settled: killed at every await, and after every lost answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from onboarding.domain.case import Case
from onboarding.domain.records import RungRecord, RungStatus
from onboarding.errors import (
    EffectUnknown,
    OnboardingError,
    OperatorError,
    PermissionMissing,
    StoreConflict,
    Throttled,
    Unavailable,
)
from onboarding.followup.deliver import FINAL
from onboarding.ports import CLAIM_LEASE, Mail, Services
from tests.support.followup_doubles import MONDAY, Killed, Tripwire, Wired, World, make_case, world

MAIL = Mail(("a@b.example",), "Subject", "<p>x</p>", "x", "en", "REF")
KEY = "1:person_day_0"


async def deliver(w: World, case: Case, s: Services | None = None, mail: Mail = MAIL) -> RungRecord:
    used = s or w.s
    return await used.messages.deliver(used, case, "person_day_0", "person", mail, w.clock.at)


async def settle(w: World, case_id: str, tries: int = 4, mail: Mail = MAIL) -> RungRecord:
    """What the due row does: come back, after the lease, until the record is final."""
    for _ in range(tries):
        record = await deliver(w, await w.load(case_id), mail=mail)
        if record.status in FINAL:
            return record
        w.clock.at = max(w.clock.at, record.claimed_at + CLAIM_LEASE)
    raise AssertionError("the record never became final")


async def test_a_clean_run_claims_drafts_sends_and_says_so() -> None:
    w = world()
    case = await w.add(make_case())
    record = await deliver(w, case)
    assert (record.status, record.sent_at, record.language) == (RungStatus.SENT, MONDAY, "en")
    assert w.mailer.calls == ["create_draft", "send_draft"]
    stored = await w.load(case.case_id)
    assert stored.rungs[KEY] == record
    (entry,) = await w.s.cases.timeline(case.case_id)
    assert (entry.action, entry.detail["rung"], entry.detail["audience"]) == (
        "message_sent",
        "person_day_0",
        "person",
    )
    assert "draft-1" not in entry.detail["message"]
    assert await deliver(w, stored) == record
    assert len(w.mailer.sent) == 1, "a final record is answered without a call"


def _points(can_draft: bool) -> list[int]:
    return list(range(10 if can_draft else 6))


@pytest.mark.parametrize("can_draft", [True, False])
async def test_the_kill_points_are_those_of_a_clean_run(can_draft: bool) -> None:
    w, wire = world(can_draft=can_draft), Tripwire()
    case = await w.add(make_case())
    await deliver(w, case, w.wired(wire))
    assert len(wire.names) == len(_points(can_draft))


@pytest.mark.parametrize(
    ("can_draft", "point"), [(flag, point) for flag in (True, False) for point in _points(flag)]
)
async def test_killed_at_any_await_nothing_is_sent_twice_and_doubt_is_settled(
    can_draft: bool, point: int
) -> None:
    w, wire = world(can_draft=can_draft), Tripwire(at=point)
    case = await w.add(make_case())
    with pytest.raises(Killed):
        await deliver(w, case, w.wired(wire))
    record = await settle(w, case.case_id)
    sent = len(w.mailer.sent)
    assert sent <= 1
    if can_draft:
        assert (record.status is RungStatus.SENT) == (sent == 1), (
            "with drafts nothing stays in doubt that was sent"
        )
    else:
        assert record.status is RungStatus.UNCERTAIN or sent == 1
    for _ in range(3):
        w.clock.at += timedelta(days=1)
        assert await deliver(w, await w.load(case.case_id)) == record
    assert len(w.mailer.sent) == sent


@pytest.mark.parametrize("second", range(12))
@pytest.mark.parametrize("first", range(10))
async def test_killed_twice(first: int, second: int) -> None:
    w = world()
    case = await w.add(make_case())
    with pytest.raises(Killed):
        await deliver(w, case, w.wired(Tripwire(at=first)))
    w.clock.at += CLAIM_LEASE
    try:
        await deliver(w, await w.load(case.case_id), w.wired(Tripwire(at=second)))
    except Killed:
        w.clock.at += CLAIM_LEASE
    await settle(w, case.case_id)
    assert len(w.mailer.sent) <= 1


async def test_two_workers_at_once_send_one_message() -> None:
    w = world()
    case = await w.add(make_case())
    other = await w.load(case.case_id)
    await deliver(w, case)
    with pytest.raises(StoreConflict):
        await deliver(w, other)
    assert len(w.mailer.sent) == 1


async def test_a_young_claim_is_left_alone_and_an_old_one_ends_uncertain() -> None:
    w = world()
    case = make_case()
    case.rungs[KEY] = RungRecord("person_day_0", 1, "person", RungStatus.CLAIMED, MONDAY)
    await w.add(case)
    w.clock.at = MONDAY + CLAIM_LEASE - timedelta(seconds=1)
    assert (await deliver(w, case)).status is RungStatus.CLAIMED
    w.clock.at = MONDAY + CLAIM_LEASE
    assert (await deliver(w, case)).status is RungStatus.UNCERTAIN
    assert (w.mailer.calls, await w.actions(case.case_id)) == ([], ["message_uncertain"])


@pytest.mark.parametrize(
    ("method", "moment", "expected", "sent"),
    [
        ("create_draft", "before", RungStatus.UNCERTAIN, 0),
        ("create_draft", "after", RungStatus.UNCERTAIN, 0),
        ("send_draft", "before", RungStatus.SENT, 1),
        ("send_draft", "after", RungStatus.SENT, 1),
    ],
)
async def test_an_answer_that_is_lost(method: str, moment: str, expected: RungStatus, sent: int) -> None:
    w = world()
    case = await w.add(make_case())
    w.mailer.faults[method] = [(moment, EffectUnknown("no answer"))]
    first = await deliver(w, case)
    assert len(w.mailer.sent) <= 1
    assert first.status in {RungStatus.CLAIMED, RungStatus.DRAFTED, RungStatus.SENT}
    assert (await settle(w, case.case_id)).status is expected
    assert len(w.mailer.sent) == sent


async def test_after_a_lost_answer_to_send_the_draft_is_not_sent_again_at_once() -> None:
    w = world()
    case = await w.add(make_case())
    w.mailer.faults["send_draft"] = [("before", EffectUnknown("no answer"))]
    assert (await deliver(w, case)).status is RungStatus.DRAFTED
    assert w.mailer.calls == ["create_draft", "send_draft", "look_up"]


async def test_sent_items_that_lag_are_waited_for_and_then_it_is_uncertain() -> None:
    w = world()
    case = await w.add(make_case())
    w.mailer.sent_items_lag = True
    w.mailer.faults["send_draft"] = [("after", EffectUnknown("no answer"))]
    assert (await deliver(w, case)).status is RungStatus.DRAFTED
    assert (await deliver(w, case)).status is RungStatus.DRAFTED
    w.mailer.sent_items_lag = False
    assert (await deliver(w, case)).status is RungStatus.SENT
    w, case = world(), make_case()
    case.rungs[KEY] = RungRecord("person_day_0", 1, "person", RungStatus.DRAFTED, MONDAY, message_id="lost")
    await w.add(case)
    assert (await settle(w, case.case_id)).status is RungStatus.UNCERTAIN


@pytest.mark.parametrize("can_draft", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        Throttled("slow down", retry_after=1.5),
        Unavailable("503"),
        OperatorError("bad"),
        PermissionMissing("x"),
    ],
)
async def test_a_clear_refusal_gives_the_claim_back(error: OnboardingError, can_draft: bool) -> None:
    w = world(can_draft=can_draft)
    case = await w.add(make_case())
    w.mailer.faults["create_draft" if can_draft else "send_now"] = [("before", error)]
    with pytest.raises(type(error)):
        await deliver(w, case)
    assert (await w.load(case.case_id)).rungs == {}
    assert (await deliver(w, case)).status is RungStatus.SENT
    assert len(w.mailer.sent) == 1


async def test_a_refused_send_keeps_the_draft_for_later() -> None:
    w = world()
    case = await w.add(make_case())
    w.mailer.faults["send_draft"] = [("before", Throttled("slow down"))]
    with pytest.raises(Throttled):
        await deliver(w, case)
    assert (await deliver(w, await w.load(case.case_id))).status is RungStatus.SENT
    assert w.mailer.calls.count("create_draft") == 1


CORRECTED = [
    pytest.param(replace(MAIL, to=("right@b.example",)), id="address"),
    pytest.param(replace(MAIL, text="y", html="<p>y</p>"), id="text"),
    pytest.param(replace(MAIL, subject="Another"), id="subject"),
]


@pytest.mark.parametrize("mail", CORRECTED)
async def test_a_kept_draft_that_is_outdated_is_never_sent(mail: Mail) -> None:
    w = world()
    case = await w.add(make_case())
    w.mailer.faults["send_draft"] = [("before", Throttled("slow down"))]
    with pytest.raises(Throttled):
        await deliver(w, case)
    assert (await deliver(w, await w.load(case.case_id), mail=mail)).status is RungStatus.DRAFTED
    assert w.mailer.sent == [], "a send of the old draft may be under way"
    record = await settle(w, case.case_id, mail=mail)
    assert (record.status, w.mailer.sent) == (RungStatus.SENT, [mail])
    assert list(w.mailer.drafts.values()) == [MAIL]


@pytest.mark.parametrize("can_draft", [True, False])
@pytest.mark.parametrize("point", range(12))
async def test_killed_at_any_await_while_an_outdated_draft_is_replaced(point: int, can_draft: bool) -> None:
    w, wire = world(), Tripwire(at=point)
    case, mail = await w.add(make_case()), replace(MAIL, to=("right@b.example",))
    w.mailer.faults["send_draft"] = [("before", Throttled("slow down"))]
    with pytest.raises(Throttled):
        await deliver(w, case)
    w.clock.at += CLAIM_LEASE
    w.mailer.can_draft = can_draft
    if point < (12 if can_draft else 8):
        with pytest.raises(Killed):
            await deliver(w, await w.load(case.case_id), w.wired(wire), mail)
    record = await settle(w, case.case_id, mail=mail)
    assert w.mailer.sent in ([], [mail])
    assert record.status is RungStatus.UNCERTAIN or w.mailer.sent == [mail]


async def test_a_worker_that_has_not_heard_of_the_correction_does_not_send_the_kept_draft() -> None:
    w = world()
    case = await w.add(make_case())
    w.mailer.faults["send_draft"] = [("before", Throttled("slow down"))]
    with pytest.raises(Throttled):
        await deliver(w, case)
    unaware, corrected = await w.load(case.case_id), await w.load(case.case_id)
    corrected.hire = replace(corrected.hire, personal_email="right@b.example")
    await w.s.cases.save(corrected)
    with pytest.raises(StoreConflict):
        await deliver(w, unaware)
    assert w.mailer.sent == []


async def test_what_is_kept_of_a_mail_is_a_hash_and_goes_when_the_doubt_is_over() -> None:
    w = world()
    case = await w.add(make_case())
    w.mailer.faults["send_draft"] = [("before", Throttled("slow down"))]
    with pytest.raises(Throttled):
        await deliver(w, case)
    kept = (await w.load(case.case_id)).rungs[KEY].content
    assert kept is not None
    assert "a@b.example" not in kept
    await settle(w, case.case_id)
    assert (await w.load(case.case_id)).rungs[KEY].content is None


async def test_without_drafts_no_answer_is_never_sent_again() -> None:
    w = world(can_draft=False)
    case = await w.add(make_case())
    w.mailer.faults["send_now"] = [("after", EffectUnknown("no answer"))]
    assert (await deliver(w, case)).status is RungStatus.CLAIMED
    assert (await settle(w, case.case_id)).status is RungStatus.UNCERTAIN
    assert len(w.mailer.sent) == 1


class Meddling(Wired):
    """Somebody else writes the case just before our second write."""

    def __init__(self, w: World, at: int) -> None:
        super().__init__(w.s.cases, Tripwire())
        self._w, self._at, self._n = w, at, 0

    async def save(self, case: Case, timeline: object = ()) -> Case:
        self._n += 1
        if self._n == self._at:
            other = await self._w.load(case.case_id)
            other.refused_names.append("meddled")
            await self._w.s.cases.save(other)
        found: Case = await self._inner.save(case, timeline)
        return found


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_case_that_changes_meanwhile_loses_neither_its_change_nor_what_we_know(at: int) -> None:
    w = world()
    case = await w.add(make_case())
    with pytest.raises(StoreConflict):
        await deliver(w, case, replace(w.s, cases=Meddling(w, at)))
    stored = await w.load(case.case_id)
    assert stored.refused_names == ["meddled"]
    assert (KEY in stored.rungs) is (at > 1)
    assert (await settle(w, case.case_id)).status is RungStatus.SENT
    assert len(w.mailer.sent) == 1
