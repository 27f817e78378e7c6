"""The case: one JSON form, nothing lost on the way, and nothing in it that is a credential."""

from __future__ import annotations

import msgspec
import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import SCHEMA, TENANT, Alias, AliasKind, Case, aliases_of
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.domain.records import StepStatus
from tests.storage.stores import NAMES, full_case
from tests.support.doubles import CASE_ID, T0


def test_a_full_case_comes_back_as_it_was() -> None:
    case = full_case()
    case.etag = "7"
    assert decode(encode(case), "7") == case


@pytest.mark.parametrize(("display", "given", "family"), NAMES)
def test_every_name_comes_back_as_it_was(display: str | None, given: str | None, family: str | None) -> None:
    hire = Hire(display_name=display, given_name=given, family_name=family)
    case = Case(CASE_ID, "x", State.RECEIVED, hire, T0, T0)
    assert decode(encode(case), "1").hire == hire


def test_the_etag_is_the_stores_and_not_in_the_row() -> None:
    case = full_case()
    case.etag = "secret-etag"
    assert b"secret-etag" not in encode(case)
    assert b"etag" not in encode(case)
    assert case.etag == "secret-etag", "the case is as it was"
    assert decode(encode(case), "other").etag == "other"


def test_the_row_carries_its_schema() -> None:
    assert msgspec.json.decode(encode(full_case()))["schema"] == SCHEMA


def test_a_row_without_newer_fields_is_read_with_their_defaults() -> None:
    row = msgspec.json.decode(encode(full_case()))
    for name in ("approvals", "refused_names", "phone_hash", "rungs", "episode"):
        row.pop(name)
    row.pop("mark")
    for name in ("restored_at", "enabled_for"):
        row["account"].pop(name)
    case = decode(msgspec.json.encode(row), "1")
    assert (case.approvals, case.refused_names, case.phone_hash, case.rungs, case.episode) == (
        [],
        [],
        None,
        {},
        1,
    )
    assert case.account is not None
    assert (case.mark, case.account.restored_at, case.account.enabled_for) == (None, None, None)


def test_an_older_schema_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    from onboarding.domain import case_rows as module

    def lift(row: dict[str, object]) -> dict[str, object]:
        return {**row, "source": f"{row['source']}-lifted", "schema": int(str(row["schema"])) + 1}

    monkeypatch.setattr(module, "SCHEMA", 3)
    monkeypatch.setattr(module, "_LIFTS", {1: lift, 2: lift})
    assert decode(encode(full_case()), "1").source == "bamboohr-lifted-lifted"


@pytest.mark.parametrize("damaged", [b"", b"{}", b'{"case_id": 1}', b"[]", b"\xff", b'{"schema": "x"}'])
def test_a_damaged_row_is_refused(damaged: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(damaged, "1")


def test_a_row_of_a_newer_version_is_refused_and_not_written_back_without_what_is_new() -> None:
    row = {**msgspec.json.decode(encode(full_case())), "schema": SCHEMA + 1, "new_field": 1}
    with pytest.raises(msgspec.ValidationError):
        decode(msgspec.json.encode(row), "1")


def test_aliases_are_what_the_case_is_known_by_and_upns_are_in_lower_case() -> None:
    hire = Hire(employee_id="007", employee_number="7", candidate_id="c-1")
    case = Case(CASE_ID, "greenhouse", State.RECEIVED, hire, T0, T0)
    case.account = Account("id-1", "Zoë.X@Contoso.example", "007", T0)
    assert set(aliases_of(case)) == {
        Alias("greenhouse", AliasKind.EMPLOYEE_ID, "007"),
        Alias("greenhouse", AliasKind.EMPLOYEE_NUMBER, "7"),
        Alias("greenhouse", AliasKind.CANDIDATE_ID, "c-1"),
        Alias(TENANT, AliasKind.UPN, "zoë.x@contoso.example"),
        Alias(TENANT, AliasKind.OBJECT_ID, "id-1"),
    }


@pytest.mark.parametrize(
    ("hire", "key"),
    [
        (Hire(), None),
        (Hire(candidate_id="c"), "c"),
        (Hire(candidate_id="c", employee_number="n"), "n"),
        (Hire(candidate_id="c", employee_number="n", employee_id="007"), "007"),
    ],
)
def test_the_key_is_the_best_id_that_hr_gave(hire: Hire, key: str | None) -> None:
    assert Case(CASE_ID, "x", State.RECEIVED, hire, T0, T0).employee_key == key


def test_a_step_record_is_made_once() -> None:
    case = full_case()
    record = case.step("new")
    assert record.status is StepStatus.PENDING
    assert case.step("new") is record


def test_no_field_of_a_case_is_named_like_a_credential() -> None:
    text = encode(full_case()).decode().lower()
    assert "password" not in text
    assert "secret" not in text
