"""A small strict Graph over real HTTP, for the scripts: two kinds of object, their assignments, nothing else.

It says no to whatever it does not model (501, and the test fails), wants a token, the version in the path, the
exact body of an assignment, and answers a duplicate with the 400 that was seen in public. Everything here is from
documentation ("Grant an appRoleAssignment for a service principal", "servicePrincipal resource type") or from
public reports; nothing was compared with a live tenant.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from scripts.permissions import ROLES

GRAPH_SP = "aaaaaaaa-0000-0000-0000-000000000001"
OTHER_SP = "aaaaaaaa-0000-0000-0000-000000000002"
IDENTITY = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-aaaaaaaaaaaa"
MAIL_SEND_ID = "b633e1c5-b582-4048-a93e-9f11b44c7e96"
WIDE_ID = "19dbc75e-c2e2-444c-a770-ec69d8559fc7"
_GUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_IDENTITY_PATH = re.compile(r"^/servicePrincipals/([0-9a-f-]{36})$")
_GRAPH_PATH = re.compile(r"^/servicePrincipals\(appId='([0-9a-f-]{36})'\)$")
_HELD_PATH = re.compile(r"^/servicePrincipals/([0-9a-f-]{36})/appRoleAssignments$")
_GRANT_PATH = re.compile(r"^/servicePrincipals/([0-9a-f-]{36})/appRoleAssignedTo$")
_REVOKE_PATH = re.compile(r"^/servicePrincipals/([0-9a-f-]{36})/appRoleAssignedTo/([A-Za-z0-9_-]+)$")

Answer = tuple[int, Any, dict[str, str]]


def error(status: int, code: str, message: str, **headers: str) -> Answer:
    inner = {"date": "2026-11-22T09:00:00", "request-id": "r-1", "client-request-id": "r-1"}
    return status, {"error": {"code": code, "message": message, "innerError": inner}}, headers


@dataclass
class Fault:
    """Instead of, or after, the answer: the next `times` requests that match."""

    method: str
    path: str
    answer: Answer | None = None
    times: int = 1
    #: The effect happens, and the connection is closed without an answer.
    drop_after_effect: bool = False


@dataclass
class PretendGraph:
    """One tenant: Graph with its roles, another service, one managed identity."""

    page_size: int = 2
    #: Lists leave out an assignment for this many reads after it was made.
    lag_reads: int = 0
    #: This many requests for the identity say "no such object".
    identity_lag: int = 0
    #: And this many writes say that the reference is not valid yet.
    reference_lag: int = 0
    roles: list[dict[str, Any]] = field(default_factory=list)
    identity: dict[str, Any] = field(default_factory=dict)
    assignments: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    #: Called with the count of assignments before each write is answered.
    before_answer: Callable[[int], None] | None = None
    #: Called before each write is carried out.
    before_write: Callable[[], None] | None = None
    root: str = ""
    _hidden: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.roles = [app_role(role.name, role.id) for role in ROLES.values()]
        self.roles += [app_role("Mail.Send", MAIL_SEND_ID), app_role("Directory.ReadWrite.All", WIDE_ID)]
        self.identity = {
            "id": IDENTITY,
            "appId": CLIENT,
            "displayName": "id-onboarding",
            "servicePrincipalType": "ManagedIdentity",
        }

    # --- for tests ---

    def assign(self, role_id: str, resource: str = GRAPH_SP) -> str:
        assignment_id = f"assignment-{len(self.assignments) + 1}"
        self.assignments[assignment_id] = {
            "id": assignment_id,
            "appRoleId": role_id,
            "principalId": IDENTITY,
            "resourceId": resource,
        }
        return assignment_id

    def remove_role(self, name: str) -> None:
        self.roles = [role for role in self.roles if role["value"] != name]

    def held(self) -> list[str]:
        """Names of the Graph roles that the identity has, with duplicates."""
        names = {role["id"]: role["value"] for role in self.roles}
        rows = [row for row in self.assignments.values() if row["resourceId"] == GRAPH_SP]
        return sorted(names.get(row["appRoleId"], row["appRoleId"]) for row in rows)

    def writes(self) -> list[str]:
        return [line for line in self.requests if not line.startswith("GET")]

    # --- the service ---

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer | None:
        parts = urlsplit(target)
        with self._lock:
            self.requests.append(f"{method} {unquote(parts.path)}")
        if not headers.get("authorization", "").startswith("Bearer ") or len(headers["authorization"]) < 10:
            return error(401, "InvalidAuthenticationToken", "Access token is empty.")
        self.tokens.add(headers["authorization"])
        if not parts.path.startswith("/v1.0/"):
            return self._refuse(f"no version in {parts.path}")
        path = unquote(parts.path.removeprefix("/v1.0"))
        fault = self._fault(method, path)
        if fault and fault.answer:
            return fault.answer
        answer = self._answer(method, path, parse_qs(parts.query), headers, body)
        return None if fault and fault.drop_after_effect else answer

    def _fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.times > 0 and fault.method == method and fault.path in path:
                    fault.times -= 1
                    return fault
        return None

    def _refuse(self, why: str) -> Answer:
        self.violations.append(why)
        return error(501, "notModelled", why)

    def _answer(
        self, method: str, path: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
    ) -> Answer:
        if method == "GET" and (found := _GRAPH_PATH.match(path)):
            if found[1] != "00000003-0000-0000-c000-000000000000":
                return error(404, "Request_ResourceNotFound", "Resource does not exist.")
            whole = {
                "id": GRAPH_SP,
                "appId": found[1],
                "displayName": "Microsoft Graph",
                "appRoles": self.roles,
            }
            return self._select(whole, query)
        if method == "GET" and (found := _IDENTITY_PATH.match(path)):
            if found[1] != IDENTITY or self.identity_lag > 0:
                self.identity_lag -= 1
                return error(404, "Request_ResourceNotFound", "Resource does not exist.")
            return self._select(self.identity, query)
        if method == "GET" and (found := _HELD_PATH.match(path)):
            return self._list(found[1], query)
        if method == "POST" and (found := _GRANT_PATH.match(path)):
            return self._grant(found[1], headers, body)
        if method == "DELETE" and (found := _REVOKE_PATH.match(path)):
            return self._revoke(found[2])
        return self._refuse(f"{method} {path}")

    def _select(self, whole: dict[str, Any], query: dict[str, list[str]]) -> Answer:
        if set(query) - {"$select"}:
            return self._refuse(f"options {sorted(query)}")
        names = query.get("$select", [",".join(whole)])[0].split(",")
        if unknown := set(names) - whole.keys():
            return self._refuse(f"$select of {sorted(unknown)}")
        return 200, {name: whole[name] for name in names}, {}

    def _list(self, principal: str, query: dict[str, list[str]]) -> Answer:
        if set(query) - {"$skiptoken"}:
            return self._refuse(f"options {sorted(query)}")
        with self._lock:
            start = int(query.get("$skiptoken", ["0"])[0])
            if start == 0:
                self._hidden = {name: left - 1 for name, left in self._hidden.items() if left > 1}
            rows = [row for row in self.assignments.values() if row["id"] not in self._hidden]
        page: dict[str, Any] = {
            "value": [r for r in rows if r["principalId"] == principal][start:][: self.page_size]
        }
        if start + self.page_size < len(rows):
            following = quote(f"/v1.0/servicePrincipals/{principal}/appRoleAssignments")
            page["@odata.nextLink"] = f"{self.root}{following}?$skiptoken={start + self.page_size}"
        return 200, page, {}

    def _grant(self, resource: str, headers: dict[str, str], body: bytes) -> Answer:
        if self.before_write:
            self.before_write()
        if headers.get("content-type", "").split(";")[0] != "application/json":
            return error(400, "Request_BadRequest", "Write requests must declare a content type of JSON.")
        said = json.loads(body)
        if set(said) != {"principalId", "resourceId", "appRoleId"} or not all(
            isinstance(value, str) and _GUID.match(value) for value in said.values()
        ):
            return self._refuse(f"a body with {sorted(said)}")
        if said["resourceId"] != resource or resource != GRAPH_SP or said["principalId"] != IDENTITY:
            return error(404, "Request_ResourceNotFound", "Resource does not exist.")
        if self.reference_lag > 0:
            self.reference_lag -= 1
            return error(400, "Request_BadRequest", "Not a valid reference update.")
        if said["appRoleId"] not in {role["id"] for role in self.roles if role["isEnabled"]}:
            return error(400, "Request_BadRequest", "Permission being assigned was not found on application")
        with self._lock:
            taken = {(r["resourceId"], r["appRoleId"]) for r in self.assignments.values()}
            if (resource, said["appRoleId"]) in taken:
                return error(
                    400, "Request_BadRequest", "Permission being assigned already exists on the object"
                )
            assignment_id = self.assign(said["appRoleId"])
            if self.lag_reads:
                self._hidden[assignment_id] = self.lag_reads + 1
            count = len(self.assignments)
        if self.before_answer:
            self.before_answer(count)
        return 201, self.assignments[assignment_id], {}

    def _revoke(self, assignment: str) -> Answer:
        with self._lock:
            if self.assignments.pop(assignment, None) is None:
                return error(404, "Request_ResourceNotFound", "Resource does not exist.")
        return 204, None, {}


def app_role(name: str, role_id: str) -> dict[str, Any]:
    """As Graph's own service principal lists it."""
    return {
        "allowedMemberTypes": ["Application"],
        "description": name,
        "displayName": name,
        "id": role_id,
        "isEnabled": True,
        "origin": "Application",
        "value": name,
    }


@contextmanager
def serving(graph: PretendGraph) -> Iterator[PretendGraph]:
    """The pretend Graph on a free port, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = graph.handle(self.command, self.path, headers, self.rfile.read(length))
            if answer is None:
                self.close_connection = True
                return
            status, data, more = answer
            raw = b"" if data is None else json.dumps(data).encode()
            self.send_response(status)
            for name, value in {"request-id": "r-1", **more}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = _do

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    graph.root = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield graph
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
