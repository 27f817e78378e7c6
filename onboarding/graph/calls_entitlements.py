"""Requests about groups, memberships and licences.

A `Call` says which permission it needs and how it may be repeated; the function below it builds the request
with the SDK's typed builders and models. Pages of Learn are named by their file under graph/api.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onboarding.graph.errors import Call
from onboarding.graph.sdk import Build, configured, quoted, user
from onboarding.ports import Licence

FIND_GROUPS = Call("find_groups", "GroupMember.Read.All")


def find_groups(group_ids: Sequence[str]) -> Build:
    """group-list: `id` supports `in` (group resource type), so that all of them are one request."""

    def build(client: Any) -> Any:
        from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder

        wanted = ",".join(f"'{quoted(group_id)}'" for group_id in group_ids)
        query = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(
            filter=f"id in ({wanted})",
            select=["id", "displayName", "groupTypes", "isAssignableToRole", "onPremisesSyncEnabled"],
        )
        return client.groups.to_get_request_information(configured(query))

    return build


#: Idempotent for us: who is a member already is told so by a 400, which is a success.
ADD_TO_GROUP = Call("add_to_group", "GroupMember.ReadWrite.All", writes=True, membership=True)


def add_to_group(group_id: str, user_id: str, root: str) -> Build:
    """group-post-members. The reference carries the root of the same cloud (facts 5)."""

    def build(client: Any) -> Any:
        from msgraph.generated.models.reference_create import ReferenceCreate

        reference = ReferenceCreate(odata_id=f"{root}/directoryObjects/{user_id}")
        return client.groups.by_group_id(group_id).members.ref.to_post_request_information(reference)

    return build


SUBSCRIBED_SKUS = Call("subscribed_skus", "LicenseAssignment.Read.All")


def subscribed_skus() -> Build:
    """subscribedsku-list."""

    def build(client: Any) -> Any:
        from msgraph.generated.subscribed_skus.subscribed_skus_request_builder import (
            SubscribedSkusRequestBuilder,
        )

        query = SubscribedSkusRequestBuilder.SubscribedSkusRequestBuilderGetQueryParameters(
            select=[
                "skuId",
                "skuPartNumber",
                "appliesTo",
                "capabilityStatus",
                "prepaidUnits",
                "consumedUnits",
            ]
        )
        return client.subscribed_skus.to_get_request_information(configured(query))

    return build


#: Repeating it is harmless: a licence that the user holds is kept.
ASSIGN_LICENSES = Call("assign_licenses", "LicenseAssignment.ReadWrite.All", writes=True, licence=True)


def assign_licenses(user_id: str, licences: Sequence[Licence]) -> Build:
    """user-assignlicense: all or none. Both collections must be there (facts 3, call 8)."""

    def build(client: Any) -> Any:
        from uuid import UUID

        from msgraph.generated.models.assigned_license import AssignedLicense
        from msgraph.generated.users.item.assign_license.assign_license_post_request_body import (
            AssignLicensePostRequestBody,
        )

        added = [
            AssignedLicense(
                sku_id=UUID(licence.sku), disabled_plans=[UUID(plan) for plan in licence.disabled_plans]
            )
            for licence in licences
        ]
        body = AssignLicensePostRequestBody(add_licenses=added, remove_licenses=[])
        return user(client, user_id).assign_license.to_post_request_information(body)

    return build
