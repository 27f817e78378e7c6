"""The first day at production depth, over HTTP against the pretend tenant: what it costs, and who it is for."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.story.world import EMPLOYEE, MANAGER, START, World

E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
STAFF, SSPR = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
GROUPS = (
    f'[groups]\nallowed = ["{STAFF}", "{SSPR}"]\nsspr_scope = "{SSPR}"\nrules = [{{ group = "{STAFF}" }}]\n'
)
LICENCES = f'[licences]\nrules = [{{ sku = "{E3}", mailbox = true }}]\n'

#: Who holds a role: read once an hour for everybody, not for this person.
SHARED = re.compile(r"roleAssignments\?.*\$expand|^users\?.*\$filter=id |^groups/[^/]+/members\?")
#: What the directory and the mailbox are asked for one person with nothing but the defaults, in order.
HAPPY = [
    "GET users?$filter=employeeId",  # was the person here before?
    "GET directory/deletedItems/microsoft.graph.user",  # or deleted?
    "POST users",
    "GET users?$filter=userPrincipalName",  # the manager
    "PUT users/{id}/manager/$ref",
    "GET users/{id}",  # the guards of the first credential, days later
    "GET roleManagement/directory/roleAssignments",
    "GET users/{id}/memberOf",
    "GET users/{id}/authentication/methods",
    "GET users/{id}/authentication/temporaryAccessPassMethods",
    "GET policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass",
    "GET users/{id}",  # the manager, who is to get it
    "POST users/{id}/authentication/temporaryAccessPassMethods",
    "POST users/{id}/sendMail",
    "POST users/{id}/messages",  # the welcome
    "POST users/{id}/messages/{id}/send",
]
#: Two groups, a licence and its mailbox, on top: six.
ENTITLED = [
    "GET groups?$filter=id",
    "POST groups/{id}/members/$ref",
    "POST groups/{id}/members/$ref",
    "GET subscribedSkus",
    "POST users/{id}/assignLicense",
    "GET users/{id}",
]


def asked(world: World) -> list[str]:
    """Requests to Graph about this person, those inside a `$batch` one by one: without the reports, which are about
    everybody."""
    found = []
    for item in world.requests():
        path = item["path"].removeprefix("/v1.0/")
        if path.startswith(("/_control", "auditLogs", "reports", "$batch")) or SHARED.search(path):
            continue
        path, _, query = path.partition("?")
        path = path.replace("/graph.user", "/microsoft.graph.user")  # the SDK's spelling
        path = re.sub(r"^(users|groups|directory/deletedItems)/(?!microsoft)[^/]+", r"\1/{id}", path)
        path = re.sub(r"messages/[^/]+", "messages/{id}", path)
        name = re.search(r"\$filter=(\w+)", query)
        collection = path in {"users", "groups"} and name
        found.append(f"{item['method']} {path}" + (f"?$filter={name[1]}" if collection and name else ""))
    return found


def bought(world: World, units: int = 5) -> None:
    for group, name in ((STAFF, "Staff"), (SSPR, "SSPR")):
        world.tenant.post("/_control/groups", {"id": group, "displayName": name})
    world.tenant.post("/_control/skus", {"skuId": E3, "enabled": units})


async def test_what_a_happy_hire_costs(world: World) -> None:
    """Stated in docs/steps.md."""
    await world.hire()
    await world.until(-1, "23:00")
    assert (await world.show())["state"] == "following_up"
    assert asked(world) == HAPPY
    assert len(HAPPY) == 16
    batches = [item for item in world.requests("POST") if item["path"].endswith("$batch")]
    assert len(batches) == 1, "the two looks for privileges go together: 15 ways to Graph and back"


async def test_what_an_address_that_hr_knows_adds_to_it(world: World) -> None:
    await world.hire(work_email="wqzplanted.new@contoso.example")
    await world.until(-1, "23:00")
    assert (await world.show())["state"] == "following_up"
    assert Counter(asked(world)) - Counter(HAPPY) == Counter(["GET users?$filter=userPrincipalName"])
    assert len(asked(world)) == len(HAPPY) + 1


async def test_what_groups_and_a_licence_add_to_it(world: World) -> None:
    bought(world)
    await world.restart(POLICY_FILE=world.policy(GROUPS + LICENCES))
    await world.hire()
    await world.until(-1, "23:00")
    assert (await world.show())["state"] == "following_up"
    assert Counter(asked(world)) - Counter(HAPPY) == Counter(ENTITLED)
    assert len(asked(world)) == len(HAPPY) + len(ENTITLED)
    user = world.account()
    assert user["mail"], "the mailbox came"
    held = world.tenant.get("/_control/groups")["items"]
    assert [user["id"] in group["members"] for group in held if group["id"] in {STAFF, SSPR}] == [True, True]
    case = await world.case()
    assert case.account is not None
    assert case.account.mailbox is True


LAGS = ("replication", "manager", "member", "licence", "index", "sent_items")
WHOLE = GROUPS + LICENCES + "[account]\nenable_days_before_start = 5\n"


@pytest.mark.parametrize(
    ("seconds", "refused"),
    [(30, "not_found"), (300, "bad_request"), (1800, "not_found"), (1800, "bad_request")],
)
async def test_a_tenant_in_which_everything_shows_late_gets_each_thing_once(
    world: World, seconds: int, refused: str
) -> None:
    """Whatever is written is to be seen that much later, and the first answer to each kind of write is lost."""
    bought(world)
    late = {f"{name}_lag_seconds": seconds for name in LAGS}
    world.tenant.post("/_control/policy", {**late, "unreplicated_reference": refused})
    for method, path in (
        ("POST", "/users"),
        ("PUT", "/users/*/manager/$ref"),
        ("POST", "/groups/*/members/$ref"),
        ("POST", "/users/*/assignLicense"),
        ("PATCH", "/users/*"),
        ("POST", "/users/*/authentication/temporaryAccessPassMethods"),
        ("POST", "/users/*/messages/*/send"),
    ):
        world.fault("drop_after_effect", method, path)
    await world.restart(POLICY_FILE=world.policy(WHOLE))
    await world.hire(end_date=(START + timedelta(days=200)).isoformat(), employment_type="Contractor")
    await world.until(-6, "23:00")
    assert world.account()["accountEnabled"] is False
    await world.until(0, "12:00")
    (user,) = world.ours()
    shown = await world.show()
    assert shown["state"] == "following_up", shown["reason_code"]
    assert {step["name"]: step["status"] for step in shown["steps"]}["set_manager"] == "done"
    assert user["accountEnabled"] is True
    assert user["mail"]
    held = world.tenant.get("/_control/groups")["items"]
    assert [group["members"].count(user["id"]) for group in held if group["id"] in {STAFF, SSPR}] == [1, 1]
    refusals = Counter(item["status"] for item in world.requests() if item["status"] in {0, 400, 404})
    assert refusals[0] == 7, "an answer was not lost"
    assert refusals[404] > 1, "nothing was late"
    sent = Counter(await world.heard())
    assert set(sent) >= {"welcome", "nudge_first"}
    assert max(sent.values()) == 1


async def test_no_free_unit_waits_for_whoever_buys(world: World) -> None:
    bought(world, units=0)
    await world.restart(POLICY_FILE=world.policy(GROUPS + LICENCES))
    await world.hire()
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "no_free_licence")
    bought(world, units=1)
    assert (await world.operator("rerun"))[0] == 202
    await world.until(-1, "23:00")
    assert (await world.show())["state"] == "following_up"
    assert len(world.ours()) == 1


async def test_the_account_is_disabled_until_the_lead_time(world: World) -> None:
    await world.restart(POLICY_FILE=world.policy("[account]\nenable_days_before_start = 5\n"))
    await world.hire()
    assert world.account()["accountEnabled"] is False
    await world.until(-6, "23:00")
    assert world.account()["accountEnabled"] is False
    await world.until(-5, "01:00")
    assert world.account()["accountEnabled"] is True
    await world.until(0, "12:00")
    assert "nudge_first" in await world.heard()


def leaver(world: World, **more: Any) -> dict[str, Any]:
    """Somebody with HR's number who left."""
    values = {"employeeId": EMPLOYEE, "accountEnabled": False, "usageLocation": "DE", "mail": None, **more}
    return world.person("left.before@contoso.example", **values)


