"""The exception tree, by who has to act.

    OnboardingError
    ├── SenderError            the HR system: fix the request (carries the HTTP status)
    ├── RetryLater             nobody: the same work again later (carries a hint when)
    │   ├── Throttled          the other side asked for patience (Retry-After)
    │   ├── Unavailable        store, queue or tenant does not answer
    │   ├── NotYetVisible      a fresh object has not replicated yet
    │   ├── StoreConflict      somebody else wrote the row first: load it again
    │   ├── EffectUnknown      a write may or may not have happened: look before doing it again
    │   └── Held               the service holds this back for everybody (`safeguards.stops`): not a try of the case
    │       ├── TenantHeld     the tenant does not answer, and one request at a time finds out when it does
    │       └── LimitReached   more of this in an hour than the policy allows: an approver decides
    ├── OperatorError          an operator: the case is blocked with this reason code
    ├── RequestError           the caller of CLI or API
    │   ├── NotFound           exit 3, HTTP 404
    │   ├── Ambiguous          exit 4, HTTP 409, with candidates
    │   ├── IllegalTransition  exit 5, HTTP 409
    │   └── Refused            exit 5, HTTP 403/409
    └── DeployerError          whoever runs this: settings, permissions, missing parts
        ├── ConfigurationError
        └── PermissionMissing

Every message says what to do next and holds no value that came from HR: it may be logged as it is.
"""

from __future__ import annotations


class OnboardingError(Exception):
    """Root of everything this package raises on purpose.

    `code` is stable and machine-readable (snake_case); the text is for people.
    """

    code = "onboarding_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class SenderError(OnboardingError):
    """The sender of a delivery must change something; `status` is the HTTP status to answer."""

    code = "bad_request"

    def __init__(
        self, message: str, *, status: int, code: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.headers = headers or {}


class RetryLater(OnboardingError):
    """Nobody has to act: do the same work again, not before `retry_after` seconds where given."""

    code = "retry_later"

    def __init__(self, message: str, *, retry_after: float | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Throttled(RetryLater):
    """The other side answered 429 (or 503 with Retry-After). `retry_after` is in seconds, decimals kept."""

    code = "throttled"


class Unavailable(RetryLater):
    """The other side could not be reached, or answered 5xx to a call that had no effect."""

    code = "unavailable"


class NotYetVisible(RetryLater):
    """An object that we created, or that a 201 named, is not readable yet (replication lag)."""

    code = "not_yet_visible"


class StoreConflict(RetryLater):
    """The row changed since it was read. Load it again and decide again; never write over it."""

    code = "store_conflict"


class EffectUnknown(RetryLater):
    """No answer to a write that is not idempotent. Look whether it took effect before doing it again."""

    code = "effect_unknown"


class Held(RetryLater):
    """Held back for everybody; nothing was asked of the tenant. Counts as no try, and fails nobody."""

    code = "held"


class TenantHeld(Held):
    """The tenant does not answer; `retry_after` is when somebody looks again."""

    code = "held_for_tenant"


class PermissionHeld(Held):
    """The tenant refuses this to everybody for want of a permission; `retry_after` is when this case looks again."""

    code = "held_for_permission"


class LimitReached(Held):
    """As much of this as the policy allows in an hour was done. An approver lets it go on."""

    code = "paused_by_limit"


class OperatorError(OnboardingError):
    """The case cannot go on without an operator; `code` becomes the case's reason code."""

    code = "blocked"


class RequestError(OnboardingError):
    """The caller of CLI or API asked for something that cannot be done."""

    code = "request_refused"


class NotFound(RequestError):
    """No such case, delivery or operation."""

    code = "not_found"


class Ambiguous(RequestError):
    """A bare id matches several cases. `candidates` are their case ids."""

    code = "ambiguous"

    def __init__(self, message: str, *, candidates: list[str]) -> None:
        super().__init__(message)
        self.candidates = candidates


class IllegalTransition(RequestError):
    """The lifecycle table has no entry for this state and event. Nothing was changed."""

    code = "illegal_transition"


class Refused(RequestError):
    """A rule forbids this: missing role, missing reason, a guard that is not negotiable."""

    code = "refused"


class DeployerError(OnboardingError):
    """Whoever deploys or configures this has to act; no retry and no operator can help."""

    code = "deployment"


class ConfigurationError(DeployerError):
    """A setting is missing, malformed, or forbidden where this runs. The text names the setting."""

    code = "configuration"


class PermissionMissing(DeployerError):
    """Graph refused for lack of a permission. The text names the permission that the call needs."""

    code = "permission_missing"


def may_have_taken_effect(error: OnboardingError) -> bool:
    """After a write that ended so. False where it was not sent, or the tenant said that nothing was done: a hold, a
    refusal, a 429, or an account that it does not see yet. A 503 with Retry-After (`tenant_busy`) says no such thing.
    """
    if isinstance(error, Throttled):
        return error.code != Throttled.code
    return not isinstance(error, OperatorError | DeployerError | NotYetVisible | Held)
