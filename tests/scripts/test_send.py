"""`scripts.send`: a body of every vendor, sent as that vendor would, is taken at the door."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onboarding.intake import catalog
from onboarding.intake.adapter import Role
from onboarding.intake.receive import receive
from scripts import send
from tests.support.intake_services import VENDORS, make_world, request
from tests.support.vendor_fixtures import Fixture, fixtures

BODIES = [
    item
    for slug in catalog.adapters()
    for item in fixtures(slug)
    if item.role in {Role.HIRE, Role.THIN, Role.UPDATE, Role.CANCEL} and item.method == "POST"
]


def test_there_is_a_body_to_send_for_every_vendor():
    assert {item.slug for item in BODIES} == set(catalog.adapters())


@pytest.mark.parametrize("fixture", BODIES, ids=lambda item: item.name)
async def test_what_is_sent_is_taken(fixture: Fixture):
    world = make_world(fixture.settings)
    world.clock.move(days=400)  # a time that stands in the body is long past
    secret = fixture.settings.secret
    assert secret is not None
    headers = send.known_headers(fixture.path)
    made, body = send.signed(fixture.adapter, secret.reveal(), fixture.body, world.clock.at, headers)
    answer = await receive(world.services, fixture.slug, request(made, body))
    assert (answer.status, json.loads(answer.body)["result"]) == (fixture.adapter.success_status, "queued")
    world.store.close()


def test_headers_come_from_the_description_beside_the_file_or_from_nowhere(tmp_path: Path):
    form = VENDORS / "bamboohr" / "employee_updated_form.form"
    assert send.known_headers(form) == {"content-type": send.FORM}
    named = send.known_headers(VENDORS / "smartrecruiters" / "candidate_updated.json")
    assert named["event-name"] == "candidate.updated"
    assert send.known_headers(tmp_path / "own.json") == {}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["own.json"], "there is no adapter"),
        (["own.json", "--adapter", "lever"], "start `make serve` first"),
    ],
)
def test_what_is_missing_is_said(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        send.main(arguments)
    assert says in capsys.readouterr().err
