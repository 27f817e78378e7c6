"""What spans all of Graph: batches and change notifications."""

from __future__ import annotations

from onboarding.simulator.responses import batch, subscriptions
from onboarding.simulator.urls.route import Route

_ONE = "/subscriptions/{id}"
_NOTE = "Users only. No notification is sent, and no validation request: it counts as answered (or not, by policy)."

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/$batch",
        batch.run,
        "documented",
        "graph/json-batching",
        "The bodies of refused envelopes and of 424 are inferred. Whatever would cut the connection is a 504 inside. "
        "Answers come in reverse order.",
    ),
    Route(
        "POST", "/subscriptions", subscriptions.create, "inferred", "subscription-post-subscriptions", _NOTE
    ),
    Route("GET", "/subscriptions", subscriptions.list_all, "documented", "subscription-list"),
    Route("GET", _ONE, subscriptions.get, "documented", "subscription-get"),
    Route(
        "PATCH", _ONE, subscriptions.renew, "documented", "subscription-update", "expirationDateTime only."
    ),
    Route("DELETE", _ONE, subscriptions.end, "documented", "subscription-delete"),
)
