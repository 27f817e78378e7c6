"""Lists of users: which filters work, which need an advanced query, and how pages hang together."""

from __future__ import annotations

import httpx
import pytest

from tests.simulator.graph_calls import EVENTUAL, advance, create, group, ok, pages, person, policy, refused

pytestmark = pytest.mark.documented("graph/aad-advanced-queries")

SKU = "05e9a617-0261-4cee-bb44-138d3ef5d965"


def found(http: httpx.Client, clause: str, *, eventual: bool = False) -> set[str]:
    """Local parts of the users that a filter finds."""
    query = {"$filter": clause, "$select": "userPrincipalName", **({"$count": "true"} if eventual else {})}
    answer = http.get("/v1.0/users", params=query, headers=EVENTUAL if eventual else None)
    return {user["userPrincipalName"].split("@")[0] for user in ok(answer)["value"]}


@pytest.fixture
def three(http: httpx.Client) -> httpx.Client:
    person(
        http,
        "anna",
        displayName="Anna O'Neill",
        givenName="Anna",
        department="R&D",
        employeeId="7",
        mobilePhone="+49 170 1",
        otherMails=["anna@home.example"],
        createdDateTime="2025-01-01T00:00:00Z",
        usageLocation="DE",
        userType="Guest",
    )
    person(http, "bert", displayName="Bert", department="Sales", companyName="Contoso", accountEnabled=False)
    person(http, "cleo", displayName="Cleo", surname="Ward", createdDateTime="2026-01-02T03:04:05Z")
    ok(
        http.post(
            "/v1.0/users/anna@contoso.example/assignLicense",
            json={"addLicenses": [{"skuId": SKU}], "removeLicenses": []},
        )
    )
    return http


BY_DEFAULT = {
    "displayName eq 'Anna O''Neill'": {"anna"},
    "displayName EQ 'bert'": {"bert"},
    "startswith(displayName,'a') and givenName eq 'anna'": {"anna"},
    "startsWith( givenName , 'An' )": {"anna"},
    "department in ('Sales', 'R&D')": {"anna", "bert"},
    "accountEnabled eq false": {"bert", "onboarding", "servicedesk"},
    "(employeeId eq '7' or employeeId eq '8') and usageLocation eq 'DE'": {"anna"},
    "createdDateTime ge 2025-12-31T00:00:00Z and createdDateTime le 2026-01-03": {"cleo"},
    "createdDateTime eq 2026-01-02T03:04:05Z": {"cleo"},
    "userType eq 'Guest'": {"anna"},
    "otherMails/any(m:m eq 'ANNA@home.example')": {"anna"},
    "otherMails/any(m:startswith(m,'anna'))": {"anna"},
    "proxyAddresses/any(p:p eq 'smtp:bert@contoso.example')": {"bert"},
    f"assignedLicenses/any(u:u/skuId eq {SKU})": {"anna"},
    "identities/any(c:c/issuerAssignedId eq 'cleo@contoso.example' and c/issuer eq 'contoso.example')": {
        "cleo"
    },
    "mail eq 'cleo@contoso.example' or surname eq 'nobody'": {"cleo"},
}
ADVANCED = {
    "department ne 'Sales' and surname eq 'Ward'": {"cleo"},
    "NOT startsWith(displayName,'b') and accountEnabled eq false": {"onboarding", "servicedesk"},
    "not(department eq 'Sales') and not (accountEnabled eq true)": {"onboarding", "servicedesk"},
    "endsWith(mail,'a@contoso.example')": {"anna"},
    "endswith(userPrincipalName,'rt@contoso.example')": {"bert"},
    "mobilePhone eq '+49 170 1'": {"anna"},
    "startswith(companyName,'Con')": {"bert"},
    "department eq null and surname eq 'Ward'": {"cleo"},
    "companyName ne null and NOT(companyName eq 'Microsoft')": {"bert"},
    "assignedLicenses/$count eq 0 and startswith(displayName,'b')": {"bert"},
    "assignedLicenses/$count ne 0": {"anna"},
    "otherMails/any(m:endsWith(m,'home.example'))": {"anna"},
}


def test_filters_that_work_by_default_work_with_and_without_the_header(three: httpx.Client) -> None:
    wrong = [
        (clause, eventual, got)
        for clause, expected in BY_DEFAULT.items()
        for eventual in (False, True)
        if (got := found(three, clause, eventual=eventual)) != expected
    ]
    assert wrong == []


def test_other_filters_need_header_and_count_both(three: httpx.Client) -> None:
    for clause, expected in ADVANCED.items():
        assert found(three, clause, eventual=True) == expected, clause
        for query, headers in (({}, {}), ({"$count": "true"}, {}), ({}, EVENTUAL)):
            answer = three.get("/v1.0/users", params={"$filter": clause, **query}, headers=headers)
            assert refused(answer)[:2] == (400, "Request_UnsupportedQuery"), (clause, query, headers)


