"""What is stored of a body: no key that was named, or nothing but what the mapping uses."""

from __future__ import annotations

from onboarding.intake.pruning import narrowed, only, without


def test_a_body_is_cut_down_to_what_is_used():
    body = '{"data": [{"id": 1, "pay": 2}, "x", null], "name": "Ø"}'.encode()
    kept = narrowed(body, lambda tree: {key: only(value, {"id"}) for key, value in tree.items()})
    assert kept == '{"data":[{"id":1},"x",null],"name":"Ø"}'.encode()


def test_keys_are_dropped_at_any_depth_of_json_and_from_a_form():
    names = frozenset({"salary"})
    assert without(b'{"a": [{"salary": {"x": 1}, "b": 2}], "salary": 3}', names) == b'{"a":[{"b":2}]}'
    assert without(b"salary=3&b=%C3%98&c=", names) == b"b=%C3%98&c="
