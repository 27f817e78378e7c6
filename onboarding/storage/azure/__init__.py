"""The store in an Azure storage account: Tables, Queues and Blobs. How it is laid out: docs/storage.md."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from onboarding.ports import CaseStore, DeliveryStore, QueueHost, UsageStore, WorkQueue
from onboarding.settings import StorageSettings
from onboarding.storage.azure.cases import AzureCaseStore
from onboarding.storage.azure.connection import Connection
from onboarding.storage.azure.deliveries import AzureDeliveryStore
from onboarding.storage.azure.queue import AzureQueue
from onboarding.storage.azure.usage import AzureUsageStore


@dataclass(frozen=True, slots=True)
class AzureStore:
    """The ports over one account, and the connection to close."""

    cases: CaseStore
    deliveries: DeliveryStore
    usage: UsageStore
    queue: WorkQueue
    queue_host: QueueHost
    connection: Connection

    @staticmethod
    def repeatable() -> AbstractContextManager[None]:
        """Here every write that was answered lasts."""
        return nullcontext()

    async def secure(self) -> None:
        """Here it is so already."""

    async def aclose(self) -> None:
        """Let go of the clients."""
        await self.connection.aclose()


def open_azure(settings: StorageSettings) -> AzureStore:
    """The store in the account that the Functions host uses. Connects on first use.

    ConfigurationError when the settings name no account.
    """
    connection = Connection(settings)
    queue = AzureQueue(connection)
    return AzureStore(
        AzureCaseStore(connection),
        AzureDeliveryStore(connection),
        AzureUsageStore(connection),
        queue,
        queue,
        connection,
    )
