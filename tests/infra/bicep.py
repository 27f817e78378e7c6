"""A small reader of Bicep: from files to the resources that a deployment would make, for contract tests.

It evaluates the subset that `infra/` keeps to (parameters, variables, loops, conditions, modules and a few functions),
so a test can ask "which settings does the app get with two HR systems?". What only Azure knows (an endpoint, a
principal id) stays a `Reference`, a text that says where it would come from. What it does not know it refuses instead
of guessing. It is no compiler: types are checked by other means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.infra.bicep_functions import FUNCTIONS, BicepError, Reference
from tests.infra.bicep_syntax import Node, Resource, Template, entries_of, errors, kind_of, named, parse, text

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
Scope = Mapping[str, Any]


def deploy(path: Path, **given: Any) -> Template:
    """What a deployment of this file with these parameters would make. Raises BicepError for what is refused."""
    return _File(path, given).template()


class _File:
    """The declarations of one file and the values they have with the given parameters."""

    def __init__(self, path: Path, given: Mapping[str, Any]) -> None:
        self.path, self.given = path, given
        self.root = parse(path)
        if found := errors(self.root):
            raise BicepError(f"{path}: {found[0]}")
        self.declared: dict[str, Node] = {}
        self.outputs: dict[str, Node] = {}
        self.decorators: dict[str, dict[str, list[Any]]] = {}
        self.comments: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.result = Template(path)
        self._collect()
        unknown = given.keys() - {
            name for name, node in self.declared.items() if kind_of(node) == "parameter"
        }
        if unknown:
            raise BicepError(f"{path}: no parameter {sorted(unknown)}")

    def _collect(self) -> None:
        comment: list[str] = []
        pending: dict[str, list[Any]] = {}
        last_row = -1
        for node in self.root.children:
            if node.type == "comment":
                if node.start_point.row != last_row + 1:
                    comment = []
                comment.append(text(node).lstrip("/ "))
            elif node.type == "decorators":
                pending = self._decorators(node)
            elif node.is_named:
                name = next((text(child) for child in node.children if child.type == "identifier"), "")
                target = self.outputs if kind_of(node) == "output" else self.declared
                target[name] = node
                self.decorators[name], pending = pending, {}
                near = comment and node.start_point.row == last_row + 1
                self.comments[name], comment = (" ".join(comment) if near else ""), []
            last_row = node.end_point.row

    def _decorators(self, node: Node) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for decorator in named(node):
            call = named(decorator)[0]
            found[text(call.children[0])] = [self.value(item, {}) for item in named(call.children[1])]
        return found

    # --- declarations -------------------------------------------------------------------------------------

    def template(self) -> Template:
        for name, node in self.declared.items():
            if kind_of(node) == "parameter":
                self.lookup(name)
            elif kind_of(node) == "resource":
                self.result.resources.extend(self._resources(name, node))
            elif kind_of(node) == "module":
                self.lookup(name)
        self.result.outputs = {name: self.value(named(node)[-1], {}) for name, node in self.outputs.items()}
        return self.result

    def lookup(self, name: str) -> Any:
        if name not in self.values:
            if name not in self.declared:
                raise BicepError(f"{self.path}: no '{name}'")
            node = self.declared[name]
            make: dict[str, Callable[[str, Node], Any]] = {
                "parameter": self._parameter,
                "variable": lambda _, declaration: self.value(named(declaration)[-1], {}),
                "resource": self._first,
                "module": self._module,
            }
            self.values[name] = make[kind_of(node)](name, node)
        return self.values[name]

    def _parameter(self, name: str, node: Node) -> Any:
        if name in self.given:
            value = self.given[name]
        elif any(child.type == "=" for child in node.children):
            value = self.value(named(node)[-1], {})
        else:
            raise BicepError(f"{self.path}: parameter '{name}' has no value")
        self._check(name, value)
        return value

    def _check(self, name: str, value: Any) -> None:
        rules = {key: rule[0] for key, rule in self.decorators[name].items() if rule}
        size = len(value) if isinstance(value, str | list) and not isinstance(value, Reference) else None
        broken = {
            "allowed": lambda allowed: not isinstance(value, Reference) and value not in allowed,
            "minLength": lambda least: size is not None and size < least,
            "maxLength": lambda most: size is not None and size > most,
            "minValue": lambda least: value < least,
            "maxValue": lambda most: value > most,
        }
        for rule, breaks in broken.items():
            if rule in rules and breaks(rules[rule]):
                raise BicepError(f"{self.path}: '{name}' breaks @{rule}({rules[rule]!r})")

    def _first(self, name: str, node: Node) -> Resource:
        resources = list(self._resources(name, node))
        if len(resources) != 1:
            raise BicepError(f"{self.path}: '{name}' is not one resource")
        return resources[0]

    def _bodies(self, node: Node) -> Iterator[tuple[Node, Scope]]:
        """The bodies of a declaration: none, one, or one for each turn of its loop."""

        def unfold(inner: Node, scope: Scope) -> Iterator[tuple[Node, Scope]]:
            if inner.type == "if_statement":
                condition, body = named(inner)
                if self.value(condition, scope):
                    yield from unfold(body, scope)
            elif inner.type == "for_statement":
                for turn in self._turns(inner, scope):
                    yield from unfold(named(inner)[-1], turn)
            else:
                yield inner, scope

        yield from unfold(named(node)[-1], {})

    def _turns(self, loop: Node, scope: Scope) -> Iterator[Scope]:
        names, items = named(loop)[0], named(loop)[1]
        variables = (
            [text(child) for child in named(names)] if names.type == "for_loop_parameters" else [text(names)]
        )
        for index, item in enumerate(self.value(items, scope)):
            yield {**scope, **dict(zip(variables, (item, index), strict=False))}

    def _resources(self, symbol: str, node: Node) -> Iterator[Resource]:
        kind, version = self.value(named(node)[1], {}).split("@")
        for body, scope in self._bodies(node):
            entries = entries_of(body)
            meta = {key: entries.pop(key) for key in ("parent", "scope", "dependsOn") if key in entries}
            if "dependsOn" in meta:
                self.result.depends_on[symbol] = [text(item) for item in named(meta["dependsOn"])]
            yield Resource(
                module=self.path.stem,
                symbol=symbol,
                type=kind,
                api_version=version,
                body={key: self.value(item, scope) for key, item in entries.items()},
                parent=self.lookup(text(meta["parent"])) if "parent" in meta else None,
                scope=text(meta["scope"]) if "scope" in meta else None,
                comment=self.comments.get(symbol, ""),
                existing=any(child.type == "existing" for child in node.children),
            )

    def _module(self, symbol: str, node: Node) -> Template | None:
        bodies = list(self._bodies(node))
        if not bodies:
            return None
        entries = entries_of(bodies[0][0])
        if "dependsOn" in entries:
            self.result.depends_on[symbol] = [text(item) for item in named(entries["dependsOn"])]
        given = self.value(entries["params"], {}) if "params" in entries else {}
        made = _File(self.path.parent / self.value(named(node)[1], {}), given).template()
        self.result.modules[symbol] = made
        return made

    # --- expressions --------------------------------------------------------------------------------------

    def value(self, node: Node, scope: Scope) -> Any:
        try:
            evaluate = getattr(self, "_eval_" + node.type)
        except AttributeError:
            raise BicepError(f"{self.path}: {node.type} is not in the subset: {text(node)[:60]}") from None
        return evaluate(node, scope)

    def _eval_string(self, node: Node, scope: Scope) -> str:
        parts: list[Any] = []
        for child in named(node):
            if child.type == "interpolation":
                parts.append(self.value(named(child)[0], scope))
            elif child.type == "escape_sequence":
                parts.append(re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text(child)))
            else:
                parts.append(text(child))
        return str(parts[0]) if len(parts) == 1 else "".join(str(part) for part in parts)

    def _eval_number(self, node: Node, scope: Scope) -> int:
        return int(text(node))

    def _eval_boolean(self, node: Node, scope: Scope) -> bool:
        return text(node) == "true"

    def _eval_null(self, node: Node, scope: Scope) -> None:
        return None

    def _eval_identifier(self, node: Node, scope: Scope) -> Any:
        return scope[text(node)] if text(node) in scope else self.lookup(text(node))

    def _eval_object(self, node: Node, scope: Scope) -> dict[str, Any]:
        return {
            self._key(entry, scope): self.value(named(entry)[-1], scope)
            for entry in named(node)
            if entry.type == "object_property"
        }

    def _key(self, entry: Node, scope: Scope) -> str:
        key = named(entry)[0]
        return self._eval_string(key, scope) if key.type == "string" else text(key)

    def _eval_array(self, node: Node, scope: Scope) -> list[Any]:
        return [self.value(item, scope) for item in named(node)]

    def _eval_for_statement(self, node: Node, scope: Scope) -> list[Any]:
        return [self.value(named(node)[-1], turn) for turn in self._turns(node, scope)]

    def _eval_parenthesized_expression(self, node: Node, scope: Scope) -> Any:
        return self.value(named(node)[0], scope)

    def _eval_ternary_expression(self, node: Node, scope: Scope) -> Any:
        condition, yes, no = named(node)
        return self.value(yes if self.value(condition, scope) else no, scope)

    def _eval_unary_expression(self, node: Node, scope: Scope) -> Any:
        value = self.value(named(node)[0], scope)
        return not value if node.children[0].type == "!" else -value

    def _eval_binary_expression(self, node: Node, scope: Scope) -> Any:
        left, right = named(node)
        operator, first = node.children[1].type, self.value(left, scope)
        if operator in _SHORT:
            return first if _SHORT[operator](first) else self.value(right, scope)
        return _OPERATORS[operator](first, self.value(right, scope))

    def _eval_member_expression(self, node: Node, scope: Scope) -> Any:
        owner, key = self.value(named(node)[0], scope), text(named(node)[-1])
        if isinstance(owner, Resource):
            return owner.name if key == "name" else Reference(f"{owner.module}.{owner.symbol}.{key}")
        if isinstance(owner, Template):
            return owner.outputs
        if isinstance(owner, Reference):
            return owner.member(key)
        if owner is None or key not in owner:
            if any(child.type == ".?" for child in node.children):
                return None
            raise BicepError(f"{self.path}: no '{key}' in {text(node)}")
        return owner[key]

    def _eval_call_expression(self, node: Node, scope: Scope) -> Any:
        name, arguments = text(node.children[0]), named(node.children[1])
        if name not in FUNCTIONS:
            raise BicepError(f"{self.path}: function {name} is not in the subset")
        return FUNCTIONS[name](*(self.value(argument, scope) for argument in arguments))

    def _eval_lambda_expression(self, node: Node, scope: Scope) -> Callable[[Any], Any]:
        variable, body = text(named(node)[0]), named(node)[-1]
        return lambda item: self.value(body, {**scope, variable: item})


_SHORT: dict[str, Callable[[Any], bool]] = {
    "&&": lambda first: not first,
    "||": bool,
    "??": lambda first: first is not None,
}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda first, second: first == second,
    "!=": lambda first, second: first != second,
    ">": lambda first, second: first > second,
    "<": lambda first, second: first < second,
}
