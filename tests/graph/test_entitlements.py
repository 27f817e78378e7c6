"""Groups, licences, deleted users and phones: the adapter against the pretend tenant over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from onboarding.errors import NotYetVisible, OperatorError, PermissionMissing
from onboarding.ports import GroupFacts, Licence, NameTaken, NewUser
from tests.graph.conftest import DOMAIN

E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
NOBODY = "00000000-0000-4000-8000-000000000000"


async def test_facts_of_groups_come_in_one_request_and_only_of_those_that_exist(
    graph: Any,
    control: Any,
) -> None:
    plain = (await control.post("groups", {"displayName": "Staff"}))["id"]
    tier = (await control.post("groups", {"displayName": "Tier 0", "isAssignableToRole": True}))["id"]
    rule = (await control.post("groups", {"displayName": "All", "membershipRule": "x"}))["id"]
    found = {facts.id: facts for facts in await graph.directory.groups([plain, tier, rule, NOBODY])}
    assert found == {
        plain: GroupFacts(plain, False, False, False),
        tier: GroupFacts(tier, True, False, False),
        rule: GroupFacts(rule, False, True, False),
    }
    assert [path.split("?")[0] for _, path, _ in await control.requests()] == ["/v1.0/groups"]


async def test_more_groups_than_one_filter_takes_are_asked_for_in_parts(graph: Any, control: Any) -> None:
    made = [(await control.post("groups", {"displayName": f"G{n}"}))["id"] for n in range(17)]
    assert {facts.id for facts in await graph.directory.groups(made)} == set(made)


async def test_a_member_is_added_once_and_told_nothing_the_second_time(graph: Any, control: Any) -> None:
    key = await control.person("anna")
    team = (await control.post("groups", {"displayName": "Staff"}))["id"]
    for _ in range(2):
        await graph.directory.add_to_group(team, key)
    assert await graph.directory.memberships(key) == {team}
    assert [s for m, p, s in await control.requests() if m == "POST" and "$ref" in p] == [204, 400]


async def test_what_graph_refuses_about_groups_is_told_by_who_has_to_act(graph: Any, control: Any) -> None:
    key = await control.person("anna")
    tier = (await control.post("groups", {"displayName": "Tier 0", "isAssignableToRole": True}))["id"]
    rule = (await control.post("groups", {"displayName": "All", "membershipRule": "x"}))["id"]
    with pytest.raises(PermissionMissing):
        await graph.directory.add_to_group(tier, key)
    with pytest.raises(OperatorError) as caught:
        await graph.directory.add_to_group(rule, key)
    assert caught.value.code == "graph_bad_value"
    with pytest.raises(NotYetVisible):
        await graph.directory.add_to_group(NOBODY, key)
    with pytest.raises(NotYetVisible):
        await graph.directory.memberships(NOBODY)


async def test_licences_are_given_all_or_none_and_held_ones_cost_nothing(graph: Any, control: Any) -> None:
    key = await control.person("anna", usageLocation="DE")
    before = {units.sku: units.free for units in await graph.directory.licence_units()}
    for _ in range(2):
        await graph.directory.assign_licenses(key, [Licence(E3)])
    after = {units.sku: units.free for units in await graph.directory.licence_units()}
    assert before[E3] - after[E3] == 1
    user = await graph.directory.get_user(key)
    assert (user.licences, user.usage_location) == ((E3,), "DE")


async def test_why_a_licence_cannot_be_given_is_a_code(graph: Any, control: Any) -> None:
    nowhere = await control.person("nowhere")
    with pytest.raises(OperatorError) as caught:
        await graph.directory.assign_licenses(nowhere, [Licence(E3)])
    assert caught.value.code == "no_usage_location"
    await control.post("skus", {"skuId": E3, "enabled": 0})
    assert [u.free for u in await graph.directory.licence_units()] == [0]
    somewhere = await control.person("somewhere", usageLocation="DE")
    with pytest.raises(OperatorError) as caught:
        await graph.directory.assign_licenses(somewhere, [Licence(E3)])
    assert caught.value.code == "no_free_licence"
    await control.post("skus", {"skuId": E3, "enabled": 5, "status": "Suspended"})
    assert [u.free for u in await graph.directory.licence_units()] == [0]


async def test_a_deleted_account_is_found_by_its_number_and_restored_as_it_was(
    graph: Any, control: Any
) -> None:
    key = await control.person("anna", employeeId="4711", accountEnabled=False, deleted=True)
    assert await graph.directory.get_user(key) is None
    (found,) = await graph.directory.find_deleted("4711")
    assert (found.id, found.user_principal_name, found.account_enabled) == (key, f"anna@{DOMAIN}", False)
    assert await graph.directory.get_deleted(key) == found
    assert await graph.directory.find_deleted("4'712") == []
    await graph.directory.restore_user(key)
    assert (await graph.directory.get_user(key)).id == key
    assert await graph.directory.get_deleted(key) is None
    with pytest.raises(NotYetVisible):
        await graph.directory.restore_user(key)


async def test_a_name_that_somebody_else_has_by_now_is_told(graph: Any, control: Any) -> None:
    key = await control.person("anna", employeeId="4711", deleted=True)
    await graph.directory.create_user(NewUser(f"anna@{DOMAIN}", "anna", "Anna", "1", "Pw-1234567890"))
    with pytest.raises(NameTaken):
        await graph.directory.restore_user(key)


async def test_an_account_is_enabled_and_its_leave_date_set(graph: Any, control: Any) -> None:
    key = await control.person("anna", accountEnabled=False)
    leaves = datetime(2026, 12, 31, 23, tzinfo=UTC)
    for _ in range(2):
        await graph.directory.enable_user(key)
        await graph.directory.set_leave_date(key, leaves)
    assert (await graph.directory.get_user(key)).account_enabled is True
    stored = (await control.client.get(f"/_control/users/{key}")).json()
    assert await graph.directory.get_leave_date(key) == leaves
    assert stored["employeeLeaveDateTime"].startswith((leaves - timedelta(0)).strftime("%Y-%m-%dT%H:%M:%S"))


async def test_a_usage_location_is_written_and_lets_a_licence_be_assigned(graph: Any, control: Any) -> None:
    key = await control.person("anna")
    for _ in range(2):
        await graph.directory.set_usage_location(key, "DE")
    assert (await graph.directory.get_user(key)).usage_location == "DE"


async def test_a_hire_date_is_written_and_read_with_the_user(graph: Any, control: Any) -> None:
    key = await control.person("anna")
    assert (await graph.directory.get_user(key)).employee_hire_date is None
    for start in (datetime(2026, 8, 23, 22, tzinfo=UTC), datetime(2026, 9, 27, 22, tzinfo=UTC)):
        for _ in range(2):
            await graph.directory.set_hire_date(key, start)
        assert (await graph.directory.get_user(key)).employee_hire_date == start
    made = await graph.directory.create_user(
        NewUser(f"bea@{DOMAIN}", "bea", "Bea", "2", "Pw-1234567890", employee_hire_date=start)
    )
    assert made.employee_hire_date == start, "what was sent, where the answer does not say"


async def test_a_leave_date_is_taken_away_again(graph: Any, control: Any) -> None:
    key = await control.person("anna")
    assert await graph.directory.get_leave_date(key) is None
    await graph.directory.set_leave_date(key, datetime(2026, 12, 31, 23, tzinfo=UTC))
    await graph.directory.set_leave_date(key, None)
    assert await graph.directory.get_leave_date(key) is None
    stored = (await control.client.get(f"/_control/users/{key}")).json()
    assert stored["employeeLeaveDateTime"] is None


async def test_the_leave_date_of_an_account_that_is_not_there_is_waited_for(graph: Any, control: Any) -> None:
    with pytest.raises(NotYetVisible):
        await graph.directory.get_leave_date("00000000-0000-4000-8000-00000000beef")


async def test_a_phone_is_added_as_a_method_of_the_type_mobile_once(graph: Any, control: Any) -> None:
    key = await control.person("anna")
    await graph.security.add_phone(key, "+49 15123456789")
    registered = await graph.security.registration_of(key, datetime(2026, 11, 22, tzinfo=UTC))
    assert registered.methods == ("mobilePhone",)
    with pytest.raises(OperatorError) as caught:
        await graph.security.add_phone(key, "+49 15123456789")
    assert caught.value.code == "graph_bad_value"


async def test_a_row_without_what_decides_counts_as_no_unit(rig: Any) -> None:
    rows = [
        {"skuId": E3.upper(), "appliesTo": "User", "capabilityStatus": "Enabled"},
        {"skuId": NOBODY, "appliesTo": "Company", "capabilityStatus": "Enabled"},
    ]
    rig.reply(httpx.Response(200, json={"value": rows}))
    assert [(units.sku, units.free) for units in await rig.directory.licence_units()] == [(E3, 0)]


# --- what the service desk does ------------------------------------------------------------------------------

LOST = {
    "mobilePhone": "+1 2065550142",
    "microsoftAuthenticatorPush": "Zoë's phone",
    "softwareOneTimePasscode": None,
    "fido2": "Blue key",
}


@pytest.mark.parametrize("method", LOST)
async def test_a_lost_method_is_listed_with_what_it_is_recognised_by_and_deleted_once(
    graph: Any, control: Any, method: str
) -> None:
    key = await control.person("anna")
    for name, value in LOST.items():
        body = {"method": name, "actor": "user", **({"value": value} if value else {})}
        (await control.client.post(f"/_control/users/{key}/methods", json=body)).raise_for_status()
    found = await graph.security.sign_in_methods(key)
    assert {item.method for item in found} == LOST.keys(), "neither the password nor a pass"
    lost = next(item for item in found if item.method == method)
    assert lost.label == {"mobilePhone": "…42", "softwareOneTimePasscode": ""}.get(method, LOST[method])
    assert "2065550142" not in repr(found)
    for _ in range(2):
        await graph.security.delete_method(key, method, lost.id)
    left = await graph.security.sign_in_methods(key)
    assert {item.method for item in left} == LOST.keys() - {method}


async def test_a_phone_is_not_deleted_while_an_alternate_one_is_left(graph: Any, control: Any) -> None:
    key = await control.person("anna")
    for name in ("mobilePhone", "alternateMobilePhone"):
        body = {"method": name, "actor": "user", "value": "+1 2065550142"}
        (await control.client.post(f"/_control/users/{key}/methods", json=body)).raise_for_status()
    mobile = next(i for i in await graph.security.sign_in_methods(key) if i.method == "mobilePhone")
    with pytest.raises(OperatorError) as caught:
        await graph.security.delete_method(key, "mobilePhone", mobile.id)
    assert caught.value.code == "graph_bad_value"


async def test_sessions_end_and_may_be_ended_twice(graph: Any, control: Any) -> None:
    key = await control.person("anna")
    for _ in range(2):
        await graph.directory.revoke_sessions(key)
    with pytest.raises(NotYetVisible):
        await graph.directory.revoke_sessions("00000000-0000-4000-8000-000000000000")
    assert await graph.security.sign_in_methods("00000000-0000-4000-8000-000000000000") is None
