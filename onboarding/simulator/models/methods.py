"""Authentication methods: how the report, the methods API and the audit log name one and the same thing.

Names of the report: "userRegistrationDetails resource type" and its beta enumeration. Types of the methods
API: "authenticationMethod resource types". Words of the audit log: as seen in public (janbakker.tech
2024-02-21, elastic/detection-rules); the ones marked `inferred` were never seen, only formed alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

#: The report never lists it; the methods API and the audit log do.
ACCESS_PASS = "temporaryAccessPass"  # noqa: S105 - the name of a method, not a secret


@dataclass(frozen=True, slots=True)
class Kind:
    """One `methodsRegistered` value.

    user_words: what follows "User registered"; admin_words: what follows "Admin registered".
    fixed_id: the same for every user where Microsoft documents it so.
    admin_may_add: False for what only the person can set up.
    """

    name: str
    odata_type: str | None
    user_words: str
    admin_words: str
    fixed_id: str | None = None
    phone_type: str | None = None
    recovers: bool = False
    admin_may_add: bool = True
    personal: bool = False

    def __reduce__(self) -> tuple[Callable[[str], Kind], tuple[str]]:
        """A file names the kind; what it means comes from the table below."""
        return _kind, (self.name,)


def _kind(name: str) -> Kind:
    return KINDS[name]


_PHONE = "phoneAuthenticationMethod"
_APP = "microsoftAuthenticatorAuthenticationMethod"
FIDO = "fido2AuthenticationMethod"
_HELLO = "windowsHelloForBusinessAuthenticationMethod"
PLATFORM = "platformCredentialAuthenticationMethod"
_OATH = "softwareOathAuthenticationMethod"

_ALL = (
    Kind(
        "mobilePhone",
        _PHONE,
        "Mobile Phone SMS",
        "phone method for user",
        "3179e48a-750b-4051-897c-87b9720928f7",
        "mobile",
        recovers=True,
    ),
    Kind(
        "alternateMobilePhone",
        _PHONE,
        "Alternate Mobile Phone Call",  # inferred
        "phone method for user",
        "b6332ec1-7057-4abe-9331-3d72feddfe41",
        "alternateMobile",
        recovers=True,
    ),
    Kind(
        "officePhone",
        _PHONE,
        "Office Phone Call",  # inferred
        "phone method for user",
        "e37fc753-ff3b-4958-9484-eaa9425c82bc",
        "office",
        recovers=True,
    ),
    Kind(
        "email",
        "emailAuthenticationMethod",
        "Email",  # inferred
        "email method for user",  # inferred
        "3ddfcfc8-9383-446f-83cc-3ab9be4be18f",
        recovers=True,
    ),
    Kind("securityQuestion", None, "Security Questions", "", recovers=True, admin_may_add=False),  # inferred
    Kind(
        "microsoftAuthenticatorPush",
        _APP,
        "Authenticator App with Notification and Code",
        "",
        recovers=True,
        admin_may_add=False,
    ),
    Kind(
        "microsoftAuthenticatorPasswordless",
        _APP,
        "Authenticator App with Notification and Code",  # inferred
        "",
        recovers=True,
        admin_may_add=False,
    ),
    Kind(
        "softwareOneTimePasscode",
        _OATH,
        "Authenticator App with Code",  # inferred
        "software OATH method for user",  # inferred
        recovers=True,
    ),
    Kind(
        "hardwareOneTimePasscode",
        None,
        "Hardware Token",  # inferred
        "hardware OATH method for user",  # inferred
        recovers=True,
    ),
    Kind("fido2", FIDO, "Fido", "fido2 method for user"),
    Kind("passKeyDeviceBound", FIDO, "Fido", "fido2 method for user"),
    Kind("passKeySynced", FIDO, "Fido", "fido2 method for user"),
    Kind("passKeyDeviceBoundAuthenticator", FIDO, "Fido", "", admin_may_add=False),
    Kind("windowsHelloForBusiness", _HELLO, "Windows Hello for Business", "", admin_may_add=False),
    Kind("passKeyDeviceBoundWindowsHello", _HELLO, "Windows Hello for Business", "", admin_may_add=False),
    Kind("macOsSecureEnclaveKey", PLATFORM, "Platform Credential", "", admin_may_add=False),  # inferred
    Kind("externalAuthMethod", "externalAuthenticationMethod", "External Method", "external method for user"),
    Kind("qrCode", "qrCodePinAuthenticationMethod", "QR code", "QR code method for user"),  # inferred
    Kind("appPassword", None, "App Password", "", admin_may_add=False),  # inferred
    # The set is open on purpose (userRegistrationDetails): what nobody has heard of yet.
    Kind("unknownFutureMethod", None, "something that nobody has heard of yet", "", admin_may_add=False),
    Kind(
        ACCESS_PASS,
        "temporaryAccessPassAuthenticationMethod",
        "temporary access pass method",
        "temporary access pass method for user",
    ),
)

#: By `methodsRegistered` value; "temporaryAccessPass" is here too although the report never lists it.
KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}

#: The password method, which every user has, always has this id (authentication-list-methods, example).
BUILT_IN_ID = "28c10230-6103-485e-b985-444c60001490"


@dataclass
class Method:
    """One registered method. `actor` is what Graph never tells: user, admin, app or seed."""

    kind: Kind
    id: str
    created: datetime
    actor: str
    value: str | None = None
    #: smsSignInState of a mobile phone that somebody tried to make a sign-in name; None: nobody tried.
    sms: str | None = None


@dataclass(slots=True)
class AccessPass:
    """A Temporary Access Pass. The secret leaves in the 201 that made it and never again."""

    id: str
    secret: str
    created: datetime
    start: datetime
    minutes: int
    once: bool
    actor: str = "app"
    used: bool = False
