"""Every code of a delivery has words that say what to do next."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onboarding.operate.deliveries import shown
from onboarding.operate.delivery_words import MENDED, REASONS, explain
from onboarding.ports import Delivery, DeliveryStatus

INTAKE = Path(__file__).parents[2] / "onboarding" / "intake"
SOURCES = "\n".join(file.read_text("utf-8") for file in INTAKE.rglob("*.py"))
CODES = sorted(set(re.findall(r"""(?:Unreadable|_Refused)\(\s*f?"([a-z_]+)""", SOURCES)))


def delivery(status: DeliveryStatus, reason: str | None) -> Delivery:
    at = datetime(2026, 8, 17, tzinfo=UTC)
    return Delivery("d_1", "ats-eu", "greenhouse", at, status, "0" * 64, b"{}", reason_code=reason)


def test_the_codes_are_found():
    assert {"missing", "not_json", "huge_integer", "too_many", "expected_"} <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_why_a_body_could_not_be_read_and_what_to_do(code: str):
    words = explain(delivery(DeliveryStatus.UNREADABLE, code))
    assert words.endswith(MENDED)
    assert not words.startswith("The body cannot be used.")


def test_a_wrong_content_type_names_the_page_of_the_adapter():
    assert "docs/vendors/greenhouse.md" in explain(delivery(DeliveryStatus.UNREADABLE, "media_type"))


@pytest.mark.parametrize(
    "reason", ["not_mapped", "filtered", "no_case", "no_adapter", "body_erased", "poison"]
)
def test_what_was_not_done_says_why(reason: str):
    assert explain(delivery(DeliveryStatus.IGNORED, reason)) == REASONS[reason]


@pytest.mark.parametrize("status", list(DeliveryStatus))
def test_every_status_has_words_and_they_are_shown(status: DeliveryStatus):
    data = shown(delivery(status, None))
    assert data["explanation"] == explain(delivery(status, None))
    assert data["explanation"].endswith(".")
