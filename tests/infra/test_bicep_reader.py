"""The reader of Bicep: what it takes for a resource, and what it refuses rather than guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.bicep import deploy
from tests.infra.bicep_functions import BicepError, Reference
from tests.infra.bicep_syntax import errors, parse
from tests.infra.deployment import INFRA

FILES = sorted(INFRA.rglob("*.bicep"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_file_of_ours_can_be_parsed(path: Path) -> None:
    assert errors(parse(path)) == []


def test_there_are_files_to_parse() -> None:
    assert {"main", "storage", "functionapp", "rbac"} <= {path.stem for path in FILES}


def write(folder: Path, text: str, name: str = "main.bicep") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_loops_conditions_defaults_and_interpolation_are_evaluated(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        param names array = [ 'a', 'b', 'c' ]
        param skip string = 'b'
        // Why it is there.
        resource it 'Microsoft.X/things@2024-01-01' = [for name in names: if (name != skip) {
          name: 'thing-${name}'
          properties: { big: name == 'c' ? 'yes' : 'no' }
        }]
        """,
    )
    first, second = deploy(path).resources
    assert (first.name, first.properties, first.comment) == ("thing-a", {"big": "no"}, "Why it is there.")
    assert (second.name, second.properties) == ("thing-c", {"big": "yes"})
    assert [resource.name for resource in deploy(path, skip="a").resources] == ["thing-b", "thing-c"]


def test_a_module_gets_its_parameters_and_gives_its_outputs(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        param name string
        resource it 'Microsoft.X/things@2024-01-01' = { name: name }
        output id string = it.id
        output name string = it.name
        """,
        "part.bicep",
    )
    path = write(
        tmp_path,
        """
        module part 'part.bicep' = { params: { name: 'thing' } }
        module none 'part.bicep' = if (1 > 2) { params: { name: 'never' } }
        output both array = [ part.outputs.id, '${part.outputs.name}!' ]
        """,
    )
    made = deploy(path)
    assert made.outputs["both"] == [Reference("part.it.id"), "thing!"]
    assert [resource.name for resource in made.everything()] == ["thing"]


@pytest.mark.parametrize(
    ("text", "given", "reason"),
    [
        ("param x string", {}, "has no value"),
        ("param x string", {"x": "1", "y": "2"}, "no parameter"),
        ("@allowed([ 'a' ])\nparam x string", {"x": "b"}, "allowed"),
        ("@maxLength(3)\nparam x string", {"x": "four"}, "maxLength"),
        ("@minValue(1)\nparam x int", {"x": 0}, "minValue"),
        ("output x string = nobody", {}, "no 'nobody'"),
        ("output x string = listKeys('a', 'b').key", {}, "function listKeys"),
        ("output x object = { ...more }", {}, "main.bicep"),
        ("param p object = {}\noutput x string = p.missing", {}, "no 'missing'"),
        ("resource x 'Microsoft.X/y@1' = { name: ", {}, "main.bicep"),
    ],
)
def test_what_it_does_not_know_or_azure_would_refuse_is_an_error(
    tmp_path: Path, text: str, given: dict[str, object], reason: str
) -> None:
    with pytest.raises(BicepError, match=reason):
        deploy(write(tmp_path, text), **given)
