"""User properties: what may be written, within which limits, and what a read returns.

Limits: the property texts of "user resource type"; user names: "Self-service password reset policies",
UserPrincipalName policies; passwords: the same page, password policies. Which filters work: the table of
"Advanced query capabilities on Azure AD objects".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from onboarding.simulator.clock import parse_time
from onboarding.simulator.directory_filter import ADVANCED, DEFAULT, Kind, Support
from onboarding.simulator.errors import bad_request, invalid_value, not_modelled

#: What a 201 or a GET without $select returns (user-post-users, example 1).
DEFAULT_SET = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
REQUIRED = ("accountEnabled", "displayName", "mailNickname", "passwordProfile", "userPrincipalName")
_TEXT_LIMITS = {
    "displayName": 256,
    "mailNickname": 64,
    "givenName": 64,
    "surname": 64,
    "jobTitle": 128,
    "department": 64,
    "companyName": 64,
    "employeeId": 16,
    "employeeType": 256,
    "mobilePhone": 64,
    "officeLocation": 128,
    "city": 128,
    "state": 128,
    "country": 128,
    "postalCode": 40,
    "streetAddress": 1024,
    "faxNumber": 64,
    "onPremisesImmutableId": 256,
}
_UPN = re.compile(r"[A-Za-z0-9'._!#^~-]{1,64}@[A-Za-z0-9.-]{1,48}")
_NICKNAME = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_ADDRESS = re.compile(r"[\x21-\x7e]+@[\x21-\x7e]+")
_COUNTRY = re.compile(r"[A-Z]{2}")
_PASSWORD_POLICIES = {"", "none", "disablestrongpassword", "disablepasswordexpiration"}

Check = Callable[[Any], bool]


def _text(limit: int) -> Check:
    return lambda value: value is None or (isinstance(value, str) and 1 <= len(value) <= limit)


def _matches(pattern: re.Pattern[str]) -> Check:
    return lambda value: value is None or (isinstance(value, str) and pattern.fullmatch(value) is not None)


def _texts(count: int, limit: int, pattern: re.Pattern[str]) -> Check:
    def check(value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) <= count
            and all(isinstance(v, str) and len(v) <= limit and pattern.fullmatch(v) for v in value)
        )

    return check


def _time(value: Any) -> bool:
    if value is None:
        return True
    try:
        parse_time(value)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _password_policies(value: Any) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, str) and {part.strip().lower() for part in value.split(",")} <= _PASSWORD_POLICIES
    )


def _organization_data(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and set(value) <= {"@odata.type", "division", "costCenter"}
        and all(part is None or isinstance(part, str) for part in value.values())
    )


_CHECKS: dict[str, Check] = {
    **{name: _text(limit) for name, limit in _TEXT_LIMITS.items()},
    "accountEnabled": lambda value: isinstance(value, bool),
    "businessPhones": _texts(1, 64, re.compile(r".+", re.DOTALL)),
    "otherMails": _texts(250, 250, _ADDRESS),
    "mail": _matches(_ADDRESS),
    "preferredLanguage": _matches(_LANGUAGE),
    "usageLocation": lambda value: isinstance(value, str) and _COUNTRY.fullmatch(value) is not None,
    "passwordPolicies": _password_policies,
    "employeeOrgData": _organization_data,
    "employeeHireDate": _time,
    "employeeLeaveDateTime": _time,
    "userType": lambda value: value in ("Member", "Guest"),
}
#: What PATCH /users accepts beside userPrincipalName and passwordProfile.
WRITABLE = frozenset(_CHECKS)
#: What POST /users does: whether it takes a leave date is not on its page.
WRITABLE_WHEN_NEW = WRITABLE - {"employeeLeaveDateTime"}
#: "Sensitive actions" of "user resource type": 403 for people with roles or in role-assignable groups.
SENSITIVE = frozenset(
    {
        "accountEnabled",
        "businessPhones",
        "mobilePhone",
        "onPremisesImmutableId",
        "otherMails",
        "passwordProfile",
        "userPrincipalName",
    }
)
#: Mastered on premises, hence read-only for synced users.
SYNCED = (WRITABLE | {"userPrincipalName"}) - {
    "usageLocation",
    "otherMails",
    "passwordPolicies",
    "employeeOrgData",
}
#: What the tenant keeps of a user, apart from the password.
READABLE = WRITABLE | {
    "id",
    "userPrincipalName",
    "createdDateTime",
    "onPremisesSyncEnabled",
    "deletedDateTime",
}
#: What is worked out when it is read.
_DERIVED = frozenset(
    {
        "assignedLicenses",
        "assignedPlans",
        "identities",
        "imAddresses",
        "passwordProfile",
        "proxyAddresses",
        "signInSessionsValidFromDateTime",
    }
)
#: Read-only properties that no pretend user has a value for.
_NULL = frozenset(
    {
        "ageGroup",
        "consentProvidedForMinor",
        "creationType",
        "externalUserState",
        "externalUserStateChangeDateTime",
        "legalAgeGroupClassification",
        "onPremisesDistinguishedName",
        "onPremisesDomainName",
        "onPremisesLastSyncDateTime",
        "onPremisesSamAccountName",
        "onPremisesSecurityIdentifier",
        "onPremisesUserPrincipalName",
        "preferredDataLocation",
        "showInAddressList",
    }
)
_BOTH = Support(DEFAULT, DEFAULT, null=ADVANCED)
_LATE = Support(ADVANCED, ADVANCED, null=ADVANCED)
_EQUAL = Support(DEFAULT)
_COUNTED = Support(ADVANCED)
_FILTERS: dict[str, Support] = {
    **{name: _BOTH for name in ("city", "country", "department", "displayName", "givenName", "jobTitle")},
    **{name: _BOTH for name in ("mailNickname", "surname", "usageLocation")},
    **{name: _LATE for name in ("companyName", "faxNumber", "mobilePhone", "officeLocation", "postalCode")},
    **{name: _LATE for name in ("preferredLanguage", "streetAddress")},
    "accountEnabled": _EQUAL,
    "assignedLicenses/any/skuId": _EQUAL,
    "assignedLicenses/$count": _COUNTED,
    "businessPhones/any": Support(ADVANCED, ADVANCED),
    "createdDateTime": Support(DEFAULT, range=DEFAULT, null=ADVANCED),
    "employeeHireDate": Support(ADVANCED, range=ADVANCED),
    "employeeLeaveDateTime": Support(ADVANCED, range=ADVANCED),
    "employeeId": Support(DEFAULT, null=ADVANCED),
    "employeeType": Support(ADVANCED),
    "id": _EQUAL,
    "identities/any/issuer": _EQUAL,
    "identities/any/issuerAssignedId": _EQUAL,
    "imAddresses/any": Support(DEFAULT, DEFAULT),
    "mail": _BOTH._replace(ends=ADVANCED),
    "onPremisesImmutableId": _EQUAL,
    "onPremisesSyncEnabled": Support(DEFAULT, null=ADVANCED),
    "otherMails/any": Support(DEFAULT, DEFAULT, ends=ADVANCED),
    "otherMails/$count": _COUNTED,
    "passwordPolicies": Support(null=ADVANCED),
    "proxyAddresses/any": Support(DEFAULT, DEFAULT, ends=ADVANCED),
    "proxyAddresses/$count": _COUNTED,
    "state": Support(DEFAULT, null=ADVANCED),
    "userPrincipalName": Support(DEFAULT, DEFAULT, ends=ADVANCED),
    "userType": Support(DEFAULT, null=ADVANCED),
}
USERS = Kind(
    "User",
    READABLE | _DERIVED | _NULL,
    DEFAULT_SET,
    _FILTERS,
    {
        "displayName": DEFAULT,
        "userPrincipalName": DEFAULT,
        "createdDateTime": ADVANCED,
        "deletedDateTime": ADVANCED,
    },
    {
        "displayName": True,
        "givenName": False,
        "mail": False,
        "mailNickname": False,
        "surname": False,
        "userPrincipalName": False,
    },
    {
        name: []
        for name in ("assignedLicenses", "assignedPlans", "businessPhones", "imAddresses", "otherMails")
    }
    | {"proxyAddresses": []},
)


def check_known(body: Mapping[str, Any], allowed: frozenset[str]) -> None:
    """501 for a property that is not modelled."""
    if unknown := [name for name in body if name not in allowed and not name.startswith("@odata.")]:
        raise not_modelled(f"the property '{unknown[0]}' in this body")


def check_properties(body: Mapping[str, Any], allowed: frozenset[str]) -> None:
    """501 for a property that is not modelled, 400 for a value outside the documented limits."""
    check_known(body, allowed)
    for name, value in body.items():
        if name.startswith("@odata."):
            continue
        if name == "displayName" and not value:
            raise bad_request("A value is required for property 'displayName' of resource 'User'.")
        if not _CHECKS[name](value):
            limit = _TEXT_LIMITS.get(name)
            long = limit is not None and isinstance(value, str) and len(value) > limit
            raise invalid_value(name, "InvalidLength" if long else "InvalidValue")
    nickname = body.get("mailNickname")
    if nickname is not None and not _NICKNAME.fullmatch(nickname):
        raise invalid_value("mailNickname")


def check_user_name(upn: Any, domains: tuple[str, ...]) -> None:
    """400 for characters or lengths that a UPN may not have, and for a domain that is not verified."""
    if not isinstance(upn, str) or not _UPN.fullmatch(upn) or ".@" in upn or upn.startswith("."):
        raise bad_request(
            "Property userPrincipalName is invalid.",
            {"code": "InvalidValue", "message": "Invalid value.", "target": "userPrincipalName"},
        )
    if upn.split("@", 1)[1].lower() not in domains:
        raise bad_request(
            "The domain portion of the userPrincipalName property is invalid. You must use one of the "
            "verified domain names in your organization.",
            {"code": "InvalidDomain", "message": "Not a verified domain.", "target": "userPrincipalName"},
        )


def check_password(profile: Any) -> dict[str, Any]:
    """passwordProfile: 8 to 256 ASCII characters of three of the four classes. What a read shows of it."""
    flags = ("forceChangePasswordNextSignIn", "forceChangePasswordNextSignInWithMfa")
    if not isinstance(profile, dict):
        raise invalid_value("passwordProfile")
    if unknown := set(profile) - {"password", "@odata.type", *flags}:
        raise not_modelled(f"the property 'passwordProfile/{sorted(unknown)[0]}'")
    if any(not isinstance(profile.get(flag), bool | None) for flag in flags):
        raise invalid_value("passwordProfile")
    password = profile.get("password")
    if not isinstance(password, str) or not 8 <= len(password) <= 256 or not password.isascii():
        raise _weak()
    classes = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    if sum(any(test(letter) for letter in password) for test in classes) < 3:
        raise _weak()
    return {"password": None, **{flag: bool(profile.get(flag)) for flag in flags}}


def _weak() -> Exception:
    message = (
        "The specified password does not comply with password complexity requirements. "
        "Please provide a different password."
    )
    return bad_request(message, {"code": "InvalidPassword", "message": message, "target": "password"})
