"""Graph's errors in our words: the one place where they are mapped. By who has to act:

| Graph says | we raise |
|---|---|
| 429; 503 or 509 with Retry-After to a read | Throttled (retry_after in seconds) |
| 5xx, no connection, timeout, to a read or before sending | Unavailable |
| 5xx, connection lost or timeout after sending a write that is not idempotent | EffectUnknown |
| 400 ObjectConflict, "A conflicting object…" | ports.NameTaken |
| 400 "Not a valid reference update", 404 for a fresh object | NotYetVisible |
| 400 for a Temporary Access Pass, or the policy's refusal of one | OperatorError `access_pass_policy` |
| 403 …NonPremiumTenantOrB2CTenant | OperatorError `report_needs_premium` |
| 400 to assignLicense: no free unit, no usageLocation | OperatorError `no_free_licence`, `no_usage_location` |
| 400 "object references already exist" | nothing: who is a member stays one |
| 400 otherwise, to a write | OperatorError `graph_bad_value` |
| 401, and no token | DeployerError `graph_sign_in` |
| 403 otherwise | PermissionMissing, naming the permission |
| 404 of a mailbox | ConfigurationError `sender_mailbox` |
| anything else | DeployerError `graph_refused` |

Sources: Learn "Microsoft Graph error responses and resource types", "Create user", "Throttling limits";
observed texts in the issue lists of microsoft-graph-docs and the SDKs (project facts 3.1-3.9, 4.4).
No text of Graph's gets into a message, since it may quote a value; code, status and request id do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from onboarding.errors import (
    ConfigurationError,
    DeployerError,
    EffectUnknown,
    NotYetVisible,
    OnboardingError,
    OperatorError,
    PermissionMissing,
    Throttled,
    Unavailable,
)
from onboarding.graph.answer import Answer
from onboarding.ports import NameTaken

#: 404 codes that speak of a directory object (not of a wrong address or a proxy).
ABSENT = frozenset(
    {"Request_ResourceNotFound", "Directory_ObjectNotFound", "ResourceNotFound", "resourceNotFound"}
)
ITEM_ABSENT = frozenset({"ErrorItemNotFound", "itemNotFound"})
NO_MAILBOX = frozenset(
    {
        "MailboxNotEnabledForRESTAPI",
        "MailboxNotSupportedForRESTAPI",
        "ErrorInvalidUser",
        "ErrorNonExistentMailbox",
        "ErrorMailboxMoveInProgress",
    }
)
#: Properties that may be named in an error; anything else in Graph's text could be a value.
_PROPERTIES = (
    "userPrincipalName",
    "mailNickname",
    "displayName",
    "givenName",
    "surname",
    "jobTitle",
    "department",
    "companyName",
    "usageLocation",
    "preferredLanguage",
    "employeeId",
    "employeeHireDate",
    "employeeLeaveDateTime",
    "employeeType",
    "phoneNumber",
    "phoneType",
    "mobilePhone",
    "passwordProfile",
    "accountEnabled",
    "proxyAddresses",
)
_NAMED = re.compile(r"(?<![\w@.])(" + "|".join(_PROPERTIES) + r")(?![\w@])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """What the adapter knows of one call of Graph's. Kept next to the request it describes (`calls`)."""

    #: Our name for it, for messages and logs.
    name: str
    #: The least application permission (permissions reference), named when Graph refuses.
    permission: str
    #: Changes something.
    writes: bool = False
    #: May be sent again without looking: reads, PUT of a reference, DELETE.
    idempotent: bool = True
    #: Counts against the 5 requests per 10 s of "identity and access reports".
    report: bool = False
    #: Makes or reads a Temporary Access Pass.
    access_pass: bool = False
    #: Talks to the sender's mailbox.
    mailbox: bool = False
    #: "No such object" is an answer, not an error.
    may_be_absent: bool = False
    #: Puts somebody into a group: "is a member already" is a success.
    membership: bool = False
    #: Gives licences.
    licence: bool = False