def test_the_refusal_of_an_operator_names_it_and_what_is_missing(http: httpx.Client) -> None:
    answer = http.get("/v1.0/users", params={"$filter": "endsWith(userPrincipalName,'x')"})
    assert refused(answer)[2].startswith(
        "Operator 'endsWith' is not supported because the required parameters might be missing."
    )


def test_what_no_index_serves_is_refused_whatever_is_sent(http: httpx.Client) -> None:
    for clause in (
        "userPrincipalName eq null",
        "startswith(employeeId,'7')",
        "createdDateTime gt 2026-01-01",
        "endsWith(displayName,'x')",
    ):
        answer = http.get("/v1.0/users", params={"$filter": clause, "$count": "true"}, headers=EVENTUAL)
        status, code, message = refused(answer)
        assert (status, code) == (400, "Request_UnsupportedQuery"), clause
        assert message.startswith("Unsupported or invalid query filter clause specified for property")


@pytest.mark.inferred("no page words these refusals; the status is what any client can rely on")
def test_filters_that_are_none_are_400(http: httpx.Client) -> None:
    for clause in (
        "",
        "displayName",
        "displayName eq",
        "displayName eq Adele",
        "displayName eq 'O'Neill'",
        "accountEnabled eq 'true'",
        "displayName eq true",
        "createdDateTime ge 'yesterday'",
        "createdDateTime ge 2026-13-45",
        "(displayName eq 'x'",
        "displayName eq 'x')",
        "startswith(displayName 'x')",
        "startswith(displayName,'x'",
        "department in 'x'",
        "department in ()",
        "(" * 500 + "displayName eq 'x'" + ")" * 500,
        "displayName eq 'x' or " * 200,
    ):
        answer = http.get("/v1.0/users", params={"$filter": clause})
        assert refused(answer)[0] == 400, clause[:60]


@pytest.mark.documented("graph/api/user-list")
def test_search_finds_the_beginnings_of_words_and_needs_the_header(three: httpx.Client) -> None:
    def search(text: str) -> set[str]:
        answer = three.get("/v1.0/users", params={"$search": text}, headers=EVENTUAL)
        return {user["userPrincipalName"].split("@")[0] for user in ok(answer)["value"]}

    assert search('"displayName:neill"') == {"anna"}
    assert search('"displayName:ne" OR "displayName:bert"') == {"anna", "bert"}
    assert search('"displayName:an" AND "givenName:anna"') == {"anna"}
    assert search('"surname:ar"') == set()
    bare = three.get("/v1.0/users", params={"$search": '"displayName:an"'})
    assert refused(bare) == (
        400,
        "Request_UnsupportedQuery",
        "Request with $search query parameter only works through MSGraph with a special request header: "
        "'ConsistencyLevel: eventual'",
    )


def test_a_count_needs_the_header_and_is_left_out_silently_without_it(three: httpx.Client) -> None:
    with_header = three.get("/v1.0/users", params={"$count": "true", "$top": "2"}, headers=EVENTUAL)
    assert ok(with_header)["@odata.count"] == 6
    assert "@odata.count" not in ok(three.get("/v1.0/users", params={"$count": "true"}))
    number = three.get("/v1.0/users/$count", headers=EVENTUAL)
    assert (number.text, number.headers["content-type"].split(";")[0]) == ("6", "text/plain")
    only = three.get("/v1.0/users/$count", params={"$filter": "accountEnabled ne false"}, headers=EVENTUAL)
    assert only.text == "3"
    assert refused(three.get("/v1.0/users/$count")) == (
        400,
        "Request_BadRequest",
        "$count is not currently supported.",
    )


def test_sorting_by_default_knows_two_properties_and_no_filter_beside_it(three: httpx.Client) -> None:
    def names(query: dict[str, str], headers: dict[str, str] | None = None) -> list[str]:
        answer = three.get("/v1.0/users", params={**query, "$select": "displayName"}, headers=headers)
        return [user["displayName"] for user in ok(answer)["value"]]

    assert names({"$orderby": "displayName"})[:4] == ["Ada Admin", "Anna O'Neill", "Bert", "Cleo"]
    assert names({"$orderBy": "displayName desc"})[-1] == "Ada Admin"
    both = {"$orderby": "displayName", "$filter": "startswith(displayName,'a')"}
    assert names({**both, "$count": "true"}, EVENTUAL) == ["Ada Admin", "Anna O'Neill"]
    for query in (both, {"$orderby": "createdDateTime"}, {"$orderby": "department"}):
        assert refused(three.get("/v1.0/users", params=query))[:2] == (400, "Request_UnsupportedQuery")


