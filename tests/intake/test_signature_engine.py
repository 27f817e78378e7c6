"""The engine over every kind of scheme, against published vectors, and against whatever Hypothesis thinks of.

Vectors: recomputed here from bytes that somebody published; where they stand is said at each. None is made up.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from onboarding.domain.hire import Verification
from onboarding.errors import SenderError
from onboarding.intake import catalog
from onboarding.intake.scheme import (
    BASIC,
    TOKEN,
    SignatureScheme,
    read_iso,
    read_milliseconds,
    read_seconds,
    read_seconds_or_iso,
    standard_webhooks_key,
)
from onboarding.intake.signatures import decode_digest, signed_bytes, verify
from onboarding.intake.signing import sealed
from onboarding.settings import MAX_SECRETS, Secret, SourceSettings
from tests.support.intake_services import WHSEC, source

NOW = datetime(2026, 8, 17, 10, 0, tzinfo=UTC)
GREENHOUSE = catalog.adapters()["greenhouse"]


def lever_fields(body: bytes) -> Mapping[str, str]:
    """As a vendor that signs inside the body would declare it."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    names = ("signature", "token", "triggeredAt")
    return {
        f"body:{name.lower()}": str(data[name]) for name in names if isinstance(data.get(name), str | int)
    }


def lever_sealed(body: bytes, made: Mapping[str, str]) -> bytes:
    return json.dumps({**json.loads(body), "signature": made["body:signature"]}).encode()


SMARTRECRUITERS = SignatureScheme(
    "smartrecruiters",
    "smartrecruiters-signature",
    template="{ts}.{body}.{header:event-id}.{header:event-name}.{header:event-version}.{header:link}",
    prefix="v1=",
    separator=";",
    timestamp_header="smartrecruiters-timestamp",
    tolerance_seconds=300,
    unseparated=frozenset({"event-id", "event-version"}),
)
BAMBOOHR = SignatureScheme(
    "bamboohr",
    "x-bamboohr-signature",
    template="{body}{ts}",
    timestamp_header="x-bamboohr-timestamp",
    timestamp=read_seconds_or_iso,
    tolerance_seconds=3 * 3600,
)
FINCH = SignatureScheme(
    "finch",
    "finch-signature",
    template="{id}.{ts}.{body}",
    encoding="base64",
    prefix="v1,",
    separator=" ",
    timestamp_header="finch-timestamp",
    id_header="finch-event-id",
    tolerance_seconds=300,
    key=standard_webhooks_key,
)
LEVER = SignatureScheme(
    "lever",
    "body:signature",
    template="{header:body:token}{ts}",
    timestamp_header="body:triggeredat",
    timestamp=read_milliseconds,
    tolerance_seconds=24 * 3600,
    from_body=lever_fields,
    into_body=lever_sealed,
)
SCHEMES = {
    "smartrecruiters": SMARTRECRUITERS,
    "bamboohr": BAMBOOHR,
    "finch": FINCH,
    "hibob": SignatureScheme("hibob", "bob-signature", algorithm="sha512", encoding="base64"),
    "deel": SignatureScheme("deel", "x-deel-signature", "POST{body}", label_header="x-deel-hmac-label"),
    "ashby": SignatureScheme("ashby", "ashby-signature", prefix="sha256="),
    "merge": SignatureScheme("merge", "x-merge-webhook-signature", encoding="base64url"),
    "stripe-like": SignatureScheme(
        "stripe-like",
        "x-sig",
        "{ts}.{body}",
        prefix="v1=",
        separator=",",
        timestamp_item="t=",
        tolerance_seconds=300,
    ),
    "greenhouse": GREENHOUSE.scheme,
    "standard-webhooks": catalog.adapters()["standard-webhooks"].scheme,
}
BODY = b'{"token": "tok", "triggeredAt": 1786960800000, "name": "S\xc3\xb8ren"}'
SENT = {
    "event-id": "123",
    "event-name": "job.x.created",
    "event-version": "v2",
    "link": "<https://x>; rel=self",
}


def secret_for(scheme: SignatureScheme) -> str:
    return WHSEC if scheme.key is standard_webhooks_key else "k" * 40


