"""Mailboxes: drafts, sent items, and what the outside world received."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

from onboarding.simulator.models.record import Sealed


@dataclass
class Message:
    """`immutable_id` survives sending, `id` does not (outlook-immutable-id)."""

    id: str
    immutable_id: str
    sender_id: str
    sender: str
    content: dict[str, Any]
    created: datetime
    sent_at: datetime | None = None
    stored: bool = True
    change_key: str = ""

    def __post_init__(self) -> None:
        self.content = Sealed(self.content)

    def addresses(self, field_name: str) -> list[str]:
        return [entry["emailAddress"]["address"] for entry in self.content.get(field_name, [])]


@dataclass(slots=True)
class Mailboxes:
    messages: dict[str, Message] = field(default_factory=dict)
    sent: list[Message] = field(default_factory=list)

    def enter(self, message: Message) -> None:
        self.messages[message.id] = message
        self.messages[message.immutable_id] = message

    def forget(self, message: Message) -> None:
        self.messages.pop(message.id, None)
        self.messages.pop(message.immutable_id, None)

    def find(self, sender_id: str, key: str) -> Message | None:
        message = self.messages.get(key)
        return message if message is not None and message.sender_id == sender_id else None


class _Text(HTMLParser):
    """The words of an HTML body, one line a block."""

    BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "table", "ul", "ol"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "head", "title"):
            self._hidden += 1
        elif tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "head", "title"):
            self._hidden = max(0, self._hidden - 1)
        elif tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(" ".join(data.split("\n")))


def text_of(html: str) -> str:
    """Plain text of an HTML body, blank lines and double blanks folded."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).split("\n"))
    return "\n".join(line for line in lines if line)
