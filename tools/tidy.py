"""Holds the tree to its habits: sizes, opening sentences, names, clocks. `python -m tools.tidy`."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.steps import ROOT

FILE_LINES, TEST_LINES, FUNCTION_LINES, FOLDER_FILES, PORT_METHODS = 400, 600, 70, 20, 5
INNER = (
    "values", "records", "features", "detection", "lists", "lifecycles", "ports", "usecases",
)  # fmt: skip
"""Layers that are handed an instant and never ask what time it is."""
BANNED = {
    "transaction": "money moves in a transfer, a database has a unit of work",
    "domain": "a DNS name",
    "block": "a call is rejected, a text withheld, a name rewritten, a payment stopped",
    "session": "a person's login, an SMPP bind",
    "util": "say what it is for",
    "utils": "say what it is for",
    "helper": "say what it is for",
    "helpers": "say what it is for",
}
"""Words of docs/glossary.md that name something else here, as parts of what we define."""
EXCEPT = {
    ("src/fanzha/adapters/postgres/database.py", "transaction"),  # what SQL calls one
    ("src/fanzha/detection/link/v1/organisations.py", "domain"),  # a key of its policy file
    ("src/fanzha/city/scam/gangs.py", "helpers"),  # accomplices
    ("src/fanzha/ports/event_log.py", "port"),  # a connection's start and end beside its five
    ("src/fanzha/ports/unit_of_work.py", "port"),  # six books, no methods
    ("src/fanzha/ports/workshop.py", "port"),  # six books, no methods
    ("src/fanzha/ports/register.py", "port"),  # six books, no methods
}
_GENERATED = {"__pycache__", "node_modules", "static"}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_CLOCKS = {"now", "today", "utcnow"}


@dataclass(frozen=True, order=True)
class Fault:
    """What is not as it should be, and where."""

    path: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.words}"


def faults(root: Path) -> list[Fault]:
    """Everything in the Python tree below `root`, in order of place."""
    found: list[Fault] = []
    folders: Counter[str] = Counter()
    for top in ("src", "tests", "tools", "bench"):
        for path in sorted((root / top).rglob("*.py")):
            if not _GENERATED & set(path.relative_to(root).parts):
                name = path.relative_to(root).as_posix()
                found += of_file(name, path.read_text(encoding="utf-8"))
                folders[path.parent.relative_to(root).as_posix()] += path.name != "__init__.py"
    for folder, count in folders.items():
        if count > FOLDER_FILES:
            found.append(Fault(folder, 0, f"{count} modules in a folder, more than {FOLDER_FILES}"))
    return sorted([*found, *_of_test_names(root)])


def _of_test_names(root: Path) -> Iterator[Fault]:
    """pytest imports test modules by their bare names: two of one name cannot run together."""
    first: dict[str, str] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        if path.name in first:
            yield Fault(name, 0, f"a test module of the name of {first[path.name]}")
        first.setdefault(path.name, name)


def of_file(name: str, text: str) -> list[Fault]:
    """The faults of one module; `name` is its path from the root."""
    tree = ast.parse(text)
    found = [Fault(name, line, words) for line, words in _sizes(name, text, tree)]
    if text.strip() and not (ast.get_docstring(tree) or "").strip():
        found.append(Fault(name, 1, "no opening sentence that says what it is for"))
    for node in ast.walk(tree):
        found += [Fault(name, line, words) for line, words in _of_node(name, node)]
    return found


def _sizes(name: str, text: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    lines, most = text.count("\n"), TEST_LINES if name.startswith("tests/") else FILE_LINES
    if lines > most:
        yield lines, f"{lines} lines, more than {most}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {length} lines, more than {FUNCTION_LINES}"


def _of_node(name: str, node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from _banned(name, node.lineno, node.name)
    if isinstance(node, ast.ClassDef):
        for part in node.body:
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                yield from _banned(name, part.lineno, part.target.id)
        methods = [p for p in node.body if isinstance(p, ast.FunctionDef | ast.AsyncFunctionDef)]
        port = "/ports/" in name and any(_named(base) == "Protocol" for base in node.bases)
        if port and len(methods) > PORT_METHODS and (name, "port") not in EXCEPT:
            yield node.lineno, f"the port {node.name} has {len(methods)} methods"
    inner = name.startswith(tuple(f"src/fanzha/{layer}/" for layer in INNER))
    if inner and isinstance(node, ast.Call) and _asks_the_clock(node.func):
        yield node.lineno, "an inner layer is handed an instant, it does not ask the clock"


def _asks_the_clock(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or called.attr not in _CLOCKS:
        return False
    return _named(called.value) in ("datetime", "date")


def _banned(name: str, line: int, identifier: str) -> Iterator[tuple[int, str]]:
    for word in (w.lower() for w in _WORD.findall(identifier)):
        plain = word if word in BANNED else word.removesuffix("s")
        if plain in BANNED and not {(name, word), (name, plain)} & EXCEPT:
            yield line, f"{identifier}: “{word}” is not our word here: {BANNED[plain]}"


def _named(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def main() -> int:
    """1 when anything was found."""
    found = faults(ROOT)
    for fault in found:
        print(fault)
    print(f"tidy: {len(found)} faults" if found else "tidy: nothing to say")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
