"""The pages in docs/vendors: one for each adapter, and what they tell people to write works."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from onboarding.intake import catalog
from onboarding.settings import Secret, SourceSettings

PAGES = Path("docs/vendors")
BLOCK = re.compile(r"^( *)```(json|toml)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def blocks(slug: str) -> list[tuple[str, dict[str, Any]]]:
    """(language, content) of every JSON and TOML block of a page."""
    text = (PAGES / f"{slug}.md").read_text("utf-8")
    return [
        (language, tomllib.loads(content) if language == "toml" else json.loads(content))
        for _, language, content in BLOCK.findall(text)
    ]


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_is_about_an_adapter_and_names_its_address_and_its_secret(page: Path) -> None:
    text, slug = page.read_text("utf-8"), page.stem
    if slug == "README":
        return
    assert slug in catalog.adapters()
    name = slug.upper().replace("-", "_")
    assert f"/api/hr/{slug}" in text or slug == "custom"
    assert f"ONBOARDING_HR_{name}_SECRET" in text or slug == "custom"


def test_every_adapter_is_in_the_table_of_pages() -> None:
    text = (PAGES / "README.md").read_text("utf-8")
    assert [slug for slug in catalog.adapters() if f"({slug}.md)" not in text] == []
    assert [slug for slug in catalog.adapters() if not (PAGES / f"{slug}.md").is_file()] == []


@pytest.mark.parametrize("slug", ["scim", "cloudevents", "custom"])
def test_every_example_of_options_is_accepted(slug: str) -> None:
    found = [content for _, content in blocks(slug)]
    assert len(found) >= (3 if slug == "custom" else 1)
    for options in found:
        assert catalog.bound(SourceSettings(slug, slug, Secret("x"), options=options), slug) is not None


def test_the_hire_event_of_the_page_is_one() -> None:
    ((_, example),) = blocks("standard-webhooks")
    (event,) = catalog.adapters()["standard-webhooks"].events("x", json.dumps(example).encode(), {})
    assert event.hire.employee_id == "7315"


def test_the_map_of_the_page_reads_what_it_says() -> None:
    _, options = blocks("custom")[0]
    adapter = catalog.bound(SourceSettings("custom", "custom", Secret("x"), options=options), "custom")
    assert adapter is not None
    body = {"event": "New hire", "employee": {"id": 1, "first": "A", "start": "09/01/2026", "mobile": "1"}}
    (event,) = adapter.events("x", json.dumps(body).encode(), {})
    assert (str(event.event_type), event.hire.given_name, str(event.hire.start_date)) == (
        "hire.created",
        "A",
        "2026-09-01",
    )
    assert adapter.scheme.header == "x-api-key"
