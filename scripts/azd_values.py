"""What `azd env get-values` prints: lines of NAME="value", quoted as Go's godotenv quotes them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

_LINE = re.compile(r'^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(?:"((?:[^"\\]|\\.)*)"|([^"]*))\s*$')
_ESCAPE = re.compile(r"\\(.)")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}

#: Names that the scripts read. Outputs of infra/main.bicep:
PRINCIPAL_ID, CLIENT_ID = "APP_IDENTITY_PRINCIPAL_ID", "APP_IDENTITY_CLIENT_ID"
SENDER, TENANT_ID = "SENDER_MAILBOX", "AZURE_TENANT_ID"
#: Values that infra/main.parameters.json takes, so an operator may have set them with `azd env set`:
FIRST_CREDENTIAL, MAIL_DRAFTS = "ONBOARDING_FIRST_CREDENTIAL", "ONBOARDING_MAIL_DRAFTS"
GRAPH_BASE_URL = "ONBOARDING_GRAPH_BASE_URL"

GUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def parse(text: str) -> dict[str, str]:
    """Name → value. Raises ValueError that names the line's number, never its text (it may hold a secret)."""
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.match(line.strip())
        if found is None:
            raise ValueError(f"line {number} is not NAME=value, as `azd env get-values` prints it")
        quoted, plain = found[2], found[3]
        values[found[1]] = plain.strip() if quoted is None else _ESCAPE.sub(_plain, quoted)
    return values


def _plain(found: re.Match[str]) -> str:
    return _LETTERS.get(found[1], found[1])


def read(source: str | None, stdin: IO[str] | None = None) -> Mapping[str, str]:
    """The values in a file, or on standard input for `-`; none without a source. Raises ValueError, OSError."""
    if source is None:
        return {}
    text = (stdin or sys.stdin).read() if source == "-" else Path(source).read_text(encoding="utf-8")
    return parse(text.removeprefix("\ufeff"))


def guid(value: str | None, what: str) -> str | None:
    """The value as a lower-case GUID; None stays None. Raises ValueError that names `what`."""
    if value is None or not value.strip():
        return None
    text = value.strip().lower()
    if not GUID.match(text):
        raise ValueError(f"{what} must be a GUID such as 11111111-2222-3333-4444-555555555555")
    return text
