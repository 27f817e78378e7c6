"""Every store the contract runs over, and nasty cases to put into them.

A new adapter joins by one function in `FACTORIES` and one in `PLACES`. `location` names the data (a path, an account),
so that two clients, also in two processes, can open the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from onboarding.domain.account import Account, AccountIntent, PassRecord, PassStatus
from onboarding.domain.case import Case
from onboarding.domain.evidence import Act, By, Evidence, Recoverable, Registration, Status
from onboarding.domain.hire import Certainty, Hire, ManagerRef, Phone
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, RungRecord, RungStatus, StepRecord, StepStatus
from onboarding.ports import (
    CaseStore,
    Delivery,
    DeliveryStatus,
    DeliveryStore,
    QueueHost,
    UsageStore,
    WorkQueue,
)
from onboarding.storage.azure import open_azure
from onboarding.storage.embedded import open_embedded
from tests.support.azurite import shared

#: A leap day, with microseconds.
T0 = datetime(2028, 2, 29, 23, 59, 59, 123457, tzinfo=UTC)

#: (display, given, family) as HR systems really send them.
NAMES: tuple[tuple[str | None, str | None, str | None], ...] = (
    (None, "Søren", "Ærøskøbing-Þórsson"),
    ("Zoë Müller-Strauß", "Zoë", "Müller-Strauß"),
    ("山田 太郎", "太郎", "山田"),
    ("王小明", None, None),
    ("김민준", "민준", "김"),
    (None, "Conan", "O'Neill"),
    ("Suharto", None, None),
    ("N" * 64, "G" * 64, "F" * 64),
    ("Łukasz Żółć", "Łukasz", "Żółć"),
    ("محمد عبد الله", "محمد", "عبد الله"),
    ("𠮷野 家", "家", "𠮷野"),
    ('=HYPERLINK("x")', '"; DROP TABLE cases; --', "%_\\'\n\t\x00"),
    ("", "", ""),
)


@dataclass
class StoreUnderTest:
    """One open store, and what the contract needs around it."""

    name: str
    location: str
    cases: CaseStore
    deliveries: DeliveryStore
    usage: UsageStore
    queue: WorkQueue
    host: QueueHost
    #: Puts a body on a queue as it stands on the wire.
    put_raw: Callable[[str, str], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
    _others: list[StoreUnderTest] = field(default_factory=list)

    def second(self) -> StoreUnderTest:
        """Another client of the same data, as another process would have."""
        other = open_store(self.name, self.location)
        self._others.append(other)
        return other

    async def close_all(self) -> None:
        """Close this client and every second one."""
        for store in (*self._others, self):
            await store.close()


def _embedded(location: str) -> StoreUnderTest:
    store = open_embedded(f"{location}/store.db", lambda: datetime.now(UTC))
    raw: Any = store.queue
    return StoreUnderTest(
        "embedded",
        location,
        store.cases,
        store.deliveries,
        store.usage,
        store.queue,
        store.queue_host,
        raw.put_raw,
        store.aclose,
    )


def _azure(location: str) -> StoreUnderTest:
    store = open_azure(shared().settings(location))
    raw: Any = store.queue

    async def put_raw(queue: str, body: str) -> None:
        # Messages travel as XML, which has no U+0000: nobody can put one there.
        await raw.put_raw(queue, body.replace("\x00", "\N{SYMBOL FOR NULL}"))

    return StoreUnderTest(
        "azure",
        location,
        store.cases,
        store.deliveries,
        store.usage,
        store.queue,
        store.queue_host,
        put_raw,
        store.aclose,
    )


FACTORIES: dict[str, Callable[[str], StoreUnderTest]] = {"embedded": _embedded, "azure": _azure}
#: A location of its own for every test, given a folder of its own.
PLACES: dict[str, Callable[[Path], str]] = {"embedded": str, "azure": lambda _: shared().account()}


def open_store(name: str, location: str) -> StoreUnderTest:
    """A client of the store `name` over the data at `location`."""
    return FACTORIES[name](location)


def case_id(n: int) -> str:
    """The nth case id."""
    return f"c_{n:020d}"


def make_case(n: int = 1, *, at: datetime = T0, state: State = State.RECEIVED, **hire: Any) -> Case:
    """A small case; `hire` are fields of Hire."""
    return Case(case_id(n), "bamboohr", state, Hire(**hire), created_at=at, updated_at=at)


def full_case(n: int = 1) -> Case:
    """A case with everything in it."""
    case = make_case(
        n,
        state=State.FOLLOWING_UP,
        employee_id="007",
        display_name="山田 太郎",
        phones=(Phone("+45 20 12 34 56", "mobile", "/mobile", True, "DK", "12"),),
        manager=ManagerRef(id="M'1", email="chef@example.com", name="Ö. Ångström"),
        start_date=date(2028, 2, 29),
        department_is_id=False,
    )
    case.certainty = Certainty.OFFER
    case.reason_code, case.return_state = "needs_approval_adopt", State.PROVISIONING
    case.hire_as_of = case.withdrawn_at = case.manager_named_at = case.status_as_of = T0
    case.deliveries, case.approvals, case.refused_names = ["d_1"], ["needs_approval_adopt"], ["a@b"]
    case.phone_hash, case.phone_tail, case.phone_reason = "ab", "56", "no_region"
    case.intent = AccountIntent("taro@example.com", "mark000000000001", T0)
    case.account = Account("0000-1", "taro@example.com", "mark000000000001", T0, manager_id="m")
    case.account.manager_named = case.hire.manager
    case.steps = {"create_account": StepRecord(StepStatus.DONE, 3, T0, T0, "ok", "id")}
    case.access_pass = PassRecord(PassStatus.DELIVERED, T0, "manager", "p", T0, T0, T0)
    case.rungs = {
        "1:person_0": RungRecord("person_0", 1, "person", RungStatus.SENT, T0, "m", T0, "ja", "due")
    }
    case.status, case.recoverable = Status.PARTIAL, Recoverable.NO
    case.evidence = [Evidence("e1", "audit", Act.REGISTERED, By.USER, "mobilePhone", T0, "said")]
    case.registration = Registration(("mobilePhone",), T0, False, True, False, False)
    case.next_action = NextAction("nudge", T0, "due")
    return case


def make_delivery(n: int = 1, *, at: datetime = T0, source: str = "greenhouse", **more: Any) -> Delivery:
    """A received delivery whose body is not text."""
    values: dict[str, Any] = {
        "status": DeliveryStatus.RECEIVED,
        "body_sha256": "00" * 32,
        "body": b'{"name":"M\xc3\xbcller"}\x00\xff',
        "headers": {"content-type": "application/json; charset=utf-8"},
        **more,
    }
    return Delivery(f"d_{n:026d}", source, source, at, **values)
