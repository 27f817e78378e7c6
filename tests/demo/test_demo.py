"""`make demo ONCE=1`: its last line is counted again from what HR posted, the tenant's request log, its users and
its mailbox, never from the service's own cases; and what must hold for every seed holds.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from onboarding.cli.demo import hr
from onboarding.cli.demo import people as p
from onboarding.cli.demo.people import Person
from onboarding.followup import catalogue

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240), pytest.mark.xdist_group("demo")]

HR = "hr@contoso.example"
DESK = "servicedesk@contoso.example"
#: Methods that password reset accepts, of those that the demo registers.
RECOVER = {"microsoftAuthenticatorPush", "mobilePhone"}
REFERENCE = re.compile(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}\b")

#: Country as HR of the demo writes it → zone, where HR names none. By hand, from a map.
ZONES = {
    "Germany": "Europe/Berlin", "Deutschland": "Europe/Berlin", "Austria": "Europe/Vienna",
    "Switzerland": "Europe/Zurich", "Ireland": "Europe/Dublin", "United Kingdom": "Europe/London",
    "Spain": "Europe/Madrid", "Portugal": "Europe/Lisbon", "France": "Europe/Paris", "Italy": "Europe/Rome",
    "Belgium": "Europe/Brussels", "Luxembourg": "Europe/Luxembourg", "The Netherlands": "Europe/Amsterdam",
    "Netherlands": "Europe/Amsterdam", "Denmark": "Europe/Copenhagen", "Norway": "Europe/Oslo",
    "Sweden": "Europe/Stockholm", "Finland": "Europe/Helsinki", "Poland": "Europe/Warsaw",
    "Czech Republic": "Europe/Prague", "Croatia": "Europe/Zagreb", "Greece": "Europe/Athens",
    "Romania": "Europe/Bucharest", "Türkiye": "Europe/Istanbul", "Kazakhstan": "Asia/Almaty",
    "Israel": "Asia/Jerusalem", "Egypt": "Africa/Cairo", "Ghana": "Africa/Accra", "Nigeria": "Africa/Lagos",
    "South Africa": "Africa/Johannesburg", "India": "Asia/Kolkata", "Vietnam": "Asia/Ho_Chi_Minh",
    "Indonesia": "Asia/Jakarta", "Singapore": "Asia/Singapore", "Japan": "Asia/Tokyo",
    "Korea, Republic of": "Asia/Seoul", "Brazil": "America/Sao_Paulo",
}  # fmt: skip
SATURDAY_SUNDAY, FRIDAY_SATURDAY = {5, 6}, {4, 5}
WEEKENDS = {"Israel": FRIDAY_SATURDAY, "Egypt": FRIDAY_SATURDAY}


# --- runs ------------------------------------------------------------------------------------------------

#: The seed that `make demo` takes. With --every-store the next one as well: other people on other days.
SEED = 1


def seeds(config: pytest.Config) -> tuple[int, ...]:
    return (SEED, SEED + 1) if config.getoption("every_store") else (SEED,)


def free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@dataclass(frozen=True)
class Demo:
    """One finished run: what it printed, and what HR posted and the tenant saw."""

    seed: int
    code: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def result(self) -> dict[str, int]:
        data: dict[str, int] = json.loads(self.stdout.splitlines()[-1])
        return data

    def data(self, name: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        return items

    def mails(self) -> list[dict[str, Any]]:
        """What went out because of one person. The digest to HR is about values."""
        return [mail for mail in self.data("mail") if mail["to"] != [HR]]

    @property
    def hires(self) -> list[Person]:
        return p.hires(self.seed)

    def who(self, *behaviours: str) -> set[str]:
        return {h.employee_id for h in self.hires if h.behaviour in behaviours}


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[dict[int, Demo]]:
    """One run for each seed, side by side."""
    wanted = seeds(pytestconfig)
    ports = free_ports(2 * len(wanted))
    started = {}
    for number, seed in enumerate(wanted):
        folder = tmp_path_factory.mktemp("demo") / "data"
        env = {
            **{name: value for name, value in os.environ.items() if name != "COLUMNS"},
            "PORT": str(ports[2 * number]),
            "SIM_PORT": str(ports[2 * number + 1]),
            "DEMO_FOLDER": str(folder),
            "ONBOARDING_MODE": "dry_run",  # what a developer has exported does not change the demo
        }
        command = [sys.executable, "-m", "onboarding", "demo", "--once", "--seed", str(seed)]
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
        )
        started[seed] = process, folder
    try:
        yield {seed: _finish(seed, *running) for seed, running in started.items()}
    finally:
        for process, _ in started.values():
            if process.poll() is None:
                process.terminate()
                process.wait(10)


def _finish(seed: int, process: subprocess.Popen[str], folder: Path) -> Demo:
    out, err = process.communicate(timeout=200)
    return Demo(seed, process.returncode, out, err, folder)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "demo" in metafunc.fixturenames:
        metafunc.parametrize("demo", seeds(metafunc.config), ids="seed {}".format, indirect=True)


@pytest.fixture
def demo(request: pytest.FixtureRequest, demos: dict[int, Demo]) -> Demo:
    return demos[request.param]


# --- reading the mailbox ---------------------------------------------------------------------------------


def subject_pattern(message: str) -> re.Pattern[str]:
    """Subjects of a message in every language, with the person's name as the first group that matched."""
    texts = [catalogue.texts(language)[f"{message}.subject"] for language in catalogue.languages()]
    return re.compile("|".join(re.escape(text).replace(r"\{person\}", "(.+)") for text in texts))


