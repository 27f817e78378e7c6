"""docs/policy.md against the code: the whole ladder to copy, the messages and fields that it names, its limits."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from onboarding.domain import names
from onboarding.domain.people_policy import Match
from onboarding.domain.policy import LADDER_MESSAGES, Policy
from onboarding.domain.policy_file import load
from onboarding.errors import ConfigurationError
from scripts import package_policy
from scripts.package import WWWROOT

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.split("```toml\n")[1].split("```")[0]


def test_whoever_copies_the_example_has_the_built_in_policy() -> None:
    assert load(EXAMPLE) == Policy()


def test_the_rules_that_the_page_shows_can_be_used() -> None:
    rules = PAGE.split("## People, groups and licences", 1)[1].split("```toml\n")[1].split("```")[0]
    policy = load(rules)
    assert policy.account.enable
    assert len(policy.groups.rules) == 1
    assert [rule.by_group for rule in policy.licences.rules] == [False, True]
    fields = re.findall(r"^\| `(\w+)` \|", PAGE.split("| field of a rule |", 1)[1].split("\n\n", 1)[0], re.M)
    assert fields == [item.name for item in dataclasses.fields(Match)]


def test_every_message_that_a_rung_may_name_is_listed_with_its_reader() -> None:
    listed = PAGE.split("**Messages**", 1)[1].split("\n\n", 1)[0]
    by_audience = dict(
        zip(
            ("person", "manager", "desk"),
            (re.findall(r"`(\w+)`", each) for each in _parts(listed)),
            strict=True,
        )
    )
    assert {name: tuple(each) for name, each in by_audience.items()} == dict(LADDER_MESSAGES)


def _parts(listed: str) -> list[str]:
    """The text before each of the three readers."""
    text = " ".join(listed.split())
    found = re.fullmatch(r"(.*)written to the person,(.*)to the manager,(.*)to the service desk\. .*", text)
    assert found
    return [each.split("may name:")[-1] for each in found.groups()]


def test_the_fields_of_the_user_name_are_all_there_and_do_what_the_page_says() -> None:
    rows = re.findall(r"^\| (`\{.*) \| (.*) \|$", PAGE, re.M)
    fields = [field for left, _ in rows for field in re.findall(r"\{(\w+)\}", left)]
    shown = [text for _, right in rows for text in re.findall(r"`([^`]+)`", right)]
    assert len(fields) == len(shown)
    name = names.PersonName("Zoë-Maria", "Müller", "Mia")
    for field, expected in zip(fields, shown, strict=True):
        pattern = f"{{g}}.{{{field}}}"
        found = next(names.upn_candidates(name, "contoso.example", pattern, "0042", country="DE"))
        assert found == f"m.{expected}@contoso.example", field
    with pytest.raises(ConfigurationError) as refused:
        names.check_pattern("{unknown}")
    assert set(fields) == set(re.findall(r"\{(\w+)\}", refused.value.message))


def test_paths_and_limits_are_those_of_the_package() -> None:
    assert f"azd env set ONBOARDING_POLICY_FILE {WWWROOT}/{package_policy.NAME}" in PAGE
    most = package_policy.longest(ROOT)
    assert most is not None
    kept = (ROOT / "docs" / "retention.md").read_text(encoding="utf-8")
    for page in (PAGE, kept):
        text = " ".join(page.split())
        assert f"{most} days" in text
        assert re.search(rf"\b{most + package_policy.NET_DAYS}\b", text)
