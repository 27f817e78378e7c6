"""Activity notifications reach who has the app; chat messages are not for apps."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.documented("userteamwork-sendactivitynotification")

ADELE = "adele@contoso.example"
TEAMWORK = f"/v1.0/users/{ADELE}/teamwork"
ACTIVITY = f"{TEAMWORK}/sendActivityNotification"
TOPIC = {"source": "entityUrl", "value": "https://graph.microsoft.com/v1.0/users/x/teamwork/installedApps/y"}


def note(**changes: Any) -> dict[str, Any]:
    body = {"topic": TOPIC, "activityType": "register", "previewText": {"content": "Please register"}}
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


@pytest.fixture(autouse=True)
def adele(http: httpx.Client) -> str:
    key = str(http.post("/_control/users", json={"userPrincipalName": ADELE}).json()["id"])
    http.post(f"/_control/users/{ADELE}/teams", json={"installed": True}).raise_for_status()
    return key


def received(http: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get("/_control/notifications", params={"to": ADELE}).json()["items"]
    return found


def test_a_notification_is_204_and_arrives(http: httpx.Client, adele: str) -> None:
    answer = http.post(ACTIVITY, json=note(previewText={"content": "x" * 200}))
    assert (answer.status_code, answer.content) == (204, b"")
    (one,) = received(http)
    assert (one["to"], one["activityType"], len(one["previewText"])) == (adele, "register", 150)


def test_one_of_the_same_chain_replaces_the_earlier_one(http: httpx.Client) -> None:
    for text, chain in (("a", 1), ("b", 1), ("c", 2), ("d", None), ("e", None)):
        body = note(previewText={"content": text}, **({"chainId": chain} if chain else {}))
        assert http.post(ACTIVITY, json=body).status_code == 204
    assert [one["previewText"] for one in received(http)] == ["b", "c", "d", "e"]


@pytest.mark.observed("OfficeDev/microsoft-365-agents-toolkit issue 6067")
def test_the_app_must_be_installed_for_the_person(http: httpx.Client) -> None:
    http.post(f"/_control/users/{ADELE}/teams", json={"installed": False}).raise_for_status()
    refused = http.post(ACTIVITY, json=note())
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Forbidden")
    assert "Ensure that the expected Teams app is installed" in refused.json()["error"]["message"]
    assert received(http) == []


@pytest.mark.documented("userteamwork-post-installedapps")
def test_the_app_can_be_installed_for_the_person(http: httpx.Client) -> None:
    http.post(f"/_control/users/{ADELE}/teams", json={"installed": False}).raise_for_status()
    assert http.get(f"{TEAMWORK}/installedApps").json()["value"] == []
    app = {"teamsApp@odata.bind": "https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/12345678"}
    assert [http.post(f"{TEAMWORK}/installedApps", json=app).status_code for _ in range(2)] == [201, 409]
    assert len(http.get(f"{TEAMWORK}/installedApps").json()["value"]) == 1
    assert http.post(ACTIVITY, json=note()).status_code == 204
    assert http.post(f"{TEAMWORK}/installedApps", json={"teamsApp@odata.bind": "x"}).status_code == 400


@pytest.mark.inferred("the page names what is required; the bodies of the refusals are seen nowhere")
def test_what_a_notification_needs(http: httpx.Client) -> None:
    bad = [
        note(topic=...),
        note(topic="x"),
        note(topic={"source": "text", "value": "x"}),
        note(topic={"source": "sky", "value": "x"}),
        note(topic={**TOPIC, "colour": "red"}),
        note(activityType=...),
        note(previewText="x"),
        note(previewText=...),
        note(templateParameters=[{"name": "x"}]),
        note(chainId="1"),
        note(chainId=True),
    ]
    for body in bad:
        assert http.post(ACTIVITY, json=body).status_code == 400, body
    assert http.post(ACTIVITY, json=note(recipient={})).status_code == 501
    assert http.post(ACTIVITY.replace("adele", "nobody"), json=note()).status_code == 404
    assert received(http) == []


@pytest.mark.documented("graph/teams-send-activityfeednotifications")
def test_activity_types_are_declared_in_the_manifest_but_the_reserved_one(http: httpx.Client) -> None:
    http.post("/_control/teams", json={"activity_types": ["register"]}).raise_for_status()
    codes = [
        http.post(ACTIVITY, json=note(activityType=name)).status_code
        for name in ("register", "systemDefault", "taskCreated")
    ]
    assert codes == [204, 204, 400]


@pytest.mark.documented("graph/throttling-limits")
def test_five_notifications_a_second(http: httpx.Client) -> None:
    http.post("/_control/policy", json={"enforce_quota": True}).raise_for_status()
    assert [http.post(ACTIVITY, json=note()).status_code for _ in range(6)] == [204] * 5 + [429]


@pytest.mark.documented("chat-post-messages")
def test_an_app_cannot_write_in_a_chat(http: httpx.Client) -> None:
    """The permission table leaves app-only calls for migration."""
    chat = "/v1.0/chats/19:2da4c29f6d7041eca70b638b43d45437@thread.v2/messages"
    refused = http.post(chat, json={"body": {"content": "Hello"}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Forbidden")
    assert http.get(chat).status_code == 501
