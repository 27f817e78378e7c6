"""Drafts that can be settled after a crash, and sendMail that cannot."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.documented("user-sendmail")

BOX = "/v1.0/users/onboarding@contoso.example"
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}


def letter(to: str = "manager@contoso.example", **changes: Any) -> dict[str, Any]:
    return {
        "subject": "Zugang für Søren",
        "body": {"contentType": "HTML", "content": "<p>Grüße &amp; mehr</p><p>Zeile <b>zwei</b></p>"},
        "toRecipients": [{"emailAddress": {"address": to}}],
        **changes,
    }


def received(http: httpx.Client, to: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = http.get("/_control/mail", params={"to": to} if to else {}).json()["items"]
    return items


def draft(http: httpx.Client, immutable: bool = True) -> str:
    made = http.post(f"{BOX}/messages", json=letter(), headers=IMMUTABLE if immutable else {})
    assert made.status_code == 201
    assert made.json()["isDraft"] is True
    return str(made.json()["id"])


@pytest.mark.documented("message-send")
def test_a_draft_is_not_mail_until_it_is_sent(http: httpx.Client) -> None:
    key = draft(http)
    assert received(http) == []
    assert http.post(f"{BOX}/messages/{key}/send").status_code == 202
    (mail,) = received(http)
    assert mail["to"] == ["manager@contoso.example"]
    assert mail["subject"] == "Zugang für Søren"
    assert mail["text"] == "Grüße & mehr\nZeile zwei"
    assert mail["html"].startswith("<p>")
    assert mail["sent_at"].endswith("Z")


@pytest.mark.documented("graph/outlook-immutable-id")
def test_an_immutable_id_finds_the_message_before_and_after_sending(http: httpx.Client) -> None:
    key = draft(http)
    path = f"{BOX}/messages/{key}?$select=id,isDraft,sentDateTime"
    assert http.get(path, headers=IMMUTABLE).json()["isDraft"] is True
    http.post(f"{BOX}/messages/{key}/send")
    after = http.get(path, headers=IMMUTABLE).json()
    assert (after["id"], after["isDraft"]) == (key, False)


@pytest.mark.documented("graph/outlook-immutable-id")
def test_an_ordinary_id_is_gone_once_the_draft_was_sent(http: httpx.Client) -> None:
    key = draft(http, immutable=False)
    http.post(f"{BOX}/messages/{key}/send")
    gone = http.get(f"{BOX}/messages/{key}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "ErrorItemNotFound")


@pytest.mark.inferred("no page says what a second send of one draft answers")
def test_sending_twice_is_refused_and_sends_once(http: httpx.Client) -> None:
    key = draft(http)
    answers = [http.post(f"{BOX}/messages/{key}/send").status_code for _ in range(2)]
    assert answers == [202, 400]
    assert len(received(http)) == 1


@pytest.mark.inferred("no page says how long a sent message takes to reach Sent Items")
def test_sent_items_may_lag(http: httpx.Client) -> None:
    http.post("/_control/policy", json={"sent_items_lag_seconds": 30})
    key = draft(http)
    http.post(f"{BOX}/messages/{key}/send")
    assert len(received(http)) == 1
    assert http.get(f"{BOX}/messages/{key}").status_code == 404
    http.post("/_control/clock", json={"advance": "PT30S"})
    assert http.get(f"{BOX}/messages/{key}").status_code == 200


@pytest.mark.documented("message-delete")
def test_a_deleted_draft_is_gone(http: httpx.Client) -> None:
    key = draft(http)
    assert http.delete(f"{BOX}/messages/{key}").status_code == 204
    assert http.post(f"{BOX}/messages/{key}/send").status_code == 404
    assert http.delete(f"{BOX}/messages/{key}").status_code == 404
    assert received(http) == []


@pytest.mark.documented("message-get")
def test_a_message_belongs_to_its_mailbox(http: httpx.Client) -> None:
    key = draft(http)
    other = "/v1.0/users/servicedesk@contoso.example/messages/"
    assert http.get(other + key).status_code == 404
    assert http.post(f"{other}{key}/send").status_code == 404


def test_send_mail_answers_202_empty_and_is_received_though_not_stored(http: httpx.Client) -> None:
    for saves in (True, False, "false"):
        answer = http.post(f"{BOX}/sendMail", json={"message": letter(), "saveToSentItems": saves})
        assert (answer.status_code, answer.content) == (202, b"")
    assert len(received(http)) == 3


def test_mail_is_listed_newest_last_and_by_any_recipient_in_any_case(http: httpx.Client) -> None:
    http.post(f"{BOX}/sendMail", json={"message": letter("a@x.example", subject="1")})
    copy = [{"emailAddress": {"address": "A@X.example", "name": "A"}}]
    http.post(f"{BOX}/sendMail", json={"message": letter("b@x.example", subject="2", ccRecipients=copy)})
    http.post(f"{BOX}/sendMail", json={"message": letter("c@x.example", subject="3")})
    assert [m["subject"] for m in received(http)] == ["1", "2", "3"]
    assert [m["subject"] for m in received(http, "a@x.EXAMPLE")] == ["1", "2"]


def test_a_plain_text_body_stays_as_it_is(http: httpx.Client) -> None:
    body = {"contentType": "Text", "content": "a  b\n\n<i>c</i>"}
    http.post(f"{BOX}/sendMail", json={"message": letter(body=body)})
    (mail,) = received(http)
    assert (mail["text"], mail["html"]) == ("a  b\n\n<i>c</i>", None)


@pytest.mark.observed("ErrorInvalidUser and MailboxNotEnabledForRESTAPI in public issues")
def test_unknown_senders_and_people_without_a_mailbox_cannot_send(http: httpx.Client) -> None:
    http.post("/_control/users", json={"userPrincipalName": "new@contoso.example", "mail": None})
    for sender, code in (("nobody", "ErrorInvalidUser"), ("new", "MailboxNotEnabledForRESTAPI")):
        for call, body in (("sendMail", {"message": letter()}), ("messages", letter())):
            answer = http.post(f"/v1.0/users/{sender}@contoso.example/{call}", json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


@pytest.mark.inferred("the statuses follow the property texts; the error bodies are seen nowhere")
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"toRecipients": []}, 400),
        ({"toRecipients": [{"emailAddress": {"address": "not an address"}}]}, 400),
        ({"toRecipients": [{"emailAddress": None}]}, 400),
        ({"toRecipients": "x@y.example"}, 400),
        ({"subject": "x" * 256}, 400),
        ({"body": {"contentType": "RTF", "content": ""}}, 400),
        ({"internetMessageHeaders": [{"name": "Reply-To", "value": "x"}]}, 400),
        ({"attachments": []}, 501),
    ],
)
def test_what_exchange_refuses_is_refused(http: httpx.Client, changes: dict[str, Any], status: int) -> None:
    answer = http.post(f"{BOX}/sendMail", json={"message": letter(**changes)})
    assert answer.status_code == status
    assert received(http) == []


@pytest.mark.inferred("strictness of the simulator: what it does not know it does not answer")
def test_other_preferences_are_501(http: httpx.Client) -> None:
    key = draft(http)
    answer = http.get(f"{BOX}/messages/{key}", headers={"Prefer": 'outlook.body-content-type="text"'})
    assert answer.status_code == 501
