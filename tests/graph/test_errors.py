"""Graph's errors in our words: who acts, what may be said."""

import httpx
import pytest

from onboarding.errors import (
    ConfigurationError,
    DeployerError,
    EffectUnknown,
    NotYetVisible,
    OperatorError,
    PermissionMissing,
    Unavailable,
)
from onboarding.graph import calls_accounts, calls_directory, calls_entitlements, calls_mail, calls_security
from onboarding.graph.answer import Answer
from onboarding.graph.errors import Call, check
from onboarding.ports import NameTaken

ALL_CALLS = [
    value
    for module in (calls_accounts, calls_directory, calls_entitlements, calls_security, calls_mail)
    for value in vars(module).values()
    if isinstance(value, Call)
]
SECRET = "+1 5551234567 anna@contoso.example O'Neill"


def _raised(response: httpx.Response, call: Call) -> Exception:
    answer = Answer(response.status_code, response.headers, response.content)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        check(answer, call)
    return caught.value


POST_USER, PUT_MANAGER = calls_directory.CREATE_USER, calls_directory.SET_MANAGER
POST_PASS, READ = calls_security.CREATE_PASS, calls_directory.FIND_USERS


@pytest.mark.parametrize(
    ("message", "details"),
    [
        ("Another object with the same value for property userPrincipalName already exists.", True),
        ("Another object with the same value for property userPrincipalName already exists.", False),
        ("something newly worded", True),
        (
            "A conflicting object with one or more of the specified property values is present in the directory.",
            False,
        ),
    ],
)
@pytest.mark.parametrize("status", [400, 409])
def test_a_taken_name_is_seen_in_each_observed_form(graph_error, message, details, status):
    rows = [
        {"code": "ObjectConflict", "message": message, "target": "userPrincipalName"},
        {"code": "ConflictingObjects", "message": SECRET, "target": "u-2"},
    ]
    error = _raised(graph_error(status, "Request_BadRequest", message, *(rows if details else ())), POST_USER)
    assert isinstance(error, NameTaken)


def test_a_conflict_of_proxy_addresses_is_a_taken_name_too(graph_error):
    detail = {"code": "ObjectConflict", "message": "m", "target": "proxyAddresses"}
    assert isinstance(_raised(graph_error(400, "Request_BadRequest", "m", detail), POST_USER), NameTaken)


def test_lag_is_a_400_that_means_wait_and_a_404_that_means_wait(graph_error):
    for response in (
        graph_error(400, "Request_BadRequest", "Not a valid reference update."),
        graph_error(404, "Request_ResourceNotFound", "Resource 'x' does not exist"),
        graph_error(404, "Directory_ObjectNotFound"),
        graph_error(400, "Directory_ObjectNotFound"),
    ):
        assert isinstance(_raised(response, PUT_MANAGER), NotYetVisible)
        assert isinstance(_raised(response, POST_PASS), NotYetVisible)


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("Invalid value specified for property 'mobilePhone' of resource 'User'.", "mobilePhone"),
        ("Property USAGELOCATION is invalid.", "usageLocation"),
        ("One or more properties contains invalid values.", None),
        ("displayName@evil is refused", None),
        (f"the value {SECRET} is refused", None),
    ],
)
def test_a_bad_value_names_its_property_only_if_graph_does_and_never_the_value(graph_error, message, named):
    error = _raised(graph_error(400, "Request_BadRequest", message + " " + SECRET), POST_USER)
    assert isinstance(error, OperatorError)
    assert error.code == "graph_bad_value"
    assert ("the value of" in error.message) == (named is not None)
    assert named is None or named in error.message


def test_the_target_of_a_detail_names_the_property(graph_error):
    detail = {"code": "InvalidLength", "message": SECRET, "target": "jobTitle"}
    assert "jobTitle" in str(_raised(graph_error(400, "Request_BadRequest", "x", detail), POST_USER))


def test_a_domain_that_is_not_verified_is_for_the_deployer(graph_error):
    text = "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain"
    error = _raised(graph_error(400, "Request_BadRequest", text), POST_USER)
    assert isinstance(error, ConfigurationError)
    assert "ONBOARDING_DOMAIN" in error.message


@pytest.mark.parametrize("call", ALL_CALLS, ids=lambda call: call.name)
def test_a_403_names_the_permission_that_the_call_needs(graph_error, call):
    error = _raised(
        graph_error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
        call,
    )
    assert isinstance(error, PermissionMissing)
    assert call.permission in error.message


@pytest.mark.parametrize("call", ALL_CALLS, ids=lambda call: call.name)
@pytest.mark.parametrize(
    "status", [301, 400, 401, 402, 403, 404, 405, 409, 410, 413, 418, 429, 500, 501, 503, 509]
)
def test_no_error_ever_says_what_graph_said(graph_error, call, status):
    """Codes, status and request id only: a text may quote a name or a number."""
    detail = {"code": SECRET, "message": SECRET, "target": SECRET}
    error = _raised(graph_error(status, SECRET, SECRET, detail, headers={"request-id": SECRET}), call)
    assert not [word for word in ("555", "@", "anna", "Neill", "contoso") if word in str(error)]


