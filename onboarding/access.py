"""Who may do what. Deny by default: a route that is not in `ROUTES` is open to nobody.

In Azure the principal comes from App Service Authentication ("Easy Auth"): `X-MS-CLIENT-PRINCIPAL` is trusted only
when the platform says that it is switched on (`WEBSITE_AUTH_ENABLED`), since otherwise any caller could send it.
On the development host every request is an operator, visibly pretend (`ONBOARDING_DEV_ROLE`, refused in Azure);
the header `X-Dev-Role: none|viewer|operator|approver` overrides that.

Source: learn.microsoft.com, App Service: "Work with user identities in Azure App Service authentication".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from onboarding.errors import OnboardingError, SenderError
from onboarding.settings import Settings
from onboarding.web import Request


class Role(IntEnum):
    """App roles; a higher one may do what a lower one may."""

    VIEWER = 1
    OPERATOR = 2
    APPROVER = 3


#: Function name → least role; None: anonymous (the door verifies signatures itself, health tells nothing).
ROUTES: dict[str, Role | None] = {
    "hr": None,
    "health": None,
    "dashboard": Role.VIEWER,
    "dashboard_case": Role.VIEWER,
    "dashboard_action": Role.OPERATOR,
    "dashboard_trouble": Role.VIEWER,
    "dashboard_limit": Role.APPROVER,
    "dashboard_deliveries": Role.VIEWER,
    "dashboard_delivery": Role.VIEWER,
    "dashboard_replay": Role.OPERATOR,
    "dashboard_reports": Role.VIEWER,
    "dashboard_methods": Role.APPROVER,
    "dashboard_handout": Role.OPERATOR,
    "dashboard_case_plan": Role.VIEWER,
    "dashboard_plan": Role.VIEWER,
    "dashboard_plan_apply": Role.OPERATOR,
    "dashboard_reruns": Role.VIEWER,
    "dashboard_rerun_many": Role.OPERATOR,
    "cases": Role.VIEWER,
    "case": Role.VIEWER,
    "case_action": Role.OPERATOR,
    "case_methods": Role.APPROVER,
    "case_plan": Role.VIEWER,
    "plan": Role.VIEWER,
    "plan_apply": Role.OPERATOR,
    "reruns": Role.OPERATOR,
    "trouble": Role.VIEWER,
    "limit_approve": Role.APPROVER,
    "operation": Role.VIEWER,
    "deliveries": Role.VIEWER,
    "delivery": Role.VIEWER,
    "delivery_replay": Role.OPERATOR,
}

#: Actions that need more than the route.
ACTIONS: dict[str, Role] = {
    "approve": Role.APPROVER,
    "forget": Role.APPROVER,
    "lost-phone": Role.APPROVER,
    "new-pass": Role.APPROVER,
    "other-person": Role.APPROVER,
    "purged": Role.APPROVER,
    "without-pass": Role.APPROVER,
}

_ROLE_CLAIMS = frozenset({"roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"})
_ID_CLAIMS = ("http://schemas.microsoft.com/identity/claims/objectidentifier", "oid")
TOKEN_LIFE = timedelta(hours=12)


class Unauthenticated(OnboardingError):
    """Nobody is signed in (401)."""

    code = "unauthenticated"


class Forbidden(OnboardingError):
    """Signed in, but without the role, or without proof that the person meant it (403)."""

    code = "forbidden"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `id` is the opaque object id; no name and no address is kept."""

    id: str
    role: Role | None
    pretend: bool = False


def principal(request: Request, settings: Settings) -> Principal | None:
    """Whoever the platform, or the development host, says is asking; None: nobody."""
    if settings.easy_auth:
        return _easy_auth(request)
    if settings.dev_role is not None and not settings.in_azure:
        name = (request.header("x-dev-role") or settings.dev_role).strip().lower()
        return Principal("pretend", _role(name), pretend=True) if name != "none" else None
    return None


def allow(name: str, request: Request, settings: Settings) -> Principal | None:
    """Let the request to route `name` pass, or raise Unauthenticated or Forbidden. None: anonymous route."""
    if name not in ROUTES:
        raise Forbidden("This route is open to nobody: it has no entry in the access table.")
    needed = ROUTES[name]
    if needed is None:
        return None
    who = principal(request, settings)
    if who is None:
        raise Unauthenticated("Sign in with an account of the company.")
    require(who, needed)
    return who


def require(who: Principal, needed: Role) -> None:
    """Raise Forbidden unless `who` has at least this role."""
    if who.role is None or who.role < needed:
        raise Forbidden(
            f"This needs the app role '{needed.name.lower()}'. Ask whoever assigns roles in Entra."
        )


def _easy_auth(request: Request) -> Principal | None:
    header = request.header("x-ms-client-principal")
    if not header:
        return None
    try:
        data = json.loads(base64.b64decode(header, validate=True))
        claims = [(str(c["typ"]), str(c["val"])) for c in data["claims"]]
        role_type = str(data.get("role_typ") or "roles")
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError) as exc:
        raise Unauthenticated(
            "The sign-in information of the platform cannot be read. Sign in again."
        ) from exc
    values = dict(claims)
    who = next((values[name] for name in _ID_CLAIMS if values.get(name)), None)
    if who is None:
        return None
    roles = [_role(value) for kind, value in claims if kind in _ROLE_CLAIMS or kind == role_type]
    return Principal(who, max((role for role in roles if role), default=None))


def _role(name: str) -> Role | None:
    return Role.__members__.get(name.strip().upper())


# --- forms: proof that the person meant it ---------------------------------------------------------------


def form_token(who: Principal, settings: Settings, now: datetime) -> str:
    """A token for forms of this principal, good for twelve hours."""
    stamp = str(int(now.timestamp()))
    return f"{stamp}.{_sign(who, settings, stamp)}"


def check_form(request: Request, who: Principal, settings: Settings, now: datetime, token: str) -> None:
    """Raise Forbidden unless the form came from our own page, for this principal, not long ago."""
    same_site(request)
    if not signed(who, settings, token):
        raise Forbidden("The form is incomplete: open the page again and repeat the action.", code="csrf")
    age = timedelta(seconds=now.timestamp() - int(token.partition(".")[0]))
    if age < timedelta(minutes=-5):
        raise Forbidden("The form is not of now: open the page again and repeat the action.", code="csrf")
    if age > TOKEN_LIFE:
        raise Forbidden("The form is too old: send it again.", code="form_too_old")


def signed(who: Principal, settings: Settings, token: str) -> bool:
    """The token is one of ours, for this principal, of whatever time."""
    stamp, _, signature = token.partition(".")
    if not (stamp.isascii() and stamp.isdigit() and signature.isascii() and len(stamp) <= 12):
        return False
    return hmac.compare_digest(signature, _sign(who, settings, stamp))


def same_site(request: Request) -> None:
    """Raise Forbidden for a write that a browser says another site caused (Fetch Metadata)."""
    if request.header("sec-fetch-site") in {"cross-site", "same-site"}:
        raise Forbidden("Writes are taken only from this site's own pages.", code="csrf")


def check_json(request: Request) -> None:
    """Refuse a write that does not carry JSON (415): a foreign form cannot send it, so this guards against CSRF."""
    same_site(request)
    kind = (request.header("content-type") or "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise SenderError(
            "Send the request with Content-Type: application/json.", status=415, code="media_type"
        )


def _sign(who: Principal, settings: Settings, stamp: str) -> str:
    text = f"form|{who.id}|{stamp}".encode()
    return hmac.new(settings.hash_key.reveal().encode(), text, hashlib.sha256).hexdigest()