def about(demo: Demo, mail: dict[str, Any], message: str) -> str | None:
    """Employee id of the person whom this mail to a manager or the desk names; None: another message."""
    found = subject_pattern(message).fullmatch(mail["subject"])
    if found is None:
        return None
    name = next(filter(None, found.groups()))
    hits = [h for h in demo.hires if h.name == name]
    if len(hits) > 1:  # two people of one name: the mail names the user, or goes to one's manager
        named = {
            u["employeeId"] for u in demo.data("users") if u["userPrincipalName"] in mail["text"].split()
        }
        hits = [
            h
            for h in hits
            if h.employee_id in named
            or (not named and [hr.address(hr.MANAGERS[h.manager or 0])] == mail["to"])
        ]
    (person,) = hits
    return person.employee_id


def reader_or_subject(demo: Demo, mail: dict[str, Any]) -> str:
    """The person whom a mail is to or about."""
    own = [re.fullmatch(r"person-(\d+)@personal\.example", address) for address in mail["to"]]
    if found := next(filter(None, own), None):
        return found[1]
    messages = (
        "access_pass_manager",
        "access_pass_desk",
        "escalate_manager",
        "escalate_desk",
        "resolved_desk",
    )
    return next(filter(None, (about(demo, mail, message) for message in messages)))


def passes(demo: Demo) -> dict[str, dict[str, Any]]:
    """Employee id → the mail with the first credential."""
    return {
        person: mail
        for mail in demo.mails()
        for message in ("access_pass_manager", "access_pass_desk")
        if (person := about(demo, mail, message))
    }


def created(demo: Demo) -> list[str]:
    """Employee ids of the accounts that were made through Graph."""
    return [user["employeeId"] for user in demo.data("users") if user["origin"] == "graph"]


def confirmed(demo: Demo) -> set[str]:
    """Who has, at the end, a method that password reset accepts and that they registered themselves."""
    return {
        user["employeeId"]
        for user in demo.data("users")
        if any(m["method"] in RECOVER and m["actor"] == "user" for m in user["methods"])
    }


def escalated(demo: Demo) -> set[str]:
    """Whom mails to managers and the desk name as late."""
    messages = ("escalate_manager", "escalate_desk")
    named = {about(demo, mail, message) for mail in demo.mails() for message in messages}
    return {person for person in named if person}


def accepted(demo: Demo) -> list[dict[str, Any]]:
    return [item for item in demo.data("deliveries") if 200 <= item["status"] < 300]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- the numbers -----------------------------------------------------------------------------------------


def test_it_ends_well_and_standard_output_holds_one_line_of_json(demo: Demo) -> None:
    assert demo.code == 0, demo.stderr
    assert list(json.loads(demo.stdout)) == [
        "deliveries",
        "users_created",
        "confirmed",
        "escalated",
        "blocked",
    ]
    assert demo.stdout.count("\n") == 1


