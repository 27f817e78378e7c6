"""Outages, weekends, changing clocks, late announcements."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.story.world import START, World, only


async def test_an_outage_of_twelve_days_sends_one_message_to_each_audience(world: World) -> None:
    await world.hire()
    await world.until(-1)
    assert await world.heard() == ["access_pass_manager", "welcome"]
    await world.jump(11, "10:00")
    await world.until(14)
    assert (await world.heard())[2:] == ["nudge_last", "escalate_manager", "escalate_desk"]
    skipped = {rung.rung for rung in (await world.case()).rungs.values() if rung.status == "skipped"}
    assert skipped == {"person_day_0", "person_day_2", "person_day_5"}


async def test_an_outage_over_the_weekend_does_not_send_at_night_when_it_ends(world: World) -> None:
    await world.hire()
    await world.until(1)
    await world.jump(6, "23:30")
    assert len(await world.heard()) == 3
    await world.until(7, "17:00")
    assert (await world.heard())[3:] == ["nudge_third", "escalate_manager"]


async def test_without_the_followup_timer_the_watchdog_brings_cases_back(world: World) -> None:
    await world.hire()
    await world.until(8, timers=("track", "watchdog"), every=timedelta(hours=5))
    assert await world.heard() == [
        "access_pass_manager",
        "welcome",
        "nudge_first",
        "nudge_second",
        "nudge_third",
        "escalate_manager",
    ]


async def test_a_weekend_of_friday_and_saturday(world: World) -> None:
    """Riyadh: Sunday is the first working day, and nothing goes out on Friday."""
    world.zone, world.weekend = "Asia/Riyadh", frozenset({4, 5})
    sunday = START - timedelta(days=1)
    await world.hire(start_date=sunday.isoformat(), work_country="Saudi Arabia", timezone=None)
    await world.until(11)
    local = {m.message: m.at.astimezone(ZoneInfo(world.zone)) for m in await world.sent()}
    assert local["access_pass_manager"].date() == sunday - timedelta(days=3), "Thursday"
    assert local["nudge_first"].date() == sunday
    assert local["nudge_third"].weekday() == 6, "day 5 is a Friday: moved to Sunday"


@pytest.mark.parametrize(
    ("zone", "country", "night", "second"),
    [
        ("Europe/Berlin", "Germany", date(2026, 10, 25), date(2026, 10, 26)),
        ("America/New_York", "United States", date(2026, 11, 1), date(2026, 11, 2)),
        ("Australia/Sydney", "Australia", date(2026, 10, 4), date(2026, 10, 5)),
        ("Europe/Berlin", "Germany", date(2027, 3, 28), date(2027, 3, 30)),  # over Easter Monday
        ("America/Santiago", "Chile", date(2027, 4, 4), date(2027, 4, 5)),
    ],
)
async def test_over_the_night_on_which_clocks_change_messages_keep_their_local_hour(
    world: World, zone: str, country: str, night: date, second: date
) -> None:
    """The ladder begins on the Thursday before; its second rung falls on the first working day after."""
    world.zone = zone
    thursday = night - timedelta(days=3)
    if thursday - timedelta(days=10) > world.now().date():
        world.tenant.move_to(world.local(thursday - timedelta(days=10), "12:00"))
    await world.hire(start_date=thursday.isoformat(), work_country=country, timezone=zone)
    await world.until(second + timedelta(days=1))
    hours = {m.message: m.at.astimezone(ZoneInfo(zone)) for m in await world.sent()}
    assert (hours["nudge_first"].date(), hours["nudge_second"].date()) == (
        thursday,
        second,
    )
    assert {f"{hours[name]:%H:%M}" for name in ("nudge_first", "nudge_second")} == {"09:00"}


async def test_a_hire_announced_at_eleven_at_night_on_the_start_day(world: World) -> None:
    """The account at once; pass and welcome in the morning; one reminder the day after, not two."""
    world.tenant.move_to(world.local(0, "23:00"))
    await world.hire()
    assert len(world.accounts()) == 1
    assert await world.heard() == []
    await world.until(1, "10:00")
    assert await world.heard() == ["access_pass_manager", "welcome"]
    await world.until(2, "17:00")
    # The gap after the welcome ends on day 2, when the first rung has been overtaken by the second.
    assert only(await world.heard(), "person") == ["welcome", "nudge_second"]
    await world.until(12)
    assert only(await world.heard(), "person") == ["welcome", "nudge_second", "nudge_third", "nudge_last"]


async def test_a_start_date_five_days_ago_still_gets_a_pass_and_the_whole_ladder(world: World) -> None:
    world.tenant.move_to(world.local(7, "10:00"))
    await world.hire(start_date=(START + timedelta(days=2)).isoformat())
    assert await world.heard() == ["access_pass_manager", "welcome"]
    await world.until(18)
    assert only(await world.heard(), "person") == [
        "welcome",
        "nudge_first",
        "nudge_second",
        "nudge_third",
        "nudge_last",
    ]


async def test_a_start_date_more_than_seven_days_ago_needs_an_approver_for_the_pass(world: World) -> None:
    world.tenant.move_to(world.local(10, "10:00"))
    await world.hire()
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "needs_approval_pass")
    assert len(world.accounts()) == 1
    assert await world.heard() == []
    assert (await world.operator("approve", role="approver"))[0] == 202
    assert await world.heard() == ["access_pass_manager", "welcome"]


async def test_a_start_on_a_public_holidays_weekend_and_on_29_february(world: World) -> None:
    """29 February 2028 is a Tuesday; the pass comes the day before."""
    leap = date(2028, 2, 29)
    await world.hire(start_date=leap.isoformat())
    world.tenant.move_to(world.local(leap - timedelta(days=12), "12:00"))
    await world.until(leap)
    days = {mail.message: mail.at.date() for mail in await world.sent()}
    assert days == {
        "access_pass_manager": leap - timedelta(days=1),
        "welcome": leap - timedelta(days=1),
        "nudge_first": leap,
    }


async def test_a_half_hour_zone_and_a_zone_a_day_ahead(world: World) -> None:
    """Kathmandu (+5:45) and Kiritimati (+14): the recipient's own nine o'clock."""
    world.zone = "Pacific/Kiritimati"
    await world.hire(work_country="Kiribati", timezone="Pacific/Kiritimati")
    await world.until(1)
    (first,) = [mail for mail in await world.sent() if mail.message == "nudge_first"]
    assert f"{first.at.astimezone(ZoneInfo(world.zone)):%F %H:%M}" == f"{START} 09:00"
