"""Runs the tests against edits of the sources, those that reach an edit first.

The tests are collected once, in a copy of the checkout. A few of each test function are run to see
what they reach. For an edit, those that reach the function that it is in are run in a child of this
process, the quickest of each test function first, until one fails; the functions of the edited file
get their new code there. Where an edit is in no function, or only commands of their own reach it,
the tests run in a new process.
"""

from __future__ import annotations

import gc
import os
import pickle
import pkgutil
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple, Protocol

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("gradcli", "grammars", "examples", "tests", "docs", "benchmarks", ".ci")
LEFT_OUT = ("tests/fuzz/",)  # thousands of cases in one test
QUIET = ("-q", "-p", "no:cacheprovider", "--assert=plain")
EACH = 40  # tests of one function whose reach is looked at
ENOUGH = 1.0  # seconds in which they are
LONGEST = 1.0  # seconds: a test that takes longer is tried last
MEMORY = 4 << 30
LOOKED_AT = 0.3  # seconds in which a test shows what it reaches: looking is slow
LOOKING = 300.0  # seconds for a module of tests
BY_TIME = -signal.SIGXCPU
CO_OPTIMIZED = 1  # of a function, and of no module or class
COMMAND = ("a command", 0, "")  # what a test reaches that starts a process


class Edit(Protocol):
    path: str

    def apply(self, source: bytes) -> bytes: ...


class Reach(NamedTuple):
    """What a test reaches: functions, each by its file and its first line; the seconds it takes."""

    places: frozenset[Any]
    seconds: float


Pair = tuple[CodeType, CodeType]


class Trial:
    """The collected tests, and what becomes of them under an edit: a plugin of pytest."""

    def __init__(self, folder: Path, play: Callable[[Trial], None]) -> None:
        self.folder, self.play = folder, play
        self.failed = False
        self.clock = int(time.time())
        self.items: dict[str, list[Any]] = defaultdict(list)  # of each test function
        self.reach: dict[str, Reach] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.failed |= report.failed

    def pytest_runtestloop(self, session: Any) -> bool:
        for item in session.items:
            if not item.nodeid.startswith(LEFT_OUT):
                self.items[item.nodeid.partition("[")[0]].append(item)
        for module in pkgutil.walk_packages([str(self.folder / "gradcli")], "gradcli."):
            if not module.name.endswith("__main__"):
                with suppress(ImportError):  # a library that is not here
                    import_module(module.name)
        self._look()
        self.play(self)
        return True

    # ── what the tests reach ──

    def _look(self) -> None:
        modules = defaultdict(list)
        for function, items in self.items.items():
            modules[function.partition("::")[0]] += _spread(items, EACH)
        for name, items in modules.items():
            print(f"looking at {name}", flush=True)
            found = self._in_a_child(lambda items=items: self._reaches(items), LOOKING)
            self.reach |= found if isinstance(found, dict) else {}
        print(f"{len(self.reach)} tests looked at", flush=True)

    def _reaches(self, items: list[Any]) -> dict[str, Reach]:
        found = {}
        codes: dict[int, CodeType] = {}
        started = []

        def see(frame: Any, *_: Any) -> None:
            codes.setdefault(id(frame.f_code), frame.f_code)

        def stop(*_: Any) -> None:
            if sys.gettrace() is None:
                raise TimeoutError
            sys.settrace(None)

        signal.signal(signal.SIGVTALRM, stop)
        sys.addaudithook(lambda event, _: started.append(event) if "Popen" in event else None)
        spent: dict[str, float] = defaultdict(float)
        for item in items:
            function = item.nodeid.partition("[")[0]
            if spent[function] > ENOUGH:
                continue
            codes.clear()
            started.clear()
            start = time.process_time()
            signal.setitimer(signal.ITIMER_VIRTUAL, LOOKED_AT, LONGEST)
            sys.settrace(
                lambda frame, *_: codes.setdefault(id(frame.f_code), frame.f_code) and None
            )
            passed = self._passes(item)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            sys.settrace(None)
            reached = {_place(code) for code in codes.values()} | ({COMMAND} if started else set())
            seconds = time.process_time() - start
            spent[function] += seconds
            if passed:
                found[item.nodeid] = Reach(frozenset(reached), seconds)
        return found

    def _passes(self, item: Any) -> bool:
        self.failed = False
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self.failed

    def _that_reach(self, place: Any) -> Iterator[Any]:
        """The tests that reach a place: one of each function, then the others.

        Those come first that stand where the place stands: tests/lower for gradcli/lower.
        """
        last = []
        own = Path(place[0]).relative_to(self.folder / "gradcli").parts[:-1]

        def near(item: Any) -> int:
            theirs = Path(item.nodeid.partition("::")[0]).parts[1:-1]
            return -sum(a == b for a, b in zip(own, theirs, strict=False))

        rounds = defaultdict(list)
        for items in self.items.values():
            reaching = [
                (self.reach[item.nodeid].seconds, i, item)
                for i, item in enumerate(items)
                if item.nodeid in self.reach and place in self.reach[item.nodeid].places
            ]
            for turn, (seconds, _, item) in enumerate(sorted(reaching)):
                if seconds > LONGEST:
                    last.append(item)
                else:
                    rounds[turn].append((seconds, item.nodeid, item))
            if reaching:
                last += [item for item in items if item.nodeid not in self.reach]
        for turn in sorted(rounds):
            yield from (item for *_, item in sorted(rounds[turn], key=lambda each: each[:2]))
        yield from sorted(last, key=near)

    # ── an edit ──

    def noticed(self, edit: Edit, seconds: float) -> tuple[str | None, float]:
        """The test that fails with an edit, or None, and how long it took to know.

        `seconds` of processor time are spent on tests.
        """
        start = time.monotonic()
        original = (ROOT / edit.path).read_bytes()
        changed = edit.apply(original)
        file = self.folder / edit.path
        pairs = list(_pairs(*(compile(text, str(file), "exec") for text in (original, changed))))
        places = [old for old, new in pairs if _own(old) != _own(new)]
        in_place = all(
            old.co_flags & CO_OPTIMIZED and old.co_freevars == new.co_freevars
            for old, new in pairs
            if old in places
        )
        items = list(self._that_reach(_place(places[0]))) if places and in_place else []
        self._write(file, changed)
        try:
            if items:
                by = self._in_a_child(lambda: self._failing(items, pairs, seconds), seconds)
            else:
                by = self._failing_anew(str(file), seconds)
        finally:
            self._write(file, original)
        return by, time.monotonic() - start

    def _write(self, path: Path, source: bytes) -> None:
        """Give a file its content, and a time that no bytecode kept of it has."""
        path.write_bytes(source)
        self.clock += 2
        os.utime(path, (self.clock, self.clock))

    def _failing(self, items: list[Any], pairs: list[Pair], seconds: float) -> str | None:
        """The first of the tests that fails once the functions have their new code."""
        codes = {_key(old): new for old, new in pairs}
        file = pairs[0][0].co_filename
        for function in gc.get_objects():
            if isinstance(function, FunctionType) and function.__code__.co_filename == file:
                function.__code__ = codes.get(_key(function.__code__), function.__code__)
        end = time.process_time() + seconds
        for item in items:
            if time.process_time() > end:
                break
            if not self._passes(item):
                return str(item.nodeid)
        return None

    def _failing_anew(self, file: str, seconds: float) -> str | None:
        """As `_failing`, in new processes: for what happens while the sources are loaded."""
        near = [
            (-sum(place[0] == file for place in reach.places), nodeid)
            for nodeid, reach in self.reach.items()
            if reach.seconds < LONGEST and any(place[0] == file for place in reach.places)
        ]
        reaching = [nodeid for _, nodeid in sorted(near)]
        commands = [nodeid for nodeid, reach in self.reach.items() if COMMAND in reach.places]
        for chosen in (reaching[:20], reaching[20:200], commands[:100]):
            code = self._new_process(chosen, seconds) if chosen else 0
            if code not in (0, BY_TIME):
                return f"one of {chosen[0].partition('::')[0]} and others ({code})"
        return None

    def _new_process(self, chosen: list[str], seconds: float) -> int:
        script = "import sys, pytest; raise SystemExit(pytest.main(sys.argv[1:]))"
        limit = (
            f"import resource; resource.setrlimit(resource.RLIMIT_CPU, (2 * {int(seconds)},) * 2)"
        )
        quiet = ("-q", "-x", "-p", "no:cacheprovider")
        command = [sys.executable, "-c", f"{limit}; {script}", *quiet, *chosen]
        return subprocess.run(command, capture_output=True, check=False).returncode

    def _in_a_child(self, work: Callable[[], Any], seconds: float) -> Any:
        """What `work` returns in a child of this process; or, in words, how the child ended."""
        with tempfile.NamedTemporaryFile() as file:
            child = os.fork()
            if not child:
                code = 1
                try:
                    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                    signal.setitimer(signal.ITIMER_PROF, 2 * seconds)  # its signal ends the process
                    nowhere = os.open(os.devnull, os.O_RDWR)
                    for descriptor in (0, 1, 2):
                        os.dup2(nowhere, descriptor)
                    Path(file.name).write_bytes(pickle.dumps(work()))
                    code = 0
                finally:
                    os._exit(code)
            ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if ended:
                return f"the process ends ({ended})"
            return pickle.loads(Path(file.name).read_bytes())  # noqa: S301  # our own


