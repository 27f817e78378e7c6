"""Requests whose signature a vendor published together with the secret: recomputed, never made up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from onboarding.errors import SenderError
from onboarding.intake import catalog
from onboarding.intake.signatures import verify
from onboarding.settings import Secret, SourceSettings


def verdict(slug: str, headers: Mapping[str, str], body: bytes, now: datetime, *secrets: str) -> str:
    """`current`, `previous` …, or the code of the refusal. The first of the secrets is the current one."""
    current, *older = [*secrets, ""][: max(len(secrets), 1)]
    settings = SourceSettings(slug, slug, Secret(current), Secret(" ".join(older)) if older else None)
    try:
        return verify(catalog.adapters()[slug].scheme, settings, headers, body, now).key_id
    except SenderError as error:
        return error.code if error.status == 401 else f"status {error.status}"
