"""The exception tree as HTTP answers (RFC 9457), in one place."""

from __future__ import annotations

from onboarding.access import Forbidden, Unauthenticated
from onboarding.errors import (
    Ambiguous,
    DeployerError,
    IllegalTransition,
    NotFound,
    OnboardingError,
    Refused,
    RequestError,
    RetryLater,
    SenderError,
)
from onboarding.web import Response, problem

#: Seconds: an outage, and a setting that somebody must mend.
RETRY_AFTER, RETRY_SETTING = "30", "300"


def answer(error: OnboardingError) -> Response:
    """The answer that tells the caller what to do next."""
    match error:
        case SenderError():
            return problem(error.status, error.code, error.message, error.headers)
        case Unauthenticated():
            return problem(401, error.code, error.message)
        case Forbidden():
            return problem(403, error.code, error.message)
        case NotFound():
            return problem(404, error.code, error.message)
        case Ambiguous():
            return problem(409, error.code, error.message, candidates=error.candidates)
        case IllegalTransition() | Refused():
            return problem(409, error.code, error.message)
        case RequestError():
            return problem(400, error.code, error.message)
        case RetryLater():
            return problem(503, error.code, "Try again shortly.", {"Retry-After": RETRY_AFTER})
        case DeployerError():
            detail = "The service is not set up correctly; an administrator must act."
            return problem(503, error.code, detail, {"Retry-After": RETRY_SETTING})
    return problem(500, error.code, "This is a fault of the service; the log has it.")