def absent(answer: Answer, call: Call) -> bool:
    """True for a 404 in which Graph itself says that the object does not exist.

    Not for a proxy's 404, nor for a mailbox that does not exist when a message was asked for. A cloud without
    Temporary Access Pass (facts 5) answers 400 and knows no such segment.
    """
    if call.access_pass and answer.status == 400:
        return "not found for the segment" in answer.error.message.lower()
    return answer.status == 404 and answer.error.code in (ITEM_ABSENT if call.mailbox else ABSENT)


def check(answer: Answer, call: Call) -> Answer:
    """The answer itself when it is good for the caller; else the error that says who acts."""
    if answer.ok or (call.may_be_absent and absent(answer, call)) or _is_member_already(answer, call):
        return answer
    raise _of_status(answer, call)


def _is_member_already(answer: Answer, call: Call) -> bool:
    """Observed (facts 3.3): a 400 whose message names the property `members`."""
    said = answer.error.message.lower()
    return call.membership and answer.status == 400 and "object references already exist" in said


def _of_status(answer: Answer, call: Call) -> Exception:
    status, said = answer.status, answer.error
    if _conflicts(answer) and call.writes:
        return NameTaken(_say(answer, call, "another object already has this name"))
    if status == 429 or (status in {503, 509} and call.idempotent and answer.retry_after is not None):
        return Throttled(
            _say(answer, call, "too many requests; it is tried again later"),
            retry_after=answer.retry_after,
            code=None if status == 429 else "tenant_busy",
        )
    if status >= 500 and status != 501:
        return _no_effect_known(answer, call)
    if status == 401:
        return DeployerError(
            _say(answer, call, "the token was not accepted: check the identity and its tenant"),
            code="graph_sign_in",
        )
    if status in {400, 403} and call.access_pass and _policy_refusal(answer):
        return OperatorError(
            _say(answer, call, "the tenant's policy allows no such Temporary Access Pass for this person"),
            code="access_pass_policy",
        )
    if status == 403:
        return _forbidden(answer, call)
    if status == 404:
        return _not_found(answer, call)
    if status == 400 and call.writes:
        return _bad_request(answer, call, said.message)
    if status == 501:
        return DeployerError(
            _say(answer, call, "what answers there does not know this call: check ONBOARDING_GRAPH_BASE_URL"),
            code="graph_refused",
        )
    if status in {409, 412, 423}:
        return Unavailable(
            _say(answer, call, "the object was being changed by somebody else"), code="object_busy"
        )
    return DeployerError(
        _say(answer, call, "this is not how the service expects to be answered"), code="graph_refused"
    )


def _no_effect_known(answer: Answer, call: Call) -> OnboardingError:
    if call.idempotent:
        return Unavailable(_say(answer, call, "it is tried again later"), retry_after=answer.retry_after)
    return EffectUnknown(
        _say(answer, call, "it may have taken effect; that is looked up before it is tried again"),
        retry_after=answer.retry_after,
    )


def _conflicts(answer: Answer) -> bool:
    """Duplicate names come as 400, not 409, with or without details (observed, facts 3.1)."""
    if answer.status not in {400, 409}:
        return False
    said = answer.error
    return (
        said.detail("ObjectConflict") is not None
        or said.message.startswith("A conflicting object with one or more of the specified property values")
        or said.message.startswith("Another object with the same value for property")
    )


def _policy_refusal(answer: Answer) -> bool:
    """A 400 to a pass can only be about its policy or its person: we send start, length and once.

    Observed: "Converged UserCredentialPolicy does not allow creating or updating this authentication
    method"; with which status is not recorded, so a 403 with that text counts too.
    """
    if answer.status == 400 and not _reference_lag(answer):
        return True
    return "policy" in answer.error.message.lower() and "not allow" in answer.error.message.lower()


def _reference_lag(answer: Answer) -> bool:
    return "not a valid reference update" in answer.error.message.lower() or answer.error.code in ABSENT


def _forbidden(answer: Answer, call: Call) -> OnboardingError:
    if answer.error.code == "Authentication_RequestFromNonPremiumTenantOrB2CTenant":
        return OperatorError(
            _say(answer, call, "the registration report needs Entra ID P1 or P2"), code="report_needs_premium"
        )
    return PermissionMissing(
        _say(answer, call, f"grant the application permission {call.permission}, with admin consent")
    )


