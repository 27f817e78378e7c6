"""Rules about people: whom they fit, what they give, and what is refused when the file is read."""

from __future__ import annotations

from typing import Any

import pytest

from onboarding.domain.people_policy import (
    Match,
    groups_for,
    licences_for,
    mailbox_expected,
)
from onboarding.domain.policy import Policy
from onboarding.domain.policy_file import load
from onboarding.errors import ConfigurationError
from tests.support.doubles import hire, make_case

ONE, TWO = "0000000a-0000-4000-8000-000000000001", "0000000b-0000-4000-8000-000000000002"


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({}, True),
        ({"country": ("de",)}, True),
        ({"country": ("AT", "DE")}, True),
        ({"country": ("AT",)}, False),
        ({"department": (" r&d ",)}, True),
        ({"department": ("R&D",), "country": ("AT",)}, False),
        ({"employment_type": ("CONTRACTOR",)}, True),
        ({"company": ("contoso gmbh",)}, True),
        ({"source": ("greenhouse",)}, True),
        ({"source": ("bamboohr",)}, False),
    ],
)
def test_a_rule_fits_when_every_list_holds_the_persons_value(rule: dict[str, Any], fits: bool) -> None:
    person = hire(employment_type="Contractor", legal_entity="Contoso GmbH")
    assert Match(**rule).fits(make_case(hire=person)) is fits


def test_what_hr_did_not_say_fits_no_list() -> None:
    nobody = hire(work_country=None, department=None)
    assert not Match(country=("DE",)).fits(make_case(hire=nobody))
    assert Match().fits(make_case(hire=nobody))


def test_everybody_is_in_the_sspr_group_and_some_in_others_each_once() -> None:
    policy = load(
        f'[groups]\nallowed = ["{ONE}", "{TWO}"]\nsspr_scope = "{ONE.upper()}"\n'
        f'rules = [{{ group = "{TWO}", country = ["DE"] }}, {{ group = "{ONE}" }}]'
    )
    assert groups_for(policy.groups, make_case()) == (ONE, TWO)
    assert groups_for(policy.groups, make_case(hire=hire(work_country="AT"))) == (ONE,)
    assert groups_for(Policy().groups, make_case()) == ()


def test_of_two_rules_for_one_licence_the_first_that_fits_counts() -> None:
    policy = load(
        f'[licences]\nrules = [{{ sku = "{ONE}", country = ["AT"], mailbox = true }}, '
        f'{{ sku = "{ONE}", by_group = true }}, {{ sku = "{TWO}" }}]'
    )
    found = licences_for(policy.licences, make_case())
    assert [(rule.sku, rule.by_group) for rule in found] == [(ONE, True), (TWO, False)]
    assert mailbox_expected(policy.mailbox, policy.licences, make_case()) is False
    assert mailbox_expected(policy.mailbox, policy.licences, make_case(hire=hire(work_country="AT"))) is True


@pytest.mark.parametrize(
    ("mailbox", "expected"),
    [
        ("", None),
        ('none_for = [{ department = ["R&D"] }]', False),
        ('expected_for = [{ country = ["DE"] }]', True),
        ('expected_for = [{}]\nnone_for = [{ department = ["R&D"] }]', False),
    ],
)
def test_the_policy_says_who_has_a_mailbox_or_nothing(mailbox: str, expected: bool | None) -> None:
    policy = load(f"[mailbox]\n{mailbox}")
    assert mailbox_expected(policy.mailbox, policy.licences, make_case()) is expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'[groups]\nrules = [{{ group = "{ONE}" }}]', "groups.rules, number 1"),
        (f'[groups]\nallowed = ["{ONE}"]\nsspr_scope = "{TWO}"', "groups.sspr_scope"),
        ('[groups]\nallowed = ["Everybody"]', "groups.allowed: 'Everybody' is no id"),
        ('[licences]\nrules = [{ sku = "SPE_E3" }]', "licences.rules, number 1: 'SPE_E3'"),
        (f'[licences]\nrules = [{{ sku = "{ONE}", disabled_plans = ["TEAMS1"] }}]', "'TEAMS1'"),
        ("[licences]\nrules = [{ mailbox = true }]", "sku"),
        (f'[licences]\nrules = [{{ sku = "{ONE}", land = ["DE"] }}]', "land"),
        ("[people]\nsynced = [{}]", "people.synced"),
        ("[people]\nguests = [{}]", "people.guests"),
        ('[people]\nprotected_accounts = ["break glass"]', "people.protected_accounts"),
        ('[account]\nrehire = "always"', "account.rehire"),
        ("[[account.enable]]\ndays_before_start = -1", "account.enable"),
        ('[[account.enable]]\ncountry = ["DE"]', "days_before_start"),
        ("[mailbox]\nwait_minutes = -1", "mailbox.wait_minutes"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    assert said in caught.value.message
