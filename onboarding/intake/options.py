"""Options of a source (`ONBOARDING_HR_<SOURCE>_OPTIONS`), read with messages that say what to mend.

Every name that nobody asked for is an error (`done`), so that a misspelt option does not pass for its default.
Everything here raises ConfigurationError with the code `source_options`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from onboarding.errors import ConfigurationError
from onboarding.settings import PREFIX, SourceSettings


class Options:
    """One table of options, and where it stands."""

    def __init__(
        self, source: SourceSettings, table: Mapping[str, Any] | None = None, path: str = ""
    ) -> None:
        self._source, self.path = source, path
        self._table = source.options if table is None else table
        self._asked: set[str] = set()

    @property
    def name(self) -> str:
        """The setting, as an administrator knows it."""
        return f"{PREFIX}HR_{self._source.source.upper().replace('-', '_')}_OPTIONS"

    def wrong(self, key: str, text: str) -> ConfigurationError:
        """The error for `key`; `text` goes on after its name: `must be …`."""
        where = ".".join(part for part in (self.path, key) if part)
        return ConfigurationError(f"{self.name}: {where or 'it'} {text}", code="source_options")

    def has(self, key: str) -> bool:
        return self._table.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def raw(self, key: str) -> Any:
        self._asked.add(key)
        return self._table.get(key)

    def text(self, key: str, default: str | None = None) -> str | None:
        value = self.raw(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self.wrong(key, "must be text.")
        return default if value is None else value

    def needed(self, key: str, what: str) -> str:
        value = self.text(key)
        if value is None:
            raise self.wrong(key, f"is missing: {what}")
        return value

    def choice(self, key: str, default: str, *allowed: str) -> str:
        value = self.text(key, default) or default
        if value not in allowed:
            raise self.wrong(key, f"must be one of: {', '.join(allowed)}.")
        return value

    def number(self, key: str, low: int, high: int) -> int | None:
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.wrong(key, f"must be a whole number from {low} to {high}.")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one alone."""
        value = self.raw(key)
        items = [] if value is None else [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
            raise self.wrong(key, "must be a list of texts.")
        return tuple(items)

    def table(self, key: str) -> Options:
        """The table of this name; an empty one when it is not there."""
        value = self.raw(key)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(key, "must be a table.")
        return Options(self._source, value or {}, self._below(key))

    def tables(self, key: str) -> list[Options]:
        """A list of tables, or one alone."""
        value = self.raw(key)
        items = [] if value is None else [value] if isinstance(value, dict) else value
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise self.wrong(key, "must be a list of tables.")
        return [
            Options(self._source, item, f"{self._below(key)}[{index}]") for index, item in enumerate(items)
        ]

    def mapped(self, key: str, read: Callable[[str], str | None], allowed: str) -> dict[str, str]:
        """A table from text to what `read` makes of its values; None from it is an error that says `allowed`."""
        table = self.table(key)
        found: dict[str, str] = {}
        for name in table:
            value = read(table.text(name) or "")
            if value is None:
                raise table.wrong(name, f"must be one of: {allowed}.")
            found[name] = value
        return found

    def done(self) -> None:
        """Everything in this table was asked for."""
        unknown = sorted(set(self._table) - self._asked)
        if unknown:
            known = ", ".join(sorted(self._asked))
            raise self.wrong(unknown[0], f"means nothing here. Known: {known}.")

    def _below(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key
