"""What is set up for each HR source, what came from it, and what is missing: in words for an HR administrator."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onboarding.errors import ConfigurationError, NotFound
from onboarding.intake import catalog, refusals
from onboarding.intake.adapter import Adapter, Evidence, Need
from onboarding.intake.receive import HANDSHAKE, handshake_id
from onboarding.intake.refusals import DAYS, Refused
from onboarding.intake.signatures import read_key
from onboarding.operate.cases import stamp
from onboarding.ports import Delivery, Services
from onboarding.settings import PREFIX, Settings, SourceSettings

#: Newest deliveries of a source that are looked at for which secret is in use.
LOOKED_AT = 50
#: Stands for the host where no address of the service is known.
UNKNOWN_HOST = "https://YOUR-FUNCTION-APP.azurewebsites.net"

#: What a setting is, for people who know the HR system and not this service.
WHAT = {
    Need.SECRET: "the secret with which {title} signs, or the token that it sends",
    Need.API_URL: "the address of the API of {title}, since its events name a person only by id",
    Need.API_TOKEN: "a token for that API, allowed to read employees",
    Need.OPTIONS: "how to read what {title} sends",
}
#: What the facts about a vendor rest on.
EVIDENCE = {
    Evidence.VENDOR: "the vendor's own documentation",
    Evidence.CAPTURED: "deliveries that others recorded from the live product",
    Evidence.SECONDARY: "what others write about the vendor; nobody has compared it with the vendor's own words",
    Evidence.UNCONFIRMED: "guesses that nobody has confirmed",
}


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source. `missing`: sentences, each naming the setting; empty: it works as far as can be seen from here."""

    source: str
    adapter: str
    title: str
    url: str
    guide: str
    missing: tuple[str, ...]
    secrets: int
    api: bool
    events: tuple[str, ...]
    evidence: Evidence | None
    doubts: tuple[str, ...]
    last: Delivery | None
    #: Key id → when a delivery verified with it came last, among the newest.
    keys: dict[str, datetime]
    #: When the newest verification token of a set-up came that waits for an operator.
    token_at: datetime | None
    #: What the door refused for its signature within the last days; None: nothing.
    refused: Refused | None = None

    @property
    def silent(self) -> bool:
        """Everything that came of late was refused: the secret differs, or somebody else sends."""
        return self.refused is not None and (self.last is None or self.last.received_at < self.refused.last)

    @property
    def heard(self) -> bool:
        """Something came, were it only what was refused."""
        return self.last is not None or self.refused is not None

    @property
    def refusals(self) -> str | None:
        """What was refused, and what to do, in a sentence or two; None: nothing was."""
        return None if self.refused is None else _refusals(self.refused, silent=self.silent)

    @property
    def ready(self) -> bool:
        return not self.missing

    def as_json(self) -> dict[str, Any]:
        last = self.last
        verified = last.verification if last else None
        return {
            "source": self.source,
            "adapter": self.adapter,
            "title": self.title,
            "url": self.url,
            "guide": self.guide,
            "ready": self.ready,
            "missing": list(self.missing),
            "configured": {
                "secrets": self.secrets,
                "api": self.api,
                "events": list(self.events),
            },
            "last_delivery": last
            and {
                "delivery_id": last.delivery_id,
                "at": stamp(last.received_at),
                "event": last.vendor_event_type,
                "status": str(last.status),
                "reason_code": last.reason_code,
                "key_id": verified.key_id if verified else None,
                "key_label": verified.label if verified else None,
            },
            "secrets_last_used": {key: stamp(at) for key, at in self.keys.items()},
            "verification_token_at": stamp(self.token_at),
            "refused": self.refused
            and {
                "reasons": dict(self.refused.reasons),
                "last_at": stamp(self.refused.last),
                "since_last_delivery": self.silent,
            },
            "evidence": self.evidence and str(self.evidence),
            "doubts": list(self.doubts),
        }


async def survey(s: Services) -> list[SourceReport]:
    """Every configured source, by name."""
    wrong = catalog.problems(s.settings)
    return [await _report(s, source, wrong.get(name)) for name, source in sorted(s.settings.sources.items())]


def available(settings: Settings) -> list[Adapter]:
    """Adapters that no source uses yet."""
    used = {source.adapter for source in settings.sources.values()}
    return [adapter for slug, adapter in catalog.adapters().items() if slug not in used]


async def token(s: Services, source: str) -> str:
    """The newest verification token that a set-up of this source sent. For an operator's eyes; never logged.

    Anybody can send one, so the operator proves it at the vendor, who takes only its own. NotFound: none waits.
    """
    kept = await s.deliveries.get(handshake_id(source))
    if kept is None or kept.body is None:
        raise NotFound(
            "No verification token has come for this source, or it is too old: start the set-up in the HR system "
            "again."
        )
    return kept.body.decode("utf-8", "replace")


async def _report(s: Services, source: SourceSettings, wrong: str | None) -> SourceReport:
    adapter = _adapter(source, wrong)
    found = await s.deliveries.page(source=source.source, size=LOOKED_AT)
    handshake = await s.deliveries.get(handshake_id(source.source))
    came = [item for item in found.items if item.vendor_event_type != HANDSHAKE]
    waiting = handshake is not None and handshake.body is not None and not _is_in_use(source, handshake)
    refused = await refusals.read(s.cases, source.source, await s.clock.now())
    return SourceReport(
        refused=refused,
        source=source.source,
        adapter=source.adapter,
        title=adapter.title if adapter else source.adapter,
        url=f"{s.settings.public_url or UNKNOWN_HOST}/api/hr/{source.source}",
        guide=f"docs/vendors/{source.adapter}.md",
        missing=tuple(missing(source, adapter, wrong)),
        secrets=len(source.secrets),
        api=bool(source.api_url and source.api_token),
        events=source.events,
        evidence=adapter.evidence if adapter else None,
        doubts=adapter.doubts if adapter else (),
        last=came[0] if came else None,
        keys=_keys(came),
        token_at=handshake.received_at if waiting and handshake else None,
    )


