"""Doctor: is everything there that this service needs? Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onboarding.errors import ConfigurationError, OnboardingError, RetryLater
from onboarding.followup import sources
from onboarding.intake import catalog
from onboarding.intake.signatures import read_key
from onboarding.operate import trouble, vendors
from onboarding.ports import Services
from onboarding.settings import Settings, SourceSettings


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. `text` says what is fine, or what to do."""

    what: str
    ok: bool
    text: str

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "ok": self.ok, "text": self.text}


#: So many refused calls, and none that was taken since, are a finding.
_OFTEN = 3
#: Is the tenant simulated? → what to do when it does not answer. The service would try again; doctor does not.
_SILENT = {
    True: "The simulator does not answer: start it with make serve, or check ONBOARDING_GRAPH_BASE_URL.",
    False: "Graph does not answer: check the network and ONBOARDING_GRAPH_BASE_URL, then run doctor again.",
}


async def examine(s: Services) -> list[Finding]:
    """All checks, cheap ones first. An unreachable tenant is one finding, not an end."""
    held = [*await _held(s), *await _refused(s), *await _sources(s)]
    return [*_settings(s), await _store(s), *held, *await _tenant(s)]


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
        *(_source(source) for _, source in sorted(settings.sources.items())),
        Finding("deadline", True, f"directory data stops counting on {settings.deadline.isoformat()}"),
        *(
            Finding(f"setting {name}", False, "No such setting is read: misspelt? Correct or remove it.")
            for name in settings.unknown
        ),
    ]


def _source(source: SourceSettings) -> Finding:
    """Would the door of this source open, and can the people that it names be read?

    The adapter, and the form of the secrets; a wrong one looks the same. What else `vendors` calls missing.
    """
    what = f"HR source {source.source}"
    wrong = catalog.problems(Settings(sources={source.source: source})).get(source.source)
    adapter = catalog.bound(source, source.adapter) if wrong is None else None
    if wrong is not None or adapter is None:
        return Finding(what, False, wrong or "")
    if not source.secret:
        name = f"ONBOARDING_HR_{source.source.upper().replace('-', '_')}_SECRET"
        return Finding(what, False, f"Set {name}: without it, this door answers 503.")
    try:
        for key_id, secret in source.secrets:
            read_key(adapter.scheme, secret, source.source, key_id)
    except ConfigurationError as exc:
        return Finding(what, False, exc.message)
    if lacking := vendors.missing(source, adapter, None):
        return Finding(what, False, " ".join(lacking))
    return Finding(what, True, f"adapter {adapter.slug}, the secret has the right form")


async def _store(s: Services) -> Finding:
    try:
        await s.cases.ping()
    except OnboardingError as exc:
        return Finding("store", False, exc.message)
    counts = await s.cases.counts()
    number = sum(counts.values())
    return Finding("store", True, f"readable and writable, {number} case{'' if number == 1 else 's'}")


async def _sources(s: Services) -> list[Finding]:
    """How the evidence stands; nothing while the store or the clock cannot be asked, which others say."""
    try:
        found = await sources.look(s, await s.clock.now())
    except OnboardingError:
        return []
    return [Finding("audit log", *found.audit_says), Finding("registration report", *found.report_says)]


async def _refused(s: Services) -> list[Finding]:
    """Sources from which the door refused calls for their signature; a finding where nothing else came since, and
    `_OFTEN` did: an HR system tries again and again, and one call may be a stranger's."""
    try:
        found = await vendors.survey(s)
    except OnboardingError:
        return []  # the store does not answer, which is a finding of its own
    return [
        Finding(
            f"signatures of {item.source}", not (item.silent and item.refused.number >= _OFTEN), item.refusals
        )
        for item in found
        if item.refused is not None and item.refusals is not None
    ]


async def _held(s: Services) -> list[Finding]:
    """What the service holds back for everybody at the moment."""
    try:
        found = await trouble.survey(s)
    except OnboardingError:
        return []  # the store does not answer, which is a finding of its own
    held = [Finding(f"held back: {key}", False, " ".join(said)) for key, *said in trouble.lines(found)]
    return held or [Finding("held back", True, "nothing")]


async def _tenant(s: Services) -> list[Finding]:
    try:
        found = await s.directory.check()
    except RetryLater:
        return [Finding("tenant", False, _SILENT[s.settings.graph == "simulated"])]
    except OnboardingError as exc:
        return [Finding("tenant", False, exc.message)]
    return [Finding(f"tenant: {what}", text == "ok", text) for what, text in found.items()]
