"""The SDK is large: nothing of it is loaded before the first call."""

import subprocess
import sys


def _loaded(code: str) -> set[str]:
    names = (
        "msgraph",
        "kiota_http",
        "kiota_abstractions",
        "azure.identity",
        "azure.core",
        "opentelemetry",
        "httpx",
    )
    program = f"{code}\nimport sys\nprint(*[n for n in {names!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_neither_sdk_nor_http_client():
    assert _loaded("import onboarding.graph") == set()


def test_opening_a_connection_loads_no_sdk():
    code = (
        "from onboarding.graph import open_graph\nfrom onboarding.settings import Settings\n"
        "open_graph(Settings(graph_base_url='http://127.0.0.1:9'), sleep=None, fraction=None)"
    )
    assert _loaded(code) == {"httpx"}


def test_with_the_simulator_azure_identity_is_never_loaded():
    code = """
import asyncio, httpx
from onboarding.graph.client import GraphConnection
from onboarding.graph.directory import GraphDirectory
from onboarding.settings import Settings
wire = httpx.MockTransport(lambda request: httpx.Response(200, json={"id": "1"}))
graph = GraphConnection(
    Settings(graph_base_url="http://127.0.0.1:9"), sleep=asyncio.sleep, fraction=lambda: 0.5, transport=wire
)
asyncio.run(GraphDirectory(graph).get_user("1"))
"""
    loaded = _loaded(code)
    assert "msgraph" in loaded
    assert "azure.identity" not in loaded
