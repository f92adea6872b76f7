"""The receipt of `make run`: equal outputs pass, one that differs fails and is named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.console import Console

from xlate.errors import Unsupported, XlateError
from xlate.tools import demo

RUNNERS = ["native", demo.BASELINE, demo.PACKAGE]


def results(**digests: str) -> dict[str, dict[str, demo.Result]]:
    row = {name: demo.Result("same", [0.2, 0.4, 0.3]) for name in RUNNERS}
    for name, digest in digests.items():
        row[name] = demo.Result(digest, [0.6, 0.6, 0.6])
    return {"job": row}


def printed(
    rows: dict[str, dict[str, demo.Result]], runners: list[str] = RUNNERS
) -> tuple[str, bool]:
    table, equal = demo.receipt(rows, runners)
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get(), equal


def test_equal_outputs() -> None:
    text, equal = printed(results())
    assert equal
    assert text.splitlines()[-1].split() == ["job", "0.300", "0.300", "0.300", "1.00", "equal"]


def test_where_nothing_can_be_converted_the_rest_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout made under umask 002: packages would not be trusted there."""

    def refuse(jobs: object, say: object) -> list[str]:
        raise Unsupported("the store is not safe to use", "", "others may write to it")

    monkeypatch.setattr(demo, "find_jobs", lambda say: [_job(("print(1)",))])
    monkeypatch.setattr(demo, "measure", lambda jobs, runners: results())
    monkeypatch.setattr(demo, "convert_all", refuse)
    rows, runners, lines = demo.measure_all(lambda line: None)
    assert runners[:2] == ["native", demo.BASELINE]
    assert demo.PACKAGE not in runners
    assert lines == ["Not converted: the store is not safe to use (others may write to it)"]
    text, equal = printed(rows, runners[:2])
    assert equal
    assert f"{demo.BASELINE}/native" in text


@pytest.mark.parametrize("name", RUNNERS)
def test_one_output_that_differs(name: str) -> None:
    text, equal = printed(results(**{name: "other"}))
    assert not equal
    assert "DIFFERS" in text


def _job(*stages: tuple[str, ...]) -> demo.Job:
    python = Path(sys.executable)
    return demo.Job("pipe", tuple(((python, python), ("-c", *stage)) for stage in stages))


def test_a_pipeline_is_run_and_timed() -> None:
    result = demo.Result()
    upper = "import sys; print(sys.stdin.read().upper())"
    demo.run(_job(("print('word')",), (upper,)), [], guest=False, result=result)
    demo.run(_job(("print('word')",), (upper,)), [], guest=True, result=result)
    assert len(result.cpu) == 2
    assert all(spent > 0 for spent in result.cpu)
    assert result.digest


def test_a_native_run_that_fails_is_an_error() -> None:
    with pytest.raises(XlateError, match=r"ended with \[3\]"):
        demo.run(_job(("raise SystemExit(3)",)), [], guest=False, result=demo.Result())