def sent(scheme: SignatureScheme, body: bytes = BODY, secret: str | None = None, at: datetime = NOW):
    return sealed(
        replace(GREENHOUSE, scheme=scheme),
        secret or secret_for(scheme),
        body,
        now=at,
        message_id="m",
        headers=SENT,
    )


def checked(
    scheme: SignatureScheme,
    headers: Mapping[str, str],
    body: bytes,
    secret: str | SourceSettings | None = None,
    now: datetime = NOW,
) -> Verification | str:
    """What was verified, or the code of the refusal."""
    given_ = (
        secret
        if isinstance(secret, SourceSettings)
        else source("acme", "acme", secret or secret_for(scheme), None)
    )
    try:
        return verify(scheme, given_, headers, body, now)
    except SenderError as error:
        return error.code if error.status == 401 else f"status {error.status}"


# --- published vectors ---------------------------------------------------------------------------------------


def test_the_bamboohr_capture_matches_in_this_order_only():
    """Captured from the live product in July 2022: github.com/fusebit/integrations, bamboohr-connector/test
    (headers, private key and body; the body is signed as the compact JSON that was sent)."""
    body = (
        b'{"employees":[{"changedFields":["First name"],"fields":{"Employee #":{"value":"300"},'
        b'"First name":{"value":"Tefi"},"Last name":{"value":"Adams"}},"id":"5"}]}'
    )
    headers = {
        "x-bamboohr-timestamp": "1658248023",
        "x-bamboohr-signature": "56491dd9c2b352bc5f4fc627159aae20ddff9c8cb19f239a6de6771dc5310bac",
    }
    key, at = "123b929362d51613054f71e5e5d4bf2c", datetime.fromtimestamp(1658248023, UTC)
    found = checked(BAMBOOHR, headers, body, key, at)
    assert isinstance(found, Verification)
    assert found.timestamp_checked
    assert isinstance(checked(BAMBOOHR, headers, body, key, at + timedelta(minutes=155)), Verification)
    assert checked(BAMBOOHR, headers, body, key, at + timedelta(hours=4)) == "signature_expired"
    for template in ("{ts}{body}", "{ts}.{body}", "{body}.{ts}"):
        assert checked(replace(BAMBOOHR, template=template), headers, body, key, at) == "signature_wrong"


def test_the_smartrecruiters_example_matches_without_the_space_in_its_printed_body():
    """github.com/smartrecruiters (subscriptions API, "Generate secret key"): the example of the vendor's own client."""
    body = b'{"job_id":"jid","candidate_id":"cid"}'
    headers = {
        "smartrecruiters-timestamp": "1574080897",
        "event-id": "123",
        "link": "<http://smartrecruiters.com/endpoint>; rel=self",
        "event-name": "application.created",
        "event-version": "v201910",
        "smartrecruiters-signature": "v1=2e9291f10d44ca10204a4cd81b05d73b6a316b2b605d4e2e0e0b37b40198ce1f",
    }
    key, at = "HeBVky2bccvvkcXPimH8c", datetime.fromtimestamp(1574080897, UTC)
    assert isinstance(checked(SMARTRECRUITERS, headers, body, key, at), Verification)
    several = {**headers, "smartrecruiters-signature": "v2=x;v1=zz;" + headers["smartrecruiters-signature"]}
    assert isinstance(checked(SMARTRECRUITERS, several, body, key, at), Verification)
    assert checked(SMARTRECRUITERS, headers, body.replace(b',"c', b', "c'), key, at) == "signature_wrong"
    for name in ("event-id", "event-name", "event-version", "link"):
        without = {key_: value for key_, value in headers.items() if key_ != name}
        assert checked(SMARTRECRUITERS, without, body, key, at) == "signature_wrong"
    moved = {**headers, "event-id": "123.application", "event-name": "created"}
    assert checked(SMARTRECRUITERS, moved, body, key, at) == "signature_wrong"


