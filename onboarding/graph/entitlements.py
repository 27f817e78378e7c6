"""Groups and licences of `ports.Directory` on Microsoft Graph. Errors: `onboarding.graph.errors`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from onboarding.graph import calls_directory, calls_entitlements
from onboarding.graph.client import GraphConnection
from onboarding.ports import GroupFacts, Licence, LicenceUnits

#: Values in one `in` list (Learn "Use the $filter query parameter": 15).
IN_ONE_FILTER = 15


class GraphEntitlements:
    """What somebody has beside the account."""

    _graph: GraphConnection

    async def groups(self, group_ids: Sequence[str]) -> list[GroupFacts]:
        """Those of these groups that exist; one request for 15 of them."""
        found: list[GroupFacts] = []
        for start in range(0, len(group_ids), IN_ONE_FILTER):
            some = group_ids[start : start + IN_ONE_FILTER]
            rows = await self._graph.items(
                calls_entitlements.FIND_GROUPS, calls_entitlements.find_groups(some)
            )
            found += [_group(row) for row in rows]
        return found

    async def memberships(self, user_id: str) -> frozenset[str]:
        """Ids of the groups that hold the user directly."""
        rows = await self._graph.items(calls_directory.MEMBERSHIPS, calls_directory.memberships(user_id))
        return frozenset(str(row.get("id")).lower() for row in rows)

    async def add_to_group(self, group_id: str, user_id: str) -> None:
        """Who is a member already stays one (`errors.absent` aside, that 400 is a success)."""
        build = calls_entitlements.add_to_group(group_id, user_id, self._graph.base_url)
        await self._graph.send(calls_entitlements.ADD_TO_GROUP, build)

    async def licence_units(self) -> list[LicenceUnits]:
        """Units that can be given now. Those of a subscription that is not `Enabled` count as none: whether Graph would
        still give them in the grace period after its end is not documented."""
        rows = await self._graph.items(
            calls_entitlements.SUBSCRIBED_SKUS, calls_entitlements.subscribed_skus()
        )
        return [_units(row) for row in rows if row.get("appliesTo") == "User"]

    async def assign_licenses(self, user_id: str, licences: Sequence[Licence]) -> None:
        """All of them or none."""
        build = calls_entitlements.assign_licenses(user_id, licences)
        await self._graph.send(calls_entitlements.ASSIGN_LICENSES, build)


def _group(row: Mapping[str, Any]) -> GroupFacts:
    return GroupFacts(
        id=str(row["id"]).lower(),
        role_assignable=row.get("isAssignableToRole") is True,
        dynamic="DynamicMembership" in (row.get("groupTypes") or ()),
        synced=row.get("onPremisesSyncEnabled") is True,
    )


def _units(row: Mapping[str, Any]) -> LicenceUnits:
    bought = int((row.get("prepaidUnits") or {}).get("enabled") or 0)
    usable = bought if row.get("capabilityStatus") == "Enabled" else 0
    free = usable - int(row.get("consumedUnits") or 0)
    return LicenceUnits(str(row["skuId"]).lower(), max(0, free), str(row.get("skuPartNumber") or ""))
