"""Log lines: one JSON object each, ids and codes only, and masked all the same."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from onboarding import observe
from tests.support import planted


@pytest.fixture
def line() -> Any:
    """`line(call)` is the JSON line that `call(logger)` produced."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(observe.JsonLines())
    log = logging.Logger("onboarding.test")
    log.addHandler(handler)

    def call(run: Any) -> dict[str, Any]:
        run(log)
        text = stream.buffer.getvalue().decode()
        assert text.count("\n") == 1
        data: dict[str, Any] = json.loads(text)
        return data

    return call


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to a.b+c@x.example now", "to <address> now"),
        ("Authorization: Bearer eyJ0.abc-def", "Authorization: Bearer <secret>"),
        ("basic dXNlcjpwYXNz, next", "basic <secret>, next"),
        (f"key {planted.WHSEC}", "key <secret>"),
        ("call +49 151 99999901", "call <number>"),
        ("call (030) 1234-5678", "call <number>"),
        ("call 015199999901.", "call <number>."),
        ("at 2026-08-17T08:00:00Z", "at 2026-08-17T08:00:00Z"),
        ("at 2026-08-17 08:00:00", "at 2026-08-17 08:00:00"),
        ("id 0f1e2d3c-1111-2222-3333-444455556666", "id 0f1e2d3c-1111-2222-3333-444455556666"),
        ("c_00000000000000000001", "c_00000000000000000001"),
        ("took 1234 ms, 20260817", "took 1234 ms, 20260817"),
    ],
)
def test_addresses_numbers_and_secrets_are_masked_and_ids_are_not(text: str, masked: str) -> None:
    assert observe.redact(text) == masked


def test_an_event_is_its_action_with_its_fields(line: Any) -> None:
    token = observe.correlation.set("abc")
    row = line(lambda log: observe.event(log, "case.saved", case_id="c_1", count=3))
    observe.correlation.reset(token)
    assert row.pop("at").endswith("Z")
    assert row == {
        "level": "info", "logger": "onboarding.test", "action": "case.saved", "correlation": "abc", "case_id": "c_1",
        "count": 3,
    }  # fmt: skip


def boom() -> None:
    raise ValueError(f"invalid name {planted.GIVEN} {planted.PHONE}")


def test_an_error_is_logged_by_type_and_place_without_its_text(line: Any) -> None:
    def run(log: logging.Logger) -> None:
        try:
            boom()
        except ValueError as exc:
            observe.failure(log, "work_failed", exc, case_id="c_1")

    row = line(run)
    assert row["exception"].startswith("ValueError() at test_observe.py:")
    assert ":boom" in row["exception"]
    assert planted.found_in(json.dumps(row)) is None


def test_a_traceback_that_somebody_logs_is_cut_to_type_and_place(line: Any) -> None:
    def run(log: logging.Logger) -> None:
        try:
            boom()
        except ValueError:
            log.exception("failed")

    assert planted.found_in(json.dumps(line(run))) is None


@pytest.mark.parametrize("text", ["a\nb", "a\r\n{}", '"},{"', "\u2028", "\ud800", "\x00", "Ø山"])
def test_whatever_is_logged_is_one_line_of_json(
    line: Any, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record that cannot be written would be printed by `logging` as it is, unmasked."""
    row = line(lambda log: observe.event(log, "x", detail=text))
    assert row["action"] == "x"
    assert capsys.readouterr().err == ""


class Host(logging.Handler):
    """The Functions worker's own handler: not ours, and it keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards with its handlers' filters."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, {h: h.filters[:] for h in root.handlers})
    yield root
    root.handlers[:], level, filters = before
    root.setLevel(level)
    for handler, kept in filters.items():
        handler.filters[:] = kept


def test_the_hosts_handlers_get_masked_records(root: logging.Logger) -> None:
    first, second = Host(), Host()
    root.handlers[:] = [first, second]
    root.setLevel(logging.INFO)
    observe.setup()
    observe.setup()
    try:
        boom()
    except ValueError as exc:
        observe.failure(logging.getLogger("onboarding.x"), "work_failed", exc, to=planted.ADDRESS)
        logging.getLogger("lib").exception("to %s", planted.ADDRESS)
    for texts in (first.texts, second.texts):
        assert len(texts) == 2
        assert planted.found_in(" ".join(texts)) is None
        assert texts[0].count("work_failed") == texts[0].count("exception") == 1, (
            "said once, on every handler"
        )
        assert "to <address> ValueError() at" in texts[1]


def test_a_handler_given_to_setup_writes_json_lines(root: logging.Logger) -> None:
    handler = Host()
    root.handlers[:] = []
    observe.setup(handler)
    logging.getLogger("onboarding.x").info("hello")
    assert json.loads(handler.texts[0])["action"] == "hello"


def test_request_ids_are_collected_by_whoever_asks() -> None:
    observe.note_request("nobody listens")
    with observe.request_ids() as outer:
        observe.note_request("a")
        with observe.request_ids() as inner:
            observe.note_request("b")
        observe.note_request("c")
    assert (outer, inner) == (["a", "c"], ["b"])


def test_the_pages_that_azure_identity_writes_about_a_missing_sign_in_are_not_shown(
    root: logging.Logger,
) -> None:
    handler = Host()
    root.handlers[:] = [handler]
    observe.setup()
    logging.getLogger("azure.identity.aio._credentials.chained").warning("DefaultAzureCredential failed")
    logging.getLogger("azure.identity").error("and again")
    logging.getLogger("azure.core").warning("kept")
    assert handler.texts == ["kept"]
