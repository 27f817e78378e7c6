"""The service desk kit over HTTP: a phone is lost, the person comes to the desk, and registers again."""

from __future__ import annotations

from datetime import timedelta

from onboarding.domain.policy import Policy
from tests.story.world import EMPLOYEE, World

CHECKS = [check.code for check in Policy().desk.identity_checks]


async def test_a_lost_phone_a_new_pass_and_back_again(world: World) -> None:
    await world.hire()
    await world.until(1)
    await world.register("mobilePhone")
    await world.tick()
    assert (await world.show())["state"] == "confirmed"
    case_id = (await world.case()).case_id
    refused, _ = await world.call(
        "case_methods", "GET", f"cases/{case_id}/methods", "operator", case_id=case_id
    )
    assert refused == 403
    status, listed = await world.call(
        "case_methods", "GET", f"cases/{case_id}/methods", "approver", case_id=case_id
    )
    assert status == 200
    (lost,) = listed["items"]
    assert (lost["method"], lost["label"]) == ("mobilePhone", "…01")
    assert (await world.operator("lost-phone", role="operator", method=lost["id"]))[0] == 403
    assert (await world.operator("lost-phone", role="approver", method=lost["id"]))[0] == 202
    shown = await world.show()
    assert (shown["state"], shown["lost_phone"], shown["status"]) == ("following_up", None, "removed")
    writes = [item["path"] for item in world.requests("DELETE", "POST")]
    assert sum(path.endswith("/revokeSignInSessions") for path in writes) == 1
    assert sum("/authentication/phoneMethods/" in path for path in writes) == 1
    entries = {entry["action"]: entry for entry in shown["timeline"]}
    assert entries["lost_phone"]["actor"] == "operator:pretend"
    assert entries["lost_phone_deleted"]["detail"]["request_id"]

    passes = len([m for m in await world.heard() if m.startswith("access_pass")])
    assert (await world.operator("new-pass", role="approver"))[1]["code"] == "checks_missing"
    assert (await world.operator("new-pass", role="operator", confirmed=CHECKS))[0] == 403
    assert (await world.operator("new-pass", role="approver", confirmed=CHECKS))[0] == 202
    await world.tick()
    heard = [m for m in await world.heard() if m.startswith("access_pass")]
    assert len(heard) == passes + 1
    assert (await world.heard()).count("welcome") == 1, "the first day is over"
    mails = [mail for mail in world.tenant.mail() if "neuer Pass" in mail["subject"]]
    assert len(mails) == 1, "and whoever hands the pass over is not told that it is the first sign-in"
    assert (await world.operator("handout"))[0] == 202
    await world.register("microsoftAuthenticatorPush")
    await world.until(4, every=timedelta(hours=12))
    assert (await world.show())["state"] == "confirmed"
    told = [entry["action"] for entry in (await world.show(EMPLOYEE))["timeline"]]
    assert [told.count(action) for action in ("lost_phone_deleted", "new_pass", "handout")] == [1, 1, 1]


async def test_a_phone_with_two_methods_confirms_nobody_by_the_one_that_stayed(world: World) -> None:
    await world.hire()
    await world.until(1)
    await world.register("mobilePhone")
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    assert (await world.show())["state"] == "confirmed"
    case_id = (await world.case()).case_id
    _, listed = await world.call(
        "case_methods", "GET", f"cases/{case_id}/methods", "approver", case_id=case_id
    )
    ids = {item["method"]: item["id"] for item in listed["items"]}
    assert all(item["likely"] for item in listed["items"])
    app = ids["microsoftAuthenticatorPush"]
    assert (await world.operator("lost-phone", role="approver", methods=[app]))[0] == 202
    await world.until(6, every=timedelta(hours=12))
    shown = await world.show()
    assert (shown["state"], shown["status"]) == ("following_up", "removed")
    assert "and is gone" in shown["missing"]
    assert "a mobile phone is still there and does not count" in shown["missing"].lower()

    again = await world.operator("lost-phone", role="approver", methods=[ids["mobilePhone"]])
    assert again[0] == 202
    await world.register("mobilePhone")
    await world.until(8, every=timedelta(hours=12))
    assert (await world.show())["state"] == "confirmed"
