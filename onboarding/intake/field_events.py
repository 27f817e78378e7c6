"""A field map applied: from a body to hire events, and to what of it is kept. The map is `field_map`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from onboarding.domain.hire import EventType, Hire, HireEvent, ManagerRef, Phone
from onboarding.intake import pointer
from onboarding.intake.adapter import each
from onboarding.intake.dates import instant
from onboarding.intake.field_map import FLAGS, IDS, MANAGER, At, FieldMap, PhoneAt, Tokens
from onboarding.intake.payload import MAX_TEXT, Unreadable

MAX_ITEMS = 500


def events(found: FieldMap, body: Any, headers: Mapping[str, str]) -> list[HireEvent]:
    """What a body means under this map; of an item that cannot be used, an UnreadableEvent in its place.

    Raises Unreadable whose places are the map's own pointers.
    """
    return each(_items(found, body), lambda item: [_event(found, item[0], body, item[1], headers)])


def _items(found: FieldMap, body: Any) -> Iterator[tuple[Any, str]]:
    if found.items is None:
        yield body, "$"
        return
    items, place = pointer.resolve(body, found.items), "$" + pointer.shown(found.items)
    if not isinstance(items, list):
        raise Unreadable("expected_list", place)
    if len(items) > MAX_ITEMS:
        raise Unreadable("too_many", place)
    for index, item in enumerate(items):
        if item is not None:
            yield item, f"{place}/{index}"


@dataclass(frozen=True, slots=True)
class _Reader:
    """One item, and where to look for what."""

    item: Any
    body: Any
    place: str
    headers: Mapping[str, str]

    def value(self, at: At) -> tuple[Any, str]:
        """The first value that is said, and its place."""
        if at.header is not None:
            return self.headers.get(at.header) or None, "$"
        tree, base = (self.body, "$") if at.root else (self.item, self.place)
        where = base
        for tokens in at.pointers:
            where = base + pointer.shown(tokens)
            value = pointer.resolve(tree, tokens, base)
            if value is not None and value != "":
                return value, where
        return None, where

    def text(self, at: At) -> str | None:
        value, where = self.value(at)
        return _text(value, where)

    def identifier(self, at: At) -> str | None:
        value, where = self.value(at)
        return _identifier(value, where)

    def flag(self, at: At) -> bool | None:
        value, where = self.value(at)
        if value is not None and not isinstance(value, bool):
            raise Unreadable("expected_true_or_false", where)
        return value

    def day(self, at: At, read: Callable[[str], date | None]) -> date | None:
        value, where = self.value(at)
        text = _identifier(value, where)  # epoch milliseconds are a number
        day = None if text is None else read(text)
        if text is not None and day is None:
            raise Unreadable(f"expected_{read.__name__}", where)
        return day


def _text(value: Any, where: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Unreadable("expected_text", where)
    if len(value) > MAX_TEXT:
        raise Unreadable("too_long", where)
    return value.strip() or None


def _identifier(value: Any, where: str) -> str | None:
    """Text, or a whole number; "007" stays "007"."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, str):
        raise Unreadable("expected_id", where)
    return _text(value, where)


def _event(found: FieldMap, item: Any, body: Any, place: str, headers: Mapping[str, str]) -> HireEvent:
    reader = _Reader(item, body, place, headers)
    said = found.default or ""
    if found.type is not None:
        name = reader.identifier(found.type)
        if name is None:
            raise Unreadable("missing", reader.value(found.type)[1])
        said, vendor_type = found.types.get(name, ""), name[:100]
    else:
        vendor_type = said
    event_id = reader.identifier(found.id) if found.id else None
    if said in {"", str(EventType.IGNORED), str(EventType.TEST_PING)}:
        kind = EventType(said) if said else EventType.IGNORED
        return HireEvent("", kind, Hire(), vendor_type, event_id)
    effective = reader.day(found.effective_date, found.date) if found.effective_date else None
    return HireEvent(
        "",
        EventType(said),
        _hire(found, reader),
        vendor_type,
        event_id,
        certainty=found.certainty,
        occurred_at=_occurred(found, reader),
        effective_date=effective,
    )


def _occurred(found: FieldMap, reader: _Reader) -> datetime | None:
    if found.occurred_at is None:
        return None
    text = reader.text(found.occurred_at)
    at = instant(text) if text else None
    if text and at is None:
        raise Unreadable("expected_rfc3339_time", reader.value(found.occurred_at)[1])
    return at


