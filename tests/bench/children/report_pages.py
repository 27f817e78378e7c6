"""A server of ready-made pages of the registration report: it costs the reader nothing but the reading.

    GET /{rows}/v1.0/reports/authenticationMethods/userRegistrationDetails[?$skiptoken=n]

Shape: "userRegistrationDetails resource type", all sixteen properties, 999 rows a page. The time of the rows is
when the report ran, the same for all; methods, names and flags differ from person to person.
`{rows}` may be followed by `-varied`: then every row has a time of its own.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from aiohttp import web

PAGE = 999
PATH = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
_METHODS: tuple[list[str], ...] = (
    [],
    ["mobilePhone"],
    ["microsoftAuthenticatorPush", "softwareOneTimePasscode", "mobilePhone"],
    ["passKeyDeviceBound", "windowsHelloForBusiness"],
    ["mobilePhone", "email", "securityQuestion"],
)


def user_id(number: int) -> str:
    """Object id of the person with this number: spread like random ones, the same in every process."""
    mixed = (number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128)
    text = f"{mixed:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def row(number: int, *, varied: bool) -> dict[str, Any]:
    """One row."""
    methods = _METHODS[number % len(_METHODS)]
    registered = bool(methods) and "mobilePhone" in methods
    seconds = number % 86_400 if varied else 0
    time = f"2026-09-01T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{number:07}Z"
    return {
        "id": user_id(number),
        "userPrincipalName": f"søren.o'neill.{number}@contoso.example",
        "userDisplayName": f"Søren O'Neill-Groß {number}",
        "isAdmin": number % 97 == 0,
        "isSsprRegistered": registered,
        "isSsprEnabled": number % 11 != 0,
        "isSsprCapable": registered and number % 11 != 0,
        "isMfaRegistered": bool(methods),
        "isMfaCapable": bool(methods),
        "isPasswordlessCapable": "passKeyDeviceBound" in methods,
        "lastUpdatedDateTime": time if varied else "2026-09-01T04:00:00.1234567Z",
        "methodsRegistered": methods,
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "systemPreferredAuthenticationMethods": ["push"] if registered else [],
        "userPreferredMethodForSecondaryAuthentication": "push" if registered else "none",
        "userType": "member",
    }


@functools.cache
def page(tenant: str, number: int, root: str) -> bytes:
    """The bytes of one page."""
    people, _, kind = tenant.partition("-")
    first, last = number * PAGE, min((number + 1) * PAGE, int(people))
    body: dict[str, Any] = {"@odata.context": f"{root}/v1.0/$metadata#reports"}
    if last < int(people):
        body["@odata.nextLink"] = f"{root}/{tenant}{PATH}?$top={PAGE}&$skiptoken={number + 1}"
    body["value"] = [row(n, varied=kind == "varied") for n in range(first, last)]
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


async def serve(request: web.Request) -> web.Response:
    """One page; an audit log without records for whoever asks."""
    number = int(request.query.get("$skiptoken", "0"))
    body = page(request.match_info["tenant"], number, f"http://{request.host}")
    return web.Response(body=body, content_type="application/json")


async def ready(request: web.Request) -> web.Response:
    return web.Response(text="ready")


def main(port: int) -> None:
    """Serve until stopped."""
    app = web.Application()
    app.router.add_get("/ready", ready)
    app.router.add_get("/{tenant}" + PATH, serve)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