def test_the_finch_vector_matches_with_a_secret_without_whsec():
    """github.com/Finch-API/finch-api-python, tests/api_resources/test_webhooks.py."""
    body = b'{"company_id":"720be419-0293-4d32-a707-32179b0827ab"}'
    headers = {
        "finch-event-id": "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj",
        "finch-timestamp": "1676312382",
        "finch-signature": "v1,m7y0TV2C+hlHxU42wCieApTSTaA8/047OAplBqxIV/s=",
    }
    key, at = "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH", datetime.fromtimestamp(1676312382, UTC)
    assert isinstance(checked(FINCH, headers, body, key, at), Verification)
    bare = headers["finch-signature"].removeprefix("v1,")
    for other in (f"v2,{bare}", bare, "v1,bXlfc2ln"):
        assert checked(FINCH, {**headers, "finch-signature": other}, body, key, at) == "signature_wrong"
    both = {**headers, "finch-signature": f"v1,bXlfc2ln {headers['finch-signature']}"}
    assert isinstance(checked(FINCH, both, body, key, at), Verification)
    assert checked(FINCH, headers, body, key, at + timedelta(minutes=6)) == "signature_expired"


#: What makes PyPI standardwebhooks 1.1.0 raise something that is no verification error, or accept.
TRAPS = {
    "an item without a comma": lambda h: h | {"webhook-signature": "v1"},
    "an item with two commas": lambda h: h | {"webhook-signature": "v1,a,b"},
    "a value that is not base64": lambda h: h | {"webhook-signature": "v1,a"},
    "a time with a fraction": lambda h: h | {"webhook-timestamp": h["webhook-timestamp"] + ".0"},
}


@pytest.mark.parametrize("trap", TRAPS)
def test_where_the_library_trips_the_engine_refuses(trap: str):
    scheme, real_now = SCHEMES["standard-webhooks"], datetime.now(UTC)
    headers, body = sent(scheme, at=real_now)
    changed = TRAPS[trap](dict(headers))
    if "fraction" not in trap:
        with pytest.raises(ValueError):  # noqa: PT011 - binascii.Error, or unpacking
            Webhook(WHSEC).verify(body, changed, json_parse=False)
    assert checked(scheme, changed, body, now=real_now) == "signature_wrong"


def test_a_body_that_is_no_text_is_verified_as_bytes():
    for scheme in SCHEMES.values():
        if scheme.from_body is None:
            headers, body = sent(scheme, b"\xff\xfe\x00")
            assert isinstance(checked(scheme, headers, body), Verification)


# --- every scheme --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SCHEMES, "lever"])
def test_what_is_signed_is_accepted_and_nothing_under_another_secret(name: str):
    scheme = LEVER if name == "lever" else SCHEMES[name]
    headers, body = sent(scheme)
    assert isinstance(checked(scheme, headers, body), Verification)
    stranger = "whsec_" + "QUJD" * 12 if scheme.key is standard_webhooks_key else "stranger"
    assert checked(scheme, headers, body, stranger) == "signature_wrong"


@settings(max_examples=200)
@given(st.sampled_from(sorted(SCHEMES)), st.data())
def test_a_tampered_byte_always_refuses(name: str, data: st.DataObject):
    scheme = SCHEMES[name]
    headers, body = sent(scheme)
    at = data.draw(st.integers(0, len(body) - 1))
    flip = data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from(["flip", "drop", "insert"]))
    changed = {
        "flip": body[:at] + bytes([body[at] ^ flip]) + body[at + 1 :],
        "drop": body[:at] + body[at + 1 :],
        "insert": body[:at] + bytes([flip]) + body[at:],
    }[cut]
    assert changed == body or checked(scheme, headers, changed) == "signature_wrong"


@settings(max_examples=200)
@given(st.sampled_from(sorted(SCHEMES)), st.data())
def test_a_tampered_signature_always_refuses(name: str, data: st.DataObject):
    """Any other digest, in whatever encoding, is wrong."""
    scheme = SCHEMES[name]
    headers, body = sent(scheme)
    size = 64 if scheme.algorithm == "sha512" else 32
    text = data.draw(st.binary(min_size=size, max_size=size).map(bytes.hex) | st.text(max_size=90))
    front = headers[scheme.header].rpartition(scheme.prefix)[0] if scheme.timestamp_item else ""
    right = decode_digest(
        headers[scheme.header].rpartition(scheme.prefix)[2] if scheme.prefix else headers[scheme.header], size
    )
    changed = {**headers, scheme.header: front + scheme.prefix + text}
    answer = checked(scheme, changed, body)
    assert isinstance(answer, str) or decode_digest(text.strip(), size) == right