def test_deliveries_are_the_posts_that_a_door_accepted_duplicates_included(demo: Demo) -> None:
    log = (demo.folder / "service.log").read_text(encoding="utf-8")
    said = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert demo.result["deliveries"] == len(accepted(demo))
    assert len(accepted(demo)) == sum(line.get("action") == "delivery.accepted" for line in said)
    assert Counter(item["status"] for item in demo.data("deliveries"))[401] == 1  # the forged one
    assert Counter(item["result"] for item in accepted(demo))["duplicate"] >= 3


def test_users_created_is_the_number_of_posts_that_entra_answered_with_201(demo: Demo) -> None:
    posts = [r for r in demo.data("requests") if (r["method"], r["path"]) == ("POST", "/v1.0/users")]
    assert demo.result["users_created"] == sum(r["status"] == 201 for r in posts)


def test_every_hire_has_one_account_but_those_stopped_before_creation(demo: Demo) -> None:
    stopped = demo.who(p.WITHDRAWN, p.INCOMPLETE, p.TWIN)
    hired = {item["employee_id"] for item in accepted(demo)}
    assert len(stopped) == 3
    assert sorted(created(demo)) == sorted(hired - stopped)


def test_confirmed_are_those_who_registered_themselves(demo: Demo) -> None:
    assert demo.result["confirmed"] == len(confirmed(demo)) > 0
    assert not confirmed(demo) & demo.who(p.HELPED, p.PASSKEY, p.REMOVES, p.NEVER)


def test_escalated_are_those_whom_mail_to_managers_and_the_desk_names(demo: Demo) -> None:
    assert demo.result["escalated"] == len(escalated(demo))
    late = demo.who(p.HELPED, p.PASSKEY, p.REMOVES, p.NEVER, p.CANCELS, p.VERY_LATE)
    # Greenhouse names no manager: whoever registers before the desk's turn (day 10) is named to nobody.
    spared = {h.employee_id for h in demo.hires if (h.source, h.behaviour) == (p.GREENHOUSE, p.CANCELS)}
    assert escalated(demo) & late == late - spared
    assert not escalated(demo) & demo.who(p.EARLY, p.PROMPT, p.LATE, p.LEFT, p.WITHDRAWN)


def test_blocked_are_those_announced_and_not_withdrawn_without_an_account_of_ours(demo: Demo) -> None:
    announced = {item["employee_id"] for item in accepted(demo)}
    withdrawn = {item["employee_id"] for item in accepted(demo) if item["event"] == "hire.cancelled"}
    assert demo.result["blocked"] == len(announced - withdrawn - set(created(demo)))
    assert announced - withdrawn - set(created(demo)) == demo.who(p.INCOMPLETE, p.TWIN)


def test_another_seed_gives_other_people_and_numbers(demos: dict[int, Demo]) -> None:
    assert p.hires(SEED) != p.hires(SEED + 1)
    results = [demo.result for demo in demos.values()]
    assert all(one != other for one, other in pairwise(results))


# --- what must hold --------------------------------------------------------------------------------------


def test_there_are_forty_hires_from_twelve_countries_and_two_of_one_name(demo: Demo) -> None:
    assert len(demo.hires) >= 40
    assert len({ZONES.get(h.country, h.zone) for h in demo.hires}) >= 12
    assert Counter(h.name for h in demo.hires).most_common(1) == [("Jürgen Groß", 2)]


def test_hr_is_told_at_most_once_a_day_and_by_employee_ids_alone(demo: Demo) -> None:
    digests = [mail for mail in demo.data("mail") if mail["to"] == [HR]]
    assert digests
    assert max(Counter(mail["sent_at"][:10] for mail in digests).values()) == 1
    told = "".join(mail["text"] + mail["html"] for mail in digests)
    assert [hire.employee_id for hire in demo.hires if hire.name in told or "@personal." in told] == []


def test_no_rung_goes_out_twice_but_in_a_later_episode(demo: Demo) -> None:
    mails = demo.mails()
    references = Counter(reference for mail in mails for reference in REFERENCE.findall(mail["text"]))
    assert len(references) == len(mails)
    assert set(references.values()) == {1}
    again = demo.who(p.REMOVES)
    seen = Counter((reader_or_subject(demo, m), *m["to"], m["subject"]) for m in mails)
    assert {key[0] for key, number in seen.items() if number > 1} <= again
    assert all(number <= 2 for number in seen.values())


