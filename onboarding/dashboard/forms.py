"""Forms of the pages: how one is read, and one that was not carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from onboarding import access
from onboarding.access import Principal
from onboarding.errors import RequestError
from onboarding.ports import Services
from onboarding.web import Request

FORM_LIMIT = 8_192
FORM_FIELDS = 40

#: code of a problem → what it is, for people.
_BY_CODE = {
    "csrf": "The form was not accepted",
    "form_too_old": "The form was not accepted",
    "unknown_filter": "That cannot be chosen",
    "reason_required": "A reason is missing",
    "reason_too_long": "The reason is too long",
    "too_large": "The form is too large",
    "unreadable": "The form could not be read",
    "unauthenticated": "Sign in first",
    "forbidden": "Your role does not allow this",
    "not_found": "Not found",
    "ambiguous": "Several people have this id",
    "illegal_transition": "Not possible now",
    "plan_stale": "It has changed since you looked",
    "question_changed": "It has changed since you looked",
    "media_type": "The form could not be read",
    "body_pruned": "Its content is gone",
    "not_an_event": "This is not an event",
    "unknown_filter_value": "There is nothing to choose by that name",
}
_BY_STATUS = {
    400: "That cannot be done",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    409: "Not possible now",
    503: "Not available at the moment",
}


def title(status: int, code: str) -> str:
    """What a problem is, for people."""
    return _BY_CODE.get(code) or _BY_STATUS.get(status, "Something went wrong")


@dataclass(frozen=True, slots=True)
class Again:
    """A form that was not carried out: the answer in words, and what was typed.

    `form`: which of the page's forms (`act` where there is one); `typed`: name of a field → what stood in it.
    """

    status: int
    title: str
    detail: str
    form: str = "act"
    typed: Mapping[str, str] = field(default_factory=dict)

    def value(self, form: str, name: str, default: str = "") -> str:
        """What stood in a field of that form; `default` where another form was sent."""
        return self.typed.get(name, "") if form == self.form else default

    @staticmethod
    def nothing(form: str, name: str, default: str = "") -> str:
        """`value`, of a page that no form led to."""
        return default


async def read_form(s: Services, request: Request, who: Principal) -> dict[str, str]:
    """The fields of one of our own forms. Raises RequestError, and Forbidden unless it came from our own page."""
    values = _fields(request)
    access.check_form(request, who, s.settings, await s.clock.now(), values.get("token", ""))
    return values


def typed(s: Services, request: Request, who: Principal) -> dict[str, str] | None:
    """What somebody typed into a form of ours, however long ago they opened it, without its token; None: it is none of
    ours, or another site sent it, so nothing of it may stand in a page."""
    try:
        access.same_site(request)
        values = _fields(request)
    except (access.Forbidden, RequestError):
        return None
    return values if access.signed(who, s.settings, values.pop("token", "")) else None


def _fields(request: Request) -> dict[str, str]:
    if len(request.body) > FORM_LIMIT:
        raise RequestError("The form is too large.", code="too_large")
    try:
        form = parse_qs(request.body.decode("utf-8"), max_num_fields=FORM_FIELDS)
    except ValueError as exc:
        raise RequestError("The form cannot be read: open the page again.", code="unreadable") from exc
    return {name: entries[-1] for name, entries in form.items()}