def _hire(found: FieldMap, reader: _Reader) -> Hire:
    values: dict[str, Any] = {}
    for name, at in found.said.items():
        if name in found.dates:
            values[name] = reader.day(at, found.dates[name])
        elif name in FLAGS:
            values[name] = reader.flag(at)
        elif name in IDS or name == "manager_id":
            values[name] = reader.identifier(at)
        else:
            values[name] = reader.text(at)
    manager = ManagerRef(*(values.pop(name, None) for name in MANAGER))
    numbers = [phone for at in found.phones for phone in _numbers(at, reader)]
    phones = tuple(numbers) if numbers or _spoken(found, reader) else None
    return Hire(**values, manager=manager or None, phones=phones)


def _spoken(found: FieldMap, reader: _Reader) -> bool:
    """The body has a place for numbers, also where it is empty: "has none" is not "not said"."""
    for at in found.phones:
        for tokens in (at.items,) if at.items is not None else at.numbers:
            parent = pointer.resolve(reader.item, tokens[:-1], reader.place)
            if isinstance(parent, dict) and tokens and tokens[-1] in parent:
                return True
    return False


def _numbers(at: PhoneAt, reader: _Reader) -> Iterator[Phone]:
    if at.items is None:
        yield from _number(at, reader.item, reader.place)
        return
    where = reader.place + pointer.shown(at.items)
    items = pointer.resolve(reader.item, at.items, reader.place)
    if items is not None and not isinstance(items, list):
        raise Unreadable("expected_list", where)
    for index, item in enumerate(items or ()):
        yield from _number(at, item, f"{where}/{index}")


def _number(at: PhoneAt, item: Any, place: str) -> Iterator[Phone]:
    def said(tokens: Tokens | None) -> str | None:
        if tokens is None:
            return None
        return _identifier(pointer.resolve(item, tokens, place), place + pointer.shown(tokens))

    texts = [text for tokens in at.numbers if (text := said(tokens))]
    raw = " ".join(texts) if at.joined else next(iter(texts), "")
    # Without its country code a number is a national one: a plus would make another country's of it.
    if at.plus and said(at.numbers[0]) and not raw.startswith(("+", "00")):
        raw = f"+{raw}"
    kind = said(at.type)
    label = at.types.get(kind, "other") if kind is not None and at.types else at.label
    if raw:
        source = place.removeprefix("$").lstrip("/") + pointer.shown(at.numbers[0])
        yield Phone(
            raw, label, source.lstrip("/"), country_hint=said(at.country), extension=said(at.extension)
        )


# --- what is kept --------------------------------------------------------------------------------------------


def kept(found: FieldMap, body: Any) -> Any:
    """The body with nothing in it but what the map reads; its events are the same. None: nothing is read."""
    wanted: set[Tokens] = set()
    for at in found.places:
        wanted |= {_absolute(found, tokens, at.root) for tokens in at.pointers}
    for phone in found.phones:
        inner = [*phone.numbers, *filter(None, (phone.type, phone.country, phone.extension))]
        base = (*phone.items, "*") if phone.items is not None else ()
        wanted |= {_absolute(found, (*base, *tokens), False) for tokens in inner}
    if found.items is not None:
        wanted.add(found.items)
    return _only(body, wanted)


def _absolute(found: FieldMap, tokens: Tokens, root: bool) -> Tokens:
    return tokens if root or found.items is None else (*found.items, "*", *tokens)


def _only(value: Any, wanted: set[Tokens]) -> Any:
    """What the pointers name; `*` stands for every item of a list. Containers on the way stay, emptied."""
    if () in wanted and not isinstance(value, dict | list):
        return value
    deeper = {tokens for tokens in wanted if tokens}
    if isinstance(value, dict):
        keys = {tokens[0] for tokens in deeper} & set(value)
        return {key: _only(value[key], _below(deeper, key)) for key in value if key in keys}
    if isinstance(value, list):
        return [
            _only(item, _below(deeper, str(index)) | _below(deeper, "*")) for index, item in enumerate(value)
        ]
    return value if wanted else None


def _below(wanted: set[Tokens], key: str) -> set[Tokens]:
    return {tokens[1:] for tokens in wanted if tokens[0] == key}
