"""One vocabulary for authentication methods: that of `methodsRegistered` in the registration report.

The methods API names types, the audit log uses words, and the report has names of its own. The report's set
is open: a name that is not known here passes through as it is (facts 2.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

TEMPORARY_ACCESS_PASS = "temporaryAccessPass"  # noqa: S105

#: Ids that are the same for everybody (Learn "phoneAuthenticationMethod", "emailAuthenticationMethod").
FIXED_IDS: Mapping[str, str] = {
    "3179e48a-750b-4051-897c-87b9720928f7": "mobilePhone",
    "b6332ec1-7057-4abe-9331-3d72feddfe41": "alternateMobilePhone",
    "e37fc753-ff3b-4958-9484-eaa9425c82bc": "officePhone",
    "3ddfcfc8-9383-446f-83cc-3ab9be4be18f": "email",
}
#: phoneType → name.
PHONE_TYPES: Mapping[str, str] = {
    "mobile": "mobilePhone",
    "alternateMobile": "alternateMobilePhone",
    "office": "officePhone",
}
#: `@odata.type` of the methods API, without `#microsoft.graph.` → name. Learn "authenticationMethod resource
#: types"; security questions have no type in v1.0, hardware tokens only in beta.
_TYPES: Mapping[str, str] = {
    "emailAuthenticationMethod": "email",
    "microsoftAuthenticatorAuthenticationMethod": "microsoftAuthenticatorPush",
    "passwordlessMicrosoftAuthenticatorAuthenticationMethod": "microsoftAuthenticatorPasswordless",
    "softwareOathAuthenticationMethod": "softwareOneTimePasscode",
    "hardwareOathAuthenticationMethod": "hardwareOneTimePasscode",
    "fido2AuthenticationMethod": "fido2",
    "windowsHelloForBusinessAuthenticationMethod": "windowsHelloForBusiness",
    "platformCredentialAuthenticationMethod": "macOsSecureEnclaveKey",
    "temporaryAccessPassAuthenticationMethod": TEMPORARY_ACCESS_PASS,
    "externalAuthenticationMethod": "externalAuthMethod",
    "qrCodePinAuthenticationMethod": "qrCode",
}
#: Names of this report's predecessor (beta enumeration `usageAuthMethod`, Learn "enumeration values") → names of today.
#: No list of what `methodsRegistered` may hold is closed, and the old names are still met in Microsoft's own texts.
_OLDER: Mapping[str, str] = {
    "appNotification": "microsoftAuthenticatorPush",
    "appCode": "softwareOneTimePasscode",
    "mobileSMS": "mobilePhone",
    "mobileCall": "mobilePhone",
    "alternateMobileCall": "alternateMobilePhone",
    "fido": "fido2",
}
#: Words of the audit log, first match wins, so the particular stands before the general; "" is understood to be nothing
#: that is counted here. A word that says where something is kept ("on a mobile device") names no method.
_WORDS: tuple[tuple[str, str], ...] = (
    (r"temporary access pass|\btap\b", TEMPORARY_ACCESS_PASS),
    (r"verified id\b|face check|certificate", ""),
    (r"passkey.*windows hello|windows hello.*passkey", "passKeyDeviceBoundWindowsHello"),
    (r"windows hello", "windowsHelloForBusiness"),
    (r"(passkey|device-?bound).*authenticator|authenticator.*passkey", "passKeyDeviceBoundAuthenticator"),
    (r"synced passkey|passkey.*synced", "passKeySynced"),
    (r"passkey|pass key|device-?bound", "passKeyDeviceBound"),
    (r"\bfido|security key", "fido2"),
    (r"security question", "securityQuestion"),
    (r"app password", "appPassword"),
    (r"\bqr\b", "qrCode"),
    (r"platform credential|secure enclave|platform sso", "macOsSecureEnclaveKey"),
    (r"external", "externalAuthMethod"),
    (r"hardware (oath|token|otp|one)|oath hardware", "hardwareOneTimePasscode"),
    (r"passwordless|phone sign-?in", "microsoftAuthenticatorPasswordless"),
    (r"(third|3rd)[ -]?party.*authenticator|other authenticator", "softwareOneTimePasscode"),
    # "with Notification and Code" is the Microsoft app; "with Code" alone may be any OATH app. SSPR's own pages and the
    # older settings of MFA say "mobile app" and "PhoneApp" for the same two.
    (r"(authenticator|mobile ?app|phone ?app).*(notification|push)", "microsoftAuthenticatorPush"),
    (r"(authenticator|mobile ?app|phone ?app).*(\bcode|otp)", "softwareOneTimePasscode"),
    # Sent somewhere, a one-time passcode is no app's.
    (r"e-?mail", "email"),
    (r"alternate\w* ?\w*(mobile|phone)", "alternateMobilePhone"),
    (r"office ?phone|voice ?office", "officePhone"),
    (r"\bsms\b|text message|one ?way ?sms|voice ?mobile", "mobilePhone"),
    (r"software (oath|token|otp|one)|\boath\b|\btotp\b|one-?time pass", "softwareOneTimePasscode"),
    (r"authenticator", "microsoftAuthenticatorPush"),
    (r"mobile ?phone|mobile (number|call|voice)|(ed|for) mobile\W*$", "mobilePhone"),
    (r"\bphone (method|number|call)|(ed|for) phone\b(?! app)", "phone"),
)
_COMPILED = tuple((re.compile(pattern), name) for pattern, name in _WORDS)
_KNOWN: Mapping[str, str] = {
    name.lower(): name
    for name in (*_TYPES.values(), *PHONE_TYPES.values(), *(n for _, n in _WORDS if n not in {"phone", ""}))
} | {older.lower(): name for older, name in _OLDER.items()}


def method_in_words(reason: str) -> str | None:
    """The method that a reason of the audit log names; `phone` when only that much is said; None: unknown."""
    text = reason.casefold()
    for word in re.findall(r"[a-z0-9]+", text):
        if len(word) > len("email") and word in _KNOWN:
            return _KNOWN[word]
    return next((name for pattern, name in _COMPILED if pattern.search(text)), None) or None


def methods_of_row(names: Iterable[object]) -> tuple[str, ...]:
    """Names in `methodsRegistered`, older spellings as those of today, each once; what is no text is none."""
    return tuple(dict.fromkeys(_OLDER.get(name, name) for name in names if isinstance(name, str)))


def method_of_type(row: Mapping[str, Any]) -> str | None:
    """Name of one row of `/authentication/methods`; None for the password, which everybody has.

    A type that is not known here passes through by its own name: unknown, not a failure.
    """
    kind = str(row.get("@odata.type") or "").removeprefix("#microsoft.graph.")
    if kind == "passwordAuthenticationMethod":
        return None
    if kind == "phoneAuthenticationMethod":
        by_id = FIXED_IDS.get(str(row.get("id")).lower(), "phone")
        return PHONE_TYPES.get(str(row.get("phoneType")), by_id)
    return _TYPES.get(kind) or kind.removesuffix("AuthenticationMethod") or None
