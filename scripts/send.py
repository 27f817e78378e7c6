"""Post a delivery to a local service, signed as its vendor signs: `python -m scripts.send FILE`.

For bodies in `tests/vendors/<adapter>/` the headers that come with them are those of `fixtures.toml` there; for any
other file say `--adapter` and `--header`. The address and the secret are those that `make serve` wrote to
`build/serve.json`, the time is the simulator's. A vendor that signs a time inside its body (Lever) gets the time put
in.

Exit code 0: taken (also as a duplicate or ignored); 1: refused.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from onboarding.intake import catalog
from onboarding.intake.adapter import Adapter
from onboarding.intake.signing import sealed, stamp

SERVED = Path("build/serve.json")
FORM = "application/x-www-form-urlencoded"
#: Headers of a signature scheme that stand for something in the body.
INSIDE = "body:"


def known_headers(file: Path) -> dict[str, str]:
    """What `fixtures.toml` beside the file says that comes with it; a form's media type by its ending."""
    found = {"content-type": FORM} if file.suffix == ".form" else {}
    described = file.parent / "fixtures.toml"
    if described.is_file():
        said: dict[str, dict[str, Any]] = tomllib.loads(described.read_text("utf-8"))
        for name in ("*", file.name):
            found |= said.get(name, {}).get("headers", {})
    return found


def made_now(adapter: Adapter, body: bytes, now: datetime) -> bytes:
    """The body with `now` in it, where the vendor signs a time that stands there."""
    place = adapter.scheme.timestamp_header or ""
    if not place.startswith(INSIDE):
        return body
    said = json.loads(body)
    key = next((key for key in said if key.lower() == place.removeprefix(INSIDE)), None)
    return body if key is None else json.dumps({**said, key: int(stamp(adapter.scheme, now))}).encode()


def signed(
    adapter: Adapter, secret: str, body: bytes, now: datetime, headers: Mapping[str, str]
) -> tuple[dict[str, str], bytes]:
    """Headers and body as the vendor would send them at `now`."""
    message_id = f"m{now:%Y%m%d%H%M%S%f}"
    body = made_now(adapter, body, now)
    return sealed(adapter, secret, body, now=now, message_id=message_id, headers=headers)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.send", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--adapter", help="whose shape it has; by default the name of the file's folder")
    parser.add_argument("--source", help="where it goes; by default the source with the adapter's name")
    parser.add_argument("--header", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args(arguments)
    slug = given.adapter or given.file.parent.name
    adapter = catalog.find(slug)
    if adapter is None:
        parser.error(f"there is no adapter '{slug}': say --adapter, one of {', '.join(catalog.adapters())}")
    if not SERVED.is_file():
        parser.error(f"{SERVED} is not there: start `make serve` first")
    served = json.loads(SERVED.read_text("utf-8"))
    door = served["sources"].get(given.source or slug)
    if door is None:
        parser.error(f"no source is named so: say --source, one of {', '.join(served['sources'])}")
    headers = known_headers(given.file)
    headers |= {
        name.strip().lower(): value for name, _, value in (item.partition("=") for item in given.header)
    }
    now = datetime.fromisoformat(httpx.get(f"{served['simulator']}/_control/clock").json()["now"])
    made, body = signed(adapter, door["secret"], given.file.read_bytes(), now, headers)
    answer = httpx.post(door["url"], content=body, headers=made)
    sys.stdout.write(f"{answer.status_code} {answer.text}\n")
    return 0 if answer.is_success else 1


if __name__ == "__main__":
    sys.exit(main())
