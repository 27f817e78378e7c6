"""Did the person confirm in person? The answer before the status, which for most people reads as a yes."""

from __future__ import annotations

from onboarding.domain.evidence import Status

#: The statuses that are neither.
_NEITHER = {
    Status.UNKNOWN: "not known",
    Status.ABSENT: "not known",
    Status.UNATTRIBUTED: "nobody can say",
    Status.EXCLUDED: "not asked",
}


def answer(status: str, *, accept_reviewed: bool) -> str:
    """`yes`, `no`, `not known`, `nobody can say` or `not asked`; an unknown status is not known."""
    known = next((item for item in Status if item == status), Status.UNKNOWN)
    if known is Status.USER_REGISTERED or (known is Status.USER_REVIEWED and accept_reviewed):
        return "yes"
    return _NEITHER.get(known, "no")


def words(status: str, *, accept_reviewed: bool) -> str:
    """`no (admin registered)`; an answer that says it all stands alone."""
    found, plain = answer(status, accept_reviewed=accept_reviewed), str(status).replace("_", " ")
    return found if status == Status.UNKNOWN else f"{found} ({plain})"
