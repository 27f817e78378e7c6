"""Authentication methods of one user."""

from __future__ import annotations

from onboarding.simulator.responses import methods, passes, phones
from onboarding.simulator.responses.methods import Typed
from onboarding.simulator.urls.route import NOT_IN_CHINA, USER, Route

_BASE = USER + "/authentication/"
_TAP = _BASE + "temporaryAccessPassMethods"
_PHONES = _BASE + methods.PHONE.segment
_EMAILS = _BASE + methods.EMAIL.segment
_ONE = "/{method_id}"
_PLAIN = "The page wraps the entity in `value`; answered plain as other entities."


def _typed(typed: Typed, listed: str, got: str, deleted: str | None, note: str = _PLAIN) -> list[Route]:
    """The three calls that every type has. `listed`, `got`, `deleted`: their pages."""
    path = _BASE + typed.segment
    cloudless = NOT_IN_CHINA if typed is methods.EMAIL else ()
    routes = [
        Route("GET", path, methods.lister(typed), "documented", listed, cloudless=cloudless),
        Route("GET", path + _ONE, methods.getter(typed), "documented", got, note, cloudless=cloudless),
    ]
    if deleted is not None:
        routes.append(
            Route(
                "DELETE",
                path + _ONE,
                methods.deleter(typed),
                "documented",
                deleted,
                quota="write",
                cloudless=cloudless,
            )
        )
    return routes


def _own(typed: Typed, note: str = _PLAIN) -> list[Route]:
    """Types whose pages are named after the type."""
    name = typed.odata_type.lower()
    return _typed(typed, f"{name}-list", f"{name}-get", f"{name}-delete", note)


_REFUSALS = "The rules are documented; code and text of the refusals (400) are inferred."

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        _BASE + "methods",
        methods.list_methods,
        "documented",
        "authentication-list-methods",
        "createdDateTime on every type as in the 2026 schema. Security questions and hardware tokens have "
        "no v1.0 type and are not listed.",
    ),
    *_typed(methods.PHONE, "authentication-list-phonemethods", "phoneauthenticationmethod-get", None, ""),
    Route(
        "POST",
        _PHONES,
        phones.create_phone,
        "inferred",
        "authentication-post-phonemethods",
        _REFUSALS
        + " Only the documented number format is accepted. Where SMS sign-in is allowed, the number is "
        "tried for it.",
        quota="write",
    ),
    Route(
        "PATCH",
        _PHONES + _ONE,
        phones.update_phone,
        "inferred",
        "phoneauthenticationmethod-update",
        _REFUSALS + " 204 without a body.",
        quota="write",
    ),
    Route(
        "DELETE",
        _PHONES + _ONE,
        phones.delete_phone,
        "inferred",
        "phoneauthenticationmethod-delete",
        "Refused while an alternate mobile phone is left (documented); the error bodies are inferred.",
        quota="write",
    ),
    Route(
        "POST",
        _PHONES + "/{method_id}/enableSmsSignIn",
        phones.enable_sms_sign_in,
        "inferred",
        "phoneauthenticationmethod-enablesmssignin",
        _REFUSALS,
        quota="write",
    ),
    Route(
        "POST",
        _PHONES + "/{method_id}/disableSmsSignIn",
        phones.disable_sms_sign_in,
        "documented",
        "phoneauthenticationmethod-disablesmssignin",
        "The state is notEnabled afterwards.",
        quota="write",
    ),
    *_typed(
        methods.EMAIL,
        "authentication-list-emailmethods",
        "emailauthenticationmethod-get",
        "emailauthenticationmethod-delete",
    ),
    Route(
        "POST",
        _EMAILS,
        phones.create_email,
        "inferred",
        "authentication-post-emailmethods",
        _REFUSALS,
        quota="write",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "PATCH",
        _EMAILS + _ONE,
        phones.update_email,
        "inferred",
        "emailauthenticationmethod-update",
        _REFUSALS,
        quota="write",
        cloudless=NOT_IN_CHINA,
    ),
    *_own(methods.AUTHENTICATOR),
    *_own(
        methods.FIDO, _PLAIN + " createdDateTime where the page has creationDateTime, as in the 2026 schema."
    ),
    *_own(methods.HELLO),
    *_own(
        methods.PLATFORM,
        _PLAIN + " createdDateTime where the page has creationDateTime, as in the 2026 schema.",
    ),
    *_typed(
        methods.SOFTWARE_OATH,
        "authentication-list-softwareoathmethods",
        "softwareoathauthenticationmethod-get",
        "softwareoathauthenticationmethod-delete",
    ),
    Route(
        "GET",
        _BASE + "passwordMethods",
        methods.list_passwords,
        "documented",
        "authentication-list-passwordmethods",
        "Exactly one, always with the same id, never with the password.",
    ),
    Route(
        "GET",
        _BASE + "passwordMethods" + _ONE,
        methods.get_password,
        "documented",
        "passwordauthenticationmethod-get",
    ),
    Route(
        "POST",
        _TAP,
        passes.create_pass,
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
        passes.list_passes,
        "documented",
        "authentication-list-temporaryaccesspassmethods",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "GET",
        _TAP + _ONE,
        passes.get_pass,
        "documented",
        "temporaryaccesspassauthenticationmethod-get",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "DELETE",
        _TAP + _ONE,
        passes.delete_pass,
        "documented",
        "temporaryaccesspassauthenticationmethod-delete",
        quota="write",
        cloudless=NOT_IN_CHINA,
    ),
)
