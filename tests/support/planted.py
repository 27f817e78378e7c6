"""People, numbers, addresses and secrets that must never appear in a log line.

Tests that post bodies use these values; the scanner (`tests/support/logscan.py`) reads everything that was logged
while the tests ran and fails the run when it finds one. The markers are ASCII and unlike anything else, so that
a hit is a leak.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

GIVEN = "Zzyzx-Plantedname"
FAMILY = "O'Qwxyplanted"
PHONE = "+49 151 99999901"
ADDRESS = "planted.person@personal.example"
EMPLOYEE = "PLANTED-EMP-77"
MANAGER = "Wqzplanted Boss"
_KEY = b"PLANTED-SECRET-KEY-0001-OF-THE-TESTS"
#: Secrets of the two doors. The first is `whsec_UExBTlRFRC…`.
WHSEC = "whsec_" + base64.b64encode(_KEY).decode()
GREENHOUSE = "planted-greenhouse-secret-8472619"

#: Found without regard to case.
MARKERS = (
    "zzyzx",
    "plantedname",
    "qwxyplanted",
    "wqzplanted",
    "planted.person",
    "planted-emp-77",
    "uexbtlrfrc",
    "planted-secret-key",
    "planted-greenhouse-secret",
    # what the doubles in doubles.py hand out
    "pw-planted",
    "tap-planted",
)
#: The number with whatever stands between its digits, in national form too.
_NUMBER = re.compile(
    r"1\D{0,2}5\D{0,2}1\D{0,2}9\D{0,2}9\D{0,2}9\D{0,2}9\D{0,2}9\D{0,2}9\D{0,2}0\D{0,2}1(?!\d)"
)


def found_in(line: str) -> str | None:
    """The marker that this line holds, or None."""
    lowered = line.lower()
    marker = next((marker for marker in MARKERS if marker in lowered), None)
    return marker or ("the planted number" if _NUMBER.search(line) else None)


def hire(**said: Any) -> dict[str, Any]:
    """A complete hire of the `standard-webhooks` door, about the planted person. None takes a field out."""
    body = {
        "event_type": "hire.created",
        "occurred_at": "2027-03-01T05:59:00Z",
        "employee_id": EMPLOYEE,
        "given_name": GIVEN,
        "family_name": FAMILY,
        "personal_email": ADDRESS,
        "work_country": "Germany",
        "manager": {"name": MANAGER, "email": "wqzplanted.boss@contoso.example"},
        "start_date": "2027-03-08",
        "phones": [{"raw": PHONE, "label": "mobile"}],
        **said,
    }
    return {name: value for name, value in body.items() if value is not None}


def body(**said: Any) -> bytes:
    """`hire` as bytes."""
    return json.dumps(hire(**said), ensure_ascii=False).encode()
