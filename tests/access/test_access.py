"""Who may do what: deny by default, principals only from where they can be trusted, and proof against forgery."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from onboarding import access
from onboarding.access import ROUTES, Forbidden, Principal, Role, Unauthenticated
from onboarding.errors import SenderError
from onboarding.settings import Secret, Settings
from onboarding.web import Request
from tests.support.doubles import T0

OID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
LONG_ROLE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
AZURE = Settings(easy_auth=True, in_azure=True)
DEV = Settings(dev_role="operator")
NAMES = ["viewer", "operator", "approver"]


def header(claims: list[tuple[str, str]], **more: Any) -> dict[str, str]:
    data = {
        "auth_typ": "aad",
        "name_typ": "name",
        "role_typ": LONG_ROLE,
        "claims": [{"typ": typ, "val": val} for typ, val in claims],
        **more,
    }
    return {"x-ms-client-principal": base64.b64encode(json.dumps(data).encode()).decode()}


def request(headers: dict[str, str] | None = None, method: str = "GET") -> Request:
    return Request(method, "/api/x", headers or {})


# --- Easy Auth -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typ", ["roles", LONG_ROLE])
@pytest.mark.parametrize("name", NAMES)
def test_a_role_is_read_from_either_claim_type(typ: str, name: str) -> None:
    who = access.principal(request(header([(OID, "o-1"), (typ, name)])), AZURE)
    assert who == Principal("o-1", Role[name.upper()])


def test_the_claim_type_that_the_platform_names_counts_too() -> None:
    who = access.principal(request(header([("oid", "o-1"), ("x/role", "viewer")], role_typ="x/role")), AZURE)
    assert who == Principal("o-1", Role.VIEWER)


def test_of_several_roles_the_highest_counts_and_unknown_ones_do_not() -> None:
    claims = [(OID, "o-1"), ("roles", "viewer"), ("roles", "Approver"), ("roles", "Owner"), ("roles", "")]
    who = access.principal(request(header(claims)), AZURE)
    assert who is not None
    assert who.role is Role.APPROVER


@pytest.mark.parametrize(
    "claims", [[(OID, "o-1")], [(OID, "o-1"), ("groups", "approver"), ("name", "approver")]]
)
def test_signed_in_without_a_role_is_403_everywhere(claims: list[tuple[str, str]]) -> None:
    for name in [name for name, needed in ROUTES.items() if needed]:
        with pytest.raises(Forbidden):
            access.allow(name, request(header(claims)), AZURE)


@pytest.mark.parametrize(
    "value",
    [
        "not base64!",
        base64.b64encode(b"\xff\xfe").decode(),
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b"null").decode(),
        base64.b64encode(b'"text"').decode(),
        base64.b64encode(b"{}").decode(),
        base64.b64encode(b'{"claims": null}').decode(),
        base64.b64encode(b'{"claims": [{"typ": "oid"}]}').decode(),
        base64.b64encode(b'{"claims": ["oid"]}').decode(),
        base64.b64encode(b"[" * 50_000).decode(),
        "é",
    ],
)
def test_a_principal_that_cannot_be_read_is_401_and_no_crash(value: str) -> None:
    with pytest.raises(Unauthenticated):
        access.allow("cases", request({"x-ms-client-principal": value}), AZURE)


@pytest.mark.parametrize("headers", [{}, {"x-ms-client-principal": ""}])
def test_nobody_is_401(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        access.allow("cases", request(headers), AZURE)


def test_a_principal_without_an_object_id_is_nobody() -> None:
    with pytest.raises(Unauthenticated):
        access.allow("cases", request(header([("roles", "approver")])), AZURE)


@pytest.mark.parametrize("settings", [Settings(in_azure=True), Settings()])
def test_where_easy_auth_is_off_the_header_is_forged_and_nobody_is_let_in(settings: Settings) -> None:
    forged = request(header([(OID, "o-1"), ("roles", "approver")]))
    assert access.principal(forged, settings) is None
    with pytest.raises(Unauthenticated):
        access.allow("cases", forged, settings)


# --- development host ------------------------------------------------------------------------------------


def test_on_the_development_host_everybody_is_visibly_pretend() -> None:
    assert access.principal(request(), DEV) == Principal("pretend", Role.OPERATOR, pretend=True)


@pytest.mark.parametrize(
    ("said", "role"),
    [("viewer", Role.VIEWER), ("operator", Role.OPERATOR), ("approver", Role.APPROVER), ("admin", None)],
)
def test_a_header_overrides_the_pretend_role(said: str, role: Role | None) -> None:
    who = access.principal(request({"x-dev-role": said}), DEV)
    assert who is not None
    assert who.role is role


def test_the_header_can_say_that_nobody_is_signed_in() -> None:
    with pytest.raises(Unauthenticated):
        access.allow("cases", request({"x-dev-role": "none"}), DEV)


@pytest.mark.parametrize(
    "settings",
    [Settings(), AZURE, Settings(in_azure=True), Settings(dev_role="approver", in_azure=True)],
)
def test_the_pretend_role_is_worth_nothing_anywhere_else(settings: Settings) -> None:
    with pytest.raises(Unauthenticated):
        access.allow("cases", request({"x-dev-role": "approver"}), settings)


def test_where_the_platform_authenticates_the_pretend_role_does_not_count() -> None:
    both = Settings(easy_auth=True, dev_role="approver")
    assert access.principal(request({"x-dev-role": "approver"}), both) is None


# --- routes and roles ------------------------------------------------------------------------------------


def test_a_route_that_nobody_entered_in_the_table_is_open_to_nobody() -> None:
    with pytest.raises(Forbidden):
        access.allow("brand_new", request({"x-dev-role": "approver"}), DEV)


def test_only_the_door_and_health_are_anonymous() -> None:
    assert {name for name, needed in ROUTES.items() if needed is None} == {"hr", "health"}
    assert access.allow("health", request(), Settings()) is None


@pytest.mark.parametrize("name", [name for name, needed in ROUTES.items() if needed])
@pytest.mark.parametrize("role", list(Role))
def test_a_higher_role_may_do_what_a_lower_one_may_and_not_the_other_way_round(name: str, role: Role) -> None:
    needed = ROUTES[name]
    asked = request({"x-dev-role": role.name.lower()})
    if needed is not None and role >= needed:
        assert access.allow(name, asked, DEV) is not None
    else:
        with pytest.raises(Forbidden):
            access.allow(name, asked, DEV)


def test_every_route_that_writes_needs_an_operator_and_approving_an_approver() -> None:
    for name in ("dashboard_action", "case_action", "delivery_replay", "plan_apply", "reruns"):
        assert ROUTES[name] is Role.OPERATOR
    words = ("approve", "forget", "lost-phone", "new-pass", "other-person", "purged", "without-pass")
    assert dict.fromkeys(words, Role.APPROVER) == access.ACTIONS


# --- forms -----------------------------------------------------------------------------------------------

WHO = Principal("o-1", Role.OPERATOR)


def check(token: str, *, who: Principal = WHO, settings: Settings = AZURE, **moved: float) -> None:
    access.check_form(request(method="POST"), who, settings, T0 + timedelta(**moved), token)


def test_our_own_form_is_taken_for_twelve_hours() -> None:
    token = access.form_token(WHO, AZURE, T0)
    check(token)
    check(token, hours=12)
    check(token, minutes=-5)
    with pytest.raises(Forbidden):
        check(token, hours=12, seconds=1)
    with pytest.raises(Forbidden):
        check(token, minutes=-6)


def test_a_token_is_good_for_one_principal_and_one_key() -> None:
    token = access.form_token(WHO, AZURE, T0)
    with pytest.raises(Forbidden):
        check(token, who=Principal("o-2", Role.APPROVER))
    with pytest.raises(Forbidden):
        check(token, settings=Settings(easy_auth=True, hash_key=Secret("another")))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: "",
        lambda t: ".",
        lambda t: t.partition(".")[0],
        lambda t: t[:-1],
        lambda t: t + "0",
        lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"),
        lambda t: str(int(t.partition(".")[0]) + 1) + "." + t.partition(".")[2],
        lambda t: "-1." + t.partition(".")[2],
        lambda t: "²." + t.partition(".")[2],
        lambda t: "999999999999." + t.partition(".")[2],
        lambda t: "9" * 5000 + "." + t.partition(".")[2],
        lambda t: t.partition(".")[0] + ".é",
        lambda t: t.upper() if t.upper() != t else t + "x",
        lambda t: " " + t,
    ],
)
def test_a_token_that_is_not_exactly_ours_is_403_and_no_crash(spoil: Any) -> None:
    with pytest.raises(Forbidden) as caught:
        check(spoil(access.form_token(WHO, AZURE, T0)))
    assert caught.value.code == "csrf"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_write_that_another_site_caused_is_refused_even_with_a_token(site: str) -> None:
    token = access.form_token(WHO, AZURE, T0)
    foreign = request({"sec-fetch-site": site}, "POST")
    with pytest.raises(Forbidden):
        access.check_form(foreign, WHO, AZURE, T0, token)
    with pytest.raises(Forbidden):
        access.check_json(request({"sec-fetch-site": site, "content-type": "application/json"}, "POST"))


@pytest.mark.parametrize("site", ["same-origin", "none", None])
def test_our_own_pages_and_clients_that_are_no_browser_may_write(site: str | None) -> None:
    headers = {"content-type": "application/json; charset=utf-8"} | ({"sec-fetch-site": site} if site else {})
    access.check_json(request(headers, "POST"))


@pytest.mark.parametrize(
    "kind",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"],
)
def test_a_json_route_takes_no_body_that_a_foreign_form_can_send(kind: str | None) -> None:
    with pytest.raises(SenderError, match="application/json") as refused:
        access.check_json(request({"content-type": kind} if kind is not None else {}, "POST"))
    assert refused.value.status == 415
