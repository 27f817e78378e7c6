"""Every reader against its vendor's pretend API: one person in ten dresses; permissions, absence, outages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from onboarding.domain.hire import Certainty, FetchRef
from onboarding.errors import OnboardingError, Throttled, Unavailable
from onboarding.hr_api import HrApis
from onboarding.hr_api.readers import readers
from onboarding.ports import HrRecord, ReaderRefused, RecordGone
from onboarding.settings import Secret, Settings, SourceSettings
from onboarding.simulator.server import SimulatorThread, running_simulator

#: vendor → (kind, id, token).
VENDORS = {
    "ashby": ("application", "8b7f-1", "ashby-key"),
    "bamboohr": ("employee", "4711", "bamboo-key"),
    "deel": ("person", "e3a1-9", "deel-token"),
    "finch": ("individual", "5d0b-1", "finch-token"),
    "gusto": ("employee", "9779-7", "gusto-token"),
    "hibob": ("employee", "3332883884017713938", "SERVICE-1:secret"),
    "lever": ("opportunity", "250d8f03", "lever-key"),
    "personio": ("person", "32180425", "client:secret"),
    "smartrecruiters": ("candidate", "1f8c-4", "sr-key"),
    "workable": ("employee", "b5d0ef", "workable-token"),
}
PERSON: dict[str, Any] = {
    "given_name": "Søren",
    "family_name": "O'Neill-Weiß",
    "work_email": "soren@contoso.example",
    "personal_email": "soren@example.net",
    "employee_number": "00731",
    "job_title": "Controller",
    "department": "Finance",
    "location": "Wien",
    "home_country": "Austria",
    "work_country": "Austria",
    "start_date": "2026-09-01",
    "manager": {"id": "M1", "email": "petra@contoso.example", "name": "Petra Vogel"},
    "phones": {"mobile": "+43 660 1234567", "work": "+43 1 5321234"},
}
ONE_NAME = {"lever", "ashby"}
#: What the vendor's record cannot say, by the facts of its API.
NO_START = {"gusto-none"}
LATE = "2026-08-17T10:00:00+00:00"


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorThread]:
    with running_simulator(seed=1) as running:
        yield running


@pytest.fixture
def http(simulator: SimulatorThread) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator.base_url, timeout=10) as client:
        client.post("/_control/reset", json={"seed": 1})
        yield client


def settings(base: str, **changes: Any) -> Settings:
    phones = {"personio": ("dynamic_1001", "Work phone"), "hibob": ()}
    return Settings(
        sources={
            vendor: SourceSettings(
                vendor,
                vendor,
                api_url=f"{base}/vendors/{vendor}",
                api_token=Secret(token),
                api_phone_fields=phones.get(vendor, ()),
                **changes,
            )
            for vendor, (_, _, token) in VENDORS.items()
        }
    )


def put(http: httpx.Client, vendor: str, **changes: Any) -> None:
    body = {**PERSON, **changes}
    assert http.put(f"/_control/vendors/{vendor}/people/{VENDORS[vendor][1]}", json=body).is_success
    http.post("/_control/clock", json={"advance": "PT21S"})


async def never(seconds: float) -> None:
    await asyncio.sleep(0)


async def read(http: httpx.Client, vendor: str, config: Settings | None = None) -> HrRecord:
    apis = HrApis(config or settings(str(http.base_url).rstrip("/")), sleep=never, fraction=lambda: 0.0)
    kind, identifier, _ = VENDORS[vendor]
    try:
        return await apis.read(vendor, FetchRef(kind, identifier))
    finally:
        await apis.aclose()


def test_there_is_a_reader_for_every_vendor_with_its_pages():
    assert set(readers()) == set(VENDORS)
    for reader in readers().values():
        assert all(page.startswith("https://") for page in reader.documents)
        assert reader.kinds
        assert reader.credential


async def test_one_person_reads_the_same_from_every_vendor(http: httpx.Client):
    wrong = []
    for vendor in VENDORS:
        put(http, vendor)
        record = await read(http, vendor)
        hire = record.hire
        name = hire.display_name if vendor in ONE_NAME else f"{hire.given_name} {hire.family_name}"
        found = {
            "name": name,
            "start": hire.start_date,
            "mail": hire.personal_email or hire.work_email,
            "mobile": "+43 660 1234567" in [phone.raw for phone in hire.phones or ()],
            "certainty": record.certainty,
            "title": hire.job_title,
            "id": bool(hire.employee_id or hire.candidate_id),
            "withheld": record.withheld,
            "unusable": record.unusable,
            "withdrawn": record.withdrawn,
        }
        expected = {
            "name": "Søren O'Neill-Weiß",
            "start": date(2026, 9, 1),
            "mail": "soren@contoso.example" if vendor == "personio" else "soren@example.net",
            "mobile": True,
            "certainty": Certainty.EMPLOYEE,
            "title": "Controller",
            "id": True,
            "withheld": (),
            "unusable": (),
            "withdrawn": False,
        }
        wrong += [(vendor, key, found[key]) for key in expected if found[key] != expected[key]]
    assert wrong == []


async def test_no_phone_and_no_permission_to_see_it_are_told_apart(http: httpx.Client):
    for vendor, withheld in (
        ("bamboohr", {"phones[mobile]", "phones[home]", "phones[work]"}),
        ("hibob", {"phones[mobile]", "phones[work]"}),
        ("personio", {"phones"}),
    ):
        put(http, vendor, phones={})
        record = await read(http, vendor)
        assert (record.hire.phones, record.withheld) == ((), ()), vendor
        put(http, vendor, hidden=["phones", "start_date"])
        record = await read(http, vendor)
        assert record.hire.phones is None, vendor
        assert set(record.withheld) == withheld | {"start_date"}, vendor


async def test_a_first_day_that_needs_another_right_counts_as_withheld(http: httpx.Client):
    for vendor, hidden in (("lever", "start_date"), ("ashby", "start_date"), ("finch", "employment")):
        put(http, vendor, hidden=[hidden])
        record = await read(http, vendor)
        assert record.hire.start_date is None, vendor
        assert "start_date" in record.withheld, vendor


async def test_a_right_that_is_missing_and_a_record_that_is_gone_are_two_errors(http: httpx.Client):
    found = {}
    for vendor in VENDORS:
        try:
            await read(http, vendor)
        except OnboardingError as exc:
            found[vendor] = exc.code
    assert found == dict.fromkeys(VENDORS, "hr_record_gone")
    for vendor, hidden in (("gusto", "employees"), ("deel", "people"), ("smartrecruiters", "candidates"),
                           ("finch", "individual"), ("ashby", "candidate")):  # fmt: skip
        put(http, vendor, hidden=[hidden])
        with pytest.raises(ReaderRefused) as caught:
            await read(http, vendor)
        assert caught.value.code == "hr_permission", vendor


async def test_a_broken_value_is_a_finding_and_never_an_error(http: httpx.Client):
    for vendor in VENDORS.keys() - {"lever"}:
        put(http, vendor, start_date="soon", job_title="x" * 2000)
        record = await read(http, vendor)
        assert ("bad_date", "start_date") in record.unusable, vendor
        assert ("text_too_long", "job_title") in record.unusable, vendor
        assert record.hire.start_date is None, vendor


async def test_hibob_shows_what_was_true_twenty_seconds_ago(http: httpx.Client):
    put(http, "hibob")
    identifier = VENDORS["hibob"][1]
    http.put(f"/_control/vendors/hibob/people/{identifier}", json={**PERSON, "given_name": "Sören"})
    assert (await read(http, "hibob")).hire.given_name == "Søren"
    http.post("/_control/clock", json={"advance": "PT21S"})
    assert (await read(http, "hibob")).hire.given_name == "Sören"
    assert readers()["hibob"].lag.total_seconds() == 20


async def test_status_and_drafts_decide_how_sure_the_record_is(http: httpx.Client):
    table = [
        ("smartrecruiters", "OFFERED", Certainty.OFFER, False),
        ("smartrecruiters", "IN_REVIEW", Certainty.CANDIDATE, False),
        ("smartrecruiters", "WITHDRAWN", Certainty.CANDIDATE, True),
        ("workable", "status_draft", Certainty.DRAFT, False),
        ("ashby", "Archived", Certainty.CANDIDATE, True),
        ("lever", "hired", Certainty.EMPLOYEE, False),
        ("lever", "active", Certainty.CANDIDATE, False),
        ("lever", "underqualified", Certainty.CANDIDATE, True),
    ]
    for vendor, status, certainty, withdrawn in table:
        put(http, vendor, status=status)
        record = await read(http, vendor)
        assert (record.certainty, record.withdrawn) == (certainty, withdrawn), (vendor, status)


async def test_lever_names_the_contact_of_a_hire_and_knows_of_the_contacts_other_hires(http: httpx.Client):
    put(http, "lever", contact="p-1")
    record = await read(http, "lever")
    assert (record.also_known_as, record.unclear) == (("contact:p-1",), False)
    for other in ("hired", "underqualified", "active"):
        http.put("/_control/vendors/lever/people/other", json={**PERSON, "contact": "p-1", "status": other})
        for status in ("active", "underqualified"):
            put(http, "lever", contact="p-1", status=status)
            record = await read(http, "lever")
            if other == "hired":
                said = (record.certainty, record.hire.candidate_id, record.also_known_as, record.withdrawn)
                assert said == (Certainty.EMPLOYEE, "other", ("contact:p-1",), False), status
                assert record.otherwise is not None
                record = record.otherwise
            told = (record.certainty, record.also_known_as, record.otherwise, record.withdrawn)
            assert told == (Certainty.CANDIDATE, (), None, status != "active"), (other, status)


async def test_rate_limits_and_outages_are_waited_for_a_little_and_then_handed_on(http: httpx.Client):
    put(http, "bamboohr")
    path = "/vendors/bamboohr/**"
    fault = {"method": "GET", "path": path, "mode": "status", "times": 1}
    http.post("/_control/faults", json={**fault, "status": 503})
    assert (await read(http, "bamboohr")).hire.given_name == "Søren"
    http.post("/_control/faults", json={**fault, "status": 429, "retry_after": 90.5})
    with pytest.raises(Throttled) as throttled:
        await read(http, "bamboohr")
    assert throttled.value.retry_after == 90.5
    http.post("/_control/faults", json={**fault, "mode": "drop_before", "times": 9})
    with pytest.raises(Unavailable):
        await read(http, "bamboohr")
    http.delete("/_control/faults")


async def test_the_pretend_apis_check_the_form_of_the_credential_and_refuse_what_they_do_not_model(
    http: httpx.Client,
):
    for vendor in VENDORS:
        put(http, vendor)
    calls = {
        "ashby": ("POST", "/application.info"),
        "bamboohr": ("GET", "/api/v1/employees/4711"),
        "deel": ("GET", "/rest/v2/people/e3a1-9"),
        "finch": ("POST", "/employer/individual"),
        "gusto": ("GET", "/v1/employees/9779-7"),
        "hibob": ("POST", "/v1/people/3332883884017713938"),
        "lever": ("GET", "/v1/opportunities/250d8f03"),
        "personio": ("GET", "/v1/company/employees/32180425"),
        "smartrecruiters": ("GET", "/candidates/1f8c-4"),
        "workable": ("GET", "/spi/v3/employees/b5d0ef"),
    }
    for vendor, (method, path) in calls.items():
        assert http.request(method, f"/vendors/{vendor}{path}", json={}).status_code == 401, vendor
        assert http.request(method, f"/vendors/{vendor}{path}?page=2", json={}).status_code == 501, vendor
        assert http.request("PATCH", f"/vendors/{vendor}{path}").status_code == 501, vendor
    assert http.get("/vendors/unknown-hr/x").status_code == 501


async def test_a_budget_is_enforced_with_a_decimal_retry_after(http: httpx.Client):
    put(http, "gusto")
    http.post("/_control/policy", json={"enforce_quota": True})
    bearer = {"Authorization": "Bearer x"}
    answers = [http.get("/vendors/gusto/v1/employees/9779-7", headers=bearer) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert 0 < float(answers[-1].headers["Retry-After"]) <= 10


async def test_what_is_not_configured_is_said_with_the_name_of_the_setting():
    table: list[tuple[dict[str, Any], str, str]] = [
        ({"adapter": "greenhouse"}, "no_hr_reader", "reader"),
        ({"adapter": "bamboohr"}, "hr_not_configured", "ONBOARDING_HR_OUR_HR_API_"),
        ({"adapter": "bamboohr", "api_token": Secret("k")}, "hr_not_configured", "API_URL"),
        ({"adapter": "hibob", "api_token": Secret("k")}, "hr_not_configured", "ID:TOKEN"),
    ]
    for url in ("http://bamboo.example", "https://user:pw@bamboo.example", "https://bamboo.example/?x=1", "bamboo",
                "ftp://bamboo.example", "https://", "https://bamboo.example:99999", "https://[::1"):  # fmt: skip
        table.append(
            (
                {"adapter": "bamboohr", "api_token": Secret("k"), "api_url": url},
                "hr_not_configured",
                "API_URL",
            )
        )
    for given, code, words in table:
        config = Settings(sources={"our-hr": SourceSettings("our-hr", **given)})
        apis = HrApis(config, sleep=never, fraction=lambda: 0.0)
        with pytest.raises(ReaderRefused) as caught:
            await apis.read("our-hr", FetchRef("employee", "1"))
        assert caught.value.code == code, given
        assert words in caught.value.message
        await apis.aclose()


async def test_a_kind_of_record_that_the_reader_does_not_know_is_no_call():
    apis = HrApis(settings("https://never.example"), sleep=never, fraction=lambda: 0.0)
    with pytest.raises(ReaderRefused) as caught:
        await apis.read("personio", FetchRef("invoice", "1"))
    assert caught.value.code == "no_hr_reader"


def test_gone_is_an_operators_matter_and_refused_the_deployers():
    assert RecordGone("x").code == "hr_record_gone"


EMPTY: dict[str, Any] = {"job_title": None, "manager": None, "phones": {}}
#: What their records know about an employee; the others are records of candidates.
EMPLOYEES = ("bamboohr", "deel", "finch", "gusto", "hibob", "personio")


async def test_a_field_that_is_there_and_empty_was_emptied(http: httpx.Client):
    for vendor in EMPLOYEES:
        put(http, vendor, **EMPTY)
        record = await read(http, vendor)
        assert {"job_title", "manager"} <= set(record.cleared), vendor
        assert record.hire.phones == (), vendor
        assert not {"given_name", "start_date", "department"} & set(record.cleared), vendor


async def test_a_field_that_is_kept_from_us_or_cannot_be_read_is_not_emptied(http: httpx.Client):
    for vendor in ("bamboohr", "hibob", "personio"):
        put(http, vendor, **EMPTY, hidden=["job_title", "phones", "department"], start_date="soon")
        record = await read(http, vendor)
        assert not {"job_title", "start_date", "department"} & set(record.cleared), vendor
        assert record.hire.phones is None, vendor


async def test_what_a_recruiter_does_not_know_is_no_word_about_the_employee(http: httpx.Client):
    for vendor in ("ashby", "lever", "smartrecruiters"):
        put(http, vendor, **EMPTY, start_date=None)
        record = await read(http, vendor)
        assert (record.cleared, record.hire.phones) == ((), None), vendor


async def test_a_termination_that_was_cancelled_takes_its_date_with_it(http: httpx.Client):
    put(http, "gusto", end_date="2027-01-31")
    assert (await read(http, "gusto")).hire.end_date == date(2027, 1, 31)
    put(http, "gusto", end_date=None)
    assert "end_date" in (await read(http, "gusto")).cleared


async def test_bamboohr_says_that_somebody_left_by_status_and_date_together(http: httpx.Client):
    for status, end, ended in (
        ("Inactive", "2026-09-01", True),
        ("inactive", "2026-08-20", True),
        ("Inactive", None, False),
        ("Active", "2026-09-01", False),
    ):
        put(http, "bamboohr", status=status, end_date=end)
        assert (await read(http, "bamboohr")).ended is ended, (status, end)


# --- SmartRecruiters: somebody with several applications ---------------------------------------------------------


def application(status: str, start: str | None = None, title: str = "Cook") -> dict[str, Any]:
    return {"status": status, "start_date": start, "job_title": title}


MAIN, OTHER = "2026-09-01", "2026-10-01"


@pytest.mark.parametrize(
    ("main", "others", "certainty", "withdrawn", "start", "title"),
    [
        # The main one is put away, or nothing was decided in it, and another one hires.
        ("REJECTED", [application("HIRED", OTHER)], Certainty.EMPLOYEE, False, OTHER, "Cook"),
        ("IN_REVIEW", [application("NEW"), application("hired", OTHER)], Certainty.EMPLOYEE, False, OTHER, "Cook"),
        ("OFFERED", [application("HIRED", OTHER)], Certainty.EMPLOYEE, False, OTHER, "Cook"),
        # The main one hires.
        ("HIRED", [application("REJECTED", OTHER)], Certainty.EMPLOYEE, False, MAIN, "Controller"),
        ("HIRED", [application("HIRED", "2019-01-01")], Certainty.EMPLOYEE, False, MAIN, "Controller"),
        ("HIRED", [application("HIRED")], Certainty.EMPLOYEE, False, MAIN, "Controller"),
        # Hired years ago, and again; by the main one or not.
        ("HIRED", [application("HIRED", OTHER)], Certainty.EMPLOYEE, False, OTHER, "Cook"),
        ("NEW", [application("HIRED", "2019-01-01", "Waiter"), application("HIRED", OTHER)],
         Certainty.EMPLOYEE, False, OTHER, "Cook"),
        # Nobody hires.
        ("REJECTED", [application("OFFERED", OTHER)], Certainty.OFFER, False, OTHER, "Cook"),
        ("WITHDRAWN", [application("REJECTED", OTHER)], Certainty.CANDIDATE, True, MAIN, "Controller"),
        ("REJECTED", [application("IN_REVIEW")], Certainty.CANDIDATE, True, MAIN, "Controller"),
        ("IN_REVIEW", [application("REJECTED", OTHER)], Certainty.CANDIDATE, False, MAIN, "Controller"),
    ],
)  # fmt: skip
async def test_smartrecruiters_whichever_application_hires_counts(
    http: httpx.Client, main: str, others: list[dict[str, Any]], certainty: Certainty, withdrawn: bool, start: str,
    title: str,
):  # fmt: skip
    put(http, "smartrecruiters", status=main, secondary=others)
    record = await read(http, "smartrecruiters")
    assert (record.certainty, record.withdrawn) == (certainty, withdrawn)
    assert (record.hire.start_date, record.hire.job_title) == (date.fromisoformat(start), title)


async def test_smartrecruiters_the_main_hire_waits_for_its_day_and_others_faults_are_not_the_persons(
    http: httpx.Client,
):
    put(http, "smartrecruiters", start_date=None, secondary=[application("HIRED", "2019-01-01")])
    assert (await read(http, "smartrecruiters")).hire.start_date is None
    put(http, "smartrecruiters", secondary=[application("HIRED", "soon")])
    record = await read(http, "smartrecruiters")
    assert (record.hire.start_date, record.unusable) == (date(2026, 9, 1), ())
    put(http, "smartrecruiters", status="REJECTED", secondary=[application("HIRED", "soon")])
    assert (await read(http, "smartrecruiters")).unusable == (("bad_date", "start_date"),)
    odd: list[tuple[dict[str, Any], Certainty]] = [
        (
            {"primaryAssignment": None, "secondaryAssignments": [None, {"status": "HIRED"}]},
            Certainty.EMPLOYEE,
        ),
        ({"secondaryAssignments": {"status": "HIRED"}}, Certainty.CANDIDATE),
        ({"primaryAssignment": "HIRED"}, Certainty.CANDIDATE),
    ]
    for raw, certainty in odd:
        put(http, "smartrecruiters", raw={"id": "1f8c-4", **raw})
        record = await read(http, "smartrecruiters")
        assert (record.certainty, record.withdrawn) == (certainty, False), raw


# --- Workable: a token of the account reads in a member's name ---------------------------------------------------


def workable(http: httpx.Client, token: str, options: dict[str, Any]) -> Settings:
    url = f"{str(http.base_url).rstrip('/')}/vendors/workable"
    source = SourceSettings("workable", "workable", api_url=url, api_token=Secret(token), options=options)
    return Settings(sources={"workable": source})


async def test_workable_reads_with_a_token_of_the_account_in_a_members_name(http: httpx.Client):
    put(http, "workable")
    for token, options in (
        ("account-1", {"member_id": "13e0eb0e"}),
        ("user-1", {}),
        ("user-1", {"member_id": "9"}),
    ):
        record = await read(http, "workable", workable(http, token, options))
        assert record.hire.family_name == "O'Neill-Weiß", (token, options)
    log = http.get("/_control/requests").json()["items"]
    asked = [item["path"].partition("?")[2] for item in log if "/spi/v3/employees/" in item["path"]]
    assert asked == ["member_id=13e0eb0e", "", "member_id=9"]


async def test_workable_says_which_option_is_missing_or_wrong(http: httpx.Client):
    put(http, "workable")
    with pytest.raises(ReaderRefused, match=r"ONBOARDING_HR_WORKABLE_OPTIONS: .* needs member_id") as caught:
        await read(http, "workable", workable(http, "account-1", {}))
    assert caught.value.code == "hr_option"
    for member in (13, "", " "):
        with pytest.raises(
            ReaderRefused, match="ONBOARDING_HR_WORKABLE_OPTIONS: member_id must be"
        ) as caught:
            await read(http, "workable", workable(http, "account-1", {"member_id": member}))
        assert caught.value.code == "hr_not_configured"
    fault = {"method": "GET", "path": "/vendors/workable/**", "mode": "status", "times": 1, "status": 400}
    assert http.post("/_control/faults", json=fault).is_success
    with pytest.raises(ReaderRefused, match="check that member_id is the id of a member") as caught:
        await read(http, "workable", workable(http, "account-1", {"member_id": "left"}))
    assert caught.value.code == "hr_option"


# --- Deel: events about a contract -------------------------------------------------------------------------------


async def contract(http: httpx.Client, kind: str = "contract", **said: Any) -> HrRecord:
    """The contract c-1, read; the person is `PERSON` of profile e3a1-9 unless `profile` says another."""
    http.put("/_control/vendors/deel/people/c-1", json={"profile": VENDORS["deel"][1], **said})
    apis = HrApis(settings(str(http.base_url).rstrip("/")), sleep=never, fraction=lambda: 0.0)
    try:
        return await apis.read("deel", FetchRef(kind, "c-1"))
    finally:
        await apis.aclose()


async def test_a_contract_is_read_with_the_person_of_its_worker(http: httpx.Client):
    put(http, "deel", department=None)
    record = await contract(http, start_date="2026-10-01", job_title="Cook")
    hire = record.hire
    assert (hire.employee_id, hire.given_name, hire.family_name) == ("e3a1-9", "Søren", "O'Neill-Weiß")
    assert (hire.start_date, hire.job_title) == (date(2026, 10, 1), "Cook"), "what was agreed stands"
    assert (hire.manager and hire.manager.id, [phone.raw for phone in hire.phones or ()]) == (
        "M1",
        ["+43 660 1234567"],
    )
    assert (record.certainty, record.withdrawn, record.cleared) == (
        Certainty.EMPLOYEE,
        False,
        ("department", "end_date", "preferred_name"),
    )


async def test_a_worker_without_a_profile_is_known_by_the_contract_alone(http: httpx.Client):
    said = {"given_name": "Lin", "family_name": "Berg", "start_date": "2026-10-01"}
    for profile in (None, "nobody"):
        record = await contract(http, profile=profile, **said)
        hire = record.hire
        assert (hire.employee_id, hire.given_name, hire.start_date) == (None, "Lin", date(2026, 10, 1))
        assert (record.cleared, hire.phones) == ((), None)


async def test_only_a_contract_that_was_signed_hires_and_a_withdrawn_one_says_so(http: httpx.Client):
    put(http, "deel")
    table = [
        ("new", None, Certainty.OFFER, False),
        ("waiting_for_employee_sign", None, Certainty.OFFER, False),
        ("waiting_for_employee_contract", "2026-08-01T00:00:00Z", Certainty.EMPLOYEE, False),
        ("in_progress", None, Certainty.EMPLOYEE, False),
        ("user_cancelled", None, Certainty.EMPLOYEE, True),
        ("rejected", None, Certainty.EMPLOYEE, True),
    ]
    for status, signed_at, certainty, withdrawn in table:
        record = await contract(http, status=status, signed_at=signed_at)
        assert (record.certainty, record.withdrawn) == (certainty, withdrawn), status


async def test_a_token_that_may_not_read_contracts_is_the_deployers_matter(http: httpx.Client):
    with pytest.raises(ReaderRefused) as caught:
        await contract(http, hidden=["contracts"])
    assert caught.value.code == "hr_permission"


RUNS = {"id": "c-2", "is_ended": False, "contract_status": "in_progress"}
OVER: list[dict[str, Any]] = [
    {"id": "c-1", "is_ended": False, "contract_status": "in_progress"},
    {"id": "c-0", "is_ended": True, "contract_status": "in_progress"},
    {"id": "c-9", "contract_status": "user_cancelled"},
    {"id": None},
    {"id": " "},
]


async def test_the_contracts_that_run_are_names_of_the_person(http: httpx.Client):
    put(http, "deel", employments=[*OVER, RUNS])
    assert (await read(http, "deel")).also_known_as == ("contract:c-1", "contract:c-2")
    assert (await contract(http)).also_known_as == ("contract:c-1", "contract:c-2")
    put(http, "deel")
    assert (await contract(http)).also_known_as == ("contract:c-1",)


@pytest.mark.parametrize(("kind", "status"), [("contract", "cancelled"), ("ended_contract", "in_progress")])
async def test_a_contract_that_is_over_says_who_that_was_unless_another_one_runs(
    http: httpx.Client, kind: str, status: str
):
    put(http, "deel", employments=OVER)
    record = await contract(http, kind, status=status, end_date="2026-10-31")
    assert (record.withdrawn, record.ended) == (kind == "contract", kind != "contract")
    assert record.certainty is Certainty.EMPLOYEE
    hire = record.hire
    assert (hire.employee_id, hire.end_date, hire.given_name) == ("e3a1-9", date(2026, 10, 31), None)
    put(http, "deel", employments=[*OVER, RUNS])
    record = await contract(http, kind, status=status)
    assert (record.withdrawn, record.ended, record.certainty) == (False, False, Certainty.OFFER)
    assert (record.hire.given_name, record.hire.end_date) == ("Søren", None)
    record = await contract(http, kind, status=status, profile=None, given_name="Lin")
    assert (record.withdrawn or record.ended, record.hire.given_name) == (True, None)
