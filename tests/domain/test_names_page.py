"""docs/names.md against the code: its examples, its notes, its reasons."""

from __future__ import annotations

import re
from pathlib import Path

from onboarding.cli.names import NOTES
from onboarding.domain.names import PersonName, upn_candidates
from onboarding.operate.explain import REASONS
from onboarding.provisioning.steps import reserve_username

PAGE = (Path(__file__).parents[2] / "docs" / "names.md").read_text(encoding="utf-8")


def test_the_examples_are_what_the_code_does() -> None:
    rows = re.findall(r"^\| (.+) \| (\w+) \| `(.+)` \|$", PAGE, re.M)
    assert len(rows) >= 10
    for name, language, expected in rows:
        given, _, family = name.removeprefix("Dr. ").partition(" ")
        person = PersonName("Dr. " + given if name.startswith("Dr.") else given, family)
        assert next(upn_candidates(person, "x.example", locale=language)) == f"{expected}@x.example"


def test_every_note_is_explained_and_every_reason_exists() -> None:
    assert set(re.findall(r"`(\w+)` \|$", PAGE, re.M)) == set(NOTES)
    for reason in ("needs_approval_lookalike", "no_free_username"):
        assert f"`{reason}`" in PAGE
        assert reason in REASONS
    table = (Path(__file__).parent / "data" / "names_of_the_world.tsv").read_text(encoding="utf-8")
    languages = {re.split("[-\t]", line)[0] for line in table.splitlines() if not line.startswith("#")}
    assert f"{len(languages)} languages" in PAGE
    assert f"After {reserve_username.CANDIDATES} names" in PAGE
