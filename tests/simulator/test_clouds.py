"""National clouds: what each lacks is 400 there, for every route."""

from __future__ import annotations

import httpx
import pytest

from onboarding.simulator.clouds import CLOUDS, foreign, lacking
from onboarding.simulator.urls import GRAPH
from tests.simulator.graph_calls import ok, person, policy, refused

pytestmark = pytest.mark.documented("graph/deployments")

#: Cloud → words in the paths of what it lacks (facts of the v1.0 schemas).
MISSING = {
    "global": (),
    "usgov": (),
    "usgovdod": (),
    "china": ("emailMethods", "temporaryAccessPassMethods", "authenticationMethodsPolicy", "directoryAudits"),
    "bleu": ("phoneMethods", "emailMethods", "temporaryAccessPassMethods"),
    "delos": ("phoneMethods", "emailMethods", "temporaryAccessPassMethods"),
}


def test_each_route_is_there_or_not_as_the_schemas_say() -> None:
    assert set(MISSING) == set(CLOUDS)
    for cloud, words in MISSING.items():
        for route in GRAPH:
            expected = any(word in route.path.split("/") for word in words)
            assert (lacking(cloud, route.path) is not None) is expected, (cloud, route.path)


@pytest.mark.inferred("an unknown segment is worded as OData words it; no page shows one of another cloud")
def test_what_a_cloud_lacks_is_an_unknown_segment_of_its_addresses(http: httpx.Client) -> None:
    key = person(http, "anna")
    for cloud, words in MISSING.items():
        policy(http, cloud=cloud)
        passes = http.get(f"/v1.0/users/{key}/authentication/temporaryAccessPassMethods")
        if "temporaryAccessPassMethods" in words:
            assert refused(passes) == (
                400,
                "BadRequest",
                "Resource not found for the segment 'temporaryAccessPassMethods'.",
            )
        else:
            assert ok(passes)["value"] == []
        ok(http.get(f"/v1.0/users/{key}"))
        ok(http.get("/v1.0/reports/authenticationMethods/userRegistrationDetails"))
    assert http.post("/_control/policy", json={"cloud": "germany"}).status_code == 400


def test_a_reference_carries_the_root_of_its_own_cloud() -> None:
    roots = {
        "https://graph.microsoft.com/v1.0/users/x": "global",
        "https://graph.microsoft.us/v1.0/users/x": "usgov",
        "https://dod-graph.microsoft.us/v1.0/users/x": "usgovdod",
        "https://microsoftgraph.chinacloudapi.cn/v1.0/users/x": "china",
    }
    for address, home in roots.items():
        assert [cloud for cloud in CLOUDS if not foreign(cloud, address)] == [home]
    assert not any(foreign(cloud, "http://127.0.0.1:7072/v1.0/users/x") for cloud in CLOUDS)
