"""Deel webhooks: most name a worker's profile or a contract by id, and the API has the rest.

Signature: hex of HMAC-SHA256 over the word `POST` and the raw body; `x-deel-hmac-label` names the key. No time is
signed. Deel repeats nine times within about 32 hours, then switches the hook off. There is no event id that can be
relied on (`event_type_id` is given for the type in some samples), so a delivery is known by its body.

What the API reader fetches:

| kind | id | read |
|---|---|---|
| person | id of the HRIS profile | `GET /rest/v2/people/{id}` |
| contract | id of a contract | `GET /rest/v2/contracts/{id}`, and the person of its worker |
| ended_contract | id of a contract that an event calls terminated | the same |

The answer's hire carries the profile's id as employee id; while the contract is not signed its certainty is `offer`.
An event about a contract is known to us as `contract:{id}`: by the contracts that a person's record lists, else by the
worker of the contract once that was read. Neither a cancelled nor a terminated contract withdraws anything by itself:
the contract and its worker are read first, and who has another contract that runs stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onboarding.domain.hire import Certainty, EventType, FetchRef, Hire, HireEvent
from onboarding.intake.adapter import THIN_NEEDS, Adapter, LinkedEvent
from onboarding.intake.payload import Payload, Unreadable
from onboarding.intake.pruning import narrowed, only
from onboarding.intake.reading import Moment, first_id, ignored, moment
from onboarding.intake.scheme import SignatureScheme

#: https://developer.deel.com/docs/webhook-event-types and the page of each event under /api/reference/endpoints/hris.
PROFILES = {
    "employee.created.direct": EventType.HIRE_CREATED,  # "identifies the employee by HRIS profile id"
    "employee.updated.direct": EventType.HIRE_UPDATED,
    "worker.v2.created": EventType.HIRE_CREATED,
    "worker.v2.updated": EventType.HIRE_UPDATED,  # profile, contract, address, phone, position
    "worker.v2.deleted": EventType.EMPLOYEE_DELETED,
    "worker.created": EventType.HIRE_CREATED,  # through SCIM. Doubt: whether its id is the profile's
}
#: Here `id` is the contract's. Doubt: for `eor`, whose page was not seen.
SIGNED = {
    "employee.created.contractor": EventType.HIRE_CREATED,  # "the contract has been signed"
    "employee.created.eor": EventType.HIRE_CREATED,
}
#: They say something about a person who is known, and open no case: contracts are made for others too.
CONTRACTS = {
    "contract.created": EventType.HIRE_UPDATED,
    "contract.status.updated": EventType.HIRE_UPDATED,
    "contract.amended": EventType.HIRE_UPDATED,  # a moved start among others: the read tells
    "contract.terminated": EventType.HIRE_UPDATED,  # of one contract among several, perhaps: the read tells
}
TERMINATED = "contract.terminated"
#: Statuses of a contract by which a hire is withdrawn: `GetContractById` in letsdeel/deel-api-java-sdk has the list.
CANCELLED = frozenset({"cancelled", "canceled", "user_cancelled", "rejected"})
#: Documents, money, devices, learning, applicants, and steps of a contract that change nothing for us.
PASSED_OVER = (
    "ats.", "bgcheck.", "contract.archived", "contract.duplicated", "contract.sign.", "engage.", "eor.", "gp.",
    "immigration.", "invoice", "it.", "oauth2.", "offcycle", "onboarding.", "payment.", "payslip", "tax.", "time",
)  # fmt: skip
#: Where the ids stand. `contract_oid` is in the sample of another event.
PROFILE_IDS = ("id", "profile_id", "hris_profile_id")
CONTRACT_IDS = ("id", "contract_id", "contract_oid")
#: Keys of a resource that the mapping uses.
USED = frozenset({*PROFILE_IDS, *CONTRACT_IDS, "status"})


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """One event for each resource. Simulated ones (`is_simulation`) are pings."""
    meta = payload.object("data.meta")
    name, tracking = meta.text("event_type"), meta.optional_identifier("tracking_id")
    if meta.raw("is_simulation") is True:
        return [HireEvent("", EventType.TEST_PING, Hire(), name[:100], tracking)]
    if name not in PROFILES and name not in SIGNED and name not in CONTRACTS:
        return [ignored(name, tracking, known=name.startswith(PASSED_OVER))]
    at = moment(payload, "data.meta.occurred_at", "timestamp")
    return [_event(resource, name, at, tracking) for resource in _resources(payload)]


def _resources(payload: Payload) -> tuple[Payload, ...]:
    """`resource` is an object, or a list of them."""
    if isinstance(payload.raw("data.resource"), list):
        found = payload.items("data.resource")
        if not found:
            raise Unreadable("missing", payload.place("data.resource"))
        return found
    return (payload.object("data.resource"),)


def _event(said: Payload, name: str, at: Moment, tracking: str | None) -> HireEvent:
    profile = name in PROFILES
    found = first_id(said, *(PROFILE_IDS if profile else CONTRACT_IDS))
    if found is None:
        raise Unreadable("missing", said.place("id"))
    kind = {**PROFILES, **SIGNED, **CONTRACTS}[name]
    contract = "ended_contract" if name == TERMINATED else "contract"
    return LinkedEvent(
        source="",
        event_type=kind,
        hire=Hire(employee_id=found if profile else None),
        vendor_event_type=name,
        vendor_event_id=tracking,
        # Whether a contract that changes is signed, is told by the read.
        certainty=Certainty.OFFER if name in CONTRACTS else Certainty.EMPLOYEE,
        occurred_at=at.at,
        occurred_at_zone_assumed=at.zone_assumed,
        needs_fetch=None
        if kind is EventType.EMPLOYEE_DELETED
        else FetchRef("person" if profile else contract, found),
        also_known_as=() if profile else (f"contract:{found}",),
        # A withdrawal is kept even if it overtakes its hire.
        opens=name not in CONTRACTS or _is_withdrawn(said, name),
    )


def _is_withdrawn(said: Payload, name: str) -> bool:
    status = said.raw("status")
    return (
        name == "contract.status.updated" and isinstance(status, str) and status.strip().lower() in CANCELLED
    )


def prune(body: bytes) -> bytes:
    """Resources hold pay, addresses and birth dates: only ids and the status are kept, since all else is read."""
    return narrowed(body, _narrowed)


def _narrowed(tree: dict[str, Any]) -> dict[str, Any]:
    data = tree.get("data")
    if isinstance(data, dict) and "resource" in data:
        tree["data"] = {**data, "resource": only(data["resource"], USED)}
    return tree


ADAPTER = Adapter(
    slug="deel",
    title="Deel",
    documents=(
        "https://developer.deel.com/docs/webhooks-get-started",
        "https://developer.deel.com/docs/webhook-event-types",
        "https://developer.deel.com/api/webhooks/events",
    ),
    scheme=SignatureScheme(
        name="deel", header="x-deel-signature", template="POST{body}", label_header="x-deel-hmac-label"
    ),
    parse=parse,
    doubts=(
        "For contractors and employees of record the id in an event is the contract's by Deel's page for "
        "contractors; for employees of record no page was seen.",
        "Whether the id of a contract's worker always is that of a profile is not confirmed; a worker without one is "
        "known by the contract alone.",
        "The mark of a simulated delivery (is_simulation) is known from a secondary source.",
    ),
    headers=("x-deel-webhook-version",),
    pruner=prune,
    needs=THIN_NEEDS,
)
