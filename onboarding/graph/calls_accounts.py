"""Requests about accounts that are there already: enabling, usage location, hire and leave dates, deleted ones and
their return.

A `Call` says which permission it needs and how it may be repeated; the function below it builds the request
with the SDK's typed builders and models. Pages of Learn are named by their file under graph/api.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from onboarding.graph.calls_directory import USER
from onboarding.graph.errors import Call
from onboarding.graph.sdk import Build, configured, quoted, user

ENABLE_USER = Call("enable_user", "User.ReadWrite.All", writes=True)


def enable_user(user_id: str) -> Build:
    """user-update: accountEnabled true. A sensitive action, too."""

    def build(client: Any) -> Any:
        from msgraph.generated.models.user import User

        return user(client, user_id).to_patch_request_information(User(account_enabled=True))

    return build


SET_USAGE_LOCATION = Call("set_usage_location", "User.ReadWrite.All", writes=True)


def set_usage_location(user_id: str, location: str) -> Build:
    """user-update: usageLocation, which user-assignlicense asks for."""

    def build(client: Any) -> Any:
        from msgraph.generated.models.user import User

        return user(client, user_id).to_patch_request_information(User(usage_location=location))

    return build


SET_HIRE_DATE = Call("set_hire_date", "User.ReadWrite.All", writes=True)


def set_hire_date(user_id: str, at: datetime) -> Build:
    """user-update: employeeHireDate, which needs no permission of its own, unlike the leave date."""

    def build(client: Any) -> Any:
        from msgraph.generated.models.user import User

        return user(client, user_id).to_patch_request_information(User(employee_hire_date=at))

    return build


GET_LEAVE_DATE = Call("get_leave_date", "User-LifeCycleInfo.Read.All", may_be_absent=True)


def get_leave_date(user_id: str) -> Build:
    """user-get of employeeLeaveDateTime alone: it has a permission of its own."""

    def build(client: Any) -> Any:
        from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder

        query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(
            select=["id", "employeeLeaveDateTime"]
        )
        return user(client, user_id).to_get_request_information(configured(query))

    return build


SET_LEAVE_DATE = Call("set_leave_date", "User-LifeCycleInfo.ReadWrite.All", writes=True)


def set_leave_date(user_id: str, at: datetime | None) -> Build:
    """user-update: employeeLeaveDateTime; null empties it (Learn, "Configure the employeeLeaveDateTime property for a
    user"). The property's text asks for User.Read.All beside its own permission."""

    def build(client: Any) -> Any:
        from msgraph.generated.models.user import User

        body = User(employee_leave_date_time=at)
        if at is None:
            body.additional_data["employeeLeaveDateTime"] = (
                None  # the property itself is left out where it is None
            )
        return user(client, user_id).to_patch_request_information(body)

    return build


FIND_DELETED = Call("find_deleted", "User.Read.All")


def find_deleted(employee_id: str) -> Build:
    """directory-deleteditems-list, with the cast that it needs: the query options are those of users."""

    def build(client: Any) -> Any:
        from msgraph.generated.directory.deleted_items.graph_user import graph_user_request_builder as module

        query = module.GraphUserRequestBuilder.GraphUserRequestBuilderGetQueryParameters(
            filter=f"employeeId eq '{quoted(employee_id)}'", select=list(USER)
        )
        return client.directory.deleted_items.graph_user.to_get_request_information(configured(query))

    return build


GET_DELETED = Call("get_deleted", "User.Read.All", may_be_absent=True)


def get_deleted(user_id: str) -> Build:
    """directory-deleteditems-get."""

    def build(client: Any) -> Any:
        from msgraph.generated.directory.deleted_items.item import (
            directory_object_item_request_builder as module,
        )

        builder = module.DirectoryObjectItemRequestBuilder
        query = builder.DirectoryObjectItemRequestBuilderGetQueryParameters(select=list(USER))
        return _deleted(client, user_id).to_get_request_information(configured(query))

    return build


RESTORE_USER = Call("restore_user", "User.DeleteRestore.All", writes=True, idempotent=False)


def restore_user(user_id: str) -> Build:
    """directory-deleteditems-restore. Not repeated by itself: a second one finds nothing, which says little."""

    return lambda client: _deleted(client, user_id).restore.to_post_request_information()


def _deleted(client: Any, user_id: str) -> Any:
    return client.directory.deleted_items.by_directory_object_id(user_id)
