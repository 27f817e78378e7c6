"""The signature engine: against the published library, against published vectors, and against junk."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from onboarding.errors import ConfigurationError, SenderError
from onboarding.intake import catalog
from onboarding.intake.scheme import TOKEN, SignatureScheme, read_seconds_or_iso, standard_webhooks_key
from onboarding.intake.signatures import decode_digest, signed_bytes, verify
from onboarding.intake.signing import sign
from tests.support.intake_services import WHSEC, WHSEC_OLD, source

STANDARD = catalog.adapters()["standard-webhooks"]
GREENHOUSE = catalog.adapters()["greenhouse"]
NOW = datetime(2026, 8, 17, 10, 0, tzinfo=UTC)
BODY = '{"name": "Søren \\u003c"}'.encode()
SETTINGS = source("standard-webhooks", "standard-webhooks", WHSEC, WHSEC_OLD)


def code(scheme: SignatureScheme, headers: dict[str, str], body: bytes = BODY, settings=SETTINGS) -> str:
    """`current`, `previous`, or the code of the refusal."""
    try:
        return verify(scheme, settings, headers, body, NOW).key_id
    except SenderError as error:
        return error.code if error.status == 401 else f"status {error.status}"


def standard(secret: str = WHSEC, message_id: str = "msg_1") -> dict[str, str]:
    return sign(STANDARD, secret, BODY, now=NOW, message_id=message_id)


def test_what_we_sign_the_library_accepts_and_the_other_way_round():
    real_now = datetime.now(UTC)
    headers = sign(STANDARD, WHSEC, BODY, now=real_now, message_id="msg_1")
    Webhook(WHSEC).verify(BODY, headers, json_parse=False)
    theirs = {**headers, "webhook-signature": Webhook(WHSEC).sign("msg_1", real_now, BODY.decode())}
    assert verify(STANDARD.scheme, SETTINGS, theirs, BODY, real_now).key_id == "current"


@given(
    mutation=st.sampled_from(["id", "timestamp", "body", "signature", "none"]),
    text=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
)
def test_we_never_accept_what_the_library_refuses(mutation: str, text: str):
    real_now = datetime.now(UTC)
    headers = sign(STANDARD, WHSEC, BODY, now=real_now, message_id="msg_1")
    body = BODY
    if mutation == "body":
        body = text.encode()
    elif mutation != "none":
        headers[f"webhook-{mutation}"] = text
    try:
        Webhook(WHSEC).verify(body, headers, json_parse=False)
        theirs = True
    except (WebhookVerificationError, ValueError):  # binascii.Error is a ValueError: the library's traps
        theirs = False
    try:
        ours = bool(verify(STANDARD.scheme, SETTINGS, headers, body, real_now))
    except SenderError:
        ours = False
    assert ours <= theirs
    assert ours or mutation != "none"


def test_the_vector_of_the_specifications_library_holds():
    # Secret, id, time and payload as in the test-suite of the reference libraries.
    secret, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1614265330, UTC)
    headers = sign(
        STANDARD, secret, b'{"test": 2432232314}', now=at, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek"
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_greenhouse_signs_the_raw_bytes_in_hex_after_a_space():
    secret = "greenhouse-secret"
    expected = "sha256 " + hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest()
    assert sign(GREENHOUSE, secret, BODY, now=NOW, message_id="x")["signature"] == expected
    settings = source("greenhouse", "greenhouse", secret)
    assert code(GREENHOUSE.scheme, {"signature": expected}, BODY, settings) == "current"
    rewritten = BODY.decode().replace("\\u003c", "<").encode()
    assert code(GREENHOUSE.scheme, {"signature": expected}, rewritten, settings) == "signature_wrong"
    assert (
        code(GREENHOUSE.scheme, {"signature": expected.replace(" ", "=")}, BODY, settings)
        == "signature_wrong"
    )
    assert (
        code(GREENHOUSE.scheme, {"signature": expected.upper().replace("SHA", "sha")}, BODY, settings)
        == "current"
    )


@pytest.mark.parametrize(
    "junk", ["v1", "v1,a,b", "v1,%%%", "", "v1a,AAAA", "v2,AAAA", "v1,", "ü", "v1,ü", "v1,AAAA"]
)
def test_a_junk_item_does_not_hide_a_good_one_nor_pass_for_one(junk: str):
    headers = standard()
    good = headers["webhook-signature"]
    assert code(STANDARD.scheme, {**headers, "webhook-signature": f"{junk} {good}"}) == "current"
    assert code(STANDARD.scheme, {**headers, "webhook-signature": f"{good} {junk}"}) == "current"
    expected = "signature_wrong" if junk else "signature_missing"
    assert code(STANDARD.scheme, {**headers, "webhook-signature": junk}) == expected


def test_a_good_signature_behind_a_flood_is_not_looked_for():
    headers = standard()
    flood = " ".join(["v1,AAAA"] * 50)
    assert code(
        STANDARD.scheme, {**headers, "webhook-signature": f"{flood} {headers['webhook-signature']}"}
    ) == ("signature_wrong")


def test_which_of_two_secrets_matched_is_reported():
    assert code(STANDARD.scheme, standard(WHSEC)) == "current"
    assert code(STANDARD.scheme, standard(WHSEC_OLD)) == "previous"
    both = f"{standard(WHSEC_OLD)['webhook-signature']} {standard(WHSEC)['webhook-signature']}"
    assert code(STANDARD.scheme, {**standard(), "webhook-signature": both}) == "current"


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "1786960800.0",
        "+1786960800",
        " 1786960800",
        "1.7869608e9",
        "NaN",
        "inf",
        "-1",
        "١٧٨٦٩٦٠٨٠٠",
        "１７８６９６０８００",
        "1786960800000",
        "178696080",
        "0x6a82",
        "1786960800\n",
    ],
)
def test_a_timestamp_is_ten_ascii_digits(stamp: str):
    headers = standard()
    signed = f"msg_1.{stamp}.".encode() + BODY
    mac = hmac.new(standard_webhooks_key(WHSEC), signed, hashlib.sha256).digest()
    headers |= {"webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(mac).decode()}
    assert code(STANDARD.scheme, headers) in {"signature_wrong", "signature_missing"}


@pytest.mark.parametrize("message_id", ["a.b", "", "a b", "ä", "x" * 257, "\ud800", "a\nb"])
def test_an_id_holds_no_separator_and_only_visible_ascii(message_id: str):
    headers = {**standard(), "webhook-id": message_id}
    assert code(STANDARD.scheme, headers) in {"signature_wrong", "signature_missing"}


def test_the_border_between_id_time_and_body_cannot_be_shifted():
    # With a dot in the id, "a" + "1786960800.1786960800.{}" would be signed the same as "a.1786960800" + "…{}".
    stamp = str(int(NOW.timestamp()))
    headers = sign(STANDARD, WHSEC, f"{stamp}.{{}}".encode(), now=NOW, message_id="a")
    headers["webhook-id"] = f"a.{stamp}"
    assert code(STANDARD.scheme, headers, b"{}") == "signature_wrong"


@pytest.mark.parametrize(("seconds", "expected"), [(0, "current"), (300, "current"), (-300, "current")])
def test_age_inside_the_tolerance(seconds: int, expected: str):
    headers = sign(STANDARD, WHSEC, BODY, now=NOW + timedelta(seconds=seconds), message_id="m")
    assert code(STANDARD.scheme, headers) == expected


@pytest.mark.parametrize("seconds", [301, -301, 10**8])
def test_age_outside_the_tolerance_is_told_only_to_who_signed(seconds: int):
    headers = sign(STANDARD, WHSEC, BODY, now=NOW + timedelta(seconds=seconds), message_id="m")
    assert code(STANDARD.scheme, headers) == "signature_expired"
    assert code(STANDARD.scheme, headers, BODY + b" ") == "signature_wrong"


@pytest.mark.parametrize(
    ("secret", "size"),
    [("whsec_" + base64.b64encode(b"k" * 24).decode(), 24), ("whsec_" + base64.b64encode(b"k" * 64).decode(), 64),
     (base64.b64encode(b"k" * 32).decode(), 32), ("whsec_" + base64.b64encode(b"k" * 32).decode().rstrip("="), 32)],
)  # fmt: skip
def test_standard_webhooks_secrets_of_24_to_64_bytes(secret: str, size: int):
    assert len(standard_webhooks_key(secret)) == size


@pytest.mark.parametrize(
    "secret",
    ["abc", "whsec_", "whsec_abc", "whsec_" + base64.b64encode(b"k" * 23).decode(), "whsec_" + "ü" * 32,
     "whsec_" + base64.b64encode(b"k" * 65).decode(), "not base64 at all, but long enough to be a secret!"],
)  # fmt: skip
def test_a_malformed_secret_is_the_deployers_and_its_value_is_not_shown(secret: str):
    settings = source("acme-hr", "standard-webhooks", secret)
    with pytest.raises(ConfigurationError, match="ONBOARDING_HR_ACME_HR_SECRET ") as caught:
        verify(STANDARD.scheme, settings, standard(), BODY, NOW)
    assert secret.removeprefix("whsec_") not in caught.value.message or secret == "whsec_"
    assert caught.value.__cause__ is None


def test_a_malformed_previous_secret_matters_only_when_it_is_needed():
    settings = source("acme", "standard-webhooks", WHSEC, "short")
    assert code(STANDARD.scheme, standard(), settings=settings) == "current"
    with pytest.raises(ConfigurationError, match="ONBOARDING_HR_ACME_SECRET_PREVIOUS"):
        code(STANDARD.scheme, standard(WHSEC_OLD), settings=settings)


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_reads_from_hex_and_from_any_base64(digest: bytes):
    plain, url = base64.b64encode(digest).decode(), base64.urlsafe_b64encode(digest).decode()
    for text in (digest.hex(), digest.hex().upper(), plain, plain.rstrip("="), url, url.rstrip("=")):
        assert decode_digest(text, 32) == digest


@given(st.text(max_size=120))
def test_any_text_is_a_digest_or_none_and_never_an_error(text: str):
    found = decode_digest(text, 32)
    assert found is None or len(found) == 32


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "signature"]),
        st.text(max_size=60) | st.text(st.characters(categories=["Cs"]), max_size=3),
    )
)
def test_no_headers_whatever_raise_anything_but_a_refusal(headers: dict[str, str]):
    for adapter in (STANDARD, GREENHOUSE):
        assert code(adapter.scheme, headers).startswith("signature_")


#: Schemes of vendors whose adapters come later (facts: hr-webhooks), to show that data is enough for them.
LATER = {
    "bamboohr": SignatureScheme(
        "bamboohr",
        "x-bamboohr-signature",
        "{body}{ts}",
        timestamp_header="x-bamboohr-timestamp",
        timestamp=read_seconds_or_iso,
        tolerance_seconds=10800,
    ),
    "hibob": SignatureScheme("hibob", "bob-signature", algorithm="sha512", encoding="base64"),
    "deel": SignatureScheme("deel", "x-deel-signature", "POST{body}"),
    "ashby": SignatureScheme("ashby", "ashby-signature", prefix="sha256="),
    "token": TOKEN,
}


@pytest.mark.parametrize("name", LATER)
def test_the_engine_serves_other_vendors_from_data_alone(name: str):
    scheme, settings = LATER[name], source(name, name, "k" * 40, "o" * 40)
    adapter = replace(GREENHOUSE, scheme=scheme)
    for secret, expected in (("k" * 40, "current"), ("o" * 40, "previous"), ("x" * 40, "signature_wrong")):
        headers = sign(adapter, secret, BODY, now=NOW, message_id="m")
        assert code(scheme, headers, BODY, settings) == expected
    if scheme.signs:
        assert code(
            scheme, sign(adapter, "k" * 40, BODY, now=NOW, message_id="m"), BODY + b"x", settings
        ) == ("signature_wrong")


def test_the_signed_bytes_follow_the_template():
    headers = {"x-bamboohr-timestamp": "1786960800"}
    assert signed_bytes(LATER["bamboohr"], headers, b"{}") == b"{}1786960800"
    assert signed_bytes(LATER["deel"], {}, b"{id}{ts}") == b"POST{id}{ts}"
