"""Webhooks on the Azure store: none may be lost on Azurite either. Not built."""

from __future__ import annotations

from tests.bench.row import Row, not_built


def run() -> Row:
    """Prints `not built` until there is an Azure store."""
    return not_built("webhook_azurite", "nothing lost on Azurite", "there is no Azure store yet")
