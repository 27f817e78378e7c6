"""What somebody would write in an afternoon: the same calls through the SDK, one after the other.

`python -m tests.bench.children.sequential_script BASE PEOPLE` prints `{"seconds", "people"}`. The calls of a person
are those that our provisioning makes: the user is created, the manager found and set, privileges, methods and passes
looked at, the pass policy read, a Temporary Access Pass issued and mailed, the welcome mailed, and the first look of
the follow-up. The one difference: the welcome is one sendMail, ours is a draft and its sending. Answers are the
SDK's models. What it imports on first use is not counted: the first person is made before the clock starts.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import warnings
from datetime import UTC, datetime
from typing import Any

from onboarding.graph.credentials import authentication_provider
from tests.bench.children.report_reader import tenant
from tests.bench.tenant import DOMAIN, MANAGER

SENDER = f"onboarding@{DOMAIN}"


def client_at(base: str) -> Any:
    """The SDK's client with its default middleware."""
    from kiota_http.kiota_client_factory import KiotaClientFactory
    from msgraph import GraphServiceClient
    from msgraph.graph_request_adapter import GraphRequestAdapter

    http = KiotaClientFactory.create_with_default_middleware()
    adapter = GraphRequestAdapter(authentication_provider(tenant(base), None), client=http)
    adapter.base_url = f"{base}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


async def onboard(client: Any, number: int, base: str) -> None:
    """One person."""
    from msgraph.generated.models.password_profile import PasswordProfile
    from msgraph.generated.models.reference_update import ReferenceUpdate
    from msgraph.generated.models.temporary_access_pass_authentication_method import (
        TemporaryAccessPassAuthenticationMethod,
    )
    from msgraph.generated.models.user import User

    wanted = User(
        account_enabled=True,
        display_name=f"Søren O'Neill {number}",
        given_name="Søren",
        surname=f"O'Neill {number}",
        mail_nickname=f"script.{number}",
        user_principal_name=f"script.{number}@{DOMAIN}",
        employee_id=f"S{number}",
        usage_location="DE",
        password_profile=PasswordProfile(
            password=f"Benchmark-only-{number:06}!", force_change_password_next_sign_in=True
        ),
    )
    made = await client.users.post(wanted)
    found = await _find(client, "userPrincipalName")
    await _find(client, "mail")
    one = client.users.by_user_id(made.id)
    await one.manager.ref.put(ReferenceUpdate(odata_id=f"{base}/v1.0/users/{found.id}"))
    await client.role_management.directory.role_assignments.get(
        _query("role_assignments", f"principalId eq '{made.id}'")
    )
    await one.member_of.get()
    await one.authentication.methods.get()
    await one.authentication.temporary_access_pass_methods.get()
    policy = client.policies.authentication_methods_policy.authentication_method_configurations
    await policy.by_authentication_method_configuration_id("TemporaryAccessPass").get()
    await client.users.by_user_id(found.id).get()
    await one.authentication.temporary_access_pass_methods.get()
    granted = await one.authentication.temporary_access_pass_methods.post(
        TemporaryAccessPassAuthenticationMethod(
            start_date_time=datetime.now(UTC), lifetime_in_minutes=480, is_usable_once=True
        )
    )
    await _send_mail(client, MANAGER, f"The pass: {granted.temporary_access_pass}")
    await _send_mail(client, f"person-{number}@personal.example", "Welcome")
    await one.authentication.methods.get()
    await one.get()


def _query(collection: str, odata_filter: str) -> Any:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.role_management.directory.role_assignments import (
        role_assignments_request_builder as roles,
    )
    from msgraph.generated.users import users_request_builder as users

    parameters = {
        "users": users.UsersRequestBuilder.UsersRequestBuilderGetQueryParameters,
        "role_assignments": roles.RoleAssignmentsRequestBuilder.RoleAssignmentsRequestBuilderGetQueryParameters,
    }[collection]
    configuration: Any = RequestConfiguration(query_parameters=parameters(filter=odata_filter))
    return configuration


async def _find(client: Any, name: str) -> Any:
    """The manager by one of the two addresses that a user has."""
    found = await client.users.get(_query("users", f"{name} eq '{MANAGER}'"))
    return found.value[0]


def _message(to: str, text: str) -> Any:
    from msgraph.generated.models.body_type import BodyType
    from msgraph.generated.models.email_address import EmailAddress
    from msgraph.generated.models.item_body import ItemBody
    from msgraph.generated.models.message import Message
    from msgraph.generated.models.recipient import Recipient

    return Message(
        subject="Your account",
        body=ItemBody(content_type=BodyType.Html, content=f"<p>{text}</p>"),
        to_recipients=[Recipient(email_address=EmailAddress(address=to))],
    )


async def _send_mail(client: Any, to: str, text: str) -> None:
    from msgraph.generated.users.item.send_mail.send_mail_post_request_body import SendMailPostRequestBody

    body = SendMailPostRequestBody(message=_message(to, text), save_to_sent_items=False)
    await client.users.by_user_id(SENDER).send_mail.post(body)


async def _run(base: str, people: int) -> dict[str, float]:
    client = client_at(base)
    await onboard(client, 0, base)
    begin = time.perf_counter()
    for number in range(1, people + 1):
        await onboard(client, number, base)
    return {"people": people, "seconds": time.perf_counter() - begin}


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)
    print(json.dumps(asyncio.run(_run(sys.argv[1], int(sys.argv[2])))))
