"""What an administrator is told about each HR source, and how a delivery is shown without its values."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.hire import Verification
from onboarding.errors import NotFound, Refused
from onboarding.intake import catalog, receive
from onboarding.intake.adapter import Adapter, Evidence, Greeting, Need
from onboarding.operate import deliveries, masking, vendors
from onboarding.operate.actions import Ask
from onboarding.ports import DeliveryStatus
from onboarding.settings import Secret, Settings, SourceSettings
from onboarding.web import Request
from tests.storage.stores import make_delivery
from tests.support.doubles import T0, World
from tests.support.intake_services import logged

MakeWorld = Callable[..., World]
SOUND = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
TOKEN = "PLANTED-verification-token"


def settings(*sources: SourceSettings) -> Settings:
    return Settings(
        sources={item.source: item for item in sources}, public_url="https://onboarding.contoso.example"
    )


async def reports(world: World) -> dict[str, vendors.SourceReport]:
    return {item.source: item for item in await vendors.survey(world.s)}


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Adapter:
    """A vendor that needs an API, greets with a token, and of which little is known."""

    def greet(request: Request) -> Greeting | None:
        try:
            data = json.loads(request.body)
        except ValueError:
            return None
        found = data.get("verification_token") if isinstance(data, dict) else None
        return Greeting(kept=found) if isinstance(found, str) else None

    made = replace(
        catalog.adapters()["greenhouse"],
        slug="acme",
        title="Acme HR",
        greet=greet,
        needs=(Need.SECRET, Need.API_URL, Need.API_TOKEN),
        evidence=Evidence.SECONDARY,
        doubts=("Nobody has seen a signature of Acme.",),
    )
    known = {**catalog.adapters(), "acme": made}
    monkeypatch.setattr(catalog, "adapters", lambda: known)
    catalog.bound.cache_clear()
    return made


async def test_what_is_missing_is_said_in_sentences_that_name_the_setting(
    make_world: MakeWorld, vendor: Adapter
) -> None:
    world = make_world(
        settings=settings(
            SourceSettings("acme-us", "acme"),
            SourceSettings("standard-webhooks", "standard-webhooks", Secret(SOUND)),
            SourceSettings("short", "standard-webhooks", Secret("whsec_%%")),
            SourceSettings("typo", "workdya", Secret("x")),
            SourceSettings("custom", "custom", Secret("x"), options={"field": {}}),
            SourceSettings("custom-2", "custom", Secret("x")),
        )
    )
    found = await reports(world)
    assert found["acme-us"].missing == (
        "Set ONBOARDING_HR_ACME_US_SECRET: the secret with which Acme HR signs, or the token that it sends.",
        "Set ONBOARDING_HR_ACME_US_API_URL: the address of the API of Acme HR, since its events name a person only "
        "by id.",
        "Set ONBOARDING_HR_ACME_US_API_TOKEN: a token for that API, allowed to read employees.",
    )
    assert found["standard-webhooks"].ready
    assert "ONBOARDING_HR_SHORT_SECRET is not" in found["short"].missing[0]
    assert "There is no adapter 'workdya'" in found["typo"].missing[0]
    assert "fields must map one of" in found["custom"].missing[0]
    assert found["custom-2"].missing == (
        "Set ONBOARDING_HR_CUSTOM_2_OPTIONS: how to read what Custom JSON with a field map sends.",
    )
    text = "\n".join(line for item in found.values() for line in vendors.words(item))
    assert "https://onboarding.contoso.example/api/hr/acme-us" in text
    assert "rests on what others write about the vendor" in text
    assert "Nobody has seen a signature of Acme." in text
    assert "Nothing has come from it yet." in text
    assert "whsec_M" not in text
    assert "whsec_%" not in text
    assert "acme" not in {item.slug for item in vendors.available(world.s.settings)}


async def test_a_source_is_judged_as_its_options_make_it(make_world: MakeWorld) -> None:
    fields = {"hook": "fields"}
    signs = {
        "auth": {"kind": "hmac", "header": "x-sig"},
        "event": {"default": "hire.created"},
        "fields": {"employee_id": "/id"},
    }
    world = make_world(
        settings=settings(
            SourceSettings("bamboohr", "bamboohr", Secret("x"), options=fields),
            SourceSettings("half", "bamboohr", Secret("x"), api_url="https://x.example", options=fields),
            SourceSettings("thin", "bamboohr", Secret("x")),
            SourceSettings("custom", "custom", Secret("x" * 40), options=signs),
        )
    )
    found = await reports(world)
    assert (found["bamboohr"].ready, found["bamboohr"].evidence) == (True, Evidence.CAPTURED)
    assert "API is not asked" in "\n".join(vendors.words(found["bamboohr"]))
    assert [text.split(":")[0] for text in found["half"].missing] == ["Set ONBOARDING_HR_HALF_API_TOKEN"]
    assert len(found["thin"].missing) == 2
    assert (found["custom"].missing, found["custom"].doubts) == ((), ())


async def test_when_something_came_last_and_with_which_secret(make_world: MakeWorld) -> None:
    source = SourceSettings(
        "greenhouse", "greenhouse", Secret("new"), Secret("old older"), events=("hire_*",)
    )
    world = make_world(settings=settings(source))
    for number, key in enumerate(("current", "previous", "previous")):
        await world.store.deliveries.put_if_absent(
            make_delivery(
                number,
                source="greenhouse",
                at=T0 - timedelta(hours=number),
                status=DeliveryStatus.PROCESSED,
                vendor_event_type="hire_candidate",
                verification=Verification("greenhouse", key, label="key 2024"),
            )
        )
    (report,) = (await reports(world)).values()
    data = report.as_json()
    assert data["configured"] == {"secrets": 3, "api": False, "events": ["hire_*"]}
    assert data["last_delivery"]["key_id"] == "current"
    assert data["last_delivery"]["key_label"] == "key 2024"
    assert set(data["secrets_last_used"]) == {"current", "previous"}
    text = "\n".join(vendors.words(report))
    assert "hire_candidate, processed, with the current secret, which the vendor calls key 2024" in text
    assert "3 secrets are set, 2 of them from before" in text
    assert "Event types: hire_*" in text


async def test_an_older_secret_that_nothing_uses_is_said(make_world: MakeWorld) -> None:
    world = make_world(
        settings=settings(SourceSettings("greenhouse", "greenhouse", Secret("new"), Secret("old")))
    )
    await world.store.deliveries.put_if_absent(
        make_delivery(source="greenhouse", at=T0, verification=Verification("greenhouse", "current"))
    )
    (report,) = (await reports(world)).values()
    assert "no longer used" in "\n".join(vendors.words(report))


# --- a token that a set-up waits for -------------------------------------------------------------------------


async def greeted(world: World, token: str) -> int:
    body = json.dumps({"verification_token": token}).encode()
    request = Request("POST", "/", headers={"content-length": str(len(body))}, body=body)
    return (await receive.receive(world.s, "acme", request)).status


async def test_a_verification_token_is_kept_for_the_operator_and_nowhere_else(
    make_world: MakeWorld, vendor: Adapter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = make_world(settings=settings(SourceSettings("acme", "acme")))
    with pytest.raises(NotFound):
        await vendors.token(world.s, "acme")
    assert [await greeted(world, text) for text in ("first", "second", TOKEN, TOKEN)] == [200] * 4
    assert await vendors.token(world.s, "acme") == TOKEN
    (kept,) = (await world.store.deliveries.page()).items  # one row, whoever sends how many
    assert kept.vendor_event_type == "handshake"
    (report,) = (await reports(world)).values()
    assert report.last is None
    assert report.token_at is not None
    assert "vendors --token acme" in "\n".join(vendors.words(report))
    stored = await deliveries.find(world.s, kept.delivery_id)
    shown = json.dumps([deliveries.shown(stored), report.as_json(), vendors.words(report)])
    assert TOKEN not in shown + logged(caplog.records)
    with pytest.raises(Refused):
        await deliveries.replay(world.s, kept.delivery_id, Ask("o", "why not"))
    assert world.queue.sent == []


async def test_the_token_of_the_next_secret_is_kept_beside_the_secret_in_use_until_it_is_one(
    make_world: MakeWorld, vendor: Adapter
) -> None:
    world = make_world(settings=settings(SourceSettings("acme", "acme", Secret("x"))))
    assert [await greeted(world, text) for text in ("a-strangers", TOKEN)] == [200, 200]
    assert len((await world.store.deliveries.page()).items) == 1
    assert await vendors.token(world.s, "acme") == TOKEN
    for n in range(vendors.LOOKED_AT):  # of the old subscription, which goes on
        await world.store.deliveries.put_if_absent(
            make_delivery(n, source="acme", at=T0 + timedelta(minutes=1 + n))
        )
    (report,) = (await reports(world)).values()
    assert report.token_at is not None
    assert "only after the HR system has taken it" in "\n".join(vendors.words(report))
    world.s = replace(world.s, settings=settings(SourceSettings("acme", "acme", Secret(TOKEN), Secret("x"))))
    (report,) = (await reports(world)).values()
    assert report.token_at is None


# --- masked --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "headers", "expected"),
    [
        (b'{"name": "S\xc3\xb8ren \xe5\xb1\xb1", "start": "1990-02-28", "n": 80123, "x": [true, null, 1.5]}', {},
         {"name": "Aaaaa a", "start": "9999-99-99", "n": "99999", "x": [True, None, "9.9"]}),
        (b'{"Employee #": {"value": "300"}, "+4915112345678": 1, "a@b.example": 2, "urn:x:2.0:User": 3}', {},
         {"Employee #": {"value": "999"}, "<key 2>": "9", "<key 3>": "9", "urn:x:2.0:User": "9"}),
        (b"name=S%C3%B8ren&phone=%2B49", {"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
         {"name": "Aaaaa", "phone": "+99"}),
        (b"{'Planted': 1}", {}, "{'Aaaaaaa': 9}"),
        (b"\xff\xfe", {}, "\ufffd\ufffd"),
        (b"[" * 100_000, {}, "[" * 60 + "… (100000 characters)"),
        (b'{"a": "' + b"x" * 100 + b'"}', {}, {"a": "a" * 60 + "… (100 characters)"}),
    ],
)  # fmt: skip
def test_a_body_is_shown_as_its_shape(raw: bytes, headers: dict[str, str], expected: Any) -> None:
    assert masking.body(raw, headers) == expected


def test_a_deep_or_long_body_is_cut() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = {"a": deep}
    assert "…" in json.dumps(masking.body(json.dumps(deep).encode(), {}), ensure_ascii=False)
    assert len(masking.body(json.dumps(list(range(500))).encode(), {})) == masking.MOST_ITEMS
