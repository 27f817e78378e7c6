"""BambooHR: the one signature whose bytes, key and time are public, and what its two body forms have in common."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from onboarding.domain.hire import FetchRef, HireEvent
from onboarding.errors import ConfigurationError, SenderError
from onboarding.intake import catalog
from onboarding.intake.adapter import METHOD, Adapter, Evidence, Need
from onboarding.intake.checks import MAX_BODY
from onboarding.intake.forms import FORM, MAX_FIELDS
from onboarding.intake.signatures import verify
from onboarding.intake.signing import sign
from onboarding.settings import Secret, SourceSettings
from tests.support.intake_services import VENDORS, source

BAMBOOHR = catalog.adapters()["bamboohr"]
#: Captured by Fusebit in July 2022: fusebit/integrations, src/bamboohr/bamboohr-connector/test.
CAPTURED = (VENDORS / "bamboohr" / "with_fields_captured.json").read_bytes()
KEY, STAMP = "123b929362d51613054f71e5e5d4bf2c", "1658248023"
SIGNATURE = "56491dd9c2b352bc5f4fc627159aae20ddff9c8cb19f239a6de6771dc5310bac"
SENT_AT = datetime.fromtimestamp(1658248023, UTC)
SETTINGS = source("bamboohr", "bamboohr", KEY)


def outcome(headers: dict[str, str], body: bytes = CAPTURED, at: datetime = SENT_AT) -> str:
    try:
        return verify(BAMBOOHR.scheme, SETTINGS, headers, body, at).key_id
    except SenderError as error:
        return error.code


def test_the_captured_request_is_accepted_and_nothing_else_like_it():
    good = {"x-bamboohr-signature": SIGNATURE, "x-bamboohr-timestamp": STAMP}
    assert outcome(good) == "current"
    assert outcome(good | {"x-bamboohr-signature": SIGNATURE.upper()}) == "current"
    assert outcome(good, at=SENT_AT + timedelta(hours=3)) == "current", (
        "the last repeat comes after 2 h 35 min"
    )
    assert outcome(good, at=SENT_AT + timedelta(hours=3, seconds=1)) == "signature_expired"
    assert outcome(good, CAPTURED + b" ") == "signature_wrong"
    # Nothing stands between body and time, so a byte may be said to belong to the other side.
    moved = good | {"x-bamboohr-timestamp": "}" + STAMP}
    assert outcome(moved, CAPTURED[:-1]) == "signature_wrong"
    assert outcome(good | {"x-bamboohr-timestamp": STAMP[1:]}, CAPTURED + b"1") == "signature_wrong"


def test_what_we_sign_is_what_was_captured():
    made = sign(BAMBOOHR, KEY, CAPTURED, now=SENT_AT, message_id="unused")
    assert (made["x-bamboohr-signature"], made["x-bamboohr-timestamp"]) == (SIGNATURE, STAMP)


def test_a_time_in_iso_form_is_signed_as_it_is_written():
    iso = {"x-bamboohr-timestamp": "2022-07-19T16:27:03+00:00"}
    made = sign(BAMBOOHR, KEY, CAPTURED, now=SENT_AT, message_id="unused", headers=iso)
    assert made["x-bamboohr-signature"] != SIGNATURE
    assert outcome(made) == "current"


def test_the_same_body_at_another_time_is_another_delivery():
    keys = {
        BAMBOOHR.dedupe_key({"x-bamboohr-timestamp": stamp}, CAPTURED)
        for stamp in (STAMP, STAMP, "1658248024")
    }
    assert len(keys) == 2
    assert BAMBOOHR.dedupe_key({"x-bamboohr-timestamp": "\ud800"}, CAPTURED)


#: docs/vendors/bamboohr.md
FIELDS = ("First Name", "Last Name", "Preferred Name", "Hire Date", "Mobile Phone", "Home Phone", "Work Phone",
          "Home Email", "Work Email", "Job Title", "Department", "Location", "Country", "Reporting to",
          "Status")  # fmt: skip


def many(count: int, value: str) -> list[tuple[str, str]]:
    """A field-based form about this many new employees."""
    pairs = []
    for index in range(count):
        one = f"employees[{index}]"
        pairs += [(f"{one}[id]", str(index)), (f"{one}[action]", "Created")]
        pairs += [(f"{one}[changedFields][{at}]", name) for at, name in enumerate(FIELDS[:4])]
        pairs += [(f"{one}[fields][{name}][value]", value) for name in FIELDS]
    return pairs


@pytest.mark.parametrize(("count", "value", "safe"), [(190, "2026-09-01", ""), (300, "", "[]")])
def test_a_form_about_as_many_people_as_a_body_can_hold_is_read(count: int, value: str, safe: str):
    body = urlencode(many(count, value), safe=safe).encode()
    assert MAX_BODY * 0.9 < len(body) < MAX_BODY
    headers = {"content-type": FORM, METHOD: "POST"}
    for kept in (body, BAMBOOHR.prune(body)):
        events = BAMBOOHR.events("x", kept, headers)
        assert [event.hire.employee_id for event in events] == [str(index) for index in range(count)]


def test_the_fields_of_the_largest_form_are_within_the_bound():
    shortest = urlencode(many(1, ""), safe="[]").encode()
    assert MAX_BODY / (len(shortest) / len(many(1, ""))) < MAX_FIELDS


@pytest.mark.parametrize("secret", [b"98000.00", b"1990-02-28", b"078-05-1120"])
@pytest.mark.parametrize("name", ["with_fields.json", "with_fields_form.form"])
def test_fields_that_are_not_mapped_are_not_kept(name: str, secret: bytes):
    body = (VENDORS / "bamboohr" / name).read_bytes()
    assert secret in body
    assert secret not in BAMBOOHR.prune(body)


@pytest.mark.parametrize(
    ("label", "field"),
    [("Employee #", "employee_number"), ("employeeNumber", "employee_number"), ("First name", "given_name"),
     ("Last Name", "family_name"), ("homeEmail", "personal_email"), ("Job Title", "job_title"),
     ("preferred_name", "preferred_name")],
)  # fmt: skip
def test_fields_are_known_by_label_and_by_api_name(label: str, field: str):
    for value in ({"value": "Ø"}, "Ø"):
        body = json.dumps({"employees": [{"id": "5", "fields": {label: value}}]}).encode()
        assert getattr(BAMBOOHR.events("x", body, {})[0].hire, field) == "Ø"


def test_a_form_and_its_json_mean_the_same():
    form = b"type=employee.deleted&timestamp=2026-08-05T16%3A20%3A11%2B0000&data[companyId]=1&data[employeeId]=67890"
    said = json.dumps({"type": "employee.deleted", "timestamp": "2026-08-05T16:20:11+0000",
                       "data": {"companyId": "1", "employeeId": "67890"}}).encode()  # fmt: skip
    as_form = {"content-type": f"{FORM}; charset=utf-8", METHOD: "POST"}
    assert BAMBOOHR.events("x", form, as_form) == BAMBOOHR.events(
        "x", said, {"content-type": "application/json"}
    )


# --- a company that has field-based hooks only -----------------------------------------------------------------


def bound(options: dict[str, Any], **api: Any) -> Adapter:
    made = catalog.bound(
        SourceSettings("bamboohr", "bamboohr", Secret("x"), options=options, **api), "bamboohr"
    )
    assert made is not None
    return made


def posted(adapter: Adapter, **fields: str) -> HireEvent:
    body = {"employees": [{"id": "7", "action": "Updated", "fields": fields}]}
    return adapter.events("x", json.dumps(body).encode(), {})[0]


def test_field_based_hooks_alone_need_no_api_and_say_what_that_costs():
    alone = bound({"hook": "fields"})
    assert (alone.needs, alone.evidence) == ((Need.SECRET,), Evidence.CAPTURED)
    assert any("API is not asked" in doubt for doubt in alone.doubts)
    whole = {"First Name": "Zoë", "Hire Date": "2026-09-14"}
    assert posted(alone, **whole) == posted(BAMBOOHR, **whole)
    assert posted(alone, **{"First Name": "Zoë"}).needs_fetch is None, "nobody could answer"


def test_with_the_api_field_based_hooks_ask_for_what_they_do_not_say():
    both = bound({"hook": "fields"}, api_url="https://contoso.bamboohr.com", api_token=Secret("t"))
    assert both.needs == BAMBOOHR.needs
    assert posted(both, **{"First Name": "Zoë"}).needs_fetch == FetchRef("employee", "7")
    half = bound({"hook": "fields"}, api_url="https://contoso.bamboohr.com")
    assert Need.API_TOKEN in half.needs, "half of the API is a setting that is missing"


def test_an_event_that_names_a_person_only_is_read_whatever_the_source_says():
    """The company made the other kind of hook: its case says that the API is not configured."""
    body = (VENDORS / "bamboohr" / "employee_created.json").read_bytes()
    assert bound({"hook": "fields"}).events("x", body, {}) == BAMBOOHR.events("x", body, {})


@pytest.mark.parametrize(
    ("form", "text", "day"),
    [
        ("iso", "2026-09-14", date(2026, 9, 14)),
        ("iso", "09/14/2026", None),
        ("us", "09/14/2026", date(2026, 9, 14)),
        ("eu", "14.09.2026", date(2026, 9, 14)),
    ],
)
def test_dates_have_the_form_that_the_source_says_and_another_is_a_finding(
    form: str, text: str, day: date | None
):
    event = posted(bound({"hook": "fields", "dates": form}), **{"Hire Date": text, "First Name": "Zoë"})
    assert event.hire.start_date == day
    assert event.warnings == (() if day else ("bad_date:start_date",))
    assert posted(bound({"dates": form}), **{"Hire Date": "0000-00-00"}).warnings == ()


@pytest.mark.parametrize("options", [{"hook": "legacy"}, {"dates": "german"}, {"hooks": "fields"}])
def test_a_misspelt_option_says_what_it_may_be(options: dict[str, str]):
    with pytest.raises(ConfigurationError, match="ONBOARDING_HR_BAMBOOHR_OPTIONS"):
        bound(options)


def test_a_field_that_is_posted_empty_was_emptied_and_one_that_is_not_posted_says_nothing():
    event = posted(
        BAMBOOHR,
        **{"First Name": "Zoë", "Department": "", "Reporting to": " ", "Hire Date": "0000-00-00",
           "Termination Date": "soon", "Mobile Phone": ""},
    )  # fmt: skip
    assert event.cleared == ("department", "manager", "start_date")
    assert (event.warnings, event.hire.phones) == (("bad_date:end_date",), ())
    assert event.snapshot
    gone = {"employees": [{"id": "7", "action": "Deleted", "fields": {"Department": ""}}]}
    assert BAMBOOHR.events("x", json.dumps(gone).encode(), {})[0].cleared == ()


def test_a_form_is_cut_down_and_says_the_same_also_of_an_employee_of_whom_nothing_is_used() -> None:
    pairs = {
        "employees[0][id]": "71",
        "employees[0][action]": "Created",
        "employees[0][fields][Hire Date][value]": "2026-09-14",
        "employees[9][fields][Pay rate][value]": "98000.00 GBP",
    }
    body, headers = urlencode(pairs).encode(), {"content-type": FORM}
    pruned = BAMBOOHR.prune(body)
    assert b"98000" not in pruned
    before, after = BAMBOOHR.events("bamboohr", body, headers), BAMBOOHR.events("bamboohr", pruned, headers)
    assert [type(event) for event in before] == [type(event) for event in after]
    assert len(after) == 2