async def test_whoever_comes_back_gets_the_deleted_account_on_an_approvers_word(world: World) -> None:
    before = leaver(world, deleted=True)
    await world.hire()
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "needs_approval_restore")
    assert (await world.operator("approve"))[0] == 403
    assert (await world.operator("approve", role="approver"))[0] == 202
    await world.until(-1, "12:00")
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "needs_approval_pass")
    assert (await world.operator("approve", role="approver"))[0] == 202
    await world.until(1)
    user = world.account()
    assert (user["id"], user["accountEnabled"]) == (before["id"], True)
    assert world.ours() == []
    assert (await world.show())["state"] == "following_up"


async def test_a_mailbox_that_was_made_a_shared_one_is_for_an_exchange_administrator(world: World) -> None:
    leaver(world, mail="left.before@contoso.example")
    await world.hire()
    assert (await world.show())["reason_code"] == "protected_shared_mailbox"
    assert world.account()["accountEnabled"] is False


async def test_an_account_from_active_directory_is_waited_for_and_only_followed_up(world: World) -> None:
    await world.restart(
        POLICY_FILE=world.policy('[people]\nsynced = [{ employment_type = ["office"] }]\n'), WRITEBACK="true"
    )
    await world.hire(employment_type="Office")
    await world.until(-3)
    assert (await world.show())["next_action"]["why"] == "waiting_for_sync"
    boss = next(user for user in world.tenant.users() if user["userPrincipalName"] == MANAGER)
    made = world.person(
        "from.ad@contoso.example", employeeId=EMPLOYEE, onPremisesSyncEnabled=True, accountEnabled=True
    )
    world.tenant.http.put(
        f"/v1.0/users/{made['id']}/manager/$ref",
        json={"@odata.id": f"https://graph.microsoft.com/v1.0/users/{boss['id']}"},
    )
    await world.until(1)
    assert "nudge_first" in await world.heard()
    (welcome,) = [mail for mail in await world.sent() if mail.message == "welcome"]
    assert "If you already have a password for this user name, use it." in welcome.text
    await world.register("microsoftAuthenticatorPush")
    await world.until(3)
    shown = await world.show()
    assert (shown["status"], shown["state"]) == ("user_registered", "confirmed")
    writes = [line for line in asked(world) if not line.startswith("GET") and "essages" not in line]
    assert [line for line in writes if "manager" not in line and "sendMail" not in line] == []
    assert world.ours() == []


async def test_a_guest_and_a_break_glass_account_are_refused(world: World) -> None:
    await world.hire(employment_type="Guest")
    assert (await world.show())["reason_code"] == "guest_not_created"
    world.person("emergency@contoso.example", employeeId="E-9", roles=["Global Administrator"])
    await world.hire(employee_id="E-9", personal_email="other.planted@personal.example")
    assert (await world.show("E-9"))["reason_code"] == "protected_privileged"
    assert world.ours() == []


async def test_messages_stop_after_a_contractors_last_day(world: World) -> None:
    last = START + timedelta(days=3)
    await world.hire(end_date=last.isoformat(), employment_type="Contractor")
    await world.until(20)
    sent = [
        mail
        for mail in await world.sent()
        if mail.at > datetime.combine(last, datetime.max.time(), mail.at.tzinfo)
    ]
    assert sent == []
    assert "nudge_second" in await world.heard()
    assert (await world.show())["next_action"]["why"] == "employment_ended"
