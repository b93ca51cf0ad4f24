"""Which code a result depends on."""

import ast
import hashlib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def imported(file: str | os.PathLike) -> set[str]:
    """The names that a Python file imports: modules, and names from them (`package.name`), which may be modules too."""
    found = set()
    for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"), filename=os.fspath(file))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def digest(files: Iterable[str | os.PathLike]) -> str:
    """A digest of Python `files`, in their order, without comments, docstrings and layout.

    Raises `SyntaxError` with the file's name if a file is not Python.
    """
    found = hashlib.sha256()
    for file in files:
        found.update(_behaviour(Path(file).read_text(encoding="utf-8"), os.fspath(file)) + b"\0")
    return found.hexdigest()[:32]


@cache
def _behaviour(text: str, name: str) -> bytes:
    tree = ast.parse(text, filename=name)
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.unparse(tree).encode()
