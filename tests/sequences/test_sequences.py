"""Every recorded-shape sequence, through the adapter's parsing, judged; and what must hold for all of them."""

from __future__ import annotations

import copy
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from onboarding.domain.confirmation import Assessment, assess
from onboarding.domain.evidence import Status
from onboarding.domain.missing import BECAUSE
from onboarding.domain.provenance import METHODS
from onboarding.followup import evidence
from tests.sequences.play import CLASSES, PERSON, Story, arrive, load, new_case, play, rules_of

STORIES = load()
BY_NAME = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
#: Method → words that a record of its deletion has.
WORDS = {
    "mobilePhone": "Mobile Phone SMS",
    "alternateMobilePhone": "Alternate Mobile Phone Call",
    "officePhone": "Office Phone Call",
    "email": "Email",
    "microsoftAuthenticatorPush": "Authenticator App with Notification and Code",
    "softwareOneTimePasscode": "Authenticator App with Code",
    "hardwareOneTimePasscode": "Hardware Token",
    "securityQuestion": "Security questions",
}


def answer(found: Assessment) -> tuple[object, ...]:
    return (
        found.status,
        found.recoverable,
        found.because,
        found.missing,
        found.counted,
        found.present,
        found.notes,
    )


def test_there_are_enough_of_them_and_each_shape_says_where_it_is_from() -> None:
    assert len(STORIES) >= 80
    assert len({story.name for story in STORIES}) == len(STORIES)
    classes = Counter(item["class"] for story in STORIES for item in story.arrivals)
    assert set(classes) == set(CLASSES)
    assert all(item["source"] for story in STORIES for item in story.arrivals)
    told = {story.expected["status"] for story in STORIES}
    assert told == set(Status), "every status is told by some sequence"


@BY_NAME
def test_what_it_adds_up_to(story: Story) -> None:
    found, expected = play(story), story.expected
    assert (found.status, found.recoverable) == (expected["status"], expected["recoverable"]), found
    assert found.because == expected.get("because", found.because)
    assert found.because in BECAUSE
    if expected["missing"] is None:
        assert found.missing is None
    else:
        assert expected["missing"] in (found.missing or "")


@BY_NAME
def test_the_order_of_arrival_and_replays_change_nothing(story: Story) -> None:
    expected = answer(play(story))
    chance = random.Random(story.name)
    for _ in range(12):
        arrivals = [*story.arrivals, *story.arrivals]
        chance.shuffle(arrivals)
        assert answer(play(story, arrivals)) == expected


@BY_NAME
def test_the_deletion_of_a_needed_method_always_shows(story: Story) -> None:
    found = play(story)
    if found.status is not Status.USER_REGISTERED:
        return
    for methods in _needed(found):
        case = new_case(replace(story, confirmed_at=story.now - timedelta(hours=1)))
        for arrival in story.arrivals:
            arrive(case, arrival)
        for number, method in enumerate(methods):
            arrive(case, _deletion(story, method, number))
        left = assess(case, rules_of(story), story.now)
        assert left.status is Status.REMOVED, methods
        assert set(methods) <= set(left.gone)
        assert left.missing is not None
        assert "gone" in left.missing


def _needed(found: Assessment) -> list[set[str]]:
    """Smallest sets of counted methods without which too few are left: all of one gate."""
    gates = {METHODS[name] for name in found.counted}
    return [
        {name for name in found.counted if METHODS[name] == gate}
        for gate in sorted(gates)
        if len(gates) - 1 < found.required
    ]


def _deletion(story: Story, method: str, number: int) -> dict[str, Any]:
    (template,) = [s for s in STORIES if s.name == "deleted_by_the_person"]
    record = copy.deepcopy(template.arrivals[1])
    at = story.now - timedelta(seconds=60 - number)
    record["audit"] |= {
        "id": f"deletion-{number}",
        "activityDateTime": at.isoformat(),
        "resultReason": f"User deleted {WORDS[method]}",
    }
    return record


#: Every raw shape of every sequence of one day.
_POOL = [arrival for story in STORIES if story.now.year == 2026 for arrival in story.arrivals]
_PLAIN = next(story for story in STORIES if story.name == "nothing_read")


def _pick(name: str, number: int) -> int:
    (wanted,) = [story.arrivals[number] for story in STORIES if story.name == name]
    return next(at for at, arrival in enumerate(_POOL) if arrival is wanted)


#: Two rows of one instant, and a targeted read.
_TWO_ROWS = [_pick("hardware_token", 1), _pick("admin_role_with_two", 2), _pick("pass_in_the_read", 1)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    picks=st.lists(st.integers(0, len(_POOL) - 1), max_size=7),
    seed=st.integers(),
    required=st.integers(1, 2),
    confirmed=st.booleans(),
    old=st.booleans(),
)
@example(picks=_TWO_ROWS, seed=0, required=1, confirmed=False, old=False)
def test_any_arrivals_in_any_order_with_any_replays_have_one_answer(
    monkeypatch: pytest.MonkeyPatch, picks: list[int], seed: int, required: int, confirmed: bool, old: bool
) -> None:
    # Lists are kept to the minute here: in the service an equal list is not written again for hours.
    monkeypatch.setattr(evidence, "SAME_AGAIN", timedelta(0))
    story = replace(
        _PLAIN,
        arrivals=tuple(_POOL[at] for at in picks),
        rules={"methods_required": required},
        account={"created_at": "2021-03-01T09:00:00+00:00", "origin": "adopted"} if old else {},
        confirmed_at=_PLAIN.now - timedelta(days=2) if confirmed else None,
    )
    found = play(story)
    again = [*story.arrivals, *story.arrivals]
    random.Random(seed).shuffle(again)
    assert answer(play(story, again)) == answer(found)
    if found.status is Status.USER_REGISTERED:
        assert len({METHODS[name] for name in found.counted}) >= found.required
        for methods in _needed(found):
            after = [*story.arrivals, *(_deletion(story, name, n) for n, name in enumerate(sorted(methods)))]
            left = play(replace(story, confirmed_at=story.now), after)
            assert left.status is Status.REMOVED


def test_nothing_personal_of_a_record_reaches_the_case() -> None:
    for story in STORIES:
        case = new_case(story)
        for arrival in story.arrivals:
            arrive(case, arrival)
        text = repr(case.evidence)
        for private in ("2065550", "Wqz", "helpdesk", "198.51.100", "example.com", PERSON):
            assert private not in text, story.name
