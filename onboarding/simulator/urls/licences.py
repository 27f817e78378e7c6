"""What was bought, and who has it."""

from __future__ import annotations

from onboarding.simulator.responses import licences
from onboarding.simulator.urls.route import USER, Route

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/subscribedSkus",
        licences.list_skus,
        "documented",
        "subscribedsku-list",
        "Every tenant begins with 25 units of Microsoft 365 E3.",
        options=("$select",),
        units=3,
    ),
    Route(
        "GET",
        "/subscribedSkus/{id}",
        licences.get_sku,
        "documented",
        "subscribedsku-get",
        options=("$select",),
    ),
    Route(
        "POST",
        USER + "/assignLicense",
        licences.assign,
        "observed",
        "user-assignlicense",
        "Refusals with texts seen in public; those for a plan of another SKU and for an id named twice are "
        "inferred. A mailbox follows after 15 minutes, and with it the address.",
        quota="write",
    ),
    Route(
        "GET",
        USER + "/licenseDetails",
        licences.list_details,
        "documented",
        "user-list-licensedetails",
        "Licences given directly; none come with groups.",
        options=("$select",),
        units=2,
    ),
)