def _is_in_use(source: SourceSettings, handshake: Delivery) -> bool:
    """The token has become one of the source's secrets."""
    token = handshake.body or b""
    return any(hmac.compare_digest(secret.reveal().encode(), token) for _, secret in source.secrets)


def _keys(came: list[Delivery]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for item in came:  # newest first
        if item.verification is not None:
            found.setdefault(item.verification.key_id, item.received_at)
    return found


def _adapter(source: SourceSettings, wrong: str | None) -> Adapter | None:
    """The adapter as the source's options make it, as far as they can be used. `wrong`: they cannot."""
    return catalog.find(source.adapter) if wrong is not None else catalog.bound(source, source.adapter)


def missing(source: SourceSettings, adapter: Adapter | None, wrong: str | None) -> list[str]:
    """Sentences, each naming a setting. `adapter`: bound to the source, where its options can be used. `wrong`: what
    the catalogue says about the source."""
    if adapter is None:
        return [wrong or ""]
    there = {
        Need.SECRET: source.secret,
        Need.API_URL: source.api_url,
        Need.API_TOKEN: source.api_token,
        Need.OPTIONS: source.options,
    }
    needed = [*adapter.needs, *([Need.SECRET] if Need.SECRET not in adapter.needs else [])]
    found = [
        f"Set {_setting(source, need)}: {WHAT[need].format(title=adapter.title)}."
        for need in needed
        if not there[need]
    ]
    if wrong is not None and source.options:
        return [*found, wrong]
    try:
        for key_id, secret in source.secrets if wrong is None else ():
            read_key(adapter.scheme, secret, source.source, key_id)
    except ConfigurationError as error:
        found.append(error.message)
    return found


def _setting(source: SourceSettings, need: Need) -> str:
    return f"{PREFIX}HR_{source.source.upper().replace('-', '_')}_{need}"


# --- in words ------------------------------------------------------------------------------------------------


def words(report: SourceReport) -> list[str]:
    """Lines of text about one source."""
    lines = [f"{report.title}  (source {report.source}, adapter {report.adapter})"]
    lines += [f"  {'Ready.' if report.ready else 'Not ready.'} Address to paste: {report.url}"]
    lines += [f"  Missing: {text}" for text in report.missing]
    lines.append(f"  {_last(report)}")
    lines.append(f"  {_secrets(report)}")
    if report.refusals is not None:
        lines.append(f"  {report.refusals}")
    if report.events:
        lines.append(f"  Event types: {', '.join(report.events)} (! means: not these)")
    if report.token_at is not None:
        lines.append(
            f"  A verification token came at {stamp(report.token_at)}: show it with "
            f"python -m onboarding vendors --token {report.source}"
        )
        if report.secrets:
            lines.append(
                "  Anybody can send one: unless you are making a new subscription, do nothing. Make it the secret only "
                "after the HR system has taken it."
            )
    if report.evidence in {Evidence.SECONDARY, Evidence.UNCONFIRMED}:
        lines.append(f"  Careful: this adapter rests on {EVIDENCE[report.evidence]}.")
    lines += [f"  Note: {text}" for text in report.doubts]
    lines.append(f"  How to set it up: {report.guide}")
    return lines


def _last(report: SourceReport) -> str:
    last = report.last
    if last is None:
        return "Nothing has come from it yet."
    event = f", {last.vendor_event_type}" if last.vendor_event_type else ""
    reason = f" ({last.reason_code})" if last.reason_code else ""
    label = (
        f", which the vendor calls {last.verification.label}"
        if last.verification and last.verification.label
        else ""
    )
    key = f", with the {last.verification.key_id} secret{label}" if last.verification else ""
    return f"Last delivery: {stamp(last.received_at)}{event}, {last.status}{reason}{key}"


#: Reason of a refusal → in words.
_REFUSED = {
    "signature_wrong": "wrong signature or token",
    "signature_missing": "no signature or token",
    "signature_expired": "signed too long ago or too far ahead",
}


def _refusals(refused: Refused, *, silent: bool) -> str:
    reasons = ", ".join(f"{_REFUSED.get(code, code)}: {number}" for code, number in refused.reasons.items())
    text = f"Refused at the door within {DAYS} days, at least: {reasons}; last at {stamp(refused.last)}."
    if silent:
        return (
            f"{text} Nothing was accepted since: compare the secret here with the one in the HR system. (A stranger's "
            "calls look the same.)"
        )
    return f"{text} Others were accepted since, so the secret is right: somebody else may be trying."


def _secrets(report: SourceReport) -> str:
    if not report.secrets:
        return "No secret is set, so nothing is taken."
    older = report.secrets - 1
    text = (
        "One secret is set."
        if older == 0
        else f"{report.secrets} secrets are set, {older} of them from before."
    )
    used = [f"{key} last at {stamp(at)}" for key, at in report.keys.items()]
    if used:
        text += f" Used: {', '.join(used)}."
    if older and report.keys and set(report.keys) == {"current"}:
        text += " The older ones are no longer used by the newest deliveries."
    return text
