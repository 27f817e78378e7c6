"""The policy file: what is left out keeps its default, what is wrong is refused with its place."""

from __future__ import annotations

import tomllib
from datetime import time
from pathlib import Path

import msgspec
import pytest

from onboarding.domain.policy import DEFAULT_LADDER, LADDER_MESSAGES, Policy
from onboarding.domain.policy_file import load
from onboarding.errors import ConfigurationError
from onboarding.followup.shapes import MESSAGES

FULL = """
[account]
create_days_before_start = 3
username_pattern = "{g}{family}"
[first_credential]
usable_from = 07:30:00
lifetime_minutes = 60
[working_time]
start = "08:00:00"
end = 16:30:00
[retry]
first_seconds = 1.5
[follow_up]
min_gap_hours = 0
[[follow_up.ladder]]
rung = "only"
audience = "desk"
day = 3
message = "escalate_desk"
"""


def test_an_empty_file_is_the_built_in_policy() -> None:
    assert load("") == Policy()


def test_the_default_ladder_is_that_of_the_design() -> None:
    assert [(r.audience, r.day) for r in DEFAULT_LADDER] == [
        ("person", 0),
        ("person", 2),
        ("person", 5),
        ("manager", 5),
        ("person", 10),
        ("desk", 10),
    ]


def test_a_file_changes_what_it_names_and_nothing_else() -> None:
    policy = load(FULL)
    assert policy.account.create_days_before_start == 3
    assert policy.first_credential.usable_from == time(7, 30)
    assert (policy.working_time.start, policy.working_time.end) == (time(8), time(16, 30))
    assert policy.retry.first_seconds == 1.5
    assert policy.retry.cap_seconds == Policy().retry.cap_seconds
    assert [rung.rung for rung in policy.follow_up.ladder] == ["only"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("acount = 1", "acount"),
        ("[account]\ncreate_days = 3", "account.create_days"),
        ('[[follow_up.ladder]]\nrung="a"\naudience="desk"\nday=1\nmessage="m"\ncolour="red"', "colour"),
        ("account = 5", "account"),
        ("[account]\ncreate_days_before_start = [1]", "create_days_before_start"),
        ('[account]\ncreate_days_before_start = "3"', "create_days_before_start"),
        ("[account]\ncreate_days_before_start = -1", "create_days_before_start"),
        ("[account]\ncreate_days_before_start = 99999999999", "create_days_before_start"),
        ('[account]\nusername_pattern = "{given}@evil"', "username_pattern"),
        ('[account]\nusername_pattern = "constant"', "account.username_pattern: it has no field"),
        ('[account]\nusername_pattern = "{given}.{nachname}"', "no field 'nachname'"),
        ('[account]\nusername_pattern = "{given} {family}"', "' ' cannot be in it"),
        ('[account]\nusername_if_taken = ["{g}{family}", "{given"]', "account.username_if_taken, number 2"),
        ('[account]\nusername_if_taken = "{g}{family}"', "username_if_taken"),
        ('[account]\nprotected_names = ["jane.doe", "@contoso.com"]', "protected_names: '@contoso.com'"),
        ("[retry]\nfirst_seconds = nan", "first_seconds"),
        ("[retry]\ncap_seconds = inf", "cap_seconds"),
        ("[retry]\nfirst_seconds = 0", "first_seconds"),
        ("[first_credential]\nlifetime_minutes = 0", "lifetime_minutes"),
        ("[working_time]\nstart = 17:00:00\nend = 09:00:00", "working_time"),
        ("[working_time]\nstart = 09:00:00\nend = 09:00:00", "working_time"),
        ('[working_time]\nstart = "09:00:00+02:00"\nend = "17:00:00+02:00"', "working_time.start"),
        ('[first_credential]\nusable_from = "08:00:00Z"', "usable_from"),
        ('[[follow_up.ladder]]\nrung="a"\naudience="boss"\nday=1\nmessage="m"', "'a'"),
        ('[[follow_up.ladder]]\nrung="a"\naudience="desk"\nday=-1\nmessage="m"', "'a'"),
        ('[[follow_up.ladder]]\nrung="a"\naudience="desk"\nday=1', "message"),
        (
            '[[follow_up.ladder]]\nrung="a"\naudience="desk"\nday=1\nmessage="escalate_desk"\n'
            '[[follow_up.ladder]]\nrung="a"\naudience="desk"\nday=2\nmessage="escalate_desk"',
            "twice",
        ),
        ("[retention]\nunresolved_days = 6", "unresolved_days"),
        ("[retention]\nrows_days = 89", "rows_days"),
        ("[retention]\ndelivered_days = 401", "rows_days"),
        ("[retention]\nunresolved_days = 10\ndelivered_days = 3\nrows_days = 29", "rows_days"),
        ("[retention]\nclosed_days = -1", "closed_days"),
        ("[retention]\ndelivered_days = 1.5", "delivered_days"),
        ("[retention]\nforever = true", "retention.forever"),
        ('[reports]\nfinance_words = ["finance", " "]', "reports.finance_words"),
        ("[reports]\nleast_people = 0", "least_people"),
        ("[reports]\nforecast_days = 367", "forecast_days"),
        ("[reports]\ncalls_per_reset = -1.0", "calls_per_reset"),
        ("not toml", "policy file"),
        ("[account\n", "policy file"),
    ],
)
def test_what_is_wrong_is_refused_and_its_place_is_named(text: str, names: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    assert names in caught.value.message


def test_the_retention_periods_are_those_of_the_design():
    found = load("").retention
    assert (found.delivered_days, found.unresolved_days, found.rows_days, found.closed_days) == (
        14,
        90,
        400,
        0,
    )
    shortest = load("[retention]\ndelivered_days = 0\nunresolved_days = 7\nrows_days = 30\nclosed_days = 1")
    assert shortest.retention.rows_days == 30


def test_the_document_shows_the_defaults_and_every_key():
    text = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
    example = tomllib.loads(text.split("```toml\n")[1].split("```")[0])
    ladder = example["follow_up"].pop("ladder")
    assert set(ladder[0]) == {"rung", "audience", "day", "message"}
    known = msgspec.to_builtins(Policy())
    known["follow_up"].pop("ladder")
    assert {name: set(section) for name, section in example.items()} == {
        name: set(section) for name, section in known.items()
    }  # the values: tests/scripts/test_policy_page.py


def rung(audience: str, message: str) -> str:
    return f'[[follow_up.ladder]]\nrung = "a"\naudience = "{audience}"\nday = 1\nmessage = "{message}"'


@pytest.mark.parametrize("audience", LADDER_MESSAGES)
@pytest.mark.parametrize(
    "message", ["", "nudge_frist", "welcome", "resolved_desk", "access_pass_manager", "Nudge_first", "山田"]
)
def test_a_message_that_the_ladder_cannot_send_is_refused_when_the_file_is_read(
    audience: str, message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(rung(audience, message))
    assert "'a'" in caught.value.message
    assert all(name in caught.value.message for name in LADDER_MESSAGES[audience])


def test_a_message_goes_to_the_audience_that_it_is_written_for() -> None:
    for audience, messages in LADDER_MESSAGES.items():
        for message in messages:
            assert load(rung(audience, message)).follow_up.ladder[0].message == message
            for other in LADDER_MESSAGES.keys() - {audience}:
                with pytest.raises(ConfigurationError, match=f"audience {other}"):
                    load(rung(other, message))


def test_the_default_ladder_would_be_taken_from_a_file() -> None:
    assert all(item.message in LADDER_MESSAGES[item.audience] for item in DEFAULT_LADDER)


def test_the_messages_of_the_ladder_are_those_that_followup_has_texts_for() -> None:
    for audience, names in LADDER_MESSAGES.items():
        for name in names:
            assert MESSAGES[name].audience == audience
    others = MESSAGES.keys() - {name for names in LADDER_MESSAGES.values() for name in names}
    assert others == {"welcome", "resolved_desk", "access_pass_manager", "access_pass_desk"}
