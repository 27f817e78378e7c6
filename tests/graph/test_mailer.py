"""Drafts that can be looked up after a crash, and mail that leaves no copy."""

import httpx
import pytest

from onboarding.errors import EffectUnknown
from onboarding.ports import DraftState, Mail

MAIL = Mail(
    to=("new@example.org", "boss@contoso.example"),
    subject="Hello\r\nBcc: everybody@contoso.example",
    html="<p>Grüße, 山田</p>",
    text="Grüße",
    language="de",
    ref="r3f",
)
SENDER = "/v1.0/users/onboarding%40contoso.example"


async def test_a_draft_gets_an_id_that_survives_sending(rig):
    rig.reply(httpx.Response(201, json={"id": "AAMk=", "isDraft": True}))
    assert await rig.mailer.create_draft(MAIL) == "AAMk="
    assert rig.wire.target() == f"POST {SENDER}/messages"
    assert rig.wire.requests[0].headers["prefer"] == 'IdType="ImmutableId"'
    body = rig.wire.body()
    assert body["subject"] == "Hello Bcc: everybody@contoso.example"
    assert body["body"]["contentType"] == "html"
    assert body["body"]["content"] == "<p>Grüße, 山田</p>"
    assert [to["emailAddress"]["address"] for to in body["toRecipients"]] == list(MAIL.to)
    assert body["internetMessageHeaders"][0] | {"@odata.type": ""} == {
        "@odata.type": "",
        "name": "x-onboarding-ref",
        "value": "r3f",
    }


async def test_a_draft_is_sent_and_looked_up_under_the_same_kind_of_id(rig):
    rig.reply(httpx.Response(202))
    await rig.mailer.send_draft("AA/Mk=")
    assert rig.wire.target() == f"POST {SENDER}/messages/AA%2FMk%3D/send"
    assert rig.wire.requests[-1].headers["prefer"] == 'IdType="ImmutableId"'
    for draft, state in ((True, DraftState.DRAFT), (False, DraftState.SENT)):
        rig.reply(httpx.Response(200, json={"id": "AAMk=", "isDraft": draft}))
        assert await rig.mailer.look_up("AAMk=") is state
    assert rig.wire.target() == f"GET {SENDER}/messages/AAMk%3D?$select=id,isDraft"
    assert rig.wire.requests[-1].headers["prefer"] == 'IdType="ImmutableId"'


async def test_a_message_that_is_not_there_is_gone(rig, graph_error):
    rig.reply(graph_error(404, "ErrorItemNotFound"))
    assert await rig.mailer.look_up("x") is DraftState.GONE


@pytest.mark.parametrize("save", [True, False])
async def test_mail_without_a_copy_in_sent_items(rig, save):
    rig.reply(httpx.Response(202))
    await rig.mailer.send_now(MAIL, save=save)
    assert rig.wire.target() == f"POST {SENDER}/sendMail"
    body = rig.wire.body()
    saved = next(value for key, value in body.items() if key.lower() == "savetosentitems")
    assert saved is save
    message = next(value for key, value in body.items() if key.lower() == "message")
    assert message["toRecipients"][0]["emailAddress"]["address"] == "new@example.org"


async def test_a_draft_without_an_id_is_doubt(rig):
    rig.reply(httpx.Response(201, json={}))
    with pytest.raises(EffectUnknown):
        await rig.mailer.create_draft(MAIL)


async def test_no_reference_no_header(rig):
    rig.reply(httpx.Response(201, json={"id": "x"}))
    await rig.mailer.create_draft(Mail(("a@b.c",), "s", "h", "t", "en"))
    assert "internetMessageHeaders" not in rig.wire.body()
