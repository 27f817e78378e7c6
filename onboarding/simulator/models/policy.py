"""What the tenant's administrators have set, and how late its reports are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from onboarding.simulator.clouds import CLOUDS
from onboarding.simulator.errors import ControlError
from onboarding.simulator.models.throttle import ENFORCED, NAMES, OTHERS, SIZES

TIERS = ("free", "p1", "p2")


@dataclass(slots=True)
class PassPolicy:
    """temporaryAccessPassAuthenticationMethodConfiguration, with Microsoft's defaults. excludeTargets: object
    ids, UPNs or group ids of who may not have one."""

    enabled: bool = True
    defaultLifetimeInMinutes: int = 60
    defaultLength: int = 8
    minimumLifetimeInMinutes: int = 60
    maximumLifetimeInMinutes: int = 480
    isUsableOnce: bool = False
    excludeTargets: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Policy:
    """Settings that `POST /_control/policy` changes; every key is optional there.

    methods_required: 1 or 2. sspr_scope: "all", "none" or a list of object ids and UPNs.
    audit_retention_days None: 7 on the free tier, else 30. Seconds and minutes are virtual time.

    replication_lag_seconds hides new users and groups; the other lags hide new manager links, memberships and
    licences, and index_lag_seconds is how far behind queries with `ConsistencyLevel: eventual` are.
    unreplicated_reference: what a reference to an object that has not replicated gives: "not_found" (404) or
    "bad_request" (400 "Not a valid reference update.").
    enforce_quota: all published budgets but those of one mailbox. quotas: budgets to enforce by name. tenant_size
    None: by the number of users. quota_share: how much of each published limit is granted (a busy service
    refuses below it). used_by_others: what other apps and tenants have taken of a shared limit.
    app_roles: directory roles and further permissions of the app, such as "User Administrator" or
    "RoleManagement.ReadWrite.Directory". notification_endpoint: "answers" or "fails" at the validation of a
    subscription.
    """

    methods_required: int = 1
    sspr_scope: str | list[str] = "all"
    tap: PassPolicy = field(default_factory=PassPolicy)
    tier: str = "p1"
    audit_latency_minutes: float = 0
    audit_retention_days: float | None = None
    cloud: str = "global"
    replication_lag_seconds: float = 0
    sent_items_lag_seconds: float = 0
    manager_lag_seconds: float = 0
    member_lag_seconds: float = 0
    licence_lag_seconds: float = 0
    index_lag_seconds: float = 0
    unreplicated_reference: str = "not_found"
    enforce_quota: bool = False
    quotas: list[str] = field(default_factory=list)
    quota_share: float = 1.0
    tenant_size: str | None = None
    used_by_others: dict[str, int] = field(default_factory=dict)
    app_roles: list[str] = field(default_factory=list)
    notification_endpoint: str = "answers"

    @property
    def enforced(self) -> frozenset[str]:
        """Names of the budgets that hold."""
        return (ENFORCED if self.enforce_quota else frozenset()) | frozenset(self.quotas)

    @property
    def retention(self) -> timedelta:
        days = self.audit_retention_days
        return timedelta(days=days if days is not None else (7 if self.tier == "free" else 30))

    @property
    def latency(self) -> timedelta:
        return timedelta(minutes=self.audit_latency_minutes)

    def change(self, body: Mapping[str, Any]) -> None:
        """Apply all keys or none. ControlError names the first key that cannot be used."""
        for key, value in body.items():
            rule = _RULES.get(key)
            if rule is None:
                raise ControlError(f"policy: unknown key {key!r}; known: {', '.join(_RULES)}")
            if not rule(value):
                raise ControlError(f"policy: {key} cannot be {value!r}")
        passes = _pass_policy(self.tap, body["tap"]) if "tap" in body else self.tap
        for key, value in body.items():
            setattr(self, key, passes if key == "tap" else value)

    def as_json(self) -> dict[str, Any]:
        shown = {name: getattr(self, name) for name in _RULES}
        shown["tap"] = {name: getattr(self.tap, name) for name in PassPolicy.__dataclass_fields__}
        return shown


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _scope(value: Any) -> bool:
    return value in ("all", "none") or (
        isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    )


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _used(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) <= set(OTHERS)
        and all(isinstance(used, int) and not isinstance(used, bool) and used >= 0 for used in value.values())
    )


_RULES: dict[str, Callable[[Any], bool]] = {
    "methods_required": lambda value: value in (1, 2) and not isinstance(value, bool),
    "sspr_scope": _scope,
    "tap": lambda value: isinstance(value, bool | dict) or value in ("enabled", "disabled"),
    "tier": lambda value: value in TIERS,
    "audit_latency_minutes": _number,
    "audit_retention_days": lambda value: value is None or _number(value),
    "cloud": lambda value: value in CLOUDS,
    "replication_lag_seconds": _number,
    "sent_items_lag_seconds": _number,
    "manager_lag_seconds": _number,
    "member_lag_seconds": _number,
    "licence_lag_seconds": _number,
    "index_lag_seconds": _number,
    "unreplicated_reference": lambda value: value in ("not_found", "bad_request"),
    "enforce_quota": lambda value: isinstance(value, bool),
    "quotas": lambda value: _names(value) and set(value) <= set(NAMES),
    "quota_share": lambda value: _number(value) and 0 < value <= 1,
    "tenant_size": lambda value: value is None or (isinstance(value, str) and value in SIZES),
    "used_by_others": _used,
    "app_roles": _names,
    "notification_endpoint": lambda value: value in ("answers", "fails"),
}


def _pass_policy(old: PassPolicy, body: Any) -> PassPolicy:
    """`tap` is true, false, "enabled", "disabled", or an object with PassPolicy's names (`state` too)."""
    values = {name: getattr(old, name) for name in PassPolicy.__dataclass_fields__}
    if isinstance(body, dict):
        change = dict(body)
        if "state" in change:
            change["enabled"] = change.pop("state") == "enabled"
        if unknown := set(change) - set(values):
            raise ControlError(f"policy: unknown key in tap: {', '.join(sorted(unknown))}")
        if wrong := [name for name, value in change.items() if type(value) is not type(values[name])]:
            raise ControlError(f"policy: wrong type in tap: {', '.join(wrong)}")
        if not all(isinstance(entry, str) for entry in change.get("excludeTargets", [])):
            raise ControlError("policy: wrong type in tap: excludeTargets")
        values.update(change)
    else:
        values["enabled"] = body in (True, "enabled")
    passes = PassPolicy(**values)
    limits = (10, passes.minimumLifetimeInMinutes, passes.maximumLifetimeInMinutes, 43200)
    if list(limits) != sorted(limits) or not 8 <= passes.defaultLength <= 48:
        raise ControlError("policy: tap needs 10 <= minimum <= maximum <= 43200 minutes and length 8 to 48")
    return passes