@pytest.mark.documented("graph/paging")
def test_pages_hold_100_or_top_and_the_link_goes_on_where_the_page_ended(http: httpx.Client) -> None:
    people = [{"userPrincipalName": f"p{n}@contoso.example"} for n in range(250)]
    ok(http.post("/_control/users", json=people))
    everybody = pages(http, "/v1.0/users?$select=id")
    assert [len(page["value"]) for page in everybody] == [100, 100, 53]
    ids = [user["id"] for page in everybody for user in page["value"]]
    assert len(set(ids)) == 253
    assert [len(page["value"]) for page in pages(http, "/v1.0/users?$top=999")] == [253]
    ordered = pages(http, "/v1.0/users?$top=60&$orderby=displayName desc")
    names = [user["displayName"].lower() for page in ordered for user in page["value"]]
    assert names == sorted(names, reverse=True)
    assert len(names) == 253
    for top in ("0", "1000", "-1", "x", "9" * 5000):
        assert refused(http.get("/v1.0/users", params={"$top": top}))[0] == 400


@pytest.mark.documented("graph/paging")
def test_the_header_is_not_part_of_the_link(http: httpx.Client) -> None:
    ok(http.post("/_control/users", json=[{"userPrincipalName": f"p{n}@contoso.example"} for n in range(3)]))
    query = {"$filter": "displayName ne 'x'", "$count": "true", "$top": "2"}
    first = ok(http.get("/v1.0/users", params=query, headers=EVENTUAL))
    link = first["@odata.nextLink"]
    assert refused(http.get(link))[:2] == (400, "Request_UnsupportedQuery")
    second = ok(http.get(link, headers=EVENTUAL))
    assert "@odata.count" in first
    assert "@odata.count" not in second
    assert not {user["id"] for user in first["value"]} & {user["id"] for user in second["value"]}


@pytest.mark.documented("graph/paging")
def test_links_are_opaque_a_changed_one_is_refused(http: httpx.Client) -> None:
    ok(http.post("/_control/users", json=[{"userPrincipalName": f"p{n}@contoso.example"} for n in range(3)]))
    link = ok(http.get("/v1.0/users?$top=1"))["@odata.nextLink"]
    for changed in (link[:-2], link + "AA", link.split("$skiptoken=")[0] + "$skiptoken=WzFd"):
        assert refused(http.get(changed))[0] == 400


def test_advanced_queries_read_an_index_that_is_behind(http: httpx.Client) -> None:
    policy(http, index_lag_seconds=120)
    key = person(http, "anna", department="Old")
    advance(http, "PT10M")
    made = create(http, "new@contoso.example", displayName="New")
    ok(http.patch(f"/v1.0/users/{key}", json={"department": "New"}))
    assert found(http, "department eq 'New'") == {"anna"}
    assert found(http, "department eq 'New'", eventual=True) == set()
    assert found(http, "department eq 'Old'", eventual=True) == {"anna"}
    assert found(http, "displayName eq 'New'", eventual=True) == set()
    assert found(http, "displayName eq 'New'") == {"new"}
    ok(http.delete(f"/v1.0/users/{made}"))
    advance(http, "PT1M")
    assert found(http, "department eq 'Old'", eventual=True) == {"anna"}
    advance(http, "PT1M")
    assert found(http, "department eq 'New'", eventual=True) == {"anna"}
    assert found(http, "displayName eq 'New'", eventual=True) == set()


@pytest.mark.inferred("the index shows what it holds; no page says that a deleted user is still found there")
def test_the_index_still_holds_who_was_deleted_a_moment_ago(http: httpx.Client) -> None:
    key = person(http, "anna")
    policy(http, index_lag_seconds=60)
    ok(http.delete(f"/v1.0/users/{key}"))
    assert found(http, "startswith(displayName,'Anna')") == set()
    assert found(http, "startswith(displayName,'Anna')", eventual=True) == {"anna"}
    advance(http, "PT1M")
    assert found(http, "startswith(displayName,'Anna')", eventual=True) == set()


@pytest.mark.documented("user-list-manager")
def test_managers_are_expanded_one_level_or_all(http: httpx.Client) -> None:
    top = person(http, "top", displayName="Top")
    middle = person(http, "middle", displayName="Middle", manager=top)
    person(http, "low", manager=middle)
    low = "/v1.0/users/low@contoso.example"
    one = ok(http.get(low, params={"$expand": "manager($select=displayName)", "$select": "id"}))
    assert one["manager"]["displayName"] == "Middle"
    assert "manager" not in one["manager"]
    assert one["@odata.context"].endswith("#users(id,manager(displayName))/$entity")
    chain = ok(http.get(low, params={"$expand": "manager($levels=max;$select=displayName)"}))
    assert chain["manager"]["manager"]["displayName"] == "Top"
    listed = ok(http.get("/v1.0/users", params={"$expand": "manager"}))["value"]
    by_name = {user["userPrincipalName"].split("@")[0]: user for user in listed}
    assert by_name["low"]["manager"]["id"] == middle
    assert "manager" not in by_name["top"]
    advanced = http.get("/v1.0/users?$expand=manager&$count=true", headers=EVENTUAL)
    assert refused(advanced)[:2] == (400, "Request_UnsupportedQuery")