NAMES = sorted({name for scheme in [*SCHEMES.values(), LEVER, TOKEN, BASIC] for name in scheme.headers}
               | set(SENT) | {"finch-event-id", "finch-timestamp", "x-bamboohr-timestamp", "webhook-id",
                              "smartrecruiters-timestamp", "webhook-timestamp", "x-deel-hmac-label",
                              "body:token", "body:triggeredat"})  # fmt: skip
ANY_TEXT = st.text(max_size=60) | st.text(st.characters(categories=["Cs", "Nd", "Zs"]), max_size=14)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(NAMES), ANY_TEXT), st.binary(max_size=40))
def test_junk_never_raises_and_never_passes(headers: dict[str, str], body: bytes):
    for scheme in (*SCHEMES.values(), LEVER, TOKEN, BASIC):
        secret = "hr:" + "k" * 40 if scheme is BASIC else None
        assert str(checked(scheme, headers, body, secret)).startswith("signature_")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), st.lists, max_leaves=5),
       st.sampled_from(["signature", "token", "triggeredAt"]))  # fmt: skip
def test_a_signature_inside_a_body_is_read_whatever_stands_there(value: object, name: str):
    headers, body = sent(LEVER)
    tree = {**json.loads(body), name: value}
    assert tree == json.loads(body) or isinstance(checked(LEVER, headers, json.dumps(tree).encode()), str)


def test_what_a_sender_writes_into_headers_never_stands_for_what_is_in_the_body():
    _, body = sent(LEVER)
    stolen = lever_fields(body)
    assert checked(LEVER, stolen, b"{}") == "signature_missing"
    assert isinstance(checked(LEVER, {"body:signature": "x"}, body), Verification)


# --- times ---------------------------------------------------------------------------------------------------


def test_a_late_retry_is_taken_and_a_clock_far_ahead_is_not():
    for scheme, back in ((BAMBOOHR, 3 * 3600), (SMARTRECRUITERS, 300)):
        for seconds, good in ((-back, True), (-back - 1, False), (300, True), (301, False)):
            headers, body = sent(scheme, at=NOW + timedelta(seconds=seconds))
            assert isinstance(checked(scheme, headers, body), Verification) is good, (scheme.name, seconds)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("2026-08-17T10:00:00Z", "ok"),
        ("2026-08-17T12:00:00+02:00", "ok"),
        ("2026-08-17T10:00:00.123456Z", "ok"),
        ("2026-08-17T04:00:00", "ok"),  # no zone: it may be Utah's time
        ("2026-08-16T04:00:00", "signature_expired"),
        ("2026-08-17T04:00:00Z", "signature_expired"),
        ("2026-08-17", "signature_wrong"),
        ("20260817T100000Z", "signature_wrong"),
        ("1786960800.0", "signature_wrong"),
        ("17869608000", "signature_wrong"),
        ("١٧٨٦٩٦٠٨٠٠", "signature_wrong"),
        ("NaN", "signature_wrong"),
    ],
)
def test_a_time_is_ten_digits_or_iso_in_full(text: str, answer: str):
    mac = hmac.new(b"k" * 40, BODY + text.encode(), hashlib.sha256).hexdigest()
    headers = {"x-bamboohr-timestamp": text, "x-bamboohr-signature": mac}
    found = checked(BAMBOOHR, headers, BODY)
    assert (found if isinstance(found, str) else "ok") == answer


def test_the_border_between_a_body_and_the_time_behind_it_cannot_be_moved():
    """Nothing stands between them, so other splits have the same bytes: none has a time of the documented form."""
    for stamp in ("1786960800", "2026-08-17T10:00:00Z", "2026-08-17T10:00:00.123+00:00"):
        whole = b'{"n":1}' + stamp.encode()
        mac = hmac.new(b"k" * 40, whole, hashlib.sha256).hexdigest()
        passed = []
        for at in range(len(whole)):
            tail = whole[at:].decode("ascii")
            headers = {"x-bamboohr-timestamp": tail, "x-bamboohr-signature": mac}
            if isinstance(checked(BAMBOOHR, headers, whole[:at]), Verification):
                passed.append(tail)
        assert passed == [stamp]


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_none(text: str):
    for read in (read_seconds, read_milliseconds, read_iso, read_seconds_or_iso):
        found = read(text)
        assert found is None or found.at.tzinfo is UTC


