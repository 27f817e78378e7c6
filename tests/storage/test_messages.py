"""Queue messages on the wire."""

from __future__ import annotations

import base64
import json

import pytest

from onboarding.ports import WorkMessage
from onboarding.storage.messages import decode, encode, from_json, text_of

#: Top-level keys that the Functions host would take for the trigger's metadata, compared without case.
HOST_KEYS = {"id", "dequeuecount", "insertiontime", "expirationtime", "nextvisibletime", "popreceipt"}


@pytest.mark.parametrize(
    "message",
    [
        WorkMessage(case_id="c_" + "a" * 20),
        WorkMessage(delivery_id="d_" + "2" * 26, why="replay"),
        WorkMessage(case_id="c_1", why=""),
    ],
)
def test_a_message_survives_the_wire(message: WorkMessage):
    assert decode(encode(message)) == message


def test_the_wire_form_is_base64_of_json_without_the_hosts_own_keys():
    for message, key in ((WorkMessage(case_id="c_1"), "case"), (WorkMessage(delivery_id="d_1"), "delivery")):
        row = json.loads(base64.b64decode(encode(message), validate=True))
        assert set(row) == {key, "why"}
        assert not {name.lower() for name in row} & HOST_KEYS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c_1",
        "{",
        "[]",
        '"c_1"',
        "null",
        "{}",
        '{"case":null}',
        '{"case":""}',
        '{"case":1}',
        '{"case":["c_1"]}',
        '{"case":"c_1","delivery":"d_1"}',
        '{"case":"c_1","why":5}',
        '{"case":"c_1","why":null}',
        '{"Case":"c_1"}',
        "[" * 100_000,
    ],
    ids=range(16),
)
def test_junk_is_a_value_error_that_repeats_nothing_of_it(text: str):
    with pytest.raises(ValueError, match="queue message") as error:
        from_json(text)
    assert "c_1" not in str(error.value)
    with pytest.raises(ValueError, match="queue message"):
        decode(base64.b64encode(text.encode()).decode())


@pytest.mark.parametrize("wire", ["{}", "YQ", "YQ=", "Y Q==", "YQ==\n", "-_-_", "ß"])
def test_a_body_that_is_not_strict_base64_is_a_value_error(wire: str):
    with pytest.raises(ValueError, match="base64"):
        text_of(wire)


def test_keys_that_we_do_not_know_are_left_alone():
    assert from_json('{"case":"c_1","why":"x","later":1}') == WorkMessage(case_id="c_1", why="x")


@pytest.mark.parametrize(
    "row", ['{"case":"planted@personal.example"}', '{"delivery":"c_1"}', '{"case":"c_x y"}']
)
def test_an_id_that_is_none_of_ours_is_refused_without_being_quoted(row: str) -> None:
    """Whoever handles a message logs its ids."""
    with pytest.raises(ValueError, match="none of ours") as refused:
        from_json(row)
    assert "planted" not in str(refused.value)
