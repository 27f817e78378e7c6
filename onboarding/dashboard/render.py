"""Templates to responses, with the headers that keep a page to itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from onboarding.dashboard.forms import Again
from onboarding.web import HTML, Response

#: No script, no foreign content, no framing; forms only to ourselves.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("onboarding.dashboard"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["when"] = _when
    environment.filters["day"] = _day
    # A name may turn the writing direction of what follows it; in a title no markup can hold it.
    environment.filters["isolated"] = lambda text: f"\u2068{text}\u2069"
    environment.filters["label"] = lambda text: str(text).replace("_", " ")
    return environment


def _when(value: str | datetime | None) -> str:
    """A time as people read it, in UTC."""
    if value is None:
        return "–"
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(UTC).strftime("%a %d %b %Y, %H:%M UTC")


def _day(value: str | date | None) -> str:
    """A day in the same form."""
    if value is None:
        return "–"
    return (date.fromisoformat(value) if isinstance(value, str) else value).strftime("%a %d %b %Y")


def page(status: int, template: str, /, *, again: Again | None = None, **values: Any) -> Response:
    """Render a template; `again`: it is shown once more, with the answer to a form and what was typed into it."""
    typed = again.value if again else Again.nothing
    body = _environment().get_template(template).render(again=again, typed=typed, **values)
    return Response(again.status if again else status, body.encode(), HTML, HEADERS)
