"""Files of Bicep as syntax trees, and what a deployment of them is made of.

Source: learn.microsoft.com, "Bicep file structure and syntax"; the grammar is that of tree-sitter-bicep.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_bicep

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
Node = tree_sitter.Node


@dataclass(frozen=True)
class Resource:
    """One resource that would be made (or, if `existing`, is only looked up)."""

    #: Name of the file without `.bicep`.
    module: str
    symbol: str
    #: As `Microsoft.Storage/storageAccounts`.
    type: str
    api_version: str
    #: Evaluated body, without `parent`, `scope` and `dependsOn`.
    body: Mapping[str, Any]
    parent: Resource | None
    #: Symbol that `scope:` names, if any.
    scope: str | None
    #: Comment lines directly above, without the slashes.
    comment: str
    existing: bool = False

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def properties(self) -> Mapping[str, Any]:
        return self.body.get("properties", {})  # type: ignore[no-any-return]


@dataclass
class Template:
    """One file, evaluated with some parameters."""

    path: Path
    resources: list[Resource] = field(default_factory=list)
    #: Parameters that each module was given, by its symbol; only the modules that are deployed.
    modules: dict[str, Template] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    #: Symbols in each `dependsOn`, by the symbol of the resource or module.
    depends_on: dict[str, list[str]] = field(default_factory=dict)

    def everything(self) -> Iterator[Resource]:
        """Resources of this file and of all its modules that would be made."""
        yield from (resource for resource in self.resources if not resource.existing)
        for module in self.modules.values():
            yield from module.everything()


def parse(path: Path) -> Node:
    """The syntax tree of a file."""
    return _PARSER.parse(path.read_bytes()).root_node


def text(node: Node) -> str:
    return (node.text or b"").decode()


def named(node: Node) -> list[Node]:
    return [
        child for child in node.children if child.is_named and child.type not in {"comment", "decorators"}
    ]


def errors(node: Node) -> list[str]:
    """What cannot be parsed, with its line."""
    own = [f"line {node.start_point.row + 1}: {text(node)[:60]}"] if node.is_error or node.is_missing else []
    return own + [error for child in node.children for error in errors(child)]


def kind_of(node: Node) -> str:
    return node.type.removesuffix("_declaration")


def entries_of(body: Node) -> dict[str, Node]:
    """The properties of a body by name, not evaluated."""
    return {
        text(named(entry)[0]): named(entry)[-1] for entry in named(body) if entry.type == "object_property"
    }


def of_type(resources: Iterable[Resource], kind: str) -> list[Resource]:
    """Resources of this type, without regard to its version."""
    return [resource for resource in resources if resource.type == kind]
