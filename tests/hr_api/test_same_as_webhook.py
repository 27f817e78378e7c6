"""What is read says the same of a person as the webhook said: the read must undo nothing of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from onboarding.domain.hire import Certainty, FetchRef
from onboarding.hr_api import HrApis
from onboarding.hr_api.vendors import ashby as ashby_reader
from onboarding.hr_api.vendors import workable as workable_reader
from onboarding.intake import catalog
from onboarding.intake.vendors import ashby as ashby_webhook
from onboarding.intake.vendors import workable as workable_webhook
from onboarding.ports import HrRecord, ReaderRefused
from onboarding.settings import Secret, Settings, SourceSettings

PRESENT = {"value": "ada@present-employer.example", "type": "Work"}


async def never(seconds: float) -> None:
    raise AssertionError("nothing here is tried twice")


async def read(vendor: str, ref: FetchRef, answers: dict[str, Any], **source: Any) -> HrRecord:
    """The record, from the last part of a path → JSON."""
    settings = Settings(
        sources={
            vendor: SourceSettings(
                vendor, vendor, api_url="https://hr.example", api_token=Secret("t"), **source
            )
        }
    )

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answers[request.url.path.rpartition("/")[2]])

    apis = HrApis(settings, sleep=never, fraction=lambda: 0.5, transport=httpx.MockTransport(handle))
    try:
        return await apis.read(vendor, ref)
    finally:
        await apis.aclose()


async def ashby(**candidate: Any) -> HrRecord:
    results = {
        "application.info": {"id": "A1", "status": "Hired", "candidate": {"id": "c1"}},
        "candidate.info": {"id": "c1", "name": "Ada Byron", **candidate},
        "offer.list": [],
    }
    answers = {name: {"success": True, "results": said} for name, said in results.items()}
    return await read("ashby", FetchRef("application", "A1"), answers)


@pytest.mark.parametrize(
    ("candidate", "address"),
    [
        ({"primaryEmailAddress": PRESENT, "emailAddresses": [PRESENT]}, None),
        ({"primaryEmailAddress": PRESENT}, None),
        ({"primaryEmailAddress": {**PRESENT, "type": "work"}}, None),
        ({"primaryEmailAddress": {"value": "ada@x.example", "type": "Other"}}, "ada@x.example"),
        ({"primaryEmailAddress": {"value": "ada@x.example"}}, "ada@x.example"),
        (
            {
                "primaryEmailAddress": PRESENT,
                "emailAddresses": [PRESENT, {"value": "ada@x.example", "type": "Personal"}],
            },
            "ada@x.example",
        ),
    ],
)
async def test_ashby_a_candidates_address_at_the_present_employer_is_nobodys_address(
    candidate: dict[str, Any], address: str | None
):
    hire = (await ashby(**candidate)).hire
    assert (hire.personal_email, hire.work_email) == (address, None)


async def test_ashby_a_number_has_one_label_however_it_came():
    for kind, label in ashby_webhook.LABELS.items():
        hire = (await ashby(phoneNumbers=[{"value": "+491701234567", "type": kind.title()}])).hire
        assert [phone.label for phone in hire.phones or ()] == [label], kind


def test_the_labels_of_numbers_are_the_same_for_webhook_and_read():
    assert ashby_reader.LABELS == ashby_webhook.LABELS
    assert workable_reader.LABELS == workable_webhook.LABELS


async def workable(start: str, options: dict[str, Any], **said: Any) -> HrRecord:
    answer = {"id": "e1", "firstname": "Ada", "status": "status_published", "start_date": start, **said}
    return await read("workable", FetchRef("employee", "e1"), {"e1": answer}, options=options)


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo", "America/Los_Angeles", "UTC"])
@pytest.mark.parametrize(
    "start", ["2026-11-30T15:00:00.000Z", "2026-11-30T14:59:59.999Z", "2026-12-01T07:59:59Z", "2026-12-01"]
)
async def test_workable_a_start_is_the_same_day_in_the_companys_zone(start: str, zone: str | None):
    options = {"time_zone": zone} if zone else {}
    adapter = catalog.bound(SourceSettings("workable", "workable", options=options), "workable")
    assert adapter is not None
    body = f'{{"event_type":"employee_created","data":{{"id":"e1","start_date":"{start}"}}}}'.encode()
    said = adapter.events("workable", body, {})[0].hire.start_date
    assert (await workable(start, options)).hire.start_date == said


async def test_workable_the_days_in_tokyo():
    tokyo = {"time_zone": "Asia/Tokyo"}
    assert (await workable("2026-11-30T15:00:00.000Z", tokyo)).hire.start_date == date(2026, 12, 1)
    assert (await workable("2026-11-30T15:00:00.000Z", {})).hire.start_date == date(2026, 11, 30)
    broken = await workable("2026-11-31T15:00:00.000Z", tokyo)
    assert (broken.hire.start_date, broken.unusable) == (None, (("bad_date", "start_date"),))


async def test_workable_a_zone_that_does_not_exist_names_the_setting():
    for name in ("Nowhere/Land", "", 7, "../etc"):
        with pytest.raises(ReaderRefused, match="ONBOARDING_HR_WORKABLE_OPTIONS") as caught:
            await workable("2026-12-01", {"time_zone": name})
        assert caught.value.code == "hr_not_configured"


@pytest.mark.parametrize(
    ("said", "certainty"),
    [
        ({}, None),
        ({"status": None, "state": " "}, None),
        ({"status": "status_draft"}, Certainty.DRAFT),
        ({"status": "draft"}, Certainty.DRAFT),
        ({"state": "Draft"}, Certainty.DRAFT),
        ({"status": "status_active", "state": "DRAFT"}, Certainty.DRAFT),
        ({"state": "published"}, Certainty.EMPLOYEE),
        ({"status": "status_active"}, Certainty.EMPLOYEE),
    ],
)
async def test_workable_a_draft_is_one_however_it_is_spelt_and_no_word_is_no_word(
    said: dict[str, Any], certainty: Certainty | None
):
    answer = {"id": "e1", "firstname": "Ada", **said}
    record = await read("workable", FetchRef("employee", "e1"), {"e1": answer})
    assert record.certainty is certainty
    for word in ("status_draft", "Draft", "published", "status_active"):
        assert workable_reader.is_draft(word) is workable_webhook.is_draft(word), word


async def test_workable_a_legal_entity_is_an_id_and_no_name():
    record = await workable("2026-12-01", {}, legal_entity="5f7c8ff1-6a0e-4f0a-9d8e-0a6c4f1c2b3d")
    assert record.hire.legal_entity is None
    assert "legal_entity" not in record.cleared
