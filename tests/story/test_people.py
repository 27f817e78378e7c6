"""Many people at once, with the names and data that companies have."""

from __future__ import annotations

from datetime import timedelta

from tests.story.world import MANAGER, START, World

#: (employee id, given name, family name, more)
PEOPLE = [
    ("P-1", "Søren", "Groß", {"work_country": "Denmark"}),
    ("P-2", "太郎", "山田", {"work_country": "Germany", "locale": "ja-JP"}),
    ("P-3", "Zoë", "O'Neill", {}),
    ("P-4", "Sukarno", None, {}),
    ("P-5", "Maximiliana" * 6, "von und zu der Tann-Rathsamhausen", {}),
    ("P-6", "Søren", "Gross", {}),
    ("P-7", "<b>Ana</b>", "=cmd|' /C calc'!A0", {}),
    ("P-8", "مريم", "العلي", {"locale": "ar"}),
    ("a very long employee id that no employeeId holds", "Ng", "Ng", {}),
]


async def test_everybody_gets_one_account_a_pass_a_welcome_and_a_nudge_of_their_own(world: World) -> None:
    for number, given, family, more in PEOPLE:
        await world.post(world.body(employee_id=number, given_name=given, family_name=family, **more))
    await world.host.drain()
    assert len(world.ours()) == len(PEOPLE)
    upns = [user["userPrincipalName"] for user in world.ours()]
    assert all(upn.isascii() and len(upn.partition("@")[0]) <= 64 for upn in upns), upns
    await world.until(0)
    for number, *_ in PEOPLE:
        assert await world.heard(number) == ["access_pass_manager", "welcome", "nudge_first"]
    for mail in await world.sent():
        assert len(mail.to) <= 2
        assert mail.to == (MANAGER,) or MANAGER not in mail.to


async def test_one_persons_registration_ends_nobody_elses_reminders(world: World) -> None:
    await world.hire(employee_id="P-1", given_name="Jens", family_name="Müller")
    await world.hire(employee_id="P-2", given_name="Jens", family_name="Müller")
    await world.until(1)
    await world.register("microsoftAuthenticatorPush", mark="P-1")
    await world.tick()
    await world.until(3)
    assert "nudge_second" not in await world.heard("P-1")
    assert "nudge_second" in await world.heard("P-2")


async def test_a_person_who_starts_on_a_saturday_gets_the_pass_before_and_one_reminder_on_monday(
    world: World,
) -> None:
    await world.hire(start_date=(START - timedelta(days=2)).isoformat())
    await world.until(0)
    told = [(mail.message, (mail.at.date() - START).days) for mail in await world.sent()]
    assert told[:2] == [("access_pass_manager", -3), ("welcome", -3)]
    assert [day for _, day in told[2:]] == [0]


async def test_the_first_reminder_of_somebody_who_starts_on_a_saturday_is_the_first_one(world: World) -> None:
    saturday = START - timedelta(days=2)
    await world.hire(start_date=saturday.isoformat())
    await world.until(0)
    days = {mail.message: (mail.at.date() - START).days for mail in await world.sent()}
    assert days == {"access_pass_manager": -3, "welcome": -3, "nudge_first": 0}


async def test_without_a_private_address_the_new_mailbox_is_used(world: World) -> None:
    await world.hire(personal_email=None)
    await world.until(0)
    upn = world.account()["userPrincipalName"]
    assert {mail.to for mail in await world.sent() if mail.message != "access_pass_manager"} == {(upn,)}


async def test_a_hire_without_a_start_date_waits_for_hr_and_goes_on(world: World) -> None:
    await world.hire(start_date=None)
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "missing_start_date")
    assert world.ours() == []
    await world.hire(event_type="hire.updated")
    await world.until(0)
    assert await world.heard() == ["access_pass_manager", "welcome", "nudge_first"]


async def test_the_pass_stands_in_no_mail_to_the_person_and_the_password_in_none_at_all(world: World) -> None:
    await world.hire()
    await world.until(11)
    secret = world.simulator.tenant.people.by_id[world.account()["id"]].access_pass
    assert secret
    for mail in await world.sent():
        assert "Pw-PLANTED" not in mail.text
        assert (secret.secret in mail.text) == (mail.message == "access_pass_manager")
