"""Activity notifications, and the chat messages that an app may not send.

Pages: userteamwork-sendactivitynotification, teams-send-activityfeednotifications, userteamwork-list-installedapps,
userteamwork-post-installedapps, chat-post-messages. Refusals: microsoft-365-agents-toolkit issue 6067 (app not
installed); office-docs-powershell issue 8399 and the permission table of chat-post-messages (missing permission).
"""

from __future__ import annotations

import base64
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import to_micros
from onboarding.simulator.errors import ControlError, GraphError, not_modelled
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses.people import body_of, check_keys, find
from onboarding.simulator.responses.users import must_see

_SHOWN = 150
_RESERVED = "systemDefault"
_KEYS = {"topic", "activityType", "chainId", "previewText", "templateParameters"}


def _invalid(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)


def _forbidden(message: str) -> GraphError:
    return GraphError(403, "Forbidden", message)


def send_activity(tenant: Tenant, call: Call) -> Answer:
    """204; the notification stands in `/_control/notifications`. 403 where the app is not installed."""
    body = call.json_object()
    person = must_see(tenant, call)
    if unknown := sorted(set(body) - _KEYS):
        raise not_modelled(f"the property '{unknown[0]}' in this body")
    topic = _topic(body.get("topic"))
    activity = body.get("activityType")
    if not isinstance(activity, str) or not activity:
        raise _invalid("activityType is required.")
    preview = _preview(body.get("previewText"))
    parameters = _parameters(body.get("templateParameters", []))
    chain = body.get("chainId")
    if isinstance(chain, bool) or not isinstance(chain, int | None):
        raise _invalid("chainId must be a whole number.")
    _allowed(tenant, person, activity)
    entry = {
        "to": person.id,
        "at": to_micros(tenant.now()),
        "activityType": activity,
        "topic": topic,
        "previewText": preview,
        "templateParameters": parameters,
        "chainId": chain,
    }
    sent = tenant.teams.notifications
    if chain is not None:  # the same chain replaces what the person saw before
        sent[:] = [other for other in sent if (other["to"], other["chainId"]) != (person.id, chain)]
    sent.append(entry)
    return Answer(204)


def _allowed(tenant: Tenant, person: Person, activity: str) -> None:
    if person.id not in tenant.teams.installed:
        app = (tenant.app.app or {}).get("appId")
        raise _forbidden(
            f"Application with AAD App Id '{app}' is not authorized to generate custom text notifications to the "
            "recipient. Ensure that the expected Teams app is installed in the target scope (user, team, or chat)."
        )
    types = tenant.teams.activity_types
    if types is not None and activity not in (*types, _RESERVED):
        raise _invalid(f"Activity type '{activity}' is not declared in the manifest of the Teams app.")


def _topic(value: Any) -> dict[str, Any]:
    """source entityUrl with a Graph address, or text with a webUrl."""
    if not isinstance(value, dict) or set(value) - {"source", "value", "webUrl", "@odata.type"}:
        raise _invalid("topic must be a teamworkActivityTopic.")
    source, web = value.get("source"), value.get("webUrl")
    if source not in ("entityUrl", "text") or not isinstance(value.get("value"), str) or not value["value"]:
        raise _invalid("topic needs a source, entityUrl or text, and a value.")
    if source == "text" and not (isinstance(web, str) and web):
        raise _invalid("webUrl is required when the source of the topic is text.")
    return {name: value.get(name) for name in ("source", "value", "webUrl")}


def _preview(value: Any) -> str:
    content = value.get("content") if isinstance(value, dict) else None
    if not isinstance(content, str):
        raise _invalid("previewText must be an itemBody with content.")
    return content[:_SHOWN]


def _parameters(value: Any) -> list[dict[str, str]]:
    def fits(entry: Any) -> bool:
        return isinstance(entry, dict) and all(isinstance(entry.get(k), str) for k in ("name", "value"))

    if not isinstance(value, list) or not all(fits(entry) for entry in value):
        raise _invalid("templateParameters is a collection of name and value.")
    return [{"name": entry["name"], "value": entry["value"]} for entry in value]


def list_installed(tenant: Tenant, call: Call) -> Answer:
    person = must_see(tenant, call)
    key = tenant.teams.installed.get(person.id)
    context = call.context(f"users('{person.id}')/teamwork/installedApps")
    return Answer(200, {"@odata.context": context, "value": [{"id": key}] if key else []})


def install(tenant: Tenant, call: Call) -> Answer:
    """201, empty. 409 where it is installed already."""
    body = call.json_object()
    if unknown := sorted(set(body) - {"teamsApp@odata.bind"}):
        raise not_modelled(f"the property '{unknown[0]}' in this body")
    person = must_see(tenant, call)
    address = body.get("teamsApp@odata.bind")
    if not isinstance(address, str) or "/appCatalogs/teamsApps/" not in address:
        raise _invalid("teamsApp@odata.bind must name an app of the catalog.")
    if person.id in tenant.teams.installed:
        raise GraphError(409, "Conflict", "The app is installed for this user.")
    _install(tenant, person)
    return Answer(201)


def _install(tenant: Tenant, person: Person) -> None:
    app = (tenant.app.app or {}).get("appId")
    tenant.teams.installed[person.id] = base64.b64encode(f"{person.id}##{app}".encode()).decode()


def post_chat_message(tenant: Tenant, call: Call) -> Answer:
    """App-only sending is for migration alone, with Teamwork.Migrate.All, which this app has not."""
    call.json_object()
    raise _forbidden(
        "Missing role permissions on the request. API requires one of 'Teamwork.Migrate.All'. Roles on the request "
        "'TeamsActivity.Send'."
    )


# --- control -----------------------------------------------------------------------------------------


def set_teams(tenant: Tenant, call: Call) -> Answer:
    """{"installed": bool} for one person."""
    body = body_of(call, "teams")
    check_keys(body, {"installed"}, "teams")
    if not isinstance(body.get("installed"), bool):
        raise ControlError("teams: installed is true or false")
    person = find(tenant, call)
    if body["installed"]:
        _install(tenant, person)
    else:
        tenant.teams.installed.pop(person.id, None)
    return Answer(200, {"id": person.id, "installed": body["installed"]})


def set_manifest(tenant: Tenant, call: Call) -> Answer:
    """{"activity_types": [...] | null}: what the app's manifest declares; null: anything."""
    body = body_of(call, "teams")
    check_keys(body, {"activity_types"}, "teams")
    types = body.get("activity_types")
    if types is not None and not (isinstance(types, list) and all(isinstance(t, str) for t in types)):
        raise ControlError("teams: activity_types is a list of names, or null")
    tenant.teams.activity_types = types
    return Answer(200, {"activity_types": types})


def list_notifications(tenant: Tenant, call: Call) -> Answer:
    """`?to=` keeps those of one person, by object id or UPN."""
    check_keys(dict(call.query), {"to"}, "notifications")
    items = tenant.teams.notifications
    if wanted := call.query.get("to"):
        person = tenant.people.get(wanted)
        items = [item for item in items if person is not None and item["to"] == person.id]
    return Answer(200, {"items": items})
