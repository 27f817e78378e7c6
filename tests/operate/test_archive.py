"""Export and import: everything of a store into a file, from there into another store, and never half of it unseen."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import stat
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.hire import Verification
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, TimelineEntry
from onboarding.domain.usage import Group, UsageEvent
from onboarding.errors import NotFound, OnboardingError, Refused, StoreConflict
from onboarding.operate import archive
from onboarding.operate.archive_file import existing, new_file
from onboarding.ports import CaseQuery, Delivery, DeliveryStatus, Operation, Services
from tests.storage.stores import (
    FACTORIES,
    NAMES,
    PLACES,
    T0,
    StoreUnderTest,
    case_id,
    full_case,
    make_case,
    make_delivery,
    open_store,
)
from tests.support.doubles import Killed, World

Open = Callable[[str, str], StoreUnderTest]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """`opened("embedded", "a")`: an empty store of that kind, closed afterwards."""
    stores: list[StoreUnderTest] = []

    def call(kind: str, name: str) -> StoreUnderTest:
        (tmp_path / "stores").mkdir(exist_ok=True)
        stores.append(open_store(kind, PLACES[kind](tmp_path / "stores" / name)))
        return stores[-1]

    yield call
    for store in stores:
        await store.close_all()


#: Every store; every way between two stores of which one is on this machine.
STORES = sorted(FACTORIES)
WAYS = [(a, b) for a in STORES for b in STORES if "embedded" in {a, b}]
every_source = pytest.mark.parametrize("source", STORES, indirect=True)
every_target = pytest.mark.parametrize("target", STORES, indirect=True)
every_way = pytest.mark.parametrize(("source", "target"), WAYS, indirect=True)


@pytest.fixture
def source(request: pytest.FixtureRequest, opened: Open) -> StoreUnderTest:
    """An empty store; embedded, where the test does not ask for every one."""
    return opened(getattr(request, "param", "embedded"), "source")


@pytest.fixture
def target(request: pytest.FixtureRequest, opened: Open) -> StoreUnderTest:
    """Likewise."""
    return opened(getattr(request, "param", "embedded"), "target")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "copy.jsonl"


def over(store: StoreUnderTest) -> Services:
    """Services whose store is this one."""
    world = World()
    world.store.close()
    return replace(
        world.s, cases=store.cases, deliveries=store.deliveries, usage=store.usage, queue=store.queue
    )


async def save(store: StoreUnderTest | Services, path: Path) -> dict[str, int]:
    s = store if isinstance(store, Services) else over(store)
    with new_file(path) as write:
        return await archive.export(s, write)


async def load(store: StoreUnderTest | Services, path: Path, *, resume: bool = False) -> archive.Imported:
    s = store if isinstance(store, Services) else over(store)
    with existing(path) as found:
        return await archive.load(s, found, resume=resume)


def entries(*actions: str, n: int = 0) -> list[TimelineEntry]:
    return [
        TimelineEntry(T0 + timedelta(microseconds=n), "operator:Ø", action, {"é": "ß"}) for action in actions
    ]


async def fill(store: StoreUnderTest) -> None:
    """Some of everything, with values that break what is not careful."""
    cases = store.cases
    await cases.create(full_case(100), entries("first", "second"))
    for n, (display, given, family) in enumerate(NAMES):
        case = await cases.create(make_case(n, display_name=display, given_name=given, family_name=family))
        case.state, case.next_action = (
            list(State)[n % len(State)],
            NextAction("look", T0 + timedelta(hours=n), "x"),
        )
        await cases.save(case, entries(*(f"saved_{i}" for i in range(n * 60)), n=n))
    joined = make_case(200, state=State.CLOSED)
    joined.reason_code = "joined"
    await cases.create(joined, entries("joined_into"))
    for n, value in enumerate(("", "a/b\\c#d?e", "山田", "O'Neill", "𠮷", "x" * 300, "\t\n")):
        await cases.claim_alias(Alias("bamboohr", AliasKind.EMPLOYEE_ID, value), case_id(n))
        await cases.claim_alias(Alias(TENANT, AliasKind.UPN, value), case_id(100))
        await cases.write_marker(f"marker {value}", {"value": value, "deep": [None, 1.5, {"é": True}]}, None)
        await cases.put_operation(
            Operation(
                f"o_{n:020d}", None if n else case_id(1), "rerun", "a", value, T0, "done", value or None
            )
        )
    for n, status in enumerate(DeliveryStatus):
        await store.deliveries.put_if_absent(
            make_delivery(
                n,
                status=status,
                body=[b"", b"\x00\xff\xfe", "Ø山".encode(), b"y" * 256 * 1024, None, b"{}"][n],
                verification=Verification("hmac-sha256", "previous", True),
                case_ids=(case_id(1), case_id(2))[:n],
                queued_at=T0 if n & 1 else None,
            )
        )
    event = UsageEvent("SSGM_1/#?", "2028-W09", "registered:user:email:-")
    await store.usage.count(case_id(1), (Group(), Group("department", "R&D / Ø#?")), [event])


async def pages(walk: Any) -> list[Any]:
    items: list[Any] = []
    page = None
    while True:
        found = await walk(page, 50)
        items += found.items
        if (page := found.next_page) is None:
            return items


async def contents(store: StoreUnderTest) -> dict[str, Any]:
    """Everything a store holds, without etags."""
    cases = [replace(case, etag=None) for case in await pages(store.cases.walk)]
    return {
        "cases": sorted(cases, key=lambda case: case.case_id),
        "timelines": {c.case_id: await store.cases.timeline(c.case_id, 10**9) for c in cases},
        "aliases": dict(await pages(store.cases.walk_aliases)),
        "markers": {
            name: dict(marker.value)
            for name, marker in await pages(store.cases.walk_markers)
            if not name.startswith(archive.LOCAL)
        },
        "operations": sorted(await pages(store.cases.walk_operations), key=lambda o: o.operation_id),
        "deliveries": sorted(
            [replace(item, etag=None) for item in await pages(store.deliveries.walk)],
            key=lambda d: d.delivery_id,
        ),
        "usage": sorted(await pages(store.usage.walk), key=repr),
    }


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def sealed(path: Path, rows: Sequence[bytes]) -> None:
    """A file of these lines with an end that agrees with them."""
    names = ("marker", "delivery", "case", "alias", "operation")
    counts = {name: sum(b'"row": "%s"' % name.encode() in row for row in rows[1:]) for name in names}
    body = b"".join(row + b"\n" for row in rows)
    end = {"row": "end", "counts": counts, "sha256": hashlib.sha256(body).hexdigest()}
    path.write_bytes(body + json.dumps(end).encode() + b"\n")


# --- a whole store ---------------------------------------------------------------------------------------------


@every_way
async def test_what_is_in_one_store_is_in_the_other(
    source: StoreUnderTest, target: StoreUnderTest, tmp_path: Path
) -> None:
    name = "copy.jsonl.gz"
    await fill(source)
    counts = await save(source, tmp_path / name)
    assert counts == {"marker": 7, "delivery": 6, "case": 15, "alias": 14, "operation": 7, "usage": 5}
    done = await load(target, tmp_path / name)
    assert (done.counts, done.there) == (counts, 0)
    assert await contents(target) == await contents(source)


@every_way
async def test_lists_counts_and_due_rows_are_made_anew(
    source: StoreUnderTest, target: StoreUnderTest, file: Path
) -> None:
    await fill(source)
    (row, *_) = await source.cases.due(T0, 1)
    await source.cases.postpone(
        row, T0 + timedelta(minutes=15)
    )  # its message is on a queue that stays behind
    await save(source, file)
    await load(target, file)
    far = T0 + timedelta(days=9)
    assert await target.cases.counts() == await source.cases.counts()
    for query in (CaseQuery(), CaseQuery(q="山田"), CaseQuery(employee_id="007"), CaseQuery(state="blocked")):
        found = [list((await store.cases.search(query, size=100)).items) for store in (source, target)]
        assert sorted(found[0], key=repr) == sorted(found[1], key=repr)
        assert found[0]
    due = {item.case_id: item.when for item in await target.cases.due(far, 99)}
    assert due == {
        c.case_id: c.next_action.when for c in (await contents(source))["cases"] if c.next_action.when
    }
    assert due[row.case_id] == row.when


async def test_an_export_of_the_import_is_the_same_archive(
    source: StoreUnderTest, target: StoreUnderTest, tmp_path: Path
) -> None:
    await fill(source)
    first, second = tmp_path / "first", tmp_path / "second"
    await save(source, first)
    await load(target, first)
    await save(target, second)
    ends = [path.read_bytes().splitlines()[-1] for path in (first, second)]
    assert sorted(first.read_bytes().splitlines()[:-1]) == sorted(second.read_bytes().splitlines()[:-1])
    assert json.loads(ends[0])["counts"] == json.loads(ends[1])["counts"]


async def test_an_empty_store_is_an_archive_of_two_lines(
    source: StoreUnderTest, target: StoreUnderTest, file: Path
) -> None:
    await save(source, file)
    assert [row["row"] for row in lines(file)] == ["archive", "end"]
    assert sum((await load(target, file)).counts.values()) == 0


async def test_what_is_about_one_store_stays_there(
    source: StoreUnderTest, target: StoreUnderTest, file: Path
) -> None:
    """A cursor of the watchdog is a page token, and means nothing in another store."""
    for name in ("watchdog_cases", "archive_import", "audit_cursor"):
        await source.cases.write_marker(name, {"page": "x"}, None)
    await save(source, file)
    await load(target, file)
    names = {name for name, _ in await pages(target.cases.walk_markers)}
    assert names == {"audit_cursor", "archive_import"}


# --- while the service runs ------------------------------------------------------------------------------------


@every_source
async def test_each_case_is_whole_while_others_write_it(
    source: StoreUnderTest, target: StoreUnderTest, file: Path
) -> None:
    for n in range(5):
        await source.cases.create(make_case(n), entries("made"))
    stop = asyncio.Event()
    writer = source.second()

    async def write(n: int) -> None:
        while not stop.is_set():
            case = await writer.cases.get(case_id(n))
            assert case is not None
            case.episode += 1
            await writer.cases.save(case, entries(f"episode_{case.episode}"))
            await asyncio.sleep(0.005)

    writers = [asyncio.ensure_future(write(n)) for n in range(5)]
    for number in range(5):
        await save(source, file.with_suffix(f".{number}"))
        for row in lines(file.with_suffix(f".{number}")):
            if row["row"] == "case":
                actions = [entry["action"] for entry in row["timeline"]]
                assert len(actions) == row["case"]["episode"]
    stop.set()
    await asyncio.gather(*writers)


async def test_the_kinds_are_in_the_order_in_which_nothing_is_missed(
    source: StoreUnderTest, file: Path
) -> None:
    """Markers before what they are a cursor over; deliveries before the cases they led to; aliases after cases."""
    await fill(source)
    await save(source, file)
    kinds = list(dict.fromkeys(row["row"] for row in lines(file)))
    assert kinds == ["archive", "marker", "delivery", "case", "alias", "operation", "usage", "end"]


async def test_a_hire_in_the_middle_of_an_export_has_its_aliases_if_it_has_its_case(
    source: StoreUnderTest, file: Path
) -> None:
    await fill(source)
    s = over(source)
    alias = Alias("bamboohr", AliasKind.EMPLOYEE_ID, "late")

    class Cases:
        def __getattr__(self, name: str) -> Any:
            return getattr(source.cases, name)

        async def walk(self, page: str | None = None, size: int = 200) -> Any:
            if page is None:
                await source.cases.claim_alias(alias, case_id(999))
                await source.cases.create(make_case(999, employee_id="late"))
            return await source.cases.walk(page, size)

    await save(replace(s, cases=Cases()), file)
    rows = lines(file)
    assert any(row["row"] == "case" and row["case"]["case_id"] == case_id(999) for row in rows)
    assert any(row["row"] == "alias" and row["alias"]["value"] == "late" for row in rows)


@every_source
async def test_a_case_that_is_erased_meanwhile_is_left_out(source: StoreUnderTest, file: Path) -> None:
    await fill(source)

    class Cases:
        def __getattr__(self, name: str) -> Any:
            return getattr(source.cases, name)

        async def timeline(self, wanted: str, limit: int = 500) -> Any:
            if wanted == case_id(100):
                there = await source.cases.get(wanted)
                if there is not None:
                    await source.cases.erase(there)
            return await source.cases.timeline(wanted, limit)

    await save(replace(over(source), cases=Cases()), file)
    assert case_id(100) not in [row["case"]["case_id"] for row in lines(file) if row["row"] == "case"]


async def test_a_case_that_never_rests_fails_the_export_and_leaves_no_file(
    source: StoreUnderTest, file: Path
) -> None:
    await fill(source)

    class Cases:
        def __getattr__(self, name: str) -> Any:
            return getattr(source.cases, name)

        async def timeline(self, wanted: str, limit: int = 500) -> Any:
            case = await source.cases.get(wanted)
            assert case is not None
            await source.cases.save(case)
            return []

    with pytest.raises(StoreConflict, match="stop the service"):
        await save(replace(over(source), cases=Cases()), file)
    assert [path for path in file.parent.iterdir() if path.is_file()] == []


# --- files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "山田 O'Neill.gz"])
async def test_only_its_owner_may_read_the_file(source: StoreUnderTest, tmp_path: Path, name: str) -> None:
    await fill(source)
    path = tmp_path / name
    await save(source, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (path.read_bytes()[:2] == b"\x1f\x8b") is name.endswith(".gz")
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [name]


async def test_a_file_that_is_there_is_not_written_over(source: StoreUnderTest, file: Path) -> None:
    file.write_text("the only copy of something")
    with pytest.raises(Refused, match="another name"):
        await save(source, file)
    assert file.read_text() == "the only copy of something"


async def test_a_file_that_appears_meanwhile_is_not_written_over(file: Path) -> None:
    def meanwhile() -> None:
        with new_file(file) as write:
            write(b"x")
            file.write_text("theirs")

    with pytest.raises(Refused, match="another name"):
        meanwhile()
    assert file.read_text() == "theirs"
    assert len(list(file.parent.iterdir())) == 1


@pytest.mark.parametrize("name", ["a", "a.gz"])
async def test_whatever_ends_an_export_early_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    def half(error: BaseException) -> None:
        with new_file(tmp_path / name) as write:
            write(b"half of it")
            raise error

    for error in (Killed(), KeyboardInterrupt(), StoreConflict("x"), OSError(28, "No space left on device")):
        with pytest.raises((type(error), Refused)):
            half(error)
        assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_is_not_there_is_said(source: StoreUnderTest, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file"):
        await save(source, tmp_path / "nowhere" / "a")


@pytest.mark.parametrize("name", ["nothing", "."])
async def test_an_archive_that_cannot_be_opened_is_not_found(
    target: StoreUnderTest, tmp_path: Path, name: str
) -> None:
    with pytest.raises(NotFound):
        await load(target, tmp_path / name)


# --- what is refused -----------------------------------------------------------------------------------------------


@every_target
@pytest.mark.parametrize("kind", ["cases", "deliveries", "aliases", "operations"])
async def test_a_store_that_holds_anything_is_refused_and_told_what_to_do(
    source: StoreUnderTest, target: StoreUnderTest, file: Path, kind: str
) -> None:
    await fill(source)
    await save(source, file)
    match kind:
        case "cases":
            await target.cases.create(make_case(999))
        case "deliveries":
            await target.deliveries.put_if_absent(make_delivery(999))
        case "aliases":
            await target.cases.claim_alias(Alias("s", AliasKind.UPN, "x"), case_id(1))
        case "operations":
            await target.cases.put_operation(Operation("o_1", None, "rerun", "a", "r", T0, "done"))
    before = await contents(target)
    with pytest.raises(Refused, match=f"it holds {kind}.*--resume"):
        await load(target, file)
    with pytest.raises(Refused, match="did not come from this archive"):
        await load(target, file, resume=True)
    assert await contents(target) == before


@every_target
async def test_the_cursors_of_a_service_that_never_took_anything_are_written_over(
    source: StoreUnderTest, target: StoreUnderTest, file: Path
) -> None:
    """Else the evidence between the export and that cursor would never be read."""
    await source.cases.write_marker("audit_cursor", {"until": "then"}, None)
    await target.cases.write_marker("audit_cursor", {"until": "now"}, None)
    await save(source, file)
    await load(target, file)
    marker = await target.cases.read_marker("audit_cursor")
    assert marker is not None
    assert marker.value == {"until": "then"}


@pytest.mark.parametrize("packed", [False, True])
async def test_an_archive_that_was_cut_anywhere_is_recognised_before_anything_is_written(
    opened: Open, tmp_path: Path, packed: bool
) -> None:
    store, empty = opened("embedded", "full"), opened("embedded", "empty")
    await store.cases.create(full_case(), entries("one"))
    await store.deliveries.put_if_absent(make_delivery())
    await store.cases.claim_alias(Alias("s", AliasKind.UPN, "x"), case_id(1))
    whole, cut = tmp_path / ("whole.gz" if packed else "whole"), tmp_path / "cut"
    await save(store, whole)
    data = whole.read_bytes()
    ends = [i + 1 for i, byte in enumerate(data) if byte == 10]
    # What follows the last byte of the compressed stream is its own check sum.
    for length in sorted(
        {*range(0, len(data), 97), *ends, *(end - 1 for end in ends), len(data) - 1} - {len(data)}
    ):
        cut.write_bytes(data[:length])
        with pytest.raises(Refused):
            await load(empty, cut)
    nothing = await contents(empty)
    assert not any(nothing.values())


def _says_the_same(one: Path, other: Path) -> bool:
    try:
        return gzip.decompress(one.read_bytes()) == gzip.decompress(other.read_bytes())
    except (OSError, EOFError, zlib.error):
        return False


async def test_an_archive_with_a_changed_byte_is_recognised(opened: Open, tmp_path: Path) -> None:
    store, empty = opened("embedded", "full"), opened("embedded", "empty")
    await store.cases.create(full_case(), entries("one"))
    whole, changed = tmp_path / "whole", tmp_path / "changed"
    for path in (whole, tmp_path / "whole.gz"):
        await save(store, path)
        data = bytearray(path.read_bytes())
        for at in range(0, len(data), 41):
            changed.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            if path.suffix and _says_the_same(changed, path):
                continue  # time and system in the header of gzip, bits between its blocks
            with pytest.raises(Refused):
                await load(empty, changed)
    assert not any((await contents(empty)).values())


def _line(**said: Any) -> bytes:
    return json.dumps(said).encode()


HEADER = _line(row="archive", format="onboarding-archive", version=1, at="2028-02-29T00:00:00Z")
SECRET = "Zzyzx-Plantedname"
_CASE: dict[str, Any] = {
    "case_id": case_id(1), "source": "s", "state": "received", "hire": {}, "created_at": "2028-02-29T00:00:00Z",
    "updated_at": "2028-02-29T00:00:00Z", "schema": 1,
}  # fmt: skip
_ALIAS = {"source": "s", "kind": "upn", "value": SECRET}
_OPERATION = {"operation_id": "o_1", "case_id": None, "action": SECRET, "actor": "a", "reason": SECRET,
              "at": "2028-02-29T00:00:00Z", "status": "done", "result": None}  # fmt: skip
_DELIVERY = {"delivery_id": "d_" + "0" * 26, "source": SECRET, "adapter": "a", "received_at": "2028-02-29T00:00:00Z",
             "status": "queued", "body_sha256": "", "body": base64.b64encode(SECRET.encode()).decode()}  # fmt: skip
HOSTILE = {
    "no json": SECRET.encode(),
    "not utf-8": b'{"row":"marker","name":"\xff\xfe","value":{}}',
    "a lone surrogate": b'{"row":"marker","name":"Zzyzx-Plantedname\\ud800","value":{}}',
    "deep": b'{"row":"marker","name":"x","value":{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}}",
    "deep case": b'{"row":"case","timeline":[],"case":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "empty": b"",
    "a list": _line(row=[SECRET]),
    "unknown kind": _line(row=SECRET),
    "no kind": _line(case=_CASE, timeline=[]),
    "unknown member": _line(row="alias", alias=_ALIAS, case_id=case_id(1), more=SECRET),
    "case without state": _line(
        row="case", case={k: v for k, v in _CASE.items() if k != "state"}, timeline=[]
    ),
    "case in an unknown state": _line(row="case", case={**_CASE, "state": SECRET}, timeline=[]),
    "case of a newer schema": _line(row="case", case={**_CASE, "schema": 99}, timeline=[]),
    "case with a wrong type": _line(
        row="case", case={**_CASE, "hire": {"given_name": [SECRET]}}, timeline=[]
    ),
    "case id of nobody": _line(row="case", case={**_CASE, "case_id": SECRET}, timeline=[]),
    "case id with a line feed": _line(row="case", case={**_CASE, "case_id": case_id(1) + "\n"}, timeline=[]),
    "time without a zone": _line(
        row="case", case={**_CASE, "updated_at": "2028-02-29T00:00:00"}, timeline=[]
    ),
    "timeline without a zone": _line(
        row="case", case=_CASE, timeline=[{"at": "2028-02-29T00:00:00", "actor": SECRET, "action": "x"}]
    ),
    "timeline of another shape": _line(row="case", case=_CASE, timeline=[{"at": SECRET}]),
    "no day": _line(row="case", case={**_CASE, "hire": {"start_date": "2027-02-29"}}, timeline=[]),
    "alias of an unknown kind": _line(row="alias", alias={**_ALIAS, "kind": SECRET}, case_id=case_id(1)),
    "alias of nobody": _line(row="alias", alias=_ALIAS, case_id="../" + SECRET),
    "marker that is a list": _line(row="marker", name=SECRET, value=[1]),
    "operation id": _line(row="operation", operation={**_OPERATION, "operation_id": "o_/" + SECRET}),
    "operation without a zone": _line(row="operation", operation={**_OPERATION, "at": "2028-02-29T00:00:00"}),
    "delivery id": _line(row="delivery", delivery={**_DELIVERY, "delivery_id": "d_" + SECRET}),
    "delivery status": _line(row="delivery", delivery={**_DELIVERY, "status": SECRET}),
    "delivery body": _line(row="delivery", delivery={**_DELIVERY, "body": "%%" + SECRET}),
    "a second header": HEADER,
    "an end in the middle": _line(row="end", counts={}, sha256=SECRET),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
async def test_a_line_that_is_no_row_is_named_by_its_number_and_nothing_that_stands_in_it(
    opened: Open, file: Path, hostile: bytes
) -> None:
    empty = opened("embedded", "empty")
    sealed(file, [HEADER, _line(row="case", case=_CASE, timeline=[]), hostile])
    with pytest.raises(Refused) as caught:
        await load(empty, file)
    assert "ine 3 of the archive" in str(caught.value) or "ine 4 of the archive" in str(caught.value)
    for planted in (SECRET, "Plantedname", base64.b64encode(SECRET.encode()).decode()):
        assert planted not in str(caught.value)
    assert not any((await contents(empty)).values())


@pytest.mark.parametrize(
    "row",
    [
        _line(row="case", case=_CASE, timeline=[]),
        _line(row="alias", alias=_ALIAS, case_id=case_id(1)),
        _line(row="operation", operation=_OPERATION),
        _line(row="delivery", delivery=_DELIVERY),
        _line(row="marker", name=SECRET, value={}),
    ],
    ids=range(5),
)
async def test_the_rows_of_the_hostile_tests_are_taken_where_they_are_sound(
    opened: Open, file: Path, row: bytes
) -> None:
    sealed(file, [HEADER, row])
    assert sum((await load(opened("embedded", "empty"), file)).counts.values()) == 1


@pytest.mark.parametrize(
    "first",
    [
        _line(row="archive", format="something else", version=1, at="2028-02-29T00:00:00Z"),
        _line(row="archive", format="onboarding-archive", version=2, at="2028-02-29T00:00:00Z"),
        _line(row="archive", format="onboarding-archive", version="1", at="2028-02-29T00:00:00Z"),
        _line(row="case", case=_CASE, timeline=[]),
        b"%PDF-1.7",
        b"SQLite format 3\x00",
    ],
    ids=range(6),
)
async def test_a_file_of_something_else_is_refused(opened: Open, file: Path, first: bytes) -> None:
    sealed(file, [first])
    with pytest.raises(Refused):
        await load(opened("embedded", "empty"), file)


@pytest.mark.parametrize(
    "first",
    [b"%PDF-1.7", b"SQLite format 3\x00", b"", b'{"items": []}', "Ø,ß,山田".encode(), b"\x1f\x8b\x08 no"],
)
async def test_a_file_that_is_no_archive_is_told_so_in_words_of_people(
    opened: Open, file: Path, first: bytes
) -> None:
    for data in (first, first + b"\n", gzip.compress(first + b"\n")):
        file.write_bytes(data)
        with pytest.raises(Refused) as caught:
            await load(opened("embedded", "empty"), file)
        assert "Error" not in caught.value.message
        if not data.startswith(b"\x1f\x8b\x08 no") and data != b"\x1f\x8b\x08 no\n":
            assert caught.value.message == "This is not a file that `export` wrote."


@pytest.mark.parametrize("packed", [False, True])
async def test_a_file_that_ends_early_is_to_be_copied_again(
    opened: Open, tmp_path: Path, packed: bool
) -> None:
    store = opened("embedded", "full")
    await fill(store)
    whole, short = tmp_path / ("whole.gz" if packed else "whole"), tmp_path / "short"
    await save(store, whole)
    data = whole.read_bytes()
    for length in (20 if packed else 5, len(data) // 2, len(data) - 9):
        short.write_bytes(data[:length])
        with pytest.raises(Refused, match=r"The file ends early, at line .* copy it again") as caught:
            await load(opened("embedded", "empty"), short)
        assert caught.value.code == "archive_cut"


async def test_what_comes_after_the_end_is_refused(opened: Open, file: Path) -> None:
    sealed(file, [HEADER])
    file.write_bytes(file.read_bytes() + _line(row="case", case=_CASE, timeline=[]) + b"\n")
    with pytest.raises(Refused, match="Line 3"):
        await load(opened("embedded", "empty"), file)


async def test_a_line_without_end_is_not_read_into_memory(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.operate.archive_file.MAX_LINE", 1000)
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb") as packed:
        packed.write(HEADER + b"\n" + b" " * 10**7 + b"\n")
    with pytest.raises(Refused, match="Line 2 of the archive is too long"):
        await load(opened("embedded", "empty"), path)


# --- an import that ended early --------------------------------------------------------------------------------------


@dataclass
class Death:
    """The process dies at one of its writes, before or after it took effect; then nothing gets through any more."""

    at: int
    when: str
    dead: bool = False
    writes: int = 0

    def port(self, inner: Any) -> Any:
        death = self

        class Port:
            def __getattr__(self, name: str) -> Any:
                return death.method(getattr(inner, name))

        return Port()

    def method(self, method: Any) -> Any:
        async def call(*args: Any, **more: Any) -> Any:
            if method.__name__ not in {
                "create",
                "claim_alias",
                "write_marker",
                "put_operation",
                "put_if_absent",
            }:
                return await method(*args, **more)
            self.writes += 1
            last = self.writes == self.at
            if self.dead or (last and self.when == "before"):
                self.dead = True
                raise Killed
            answer = await method(*args, **more)
            if last or self.dead:
                self.dead = True
                raise Killed
            return answer

        return call


#: A write to a storage account costs ten of a file: there, one death.
DEATHS = [
    *(("embedded", at, when) for at in (2, 25, 50) for when in ("before", "after")),
    ("azure", 25, "after"),
]


@pytest.mark.parametrize(("target", "at", "when"), DEATHS, indirect=["target"])
async def test_an_import_that_died_goes_on_with_resume_and_ends_as_if_it_had_not(
    source: StoreUnderTest, target: StoreUnderTest, file: Path, at: int, when: str
) -> None:
    await fill(source)
    await save(source, file)
    s, death = over(target), Death(at, when)
    with pytest.raises(Killed):
        await load(
            replace(
                s, cases=death.port(s.cases), deliveries=death.port(s.deliveries), usage=death.port(s.usage)
            ),
            file,
        )
    half = await contents(target)
    if any(half[name] for name in ("cases", "aliases", "operations", "deliveries")):
        with pytest.raises(Refused, match="--resume"):
            await load(target, file)
    done = await load(target, file, resume=True)
    assert await contents(target) == await contents(source)
    assert done.there <= sum(done.counts.values())
    again = await load(target, file, resume=True)
    assert again.there >= len(half["cases"])
    assert await contents(target) == await contents(source)


async def test_resume_of_an_import_that_never_began_is_an_import(
    source: StoreUnderTest, target: StoreUnderTest, file: Path
) -> None:
    await fill(source)
    await save(source, file)
    assert (await load(target, file, resume=True)).there == 0
    assert await contents(target) == await contents(source)


async def test_resume_takes_the_same_archive_only(
    source: StoreUnderTest, target: StoreUnderTest, tmp_path: Path
) -> None:
    await fill(source)
    await save(source, tmp_path / "one")
    await load(target, tmp_path / "one")
    await source.cases.create(make_case(999))
    await save(source, tmp_path / "two")
    with pytest.raises(Refused, match="did not come from this archive"):
        await load(target, tmp_path / "two", resume=True)


@every_target
async def test_resume_does_not_write_over_what_the_service_did_since(
    source: StoreUnderTest, target: StoreUnderTest, file: Path
) -> None:
    await fill(source)
    await save(source, file)
    changes: dict[str, Callable[[], Any]] = {}

    async def case() -> None:
        there = await target.cases.get(case_id(100))
        assert there is not None
        there.episode = 99
        await target.cases.save(there)

    async def timeline() -> None:
        there = await target.cases.get(case_id(3))
        assert there is not None
        await target.cases.save(there, entries("new"))

    async def alias() -> None:
        await target.cases.move_alias(Alias(TENANT, AliasKind.UPN, "山田"), case_id(100), case_id(5))

    async def delivery() -> None:
        there = await target.deliveries.get(make_delivery(1).delivery_id)
        assert there is not None
        await target.deliveries.update(replace(there, reason_code="x"))

    async def operation() -> None:
        there = await target.cases.get_operation(f"o_{3:020d}")
        assert there is not None
        await target.cases.put_operation(replace(there, result="other"))

    found = (case, timeline, alias, delivery, operation)
    # A storage account is slow, and what is compared is the same.
    changes = {f.__name__: f for f in (found[::3] if target.name == "azure" else found)}
    await load(target, file)
    for name, change in changes.items():
        await change()
        before = await contents(target)
        with pytest.raises(Refused, match=r"Line \d+ .* is in the store already, and differs") as caught:
            await load(target, file, resume=True)
        assert name.replace("timeline", "case") in str(caught.value)
        assert await contents(target) == before
        await _undo(source, target, name)


async def _undo(source: StoreUnderTest, target: StoreUnderTest, name: str) -> None:
    """Back to what the archive says, so that the next change is the only one."""
    if name in {"case", "timeline"}:
        wanted = case_id(100) if name == "case" else case_id(3)
        there, was = await target.cases.get(wanted), await source.cases.get(wanted)
        assert there is not None
        assert was is not None
        await target.cases.erase(there)
        story = await source.cases.timeline(wanted, 10**6)
        await target.cases.create(replace(was, etag=None), story)
    elif name == "alias":
        await target.cases.move_alias(Alias(TENANT, AliasKind.UPN, "山田"), case_id(5), case_id(100))
    elif name == "delivery":
        there_now: Delivery | None = await target.deliveries.get(make_delivery(1).delivery_id)
        assert there_now is not None
        await target.deliveries.update(replace(there_now, reason_code=None))
    elif name == "operation":
        was_done = await source.cases.get_operation(f"o_{3:020d}")
        assert was_done is not None
        await target.cases.put_operation(was_done)


async def test_two_rows_of_one_id_that_differ_are_refused(opened: Open, file: Path) -> None:
    other = {**_CASE, "source": "other"}
    sealed(file, [HEADER, *(_line(row="case", case=case, timeline=[]) for case in (_CASE, other))])
    with pytest.raises(Refused, match="differs"):
        await load(opened("embedded", "empty"), file)


# --- size ------------------------------------------------------------------------------------------------------------


async def test_memory_does_not_grow_with_the_number_of_people(opened: Open, tmp_path: Path) -> None:
    """Four times the people, the same memory: a page of rows, whatever stands before and after it."""

    async def people(store: StoreUnderTest, count: int) -> None:
        for start in range(0, count, 50):
            await asyncio.gather(*(_person(store, n) for n in range(start, start + 50)))

    peaks: list[tuple[int, int]] = []
    for count in (100, 400):
        full, empty = opened("embedded", f"full{count}"), opened("embedded", f"empty{count}")
        await people(full, count)
        peaks.append(
            (
                await _peak(save(full, tmp_path / f"{count}.gz")),
                await _peak(load(empty, tmp_path / f"{count}.gz")),
            )
        )
        assert (await empty.cases.counts()) == {"received": count}
    for few, many in zip(*peaks, strict=True):
        assert many < few + 1_000_000, peaks


async def _person(store: StoreUnderTest, n: int) -> None:
    case: Case = make_case(n, employee_id=str(n), display_name="山田" * 20, job_title="x" * 500)
    await store.cases.create(case, entries(*(f"action_{i}" for i in range(3))))
    await store.cases.claim_alias(Alias("s", AliasKind.EMPLOYEE_ID, str(n)), case.case_id)
    await store.deliveries.put_if_absent(make_delivery(n, body=b"x" * 2000))


async def _peak(work: Any) -> int:
    """Bytes at most that Python held more than before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await work
        _, peak = tracemalloc.get_traced_memory()
        return peak - before
    finally:
        tracemalloc.stop()


async def test_progress_is_told_page_by_page(
    source: StoreUnderTest, target: StoreUnderTest, file: Path
) -> None:
    await fill(source)
    told: list[int] = []
    with new_file(file) as write:
        await archive.export(over(source), write, lambda counts: told.append(sum(counts.values())))
    assert told == sorted(told)
    assert told[-1] == 54
    told.clear()
    with existing(file) as found:
        await archive.load(over(target), found, progress=lambda counts: told.append(sum(counts.values())))
    assert told == sorted(told)
    assert told[-1] == 54


def test_every_refusal_is_an_error_of_ours() -> None:
    assert issubclass(Refused, OnboardingError)
