"""Doctor: is everything there that this service needs? Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onboarding.errors import OnboardingError
from onboarding.ports import Services


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. `text` says what is fine, or what to do."""

    what: str
    ok: bool
    text: str

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "ok": self.ok, "text": self.text}


async def examine(s: Services) -> list[Finding]:
    """All checks, cheap ones first. An unreachable tenant is one finding, not an end."""
    return [*_settings(s), await _store(s), *await _tenant(s)]


def _settings(s: Services) -> list[Finding]:
    settings = s.settings
    secrets = sorted(name for name, source in settings.sources.items() if source.secret)
    return [
        Finding("mode", True, f"{settings.mode}, Graph: {settings.graph}, store: {settings.store}"),
        Finding(
            "service desk",
            settings.service_desk is not None,
            "set"
            if settings.service_desk
            else "Set ONBOARDING_SERVICE_DESK: escalations have nowhere to go.",
        ),
        Finding(
            "HR secrets",
            bool(secrets),
            f"configured: {', '.join(secrets)}"
            if secrets
            else "Set ONBOARDING_HR_<SOURCE>_SECRET: without one, the door answers 503.",
        ),
        Finding("deadline", True, f"directory data stops counting on {settings.deadline.isoformat()}"),
    ]


async def _store(s: Services) -> Finding:
    try:
        await s.cases.ping()
    except OnboardingError as exc:
        return Finding("store", False, exc.message)
    counts = await s.cases.counts()
    return Finding("store", True, f"readable and writable, {sum(counts.values())} cases")


async def _tenant(s: Services) -> list[Finding]:
    try:
        found = await s.directory.check()
    except OnboardingError as exc:
        return [Finding("tenant", False, exc.message)]
    return [Finding(f"tenant: {what}", text == "ok", text) for what, text in found.items()]
