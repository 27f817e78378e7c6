"""`$batch`: independent reads in one request (Learn "Combine multiple requests in one HTTP call using JSON batching").

Used where a question needs several reads anyway: it costs one way to Graph and back in place of one for each. Budgets
count the reads inside one by one, and their answers come one by one, each with its own status and headers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from onboarding.errors import Unavailable
from onboarding.graph.answer import Answer
from onboarding.graph.errors import Call
from onboarding.graph.sdk import Build
from onboarding.graph.urls import expand

#: Most requests in one batch.
MOST = 20
#: The envelope. Sent again like a read, since it holds nothing else.
BATCH = Call("batch", "that of the reads inside it")

Ask = tuple[Call, Build]


def request(client: Any, base_url: str, asks: Sequence[Ask]) -> Any:
    """The SDK's request for the envelope; its reads are numbered by their place."""
    from kiota_abstractions.method import Method
    from kiota_abstractions.request_information import RequestInformation

    if not 1 <= len(asks) <= MOST or any(call.writes or call.report for call, _ in asks):
        raise ValueError("a batch is for 1 to 20 reads that need no budget of their own")
    inner = [_inner(str(place), build(client), base_url) for place, (_, build) in enumerate(asks)]
    info = RequestInformation(Method.POST, "{+baseurl}/$batch", {"baseurl": base_url})
    info.headers.add("Accept", "application/json")
    info.set_stream_content(json.dumps({"requests": inner}).encode(), "application/json")
    return info


def _inner(key: str, info: Any, base_url: str) -> dict[str, Any]:
    headers = {name: ", ".join(sorted(values)) for name, values in info.headers.get_all().items()}
    return {
        "id": key,
        "method": info.http_method.value,
        "url": expand(info, base_url).removeprefix(base_url),
        "headers": headers,
    }


def answers(data: dict[str, Any], asks: Sequence[Ask]) -> list[Answer]:
    """Each read's own answer, in the order in which they were asked. Unavailable where one is missing."""
    rows = data.get("responses")
    found = {row.get("id"): row for row in rows if isinstance(row, dict)} if isinstance(rows, list) else {}
    if any(not isinstance(found.get(str(place), {}).get("status"), int) for place in range(len(asks))):
        raise Unavailable("Graph answered a batch in part; it is tried again later.")
    return [_answer(found[str(place)]) for place in range(len(asks))]


def _answer(row: dict[str, Any]) -> Answer:
    headers = {str(name).lower(): str(value) for name, value in (row.get("headers") or {}).items()}
    body = row.get("body")
    return Answer(row["status"], headers, b"" if body is None else json.dumps(body).encode())