def _not_found(answer: Answer, call: Call) -> OnboardingError:
    code = answer.error.code
    if absent(answer, call) and call.mailbox:
        # The item was sent, moved or deleted meanwhile, or has not replicated: the caller looks it up.
        return EffectUnknown(_say(answer, call, "the message is not there; it is looked up"))
    if call.mailbox and (code in NO_MAILBOX or code in ABSENT):
        return ConfigurationError(
            _say(answer, call, "ONBOARDING_SENDER must be a licensed mailbox of this tenant"),
            code="sender_mailbox",
        )
    if code in ABSENT:
        return NotYetVisible(_say(answer, call, "the object is not visible yet"))
    return DeployerError(
        _say(answer, call, "nothing answers there: check ONBOARDING_GRAPH_BASE_URL"), code="graph_refused"
    )


def _bad_request(answer: Answer, call: Call, message: str) -> OnboardingError:
    if _reference_lag(answer):
        return NotYetVisible(_say(answer, call, "the object is not visible yet"))
    if call.mailbox and answer.error.code == "ErrorInvalidOperation":
        return EffectUnknown(_say(answer, call, "the message is no draft any more; it is looked up"))
    if call.licence and (reason := _licence_reason(message.lower())) is not None:
        return OperatorError(_say(answer, call, reason[1]), code=reason[0])
    if "domain portion of the userprincipalname" in message.lower():
        return ConfigurationError(
            _say(answer, call, "ONBOARDING_DOMAIN must be a verified domain of the tenant"),
            code="domain_not_verified",
        )
    name = _named_property(answer)
    what = f"the value of {name} is refused" if name else "a value is refused"
    return OperatorError(
        _say(answer, call, f"{what}; correct it in HR and run it again"), code="graph_bad_value"
    )


def _licence_reason(message: str) -> tuple[str, str] | None:
    """(code, what to do) of a refusal to give a licence; texts observed in public (facts 3.3, Partner Center)."""
    if "available licenses" in message:
        return "no_free_licence", "no unit is free: buy one or free one"
    if "invalid usage location" in message:
        return "no_usage_location", "the user has no usageLocation: HR sends a country, or set it in Entra"
    return None


def _named_property(answer: Answer) -> str | None:
    """The property that Graph names, spelled as in our list; never a word that could be a value."""
    targets = [target for _, target in answer.error.details]
    for text in (*targets, answer.error.message):
        if found := _NAMED.search(text):
            return next(name for name in _PROPERTIES if name.lower() == found[1].lower())
    return None


_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def of_transport(error: httpx.RequestError, call: Call) -> OnboardingError:
    """No answer. What failed before a byte was sent had no effect; the rest is doubt for a write.

    Shapes: httpx exceptions (those of `_BEFORE_SENDING` end before the request leaves).
    """
    kind = type(error).__name__
    if call.idempotent or isinstance(error, _BEFORE_SENDING):
        return Unavailable(f"Graph does not answer ({kind}, {call.name}); it is tried again later.")
    return EffectUnknown(
        f"No answer from Graph ({kind}, {call.name}): it may have taken effect; that is looked up first."
    )


def unreadable(answer: Answer, call: Call) -> OnboardingError:
    """A success whose body is not what it should be: a read is tried again, a write is looked up."""
    if call.idempotent:
        return Unavailable(_say(answer, call, "the answer could not be read; it is tried again later"))
    return EffectUnknown(_say(answer, call, "the answer could not be read; its effect is looked up"))


def no_token(call: Call, kind: str) -> DeployerError:
    """azure-identity gave no token: nothing was sent. `kind` is the name of its exception."""
    return DeployerError(
        f"No token for Graph ({kind}, {call.name}): check the managed identity, its client id and its tenant;"
        " on a developer's machine sign in with the Azure CLI.",
        code="graph_sign_in",
    )


def _say(answer: Answer, call: Call, what: str) -> str:
    code = answer.error.code or "no error code"
    return (
        f"Graph answered HTTP {answer.status} ({code}) to {call.name}, request id"
        f" {answer.request_id or 'none'}: {what}."
    )
