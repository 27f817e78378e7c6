"""The whole way of one person, from the bytes of a delivery to silence."""

from __future__ import annotations

from datetime import timedelta

from onboarding.domain.account import PassStatus
from onboarding.domain.evidence import Status
from onboarding.domain.lifecycle import State
from tests.story.world import DESK, EMPLOYEE, MANAGER, START, World, only
from tests.support import planted


async def test_from_bytes_to_confirmation_after_both_escalations_and_then_silence(world: World) -> None:
    """bytes → account → manager → pass → welcome → days 0, 2, 5, 10 → manager → desk → registers → done → silence."""
    await world.hire()
    account = world.account()
    assert account["givenName"] == planted.GIVEN
    assert account["manager"] == world.tenant.user(userPrincipalName=MANAGER)["id"]  # type: ignore[index]
    assert (await world.show())["state"] == "provisioning"

    await world.until(-1, "18:00")
    first = await world.sent()
    assert [mail.message for mail in first] == ["access_pass_manager", "welcome"]
    assert first[0].to == (MANAGER,)
    assert first[0].at.date() == START - timedelta(days=3), "the working day before a Monday is the Friday"
    assert first[1].to == (planted.ADDRESS,)

    await world.until(11)
    assert await world.heard() == [
        "access_pass_manager",
        "welcome",
        "nudge_first",
        "nudge_second",
        "nudge_third",
        "escalate_manager",
        "nudge_last",
        "escalate_desk",
    ]
    days = {mail.message: (mail.at.date() - START).days for mail in await world.sent()}
    assert {name: days[name] for name in ("nudge_first", "nudge_second", "nudge_third", "nudge_last")} == {
        "nudge_first": 0,
        "nudge_second": 2,
        "nudge_third": 7,  # day 5 is a Saturday
        "nudge_last": 10,
    }
    assert {mail.message: mail.to for mail in await world.sent()}["escalate_desk"] == (DESK,)

    await world.register("microsoftAuthenticatorPush", "mobilePhone")
    await world.tick()
    shown = await world.show()
    assert (shown["state"], shown["status"], shown["recoverable"]) == ("confirmed", "user_registered", "yes")
    told = (await world.sent())[-1]
    assert (told.message, set(told.to)) == ("resolved_desk", {DESK, MANAGER})

    before = len(world.tenant.mail())
    # A round over the storage account is a hundred requests: there the silence is listened to once a week.
    await world.until(105, every=timedelta(days=7 if world.storage else 1))
    assert len(world.tenant.mail()) == before, "nothing more is ever sent"
    case = await world.case()
    assert case.state is State.CLOSED
    assert case.status is Status.USER_REGISTERED
    assert case.access_pass
    assert case.access_pass.status is PassStatus.DELIVERED
    assert only(await world.heard(EMPLOYEE), "manager").count("escalate_manager") == 1
