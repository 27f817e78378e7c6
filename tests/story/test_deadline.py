"""Both sides of the day from which directory data stops counting, and the day itself moved mid-flight."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.story.world import START, World, only

BEFORE = (START + timedelta(days=8)).isoformat()
AFTER = "2026-09-07"
MOBILE = "+49 15199999901"


async def test_across_the_deadline_nothing_but_the_registration_counts(world: World) -> None:
    """The ladder, the escalations and the confirmation are the same on both sides; the phone is not written
    before the deadline, so nobody is recoverable by it."""
    await world.restart(DEADLINE=BEFORE)
    await world.hire()
    await world.until(6)
    assert world.account().get("mobilePhone") is None
    assert (await world.show())["recoverable"] == "no"
    assert only(await world.heard(), "person") == ["welcome", "nudge_first", "nudge_second"]
    await world.until(11)
    assert (await world.show())["recoverable"] == "no"
    assert only(await world.heard(), "manager", "desk")[1:] == ["escalate_manager", "escalate_desk"]
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    shown = await world.show()
    assert (shown["state"], shown["recoverable"]) == ("confirmed", "yes")


async def test_somebody_who_registers_before_the_deadline_stays_confirmed_after_it(world: World) -> None:
    await world.restart(DEADLINE=BEFORE)
    await world.hire()
    await world.until(1)
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    await world.until(20)
    shown = await world.show()
    assert (shown["state"], shown["recoverable"]) == ("confirmed", "yes")
    assert only(await world.heard(), "person") == ["welcome", "nudge_first"]


async def test_directory_data_counts_only_while_the_deadline_lies_ahead(world: World) -> None:
    """Created in force, with a phone in the directory: no. The deadline is moved ahead: the phone counts, so
    recoverable, and still not confirmed and still nudged. Moved back: no again."""
    await world.restart(DEADLINE=AFTER)
    await world.hire()
    await world.until(1)
    assert world.account()["mobilePhone"] == MOBILE
    assert (await world.show())["recoverable"] == "no"

    await world.restart(DEADLINE=(START + timedelta(days=40)).isoformat())
    await world.until(3)
    shown = await world.show()
    assert (shown["recoverable"], shown["status"]) == ("yes", "directory_only")
    assert "nudge_second" in await world.heard(), "recoverable is not confirmed"

    await world.restart(DEADLINE=AFTER)
    await world.until(4)
    assert (await world.show())["recoverable"] == "no"

    await world.restart(DEADLINE=(START + timedelta(days=6)).isoformat())
    await world.until(5, "20:00")
    assert (await world.show())["recoverable"] == "yes"
    await world.until(7)
    assert (await world.show())["recoverable"] == "no", "it was crossed in the night"
    assert await world.heard() == [
        "access_pass_manager",
        "welcome",
        "nudge_first",
        "nudge_second",
        "nudge_third",
        "escalate_manager",
    ]


async def test_a_deadline_moved_back_and_forth_before_creation_decides_at_creation(world: World) -> None:
    """HR sent the person long before; what is in force when the account is made counts."""
    await world.restart(DEADLINE=AFTER)
    await world.hire(start_date=(START + timedelta(days=28)).isoformat())
    assert world.accounts() == []
    await world.restart(DEADLINE=(START + timedelta(days=20)).isoformat())
    await world.until(15, every=timedelta(days=1))
    assert world.account().get("mobilePhone") is None


@pytest.mark.parametrize(
    ("phone", "country", "written"),
    [
        ("+49 151 99999901", "Germany", MOBILE),
        ("0049 151 99999901", "Germany", MOBILE),
        ("tel:+49-151-99999901", "Germany", MOBILE),
        ("0151 99999901", "Germany", None),  # the country is assumed
        ("+49 30 901820", "Germany", None),  # a landline
        ("+49 800 3301000", "Germany", None),  # toll-free
        ("+1 201 555 0123", "United States", "+1 2015550123"),  # fixed line or mobile: nobody can say
        ("+44 1632 960001 / +44 7700 900123", "United Kingdom", None),  # two numbers
        ("4.91512E+11", "Germany", None),
    ],
)
async def test_only_a_certain_mobile_number_reaches_the_directory(
    world: World, phone: str, country: str, written: str | None
) -> None:
    """mobilePhone: in force at creation, no assumed country, no landline, no toll-free number."""
    await world.hire(phones=[{"raw": phone, "label": "mobile"}], work_country=country)
    assert world.account().get("mobilePhone") == written
    case = await world.case()
    assert not case.hire.phones, "raw numbers leave the case once the account exists"


async def test_the_phone_is_not_written_when_the_setting_says_none(world: World) -> None:
    await world.restart(PHONE_ATTRIBUTE="none")
    await world.hire()
    assert world.account().get("mobilePhone") is None
