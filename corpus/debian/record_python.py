"""Runs one module of Python's own regression tests and writes down what became of each test.

Started by the Python that is tested, natively and as a guest: ``record_python.py FILE MODULE
OPTION...``; the options are those of ``python3 -m test``, which does everything else. FILE gets a
line of JSON when a test begins and one when it ends, so that a crash or a hang shows where it was,
and a last one that says what regrtest makes of the whole module.
"""

from __future__ import annotations

import importlib
import json
import sys
import unittest
from pathlib import Path
from typing import Any

BEGUN, OK, SKIPPED, FAILED, ERROR = "begun", "ok", "skipped", "failed", "error"
WORDS = 300
OUT: list[str] = []


def _write(**about: Any) -> None:
    with Path(OUT[0]).open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(json.dumps(about) + "\n")


def _text(error: Any) -> str:
    """Return the last words of an exception."""
    return f"{error[0].__name__}: {error[1]}"[:WORDS]


class Recorder(unittest.TextTestResult):
    """The result that regrtest's runner would fill, written to a file as it comes."""

    def _note(self, test: unittest.TestCase, what: str, says: str = "") -> None:
        _write(test=test.id(), what=what, says=says)

    def startTest(self, test: unittest.TestCase) -> None:
        """Note that a test begins."""
        self._note(test, BEGUN)
        super().startTest(test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        """Note that a test passes."""
        self._note(test, OK)
        super().addSuccess(test)

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        """Note a failure that the test asks for."""
        self._note(test, OK, "failed as expected")
        super().addExpectedFailure(test, err)

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        """Note a pass where the test asks for a failure."""
        self._note(test, FAILED, "passed against expectation")
        super().addUnexpectedSuccess(test)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        """Note a test that does not apply."""
        self._note(test, SKIPPED, reason)
        super().addSkip(test, reason)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        """Note an assertion that does not hold."""
        self._note(test, FAILED, _text(err))
        super().addFailure(test, err)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        """Note an exception."""
        self._note(test, ERROR, _text(err))
        super().addError(test, err)

    def addSubTest(self, test: unittest.TestCase, subtest: Any, err: Any) -> None:
        """Note a part of a test that fails, under the name of the whole."""
        if err is not None:
            kind = FAILED if issubclass(err[0], AssertionError) else ERROR
            self._note(test, kind, f"{subtest._subDescription()}: {_text(err)}")
        super().addSubTest(test, subtest, err)


def _runner(stream: Any, **_settings: Any) -> unittest.TextTestRunner:
    """Return the runner in place of regrtest's own."""
    kind: Any = Recorder
    return unittest.TextTestRunner(stream, resultclass=kind, verbosity=2)


def main() -> None:
    """Let regrtest run a module, and note what it says of it."""
    module = sys.argv[1]
    importlib.import_module("test.support").get_test_runner = _runner  # type: ignore[attr-defined]
    regrtest = importlib.import_module("test.libregrtest.main").Regrtest()
    status: Any = "no end"
    try:
        regrtest.main()
    except SystemExit as end:
        status = end.code
    _write(module=module, status=status, skipped=bool(regrtest.skipped + regrtest.resource_denieds))
    sys.exit(status)


if __name__ == "__main__":
    OUT.append(str(Path(sys.argv.pop(1)).resolve()))  # regrtest goes elsewhere
    main()
