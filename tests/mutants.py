"""``make mutants``: change one thing at a time in the code that must not be wrong, and report what no test notices.

A seed draws a sample of all possible changes. Each is tried in a copy of the project, with the tests of its file:
on SQLite, then, where the code uses the database, on PostgreSQL if it is installed.

Published tools do not fit: mutmut forks a process whose servers run in threads, and leaves decorators alone; cosmic-ray
draws no sample and makes one change at a time.

Some changes are not made anywhere, because no test should notice them:

- docstrings, annotations, what is logged, and the fixed text that an exception gives itself;
- the flags of a dataclass, the ``strict`` of a ``zip`` and the size of a cache, which change no result;
- numbers of a thousand or more, which limit sizes: one more is no fault;
- ``None`` in place of a returned ``False``: ``True`` is tried in its place anyway.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import itertools
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.support import postgresql
from tests.support.product import ROOT

ACTIONS, RECONCILE = "tests/destinations/test_actions.py", "tests/destinations/test_reconcile.py"
#: Code → the tests that should notice a change in it, the likeliest first.
TESTS = {
    "destinations_ui/audit": ("tests/audit", ACTIONS, RECONCILE, "tests/history", "tests/management"),
    "destinations_ui/destinations/actions.py": (ACTIONS, "tests/destinations/views"),
    "destinations_ui/destinations/reconcile.py": (RECONCILE, "tests/management", "tests/history/views"),
    "destinations_ui/kinds/validators.py": ("tests/kinds", "tests/destinations/forms"),
    "destinations_ui/launchdarkly": ("tests/launchdarkly", ACTIONS),
}
#: What they use differs between SQLite and PostgreSQL.
USES_DATABASE = ("destinations_ui/audit", "destinations_ui/destinations")
#: What takes longer than this hangs.
SECONDS = 600
#: The share of changes that tests have to notice.
GOAL = 0.85
#: Functions whose keyword arguments change no result.
FLAGGED = {"dataclass", "lru_cache", "zip"}
#: From here on, a number one larger is no fault.
LARGE = 1000
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: the file, the line, what stood there and what stands there now, and the whole new text."""

    path: str
    line: int
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before}  →  {self.after}"


@dataclass(frozen=True)
class Copy:
    """A copy of the project, with a PostgreSQL server of its own; its URL is empty where PostgreSQL is missing."""

    folder: Path
    postgresql_url: str


def changes(node: ast.AST) -> Iterator[Callable[[ast.AST], ast.AST]]:
    """Yield what can be changed about a node, each as a function of a copy of it that returns the node in its place."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield lambda new: set_field(new, "ops", [SWAPS[type(node.ops[0])](), *node.ops[1:]])
    if isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPS:
        yield lambda new: set_field(new, "op", SWAPS[type(node.op)]())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield lambda new: node.operand
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield lambda new: set_field(new, "test", ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.Constant) and isinstance(value := node.value, int) and value < LARGE:
        yield lambda new: ast.Constant(not value if isinstance(value, bool) else value + 1)
    if isinstance(node, ast.Return) and node.value and ast.unparse(node) not in {"return None", "return False"}:
        yield lambda new: ast.Return(ast.Constant(None))
    if isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield lambda new: ast.Pass()


def set_field(node: ast.AST, name: str, value: object) -> ast.AST:
    """Set a field of a node; return the node."""
    setattr(node, name, value)
    return node


def is_text(expression: ast.expr) -> bool:
    """Tell whether a statement's expression is a docstring, logs, or gives an exception its text."""
    code = ast.unparse(expression)
    if code.startswith("super().__init__(") and isinstance(expression, ast.Call):
        return bool(expression.args) and all(map(is_text, expression.args))
    return code.startswith(("logger.", "'", '"'))


