"""Authentication methods of one user."""

from __future__ import annotations

from onboarding.simulator.responses import authentication as methods
from onboarding.simulator.urls.route import NOT_IN_CHINA, USER, Route

_TAP = USER + "/authentication/temporaryAccessPassMethods"

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        USER + "/authentication/methods",
        methods.list_methods,
        "documented",
        "authentication-list-methods",
        "createdDateTime on every type as in the 2026 schema. Security questions and hardware tokens have "
        "no v1.0 type and are not listed.",
    ),
    Route(
        "DELETE",
        USER + "/authentication/phoneMethods/{method_id}",
        methods.delete_phone,
        "inferred",
        "phoneauthenticationmethod-delete",
        "Refused while an alternate mobile phone is left (documented); the error bodies are inferred.",
        quota="write",
    ),
    Route(
        "POST",
        _TAP,
        methods.create_pass,
        "observed",
        "authentication-post-temporaryaccesspassmethods",
        "Refusals are 400 with the text seen in public; their status is inferred. A start in the past is "
        "accepted. Registering in person within the pass's time marks it as used.",
        quota="write",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "GET",
        _TAP,
        methods.list_passes,
        "documented",
        "authentication-list-temporaryaccesspassmethods",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "GET",
        _TAP + "/{method_id}",
        methods.get_pass,
        "documented",
        "temporaryaccesspassauthenticationmethod-get",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "DELETE",
        _TAP + "/{method_id}",
        methods.delete_pass,
        "documented",
        "temporaryaccesspassauthenticationmethod-delete",
        quota="write",
        cloudless=NOT_IN_CHINA,
    ),
)