@pytest.mark.parametrize("behaviour", [p.HELPED, p.PASSKEY])
def test_an_administrators_phone_and_a_passkey_alone_confirm_nobody(demo: Demo, behaviour: str) -> None:
    (person,) = demo.who(behaviour)
    (user,) = [u for u in demo.data("users") if u["employeeId"] == person]
    assert {(m["method"], m["actor"]) for m in user["methods"]} >= (
        {("mobilePhone", "admin")} if behaviour == p.HELPED else {("fido2", "user")}
    )
    (case,) = [c for c in demo.data("cases") if c["employee_id"] == person]
    assert case["state"] == "following_up"
    mails = [m for m in demo.mails() if reader_or_subject(demo, m) == person]
    assert not any(about(demo, mail, "resolved_desk") for mail in mails)
    assert len(mails) == 1 + 1 + 4 + 2  # pass, welcome, ladder to the person, manager and desk


def test_nobody_gets_a_message_outside_the_persons_working_hours(demo: Demo) -> None:
    hires = {h.employee_id: h for h in demo.hires}
    wrong = []
    for mail in demo.mails():
        if about(demo, mail, "resolved_desk"):
            continue  # that it is done is said at once
        person = hires[reader_or_subject(demo, mail)]
        local = moment(mail["sent_at"]).astimezone(ZoneInfo(person.zone or ZONES[person.country]))
        weekend = WEEKENDS.get(person.country, SATURDAY_SUNDAY)
        if local.weekday() in weekend or not time(9) <= local.time() < time(17):
            wrong.append((person.name, mail["subject"], f"{local:%a %H:%M}"))
    assert not wrong


def test_the_first_credential_goes_out_before_the_first_day_and_never_to_the_person(demo: Demo) -> None:
    found, by_id = passes(demo), {h.employee_id: h for h in demo.hires}
    assert set(found) == set(created(demo)) - demo.who(p.LEFT)
    begin = min(moment(item["at"]) for item in demo.data("deliveries"))
    for person, mail in found.items():
        hire = by_id[person]
        above = DESK if hire.source == p.GREENHOUSE else hr.address(hr.MANAGERS[hire.manager or 0])
        assert mail["to"] == [above]
        zone = ZoneInfo(hire.zone or ZONES[hire.country])
        assert moment(mail["sent_at"]).astimezone(zone).date() < hr.start_day(hire, begin.date())


def test_nobody_registers_before_the_first_credential_works(demo: Demo) -> None:
    for user in demo.data("users"):
        issued = [m for m in user["methods"] if m["method"] == "temporaryAccessPass"]
        for method in user["methods"]:
            if method["actor"] == "user":
                assert moment(method["createdDateTime"]) >= moment(issued[0]["startDateTime"])


def test_whoever_was_named_as_late_and_then_registered_is_reported_as_done(demo: Demo) -> None:
    done = {about(demo, mail, "resolved_desk") for mail in demo.mails()} - {None}
    assert done == escalated(demo) & confirmed(demo)


def test_one_person_is_one_case_also_when_an_offer_came_first(demo: Demo) -> None:
    cases = demo.data("cases")
    assert sorted(c["employee_id"] or "none" for c in cases) == sorted(h.employee_id for h in demo.hires)


def test_it_begins_on_a_monday_morning(demo: Demo) -> None:
    first = min(moment(item["at"]) for item in demo.data("deliveries"))
    assert (first.weekday(), first.hour) == (0, 6)
    assert first - first.replace(minute=0, second=0, microsecond=0) < timedelta(minutes=5)


# --- for people ------------------------------------------------------------------------------------------


def test_without_a_terminal_it_prints_plain_lines_that_fit_a_hundred_columns(demo: Demo) -> None:
    assert "\x1b" not in demo.stderr
    assert "\r" not in demo.stderr
    table = demo.stderr[demo.stderr.index("What happened to whom") :]
    assert max(len(line) for line in table.splitlines()[:-1]) <= 100
    assert "Waits for an operator: 2" in table
    assert f"{demo.result['confirmed']} confirmed" in " ".join(table.split())


def test_the_table_names_everybody(demo: Demo) -> None:
    table = re.sub(r"\s+", " ", demo.stderr[demo.stderr.index("What happened to whom") :])
    short = [h.name for h in demo.hires if h.name not in table and h.name != "José María de la Cruz Núñez"]
    assert not short
