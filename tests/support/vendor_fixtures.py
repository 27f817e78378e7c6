"""The bytes in `tests/vendors/<slug>/` and what `fixtures.toml` there says about them.

    ["*"]                                       # holds for every fixture of this vendor unless it says otherwise
    page = "https://…"                          # where the shape comes from
    evidence = "vendor"                         # vendor | captured | secondary | unconfirmed
    headers = { "greenhouse-event-id" = "ev_1" } # sent beside the signature, and signed where the vendor signs them
    ["hire_candidate.json"]
    role = "hire"                               # hire | thin | update | cancel | ping | other

`method` ("POST") and `options` (a table: of the source, as ONBOARDING_HR_<SOURCE>_OPTIONS) may be given too. The
content type is JSON, or a form for `*.form`, unless `headers` says another. What the bytes mean stands in
`expected/<stem>.json`; a ping needs no expectation.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from onboarding.intake import catalog
from onboarding.intake.adapter import METHOD, Adapter, Evidence, Role
from onboarding.settings import Secret, SourceSettings
from tests.support.intake_services import VENDORS, secrets_of

FORM = "application/x-www-form-urlencoded"
KEYS = frozenset({"page", "evidence", "headers", "role", "method", "options"})


@dataclass(frozen=True)
class Fixture:
    """One captured-shape body, its headers, and what it shows."""

    slug: str
    path: Path
    role: Role
    evidence: Evidence
    page: str
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return self.path.read_bytes()

    @property
    def name(self) -> str:
        return f"{self.slug}/{self.path.stem}"

    @property
    def expected(self) -> Path:
        return self.path.parent / "expected" / f"{self.path.stem}.json"

    @property
    def read_headers(self) -> dict[str, str]:
        """Headers as `Adapter.events` gets them."""
        return {**self.headers, METHOD: self.method}

    @property
    def settings(self) -> SourceSettings:
        """The source that takes it, with both secrets."""
        bare = SourceSettings(self.slug, self.slug, options=self.options)
        current, previous = secrets_of(catalog.adapters()[self.slug])
        return replace(bare, secret=Secret(current), secret_previous=Secret(previous))

    @property
    def adapter(self) -> Adapter:
        """The adapter as that source configures it."""
        found = catalog.bound(self.settings, self.slug)
        assert found is not None
        return found


@functools.cache
def fixtures(slug: str) -> tuple[Fixture, ...]:
    """Every fixture of a vendor. Fails with the name of what is not described, or described wrongly."""
    folder = VENDORS / slug
    said: dict[str, dict[str, Any]] = tomllib.loads((folder / "fixtures.toml").read_text("utf-8"))
    common = said.pop("*", {})
    files = {path.name for path in folder.iterdir() if path.is_file() and path.name != "fixtures.toml"}
    assert set(said) == files, f"{slug}/fixtures.toml and the files differ in {sorted(set(said) ^ files)}"
    return tuple(_fixture(folder / name, common, said[name]) for name in sorted(said))


def _fixture(path: Path, common: dict[str, Any], own: dict[str, Any]) -> Fixture:
    merged = {**common, **own}
    assert set(merged) <= KEYS, f"{path}: unknown {sorted(set(merged) - KEYS)}"
    form = {"content-type": FORM} if path.suffix == ".form" else {}
    merged["headers"] = {**form, **common.get("headers", {}), **own.get("headers", {})}
    role, evidence = Role(merged.pop("role", "other")), Evidence(merged.pop("evidence"))
    return Fixture(path.parent.name, path, role, evidence, **merged)


def first(slug: str, role: Role) -> Fixture | None:
    """The fixture that shows this role."""
    return next((item for item in fixtures(slug) if item.role is role), None)