# --- tokens, Basic, labels, many secrets ---------------------------------------------------------------------


def test_a_token_comes_in_either_header_and_one_wrong_does_not_hide_a_right_one():
    token = "k" * 40
    for headers in ({"x-onboarding-token": token}, {"authorization": token}, {"authorization": f"Bearer {token}"},
                    {"authorization": f"Basic {token}", "x-onboarding-token": token}):  # fmt: skip
        found = checked(TOKEN, headers, b"anything")
        assert isinstance(found, Verification)
        assert not found.timestamp_checked
    for headers in ({"x-onboarding-token": f"Bearer {token}"}, {"authorization": f"Token {token}"},
                    {"x-onboarding-token": token + " x"}, {"authorization": "Bearer"}):  # fmt: skip
        assert checked(TOKEN, headers, b"anything") == "signature_wrong"
    assert checked(TOKEN, {"x-onboarding-token": ""}, b"") == "signature_missing"


def test_basic_is_compared_as_the_credentials_that_it_encodes():
    good = {"authorization": "Basic aHI6c8OpY3JldA=="}  # hr:sécret
    assert isinstance(checked(BASIC, good, b"", "hr:sécret"), Verification)
    assert isinstance(
        checked(BASIC, {"authorization": "basic aHI6c8OpY3JldA"}, b"", "hr:sécret"), Verification
    )
    for text in ("aHI6c8OpY3JldA==", "Basic aHI6", "Basic %", "Basic hr:sécret", "Digest aHI6c8OpY3JldA=="):
        assert checked(BASIC, {"authorization": text}, b"", "hr:sécret") == "signature_wrong"


@pytest.mark.parametrize(
    ("sent_label", "label"),
    [("2024 key-1", "2024 key-1"), ("", None), ("ä", None), ("x" * 65, None), ("a\nb", None), (None, None)],
)
def test_the_vendors_name_of_the_key_is_shown_if_it_looks_like_one(sent_label: str | None, label: str | None):
    headers, body = sent(SCHEMES["deel"])
    named = headers if sent_label is None else {**headers, "x-deel-hmac-label": sent_label}
    found = checked(SCHEMES["deel"], named, body)
    assert isinstance(found, Verification)
    assert found.label == label


def test_sixteen_secrets_are_tried_and_the_one_that_fits_is_named():
    older = [f"older-{number}" for number in range(1, MAX_SECRETS)]
    many = SourceSettings("a", "a", Secret("newest"), Secret(" \n".join(older)))
    expected = ["current", "previous", *(f"previous-{number}" for number in range(2, MAX_SECRETS))]
    found = []
    for secret in ("newest", *older):
        headers, body = sent(SMARTRECRUITERS, secret=secret)
        answer = checked(SMARTRECRUITERS, headers, body, many)
        assert isinstance(answer, Verification)
        found.append(answer.key_id)
    assert found == expected
    both = SourceSettings("a", "a", None, Secret("only-old"))
    headers, body = sent(SMARTRECRUITERS, secret="only-old")
    assert isinstance(checked(SMARTRECRUITERS, headers, body, both), Verification)


# --- schemes that make no sense ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"algorithm": "md5"}, "algorithm must be one of"),
        ({"encoding": "base32"}, "encoding must be one of"),
        ({"header": "X-Sig"}, "lower case"),
        ({"template": "POST"}, "must contain {body}"),
        ({"template": "{body}{ts}"}, "name the timestamp's header"),
        ({"template": "{id}{body}"}, "name the id's header"),
        ({"separator": ""}, "must not be empty"),
        ({"tolerance_seconds": 5, "timestamp_header": "t"}, "proves nothing"),
    ],
)
def test_a_scheme_that_makes_no_sense_is_refused_where_it_is_written(values: dict, text: str):
    with pytest.raises(ValueError, match=text.replace("{", r"\{")):
        SignatureScheme(**{"name": "x", "header": "x-sig", **values})


def test_absent_headers_are_empty_and_literals_stay_where_they_are():
    made = signed_bytes(SMARTRECRUITERS, {"smartrecruiters-timestamp": "1786960800"}, b"{id}")
    assert made == b"1786960800.{id}...."