@pytest.mark.documented("graph/query-parameters")
def test_options_are_spelled_in_any_case_and_given_once(http: httpx.Client) -> None:
    shown = ok(http.get("/v1.0/users?$SELECT=Id,DISPLAYNAME&$Top=1"))
    assert set(shown["value"][0]) == {"id", "displayName"}
    assert refused(http.get("/v1.0/users?$top=1&$top=2"))[:2] == (400, "BadRequest")


@pytest.mark.documented("user-get")
def test_users_are_addressed_by_id_by_name_and_in_brackets(http: httpx.Client) -> None:
    key = person(http, "o'neill")
    for path in (
        "users/o'neill@contoso.example",
        "users('o''neill@contoso.example')",
        f"Users('{key}')/",
        f"USERS/{key}",
    ):
        assert ok(http.get(f"/v1.0/{path}"))["id"] == key
    assert refused(http.get("/v1.0/users/$x@contoso.example"))[0] == 400
    assert refused(http.get("/v1.0/users('$x@contoso.example')"))[0] == 404


@pytest.mark.documented("group-list")
def test_groups_are_listed_by_the_same_rules(http: httpx.Client) -> None:
    for n in range(3):
        group(http, f"Team {n}", description="Sales" if n else "Video", mailNickname=f"t{n}")

    def names(**kwargs: object) -> list[str]:
        return [entry["displayName"] for entry in ok(http.get("/v1.0/groups", **kwargs))["value"]]  # type: ignore[arg-type]

    assert names(params={"$filter": "displayName eq 'team 1'"}) == ["Team 1"]
    assert names(params={"$filter": "securityEnabled eq true", "$top": "2"}) == ["Team 0", "Team 1"]
    assert refused(http.get("/v1.0/groups", params={"$filter": "description eq 'Sales'"}))[0] == 400
    late = {"$filter": "description eq 'Sales'", "$count": "true"}
    assert names(params=late, headers=EVENTUAL) == ["Team 1", "Team 2"]
    assert names(params={"$search": '"displayName:0" OR "description:vid"'}, headers=EVENTUAL) == ["Team 0"]
    created = http.get("/v1.0/groups?$filter=createdDateTime ge 2021-11-01&$count=true", headers=EVENTUAL)
    assert refused(created) == (
        400,
        "Request_UnsupportedQuery",
        "Unsupported or invalid query filter clause specified for property 'createdDateTime' of resource "
        "'Group'.",
    )
    assert http.get("/v1.0/groups/$count", headers=EVENTUAL).text == "3"


@pytest.mark.documented("graph/permissions-reference")
def test_the_context_of_related_objects_names_what_was_selected(http: httpx.Client) -> None:
    """As of users and groups: a strict reader takes the properties from there."""
    boss, team = person(http, "boss"), group(http, "Team")
    ada = person(http, "ada", roles=["User Administrator"])
    ok(
        http.put(
            f"/v1.0/users/{ada}/manager/$ref",
            json={"@odata.id": f"https://graph.microsoft.com/v1.0/users/{boss}"},
        )
    )
    ok(http.post("/_control/groups", json={"id": team, "displayName": "Team", "members": [ada]}))
    (role,) = [
        r["id"] for r in ok(http.get("/v1.0/directoryRoles"))["value"] if r["displayName"].startswith("User")
    ]
    for path, end in (
        (f"/groups/{team}/members", ""),
        (f"/groups/{team}/transitiveMembers", ""),
        (f"/users/{ada}/memberOf", ""),
        (f"/directoryRoles/{role}/members", ""),
        (f"/users/{ada}/manager", "/$entity"),
    ):
        chosen = ok(http.get(f"/v1.0{path}?$select=id,displayName"))
        assert chosen["@odata.context"].endswith(f"#directoryObjects(id,displayName){end}"), path
        assert ok(http.get(f"/v1.0{path}"))["@odata.context"].endswith(f"#directoryObjects{end}"), path


@pytest.mark.documented("message-get")
def test_the_context_of_a_message_names_what_was_selected(http: httpx.Client) -> None:
    box = "/v1.0/users/onboarding@contoso.example/messages"
    key = ok(http.post(box, json={"subject": "Welcome"}))["id"]
    found = ok(http.get(f"{box}/{key}?$select=subject,body"))
    assert found["@odata.context"].endswith("/messages(subject,body)/$entity")
