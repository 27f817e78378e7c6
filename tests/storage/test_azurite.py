"""The emulator that the tests run on (tests/support/azurite.py)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onboarding.settings import Secret, StorageSettings
from onboarding.storage.azure.connection import Connection
from onboarding.storage.azure.tables import point, upsert
from tests.support.azurite import Azurite, Shared
from tests.support.node import ROOT


async def rows(connection_string: str, *, write: bool) -> bool:
    """Write a row, or say whether it is there."""
    connection = Connection(StorageSettings(connection_string=Secret(connection_string)))
    try:
        if write:
            await upsert(connection, "probe", {"PartitionKey": "p", "RowKey": "r"})
        return await point(connection, "probe", "p", "r") is not None
    finally:
        await connection.aclose()


async def test_every_account_is_empty_and_apart(azurite: Shared):
    one, two = azurite.account(), azurite.account()
    assert one != two
    assert await rows(azurite.connection_string(one), write=True)
    assert not await rows(azurite.connection_string(two), write=False)


async def test_a_stopped_one_comes_back_at_the_same_address_with_its_data(tmp_path: Path):
    private = Azurite(tmp_path, persistent=True)
    private.start()
    before = private.connection_string()
    assert await rows(before, write=True)
    private.stop()
    private.start()
    try:
        assert private.connection_string() == before
        assert await rows(before, write=False)
    finally:
        private.kill()


_HOLDER = """
import sys, time
from pathlib import Path
from tests.support.azurite import Azurite
made = Azurite(Path(sys.argv[1]), persistent=False)
made.start()
print(made._process.pid, flush=True)
time.sleep(60)
"""


def test_it_does_not_outlive_a_killed_owner(tmp_path: Path):
    command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("Azurite is still there")