def _spread(items: list[Any], count: int) -> list[Any]:
    """At most `count` of some items, from the first to the last."""
    return [items[i * len(items) // count] for i in range(count)] if len(items) > count else items


def _place(code: CodeType) -> tuple[str, int, str]:
    return code.co_filename, code.co_firstlineno, code.co_name


def _key(code: CodeType) -> Any:
    """What tells the functions of a file apart, several of one line too."""
    return code.co_qualname, tuple(code.co_positions())


def _own(code: CodeType) -> Any:
    """A function's code without that of the functions in it."""
    constants = tuple((type(c), c) for c in code.co_consts if not isinstance(c, CodeType))
    return code.co_code, repr(constants), code.co_names, code.co_exceptiontable


def _pairs(old: CodeType, new: CodeType) -> Iterator[Pair]:
    """Each function's code before and after an edit, the outer ones first."""
    yield old, new
    inside: dict[Any, list[CodeType]] = defaultdict(list)
    for code in new.co_consts:
        if isinstance(code, CodeType):
            inside[code.co_qualname, code.co_firstlineno].append(code)
    for code in old.co_consts:
        if isinstance(code, CodeType) and inside[code.co_qualname, code.co_firstlineno]:
            yield from _pairs(code, inside[code.co_qualname, code.co_firstlineno].pop(0))


def run(tests: list[str], play: Callable[[Trial], None]) -> None:
    """Collect tests in a copy of the checkout and let `play` try edits there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for part in COPIED:
            shutil.copytree(
                ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__")
            )
        for path in ROOT.iterdir():
            if path.is_file():
                shutil.copy2(path, folder)
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        os.environ["PYTHONPATH"] = str(folder)
        pytest.main([*QUIET, "-s", *tests], plugins=[Trial(folder, play)])
