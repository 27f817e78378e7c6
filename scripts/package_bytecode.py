"""Compile a tree: run by the Python that will import it, so standard library only and no import of ours.

    pythonX.Y scripts/package_bytecode.py TREE PREFIX [UNCOMPILED …]

Writes `__pycache__/*.pyc` beside each source with an unchecked hash (PEP 552): in the package every file has the
same old time stamp, so the usual check against the source's time would throw all of it away. Sources stay, for
tracebacks. PREFIX is where the tree will lie; it is what tracebacks show, and sparing the import system the
renaming of every code object. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import py_compile
import sys

UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH


def compile_tree(tree: str, prefix: str, uncompiled: list[str]) -> dict[str, object]:
    """Compile in sorted order: marshal's output depends on what the process has seen before."""
    count, failed = 0, []
    for folder, folders, files in os.walk(tree):
        inside = os.path.relpath(folder, tree).replace(os.sep, "/")
        folders[:] = sorted(
            name for name in folders if f"{inside}/{name}".removeprefix("./") not in uncompiled
        )
        for name in sorted(files):
            if not name.endswith(".py"):
                continue
            path = os.path.join(folder, name)
            shown = f"{prefix}/{inside}/{name}".replace("/./", "/")
            try:
                py_compile.compile(path, dfile=shown, doraise=True, invalidation_mode=UNCHECKED)
                count += 1
            except py_compile.PyCompileError:
                failed.append(shown)
    return {
        "files": count,
        "failed": failed,
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
        "tag": sys.implementation.cache_tag,
    }


if __name__ == "__main__":
    print(json.dumps(compile_tree(sys.argv[1], sys.argv[2].rstrip("/"), sys.argv[3:])))
