"""A person judged at the moment somebody looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from onboarding.domain.evidence import Act, By, Evidence, Recoverable, Registration, Status
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction
from onboarding.followup import sources
from onboarding.operate.judge import judge, reconfirmation
from tests.support.followup_doubles import MONDAY, audit, make_case, world

DAY = timedelta(days=1)


async def test_what_was_written_gives_way_to_what_holds_now() -> None:
    w = world()
    case = make_case(status=Status.DIRECTORY_ONLY, registration=Registration((), MONDAY))
    found = await judge(w.s, case, MONDAY + DAY)
    assert (found.case.status, found.as_json()["because"]) == (Status.DIRECTORY_ONLY, "nothing_registered")
    found = await judge(w.s, case, MONDAY + 3 * DAY)
    assert (found.case.status, found.case.recoverable) == (Status.UNKNOWN, Recoverable.UNKNOWN)
    assert case.status is Status.DIRECTORY_ONLY, "the case itself is left alone"
    assert found.as_json()["methods"] == {"required": 1, "counted": [], "present": [], "gone": []}


async def test_a_report_that_stands_still_is_seen_before_any_pass() -> None:
    w = world()
    frozen = {"state": "frozen", "as_of": MONDAY.isoformat(), "at": MONDAY.isoformat()}
    await w.s.cases.write_marker(sources.REPORT_STATE, frozen, None)
    found = await judge(w.s, make_case(registration=Registration((), MONDAY)), MONDAY + DAY)
    assert (found.case.status, len(found.sources)) == (Status.UNKNOWN, 1)
    assert "stands still" in (found.as_json()["missing"] or "")


@pytest.mark.parametrize("state", [State.CLOSED, State.CANCELLED, State.EXCLUDED])
async def test_who_is_over_is_shown_as_written(state: State) -> None:
    w = world()
    case = make_case(state=state, status=Status.USER_REGISTERED, recoverable=Recoverable.YES)
    found = await judge(w.s, case, MONDAY + 900 * DAY)
    assert (found.case.status, found.found, found.as_json()["missing"]) == (
        Status.USER_REGISTERED,
        None,
        None,
    )


async def test_whoever_was_watched_to_the_end_is_judged_as_long_as_they_are_employed() -> None:
    w = world()
    case = make_case(state=State.CLOSED, status=Status.USER_REGISTERED, recoverable=Recoverable.YES)
    case.next_action = NextAction("none", None, "watch_ended")
    case.evidence = [
        audit("a", "registered", "user", "mobilePhone", MONDAY),
        audit("b", "deleted", "admin", "mobilePhone", MONDAY + DAY),
    ]
    case.confirmed_at = MONDAY
    found = await judge(w.s, case, MONDAY + DAY)
    assert (found.case.status, found.case.recoverable) == (Status.REMOVED, Recoverable.UNKNOWN)
    case.ended_at = MONDAY
    assert (await judge(w.s, case, MONDAY + DAY)).found is None


def test_entra_asks_again_after_the_last_thing_that_the_person_did() -> None:
    case = make_case()
    assert reconfirmation(case, 180) is None
    case.evidence = [
        audit("a", "registered", "user", "mobilePhone", MONDAY),
        audit("b", "reviewed", "user", "all", MONDAY + DAY),
        audit("c", "registered", "admin", "email", MONDAY + 2 * DAY),
        Evidence("d", "audit", Act.RESET_SUCCEEDED, By.USER, None, MONDAY + 3 * DAY),
        audit("e", "registered", "user", "temporaryAccessPass", MONDAY + 4 * DAY),
    ]
    assert reconfirmation(case, 180) == {"every_days": 180, "next_at": "2027-04-04T08:00:00Z"}
    assert reconfirmation(case, 0) is None


async def test_the_period_is_the_settings() -> None:
    w = world()
    case = make_case(evidence=[audit("a", "registered", "user", "email", MONDAY)])
    services = replace(w.s, settings=replace(w.s.settings, reconfirm_days=30))
    shown = (await judge(services, case, MONDAY + DAY)).as_json()["reconfirmation"]
    assert shown == {"every_days": 30, "next_at": "2026-11-04T08:00:00Z"}
