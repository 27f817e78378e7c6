"""What function_app.py must not import, and what taking a webhook must not."""

from __future__ import annotations

from tests.bench.processes import report_of
from tests.bench.row import Row, judged


def run() -> Row:
    """Import: no msgraph, storage SDK or phonenumbers. Webhook: the store, never msgraph."""
    found = report_of("tests.bench.children.loaded_modules")
    ok = not found["imported"] and found["webhook"] == ["sqlite3"] and found["status"] == 202
    return judged(
        "cold_modules",
        "nothing heavy; a webhook: the store only",
        f"import: {', '.join(found['imported']) or 'nothing'}; webhook: {', '.join(found['webhook']) or 'nothing'}",
        ok,
        "looked for: msgraph, kiota, azure.identity, azure.data, azure.storage, phonenumbers, sqlite3",
    )
