"""The published schema says what the parser does."""

from __future__ import annotations

import copy
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from onboarding.domain.hire import Hire, HireEventBody, ManagerRef, Phone
from onboarding.intake import catalog, schema
from onboarding.intake.payload import Unreadable

#: Loaded without an import statement: it has no types.
Draft202012Validator: Any = pytest.importorskip("jsonschema").Draft202012Validator
ROOT = Path(__file__).parents[2]
ADAPTER = catalog.adapters()["standard-webhooks"]
VALIDATOR = Draft202012Validator(schema.schema())
BODIES = sorted((ROOT / "tests" / "vendors" / "standard-webhooks").glob("*.json"))


def taken(body: Any) -> bool:
    try:
        ADAPTER.events("x", json.dumps(body).encode(), {"webhook-id": "m"})
    except Unreadable:
        return False
    return True


def test_the_file_is_what_the_generator_makes():
    file = ROOT / "docs" / "schemas" / "hire-event.json"
    assert file.read_text("utf-8") == schema.text(), (
        "python -m onboarding.intake.schema > docs/schemas/hire-event.json"
    )
    Draft202012Validator.check_schema(json.loads(file.read_text("utf-8")))


@pytest.mark.parametrize("owner", [HireEventBody, Hire, Phone, ManagerRef], ids=lambda owner: owner.__name__)
def test_every_field_is_described(owner: type):
    assert set(schema.ABOUT[owner]) == {item.name for item in fields(owner)}
    assert all(len(text) > 5 for text in schema.ABOUT[owner].values())


@pytest.mark.parametrize("example", schema.EXAMPLES, ids=range(len(schema.EXAMPLES)))
def test_examples_are_valid_and_taken(example: dict[str, Any]):
    VALIDATOR.validate(example)
    assert taken(example)


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_fixtures_are_valid(path: Path):
    VALIDATOR.validate(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize(
    "change",
    [
        {"event_type": None},
        {"event_type": 7},
        {"event_type": "hire.created", "type": "hire.created"},
        {"employee_id": None},
        {"employee_id": True},
        {"employee_id": {"id": 7}},
        {"given_name": 7},
        {"given_name": ["x"]},
        {"phones": "+49"},
        {"phones": [7]},
        {"phones": [{"raw": 49}]},
        {"manager": "Ada"},
        {"manager": {"email": 7}},
        {"certainty": "perhaps"},
        {"department_is_id": "yes"},
        {"changed_fields": "x"},
        {"changed_fields": [7]},
        {"data": []},
        {"person": "x"},
        {"job_title": "x" * 1025},
    ],
    ids=str,
)
def test_what_the_schema_refuses_the_door_refuses(change: dict[str, Any]):
    good: dict[str, Any] = {"event_type": "hire.created", "employee_id": "7", "start_date": "2026-09-01"}
    assert VALIDATOR.is_valid(good)
    assert taken(good)
    bad = {key: value for key, value in {**good, **copy.deepcopy(change)}.items() if value is not None}
    assert not VALIDATOR.is_valid(bad)
    assert not taken(bad)


@pytest.mark.parametrize(
    "change",
    [
        {"start_date": "01.09.2026"},
        {"start_date": "2026-02-29"},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-08-17T09:00:00"},
        {"occurred_at": "2026-08-17T09:00:00Z", "timestamp": "2026-08-17T09:00:00Z"},
        {"schema_version": "2.0"},
        {"person": {"employee_id": "8"}},
        {"phones": [{"raw": "1", "value": "2"}]},
    ],
    ids=str,
)
def test_what_only_the_door_can_judge_it_refuses(change: dict[str, Any]):
    assert not taken({"event_type": "hire.created", "employee_id": "7", **change})