class Change(ast.NodeTransformer):
    """Make one of a tree's possible changes, counted from 0 in the order of reading; some code is left alone."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.count = 0
        self.made: tuple[ast.AST, ast.AST] | None = None
        self.line = 0

    def visit(self, node: ast.AST) -> ast.AST:
        """Change the node or what is in it, if its number is up."""
        if isinstance(node, ast.Expr) and is_text(node.value):
            return node
        for change in changes(node):
            if self.count == self.number:
                self.made = node, ast.copy_location(change(copy.copy(node)), node)
                self.line = getattr(node, "lineno", 0)
            self.count += 1
        if self.made and self.made[0] is node:
            return self.made[1]
        flagged = isinstance(node, ast.Call) and ast.unparse(node.func) in FLAGGED
        for name in ("keywords",) if flagged else ("annotation", "returns", "type_params"):
            if held := node.__dict__.pop(name, None):
                node = self.generic_visit(node)
                return set_field(node, name, held)
        return self.generic_visit(node)


def count(path: str) -> int:
    """Return how many changes can be made to a file."""
    counter = Change(-1)
    counter.visit(ast.parse((ROOT / path).read_text()))
    return counter.count


def mutant(path: str, number: int) -> Mutant:
    """Make one of the changes to a file."""
    change = Change(number)
    tree = ast.fix_missing_locations(change.visit(ast.parse((ROOT / path).read_text())))
    assert change.made
    before, after = (ast.unparse(node).partition("\n")[0] for node in change.made)
    return Mutant(path, change.line, before, after, ast.unparse(tree))


def passes(folder: Path, tests: tuple[str, ...], database_url: str) -> bool:
    """Tell whether the tests pass in a copy of the project, in time; an empty URL means SQLite."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if database_url:
        environment["DATABASE_URL"] = database_url
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not browser", *tests]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603  # our own tests
        command, cwd=folder, env=environment, stdout=quiet, stderr=quiet, process_group=0
    ) as process:
        try:
            return process.wait(timeout=SECONDS) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            return False


def tests_of(path: str) -> tuple[str, ...]:
    """Return the tests that should notice a change in a file, those named like it first."""
    own = path.replace("destinations_ui", "tests", 1).replace(Path(path).name, f"test_{Path(path).name}")
    tests = next(tests for code, tests in TESTS.items() if path.startswith(code))
    return (own, *tests) if (ROOT / own).exists() else tests


def copied(folder: Path) -> Path:
    """Copy the project, with its collected static files, to a folder."""
    ignored = shutil.ignore_patterns(".git", ".venv", ".hypothesis", "__pycache__", "*.sqlite3*")
    return shutil.copytree(ROOT, folder, ignore=ignored)


def survives(mutant: Mutant, copies: queue.Queue[Copy]) -> bool:
    """Tell whether all tests pass with a change, tried in a copy of the project that is free."""
    free = copies.get()
    file = free.folder / mutant.path
    urls = [free.postgresql_url] if free.postgresql_url and mutant.path.startswith(USES_DATABASE) else []
    original = file.read_text()
    try:
        file.write_text(mutant.text)
        survived = all(passes(free.folder, tests_of(mutant.path), url) for url in ["", *urls])
    finally:
        file.write_text(original)
        copies.put(free)
    print(f"{'SURVIVED' if survived else 'killed  '} {mutant}", flush=True)
    return survived


def main() -> int:
    """Try a sample of changes; report the share that was noticed, and each that was not; return the exit status."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("paths", nargs="*", default=list(TESTS), help="code to change; by default all of it")
    parser.add_argument("--budget", type=int, default=150, help="how many changes to try")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws another sample")
    options = parser.parse_args()
    files = [file for path in options.paths for file in sorted((ROOT / path).glob("*.py")) or [ROOT / path]]
    paths = [str(file.relative_to(ROOT)) for file in files]
    every = [(path, number) for path in paths for number in range(count(path))]
    sample = random.Random(options.seed).sample(every, min(options.budget, len(every)))  # noqa: S311  # no secret
    print(f"{len(sample)} of {len(every)} changes, seed {options.seed}", flush=True)
    programs = postgresql.find()
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="destinations-ui-mutants-"))
        copies: queue.Queue[Copy] = queue.Queue()
        for number in range(os.cpu_count() or 1):
            url = stack.enter_context(postgresql.server(programs)) if programs else ""
            copies.put(Copy(copied(Path(temporary) / str(number)), url))
        tried = [mutant(path, number) for path, number in sample]
        with ThreadPoolExecutor(copies.qsize()) as pool:
            lives = list(pool.map(survives, tried, itertools.repeat(copies)))
    survived = list(itertools.compress(tried, lives))
    share = 1 - len(survived) / len(sample)
    print(f"\n{share:.0%} of {len(sample)} changes were noticed; not these:", *survived, sep="\n  ")
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
