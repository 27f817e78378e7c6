"""The adapter against the pretend tenant over HTTP: what one makes of the other's documented answers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.evidence import Act, By
from onboarding.errors import (
    ConfigurationError,
    EffectUnknown,
    NotYetVisible,
    OperatorError,
    PermissionMissing,
    Throttled,
    Unavailable,
)
from onboarding.graph import Graph, open_graph
from onboarding.ports import DraftState, Mail, NameTaken, NewUser
from onboarding.settings import Settings
from tests.graph.conftest import DOMAIN, START, Slept

MAIL = Mail(("new@example.org",), "Grüße", "<p>山田</p>", "x", "de", "ref1")


def new(name: str = "sean.o'neill", **members: Any) -> NewUser:
    values: dict[str, Any] = {
        "user_principal_name": f"{name}@{DOMAIN}",
        "mail_nickname": "nick",
        "display_name": "Seán O'Neill 山田",
        "employee_id": "E'0001",
        "password": "Xy9!abcdefgh12",
        "usage_location": "IE",
    }
    return NewUser(**values | members)


async def evidence(graph: Graph, person: str) -> list[tuple[Act, By, str | None]]:
    since, until = START - timedelta(minutes=5), START + timedelta(hours=12)
    return [
        (seen.evidence.act, seen.evidence.by, seen.evidence.method)
        async for page in graph.security.audit_events(since, until)
        for seen in page
        if seen.user_id == person
    ]


async def test_doctor_finds_nothing_wrong(graph):
    assert set((await graph.directory.check()).values()) == {"ok"}


async def test_an_account_is_created_found_and_not_created_twice(graph):
    made = await graph.directory.create_user(new(given_name="Seán", employee_hire_date=START))
    found = await graph.directory.get_user(f"SEAN.O'NEILL@{DOMAIN}")
    assert found.id == made.id
    assert (found.employee_id, found.account_enabled, found.user_type) == ("E'0001", True, "Member")
    assert abs(found.created_at - START) < timedelta(minutes=5)
    assert [user.id for user in await graph.directory.find_by_employee_id("E'0001")] == [made.id]
    assert [user.id for user in await graph.directory.find_by_address(f"sean.o'neill@{DOMAIN}")] == [made.id]
    found = await graph.directory.find_by_address(f"Sean.O'Neill@{DOMAIN}", aliases=True)
    assert [user.id for user in found] == [made.id]
    with pytest.raises(NameTaken):
        await graph.directory.create_user(new())
    with pytest.raises(ConfigurationError, match="ONBOARDING_DOMAIN"):
        await graph.directory.create_user(new(user_principal_name="x@unverified.example"))


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"employee_id": "x" * 17}, "employeeId"),
        ({"job_title": "x" * 129}, "jobTitle"),
        ({"given_name": "x" * 65}, "givenName"),
        ({"usage_location": "Ireland"}, "usageLocation"),
    ],
)
async def test_a_value_outside_the_limits_is_named(graph, members, named):
    with pytest.raises(OperatorError, match=named) as caught:
        await graph.directory.create_user(new(**members))
    assert caught.value.code == "graph_bad_value"


async def test_names_at_the_limits_are_accepted(graph):
    upn = "a" * 64
    made = await graph.directory.create_user(
        new(upn, display_name="Ø" * 256, surname="ß" * 64, employee_id="1" * 16)
    )
    assert (await graph.directory.get_user(made.user_principal_name)).display_name == "Ø" * 256


async def test_a_user_name_that_is_somebody_elses_address_is_taken_and_the_look_says_by_whom(graph, control):
    married = await control.person("sean.o'neill")
    await control.client.patch(
        f"/v1.0/users/{married}",
        json={"userPrincipalName": f"sean.murphy@{DOMAIN}"},
        headers={"Authorization": "Bearer pretend"},
    )
    with pytest.raises(NameTaken):
        await graph.directory.create_user(new())
    assert await graph.directory.get_user(f"sean.o'neill@{DOMAIN}") is None
    (holder,) = await graph.directory.find_by_address(f"Sean.O'Neill@{DOMAIN}", aliases=True)
    assert (holder.id, holder.addresses) == (married, (f"sean.o'neill@{DOMAIN}",))


async def test_replication_lag_is_none_and_then_the_user(graph, control):
    await control.post(
        "faults", {"method": "POST", "path": "/users", "mode": "replication_lag", "seconds": 60}
    )
    made = await graph.directory.create_user(new())
    manager = await control.person("boss")
    assert await graph.directory.get_user(made.id) is None
    with pytest.raises(NotYetVisible):
        await graph.directory.set_manager(made.id, manager)
    with pytest.raises(NotYetVisible):
        await graph.directory.set_manager(manager, made.id)
    with pytest.raises(NotYetVisible):
        await graph.security.create_pass(made.id, START, 60)
    with pytest.raises(NotYetVisible):
        await graph.directory.has_privileges(made.id)
    with pytest.raises(NameTaken):
        await graph.directory.create_user(new())
    await control.post("clock", {"advance": "PT2M"})
    await graph.directory.set_manager(made.id, manager)
    assert (await graph.directory.get_manager(made.id)).id == manager
    assert await graph.directory.get_manager(manager) is None


async def test_an_answer_lost_after_the_effect_is_doubt_and_settled_by_looking(graph, control):
    await control.post("faults", {"method": "POST", "path": "/users", "mode": "drop_after_effect"})
    with pytest.raises(EffectUnknown):
        await graph.directory.create_user(new())
    assert (await graph.directory.get_user(new().user_principal_name)).employee_id == "E'0001"
    assert [call for call in await control.requests() if call[0] == "POST"] == [("POST", "/v1.0/users", 0)]


async def test_a_connection_dropped_before_the_effect_is_doubt_too(graph, control):
    await control.post("faults", {"method": "POST", "path": "/users", "mode": "drop_before"})
    with pytest.raises(EffectUnknown):
        await graph.directory.create_user(new())
    assert await graph.directory.get_user(new().user_principal_name) is None


async def test_a_read_survives_a_dropped_connection(graph, control):
    person = await control.person("anna")
    await control.post("faults", {"method": "GET", "mode": "drop_before", "times": 2})
    assert (await graph.directory.get_user(person)).id == person


async def test_decimal_retry_after_is_waited_for(graph, control, slept):
    person = await control.person("anna")
    await control.post("faults", {"mode": "status", "status": 429, "retry_after": 2.128})
    assert (await graph.directory.get_user(person)).id == person
    await control.post(
        "faults", {"mode": "status", "status": 429, "retry_after": "Sun, 22 Nov 2026 23:00:00 GMT"}
    )
    with pytest.raises(Throttled) as caught:
        await graph.directory.get_user(person)
    assert slept == [2.128]
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 3600


async def test_a_simulator_that_is_not_there_is_unavailable():
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    graph = open_graph(Settings(graph_base_url="http://127.0.0.1:9"), sleep=sleep, fraction=lambda: 0.5)
    for call in (graph.directory.create_user(new()), graph.directory.get_user("x")):
        with pytest.raises(Unavailable):
            await call
    await graph.aclose()


async def test_privileges(graph, control):
    plain = await control.person("plain", groups=[{"displayName": "Staff"}])
    admin = await control.person("adm", roles=["Global Administrator"])
    member = await control.person("member", groups=[{"displayName": "Tier 0", "isAssignableToRole": True}])
    assert [await graph.directory.has_privileges(user) for user in (plain, admin, member)] == [
        False,
        True,
        True,
    ]


async def test_holders_of_roles_are_people_and_the_members_of_groups(graph, control):
    await control.person(
        "plain", groups=[{"displayName": "Tier 0, without a role", "isAssignableToRole": True}]
    )
    await control.person("adm", roles=["Global Administrator", "User Administrator"], employeeId="4711")
    await control.person("gone", roles=["User Administrator"], deleted=True)
    member = await control.person("member")
    tier = {"displayName": "Tier 0", "isAssignableToRole": True, "roles": ["User Administrator"]}
    await control.post("groups", {**tier, "members": [member, f"adm@{DOMAIN}"]})
    before = len(await control.requests())
    found = {
        user.user_principal_name.partition("@")[0]: user for user in await graph.directory.role_holders()
    }
    assert {"adm", "member"} <= found.keys()
    assert not {"plain", "gone"} & found.keys()
    assert (found["adm"].employee_id, found["member"].id) == ("4711", member)
    paths = [path for _, path, _ in (await control.requests())[before:]]
    assert [path.partition("?")[0].rpartition("/")[2] for path in paths] == [
        "roleAssignments",
        "users",
        "members",
    ]
    await control.post("faults", {"path": "/groups/*/members", "mode": "status", "status": 403})
    with pytest.raises(PermissionMissing, match="GroupMember"):
        await graph.directory.role_holders()


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("mobilePhone", "mobilePhone"),
        ("alternateMobilePhone", "alternateMobilePhone"),
        ("officePhone", "officePhone"),
        ("email", "email"),
        ("securityQuestion", "securityQuestion"),
        ("microsoftAuthenticatorPush", "microsoftAuthenticatorPush"),
        ("softwareOneTimePasscode", "softwareOneTimePasscode"),
        ("hardwareOneTimePasscode", "hardwareOneTimePasscode"),
        ("fido2", "fido2"),
        ("windowsHelloForBusiness", "windowsHelloForBusiness"),
        ("macOsSecureEnclaveKey", "macOsSecureEnclaveKey"),
        ("externalAuthMethod", "externalAuthMethod"),
        ("qrCode", "qrCode"),
        ("appPassword", "appPassword"),
        ("temporaryAccessPass", "temporaryAccessPass"),
    ],
)
async def test_what_a_person_registers_is_read_back_as_that_method(graph, control, method, said):
    person = await control.person("anna")
    await control.post(f"users/{person}/methods", {"method": method, "actor": "user"})
    assert (await evidence(graph, person))[0] == (Act.REGISTERED, By.USER, said)


async def test_an_open_set_of_words_and_a_noisy_log_attribute_nothing_to_the_wrong_one(graph, control):
    """Words with and without a full stop, some never heard; passes of an app under the name of a registration."""
    await control.post("audit", {"wording": "mixed"})
    anna, bert = await control.person("anna"), await control.person("bert")
    for method in ("mobilePhone", "microsoftAuthenticatorPush", "fido2", "securityQuestion", "email") * 8:
        await control.post(f"users/{anna}/methods", {"method": method, "actor": "user"})
        await control.client.delete(f"/_control/users/{anna}/methods/{method}")
        await control.post(f"users/{bert}/methods", {"method": "temporaryAccessPass", "actor": "app"})
    known = {None, "all", "mobilePhone", "microsoftAuthenticatorPush", "fido2", "passKeyDeviceBound"}
    known |= {"securityQuestion", "email"}
    of_anna = await evidence(graph, anna)
    assert {by for _, by, _ in of_anna} == {By.USER}
    assert {method for _, _, method in of_anna} <= known
    assert {act for act, _, _ in of_anna} == {Act.REGISTERED, Act.DELETED}
    assert set(await evidence(graph, bert)) == {(Act.REGISTERED, By.APP, "temporaryAccessPass")}


async def test_a_person_and_an_administrator_and_an_app_are_told_apart(graph, control):
    person = await control.person("anna")
    for method, actor in (("mobilePhone", "admin"), ("officePhone", "app"), ("email", "admin")):
        body = {
            "method": method,
            "actor": actor,
            "value": "+353 871234567" if "Phone" in method else "a@b.example",
        }
        await control.post(f"users/{person}/methods", body)
    await control.post(f"users/{person}/methods", {"method": "temporaryAccessPass", "actor": "admin"})
    assert await evidence(graph, person) == [
        (Act.REGISTERED, By.ADMIN, "mobilePhone"),
        (Act.REGISTERED, By.APP, "officePhone"),
        (Act.REGISTERED, By.ADMIN, "email"),
        (Act.REGISTERED, By.ADMIN, "temporaryAccessPass"),
    ]
    registration = await graph.security.registration_of(person, START)
    assert registration.methods == ("mobilePhone", "officePhone", "email", "temporaryAccessPass")


async def test_finished_cancelled_reviewed_deleted_and_reset(graph, control):
    person = await control.person("anna")
    await control.post(f"users/{person}/cancel")
    await control.post(f"users/{person}/sspr", {"result": "no_methods"})
    await control.post(
        f"users/{person}/methods", {"method": "mobilePhone", "actor": "user", "value": "+353 871234567"}
    )
    await control.post(f"users/{person}/review")
    await control.post(f"users/{person}/sspr", {"result": "success"})
    await control.client.delete(f"/_control/users/{person}/methods/mobilePhone")
    assert await evidence(graph, person) == [
        (Act.CANCELLED, By.USER, None),
        (Act.RESET_NO_METHODS, By.USER, None),
        (Act.REGISTERED, By.USER, "mobilePhone"),
        (Act.REGISTERED, By.USER, "all"),
        (Act.REVIEWED, By.USER, "all"),
        (Act.RESET_SUCCEEDED, By.USER, None),
        (Act.DELETED, By.USER, "mobilePhone"),
    ]


async def test_the_report_is_complete_late_and_without_disabled_people(graph, control):
    people = [{"userPrincipalName": f"u{n}@{DOMAIN}", "employeeId": str(n)} for n in range(1200)]
    await control.post("users", people)
    off = await control.person("off", accountEnabled=False)
    admin = await control.person("adm", roles=["Global Administrator"])
    fresh = await control.person("fresh", methods=[{"method": "mobilePhone"}])
    pages = [page async for page in graph.security.registration_report()]
    rows = {item.user_id: item.registration for page in pages for item in page}
    assert len(pages[0]) == 999
    assert len(pages) == 2
    assert len(rows) >= 1202
    assert off not in rows
    assert rows[admin].is_admin is True
    assert rows[fresh].methods == ("mobilePhone",)
    assert rows[fresh].sspr_registered is True
    assert timedelta(hours=3) < START + timedelta(minutes=5) - rows[fresh].as_of < timedelta(hours=6)
    assert len([call for call in await control.requests() if "userRegistrationDetails" in call[1]]) == 2


async def test_a_free_tenant_has_no_report(graph, control):
    await control.post("policy", {"tier": "free"})
    with pytest.raises(OperatorError) as caught:
        await anext(graph.security.registration_report())
    assert caught.value.code == "report_needs_premium"


async def test_an_enforced_quota_is_waited_out(graph, control, slept):
    await control.post("policy", {"enforce_quota": True})
    for _ in range(5):
        await anext(graph.security.registration_report())
    with pytest.raises(Throttled):
        await anext(graph.security.registration_report())
    assert slept


async def test_a_pass_is_made_replaced_and_voided_by_policy(graph, control):
    person = await control.person("anna")
    limits = await graph.security.pass_limits()
    assert (limits.enabled, limits.minimum_minutes, limits.maximum_minutes) == (True, 60, 480)
    first = await graph.security.create_pass(person, START + timedelta(days=1), 480)
    assert first.secret
    assert (first.usable, first.reason) == (False, "NotYetValid")
    second = await graph.security.create_pass(person, START, 60)
    assert [(found.id, found.secret) for found in await graph.security.passes(person)] == [(second.id, "")]
    await graph.security.void_pass(person, first.id)
    await graph.security.void_pass(person, second.id)
    assert await graph.security.passes(person) == []
    with pytest.raises(OperatorError, match="policy"):
        await graph.security.create_pass(person, START, 481)
    await control.post("policy", {"tap": {"enabled": False}})
    assert (await graph.security.pass_limits()).enabled is False
    with pytest.raises(OperatorError) as caught:
        await graph.security.create_pass(person, START, 60)
    assert caught.value.code == "access_pass_policy"


async def test_a_cloud_without_access_passes(graph, control):
    await control.post("policy", {"cloud": "china"})
    assert (await graph.security.pass_limits()).enabled is False


async def test_a_draft_lives_through_sending_and_doubt_is_settled(graph, control):
    draft = await graph.mailer.create_draft(MAIL)
    assert await graph.mailer.look_up(draft) is DraftState.DRAFT
    await control.post(
        "faults", {"method": "POST", "path": "/users/*/messages/*/send", "mode": "drop_after_effect"}
    )
    with pytest.raises(EffectUnknown):
        await graph.mailer.send_draft(draft)
    assert await graph.mailer.look_up(draft) is DraftState.SENT
    with pytest.raises(EffectUnknown):
        await graph.mailer.send_draft(draft)
    assert await graph.mailer.look_up("AAMkunknown=") is DraftState.GONE
    items = (await control.client.get("/_control/mail")).json()["items"]
    assert [(item["to"], item["subject"], item["html"]) for item in items] == [
        (["new@example.org"], "Grüße", "<p>山田</p>")
    ]


async def test_mail_without_a_copy_is_sent_once_also_when_the_answer_is_lost(graph, control):
    await graph.mailer.send_now(MAIL, save=False)
    await control.post("faults", {"method": "POST", "path": "/users/*/sendMail", "mode": "drop_after_effect"})
    with pytest.raises(EffectUnknown):
        await graph.mailer.send_now(MAIL, save=False)
    assert len((await control.client.get("/_control/mail")).json()["items"]) == 2


async def test_a_sender_without_mailbox_is_a_setting(simulator, control):
    settings = Settings(graph_base_url=simulator.base_url, sender=f"nobody@{DOMAIN}")
    graph = open_graph(settings, sleep=Slept(), fraction=lambda: 0.5)
    for call in (
        graph.mailer.create_draft(MAIL),
        graph.mailer.look_up("x"),
        graph.mailer.send_now(MAIL, save=True),
    ):
        with pytest.raises(ConfigurationError, match="ONBOARDING_SENDER"):
            await call
    await graph.aclose()


async def test_refusals_name_the_permission(graph, control):
    await control.post("faults", {"mode": "status", "status": 403, "path": "/auditLogs/**"})
    with pytest.raises(PermissionMissing, match=r"AuditLog\.Read\.All"):
        await anext(graph.security.audit_events(START, START + timedelta(hours=1)))
