"""The documented example pairs (`documented/*.json`) and how an answer is compared with one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx

FOLDER = Path(__file__).parent / "documented"
PAIRS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
GUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


def kind(value: Any) -> str:
    """The type of a value as far as a client can tell; ids and times are types of their own."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "time" if TIME.fullmatch(value) else "guid" if GUID.fullmatch(value) else "string"
    return {dict: "object", list: "array", type(None): "null"}[type(value)]


def differences(documented: Any, answer: Any, missing: set[str], extra: set[str], at: str = "") -> list[str]:
    """What a reader of the page would not expect in the answer. Null stands for any type."""
    first, second = kind(documented), kind(answer)
    if "null" in (first, second):
        return []
    if first != second:
        return [f"{at or 'body'}: documented {first}, answered {second}"]
    if first == "object":
        found = [f"{at}.{n} is missing" for n in documented if n not in answer and n not in missing]
        found += [f"{at}.{n} is extra" for n in answer if n not in documented and n not in extra]
        for name in documented.keys() & answer.keys():
            found += differences(documented[name], answer[name], missing, extra, f"{at}.{name}")
        return found
    if first == "array" and documented and answer:
        return [d for item in documented for d in _element(item, answer, missing, extra, at)]
    return []


def _element(item: Any, answer: list[Any], missing: set[str], extra: set[str], at: str) -> list[str]:
    """Compare with the element of the same @odata.type where one is named, else with the first."""
    tag = item.get("@odata.type") if isinstance(item, dict) else None
    same = [a for a in answer if tag is None or (isinstance(a, dict) and a.get("@odata.type") == tag)]
    return differences(item, same[0], missing, extra, f"{at}[]") if same else [f"{at}[]: no {tag}"]


def send(client: httpx.Client, step: dict[str, Any], saved: dict[str, str]) -> httpx.Response:
    path = step["path"]
    for name, value in saved.items():
        path = path.replace("{" + name + "}", value)
    response = client.request(step["method"], path, headers=step.get("headers"), json=step.get("body"))
    for name, keys in step.get("save", {}).items():
        found = response.json()
        for key in keys.split("."):  # a number is a position in a list
            found = found[int(key) if key.isdigit() else key]
        saved[name] = found
    return response