@pytest.mark.parametrize(
    "body", [b"", b"<html>gateway</html>", b"[]", b'"x"', b'{"error":"x"}', b'{"error":{"code":5}}']
)
@pytest.mark.parametrize("status", [400, 403, 404, 502])
def test_an_error_without_graphs_body_is_still_mapped(body, status):
    for call in (READ, POST_USER, PUT_MANAGER):
        assert str(_raised(httpx.Response(status, content=body), call))


def test_a_free_tenant_has_no_report(graph_error):
    error = _raised(
        graph_error(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"), calls_security.REPORT
    )
    assert isinstance(error, OperatorError)
    assert error.code == "report_needs_premium"


@pytest.mark.parametrize("status", [400, 403])
def test_the_policys_refusal_of_a_pass_is_for_the_operator(graph_error, status):
    text = (
        "Converged UserCredentialPolicy does not allow creating or updating this authentication method."
        " AuthMethodType [TemporaryAccessPass]."
    )
    error = _raised(graph_error(status, "badRequest", text), POST_PASS)
    assert isinstance(error, OperatorError)
    assert error.code == "access_pass_policy"


def test_a_pass_that_may_not_be_made_for_lack_of_permission_is_not_called_a_policy(graph_error):
    text = "Insufficient privileges to complete the operation."
    assert isinstance(
        _raised(graph_error(403, "Authorization_RequestDenied", text), POST_PASS), PermissionMissing
    )


def test_401_is_for_the_deployer(graph_error):
    error = _raised(graph_error(401, "InvalidAuthenticationToken"), READ)
    assert isinstance(error, DeployerError)
    assert error.code == "graph_sign_in"


@pytest.mark.parametrize(
    "code", ["ErrorInvalidUser", "MailboxNotEnabledForRESTAPI", "Request_ResourceNotFound"]
)
@pytest.mark.parametrize("call", [calls_mail.CREATE_DRAFT, calls_mail.SEND_NOW, calls_mail.GET_MESSAGE])
def test_a_sender_without_a_mailbox_is_a_setting_not_a_lost_message(graph_error, code, call):
    error = _raised(graph_error(404, code), call)
    assert isinstance(error, ConfigurationError)
    assert error.code == "sender_mailbox"


def test_a_draft_that_is_not_there_any_more_is_looked_up(graph_error):
    for response in (graph_error(404, "ErrorItemNotFound"), graph_error(400, "ErrorInvalidOperation")):
        assert isinstance(_raised(response, calls_mail.SEND_DRAFT), EffectUnknown)


def test_a_bad_request_of_ours_to_a_read_is_not_blamed_on_hr(graph_error):
    error = _raised(graph_error(400, "Request_UnsupportedQuery"), READ)
    assert isinstance(error, DeployerError)
    assert error.code == "graph_refused"


def test_somebody_elses_change_at_the_same_moment_passes(graph_error):
    for status in (409, 412, 423):
        assert isinstance(_raised(graph_error(status, "ConcurrencyViolation"), PUT_MANAGER), Unavailable)


def test_the_message_holds_status_code_and_request_id(graph_error):
    text = str(_raised(graph_error(400, "Request_BadRequest", "x"), POST_USER))
    assert "HTTP 400 (Request_BadRequest)" in text
    assert "req-1" in text
    assert "create_user" in text


def test_every_write_says_whether_it_may_be_repeated():
    """POST creates or sends: never idempotent. PUT of a reference and DELETE are."""
    writes = {call.name: call.idempotent for call in ALL_CALLS if call.writes}
    assert writes == {
        "create_user": False,
        "restore_user": False,
        "add_phone": False,
        "enable_user": True,
        "set_usage_location": True,
        "set_hire_date": True,
        "set_leave_date": True,
        # A POST that does nothing the second time: Graph says that the member is there.
        "add_to_group": True,
        "assign_licenses": True,
        "create_pass": False,
        "create_draft": False,
        "send_draft": False,
        "send_now": False,
        "set_manager": True,
        "disable_user": True,
        "void_pass": True,
        "delete_phone": True,
        "delete_authenticator": True,
        "delete_software_oath": True,
        "delete_fido2": True,
        # A POST that ends what there is; the second time there is nothing.
        "revoke_sessions": True,
    }


@pytest.mark.parametrize("call", ALL_CALLS, ids=lambda call: call.name)
def test_the_package_docstring_lists_each_permission(call):
    import onboarding.graph

    assert call.permission in (onboarding.graph.__doc__ or "")
