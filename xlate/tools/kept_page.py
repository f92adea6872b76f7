"""Writes docs/kept.md and its picture from the results of ``kept_scenarios.py``.

The prose is ``kept_page.md``'s; figures are never written by hand.
"""

from __future__ import annotations

import importlib
import math
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xlate.tools import debian_run as debian

PAGE = debian.CHECKOUT / "docs" / "kept.md"
PICTURE = PAGE.with_suffix(".svg")
TEMPLATE = Path(__file__).with_name("kept_page.md")
Results = dict[str, Any]


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.exp(sum(math.log(value) for value in found) / len(found)) if found else math.nan


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _start_rows(results: Results) -> list[str]:
    rows, ratios = [], []
    for name, found in results["start"].items():
        t, blocks = found["times"], found["counters"]
        qemu = t.get("qemu", math.nan)
        ratios.append((t["second"] / t["native"], t["first"] / t["native"], qemu / t["native"]))
        cells = [t["native"], qemu, t["without"], t["first"], t["second"], t["other"], *ratios[-1]]
        made = [blocks[which]["runtime_blocks"] for which in ("first", "second", "other")]
        kib = [f"{size / 1024:.0f}" for size in found["size"]]
        rows.append(_row(name, [f"{cell:.2f}" for cell in cells], made, kib))
    means = [f"{_mean(column):.2f}" for column in zip(*ratios, strict=True)]
    rows.append(_row("geometric mean", [""] * 6, means, [""] * 5))
    return rows


def _row(name: str, *cells: Sequence[object]) -> str:
    return "| " + " | ".join([name, *(str(cell) for part in cells for cell in part)]) + " |"


def _library_rows(results: Results) -> list[str]:
    rows = []
    for name, found in results["start"].items():
        libraries = found["libraries"]
        share = libraries["there"] / max(1, libraries["needed"])
        rows.append(_row(name, [libraries["needed"], libraries["there"], _percent(share)]))
    return rows


def _input_rows(results: Results) -> list[str]:
    rows = []
    for name, found in results.get("inputs", {}).items():
        coverage = [pair["coverage"] for pair in found["pairs"]]
        saved = [pair["saved"] for pair in found["pairs"] if pair["saved"] is not None]
        shares = [min(coverage), statistics.median(coverage)]
        times = [min(saved), statistics.median(saved)] if saved else []
        cells = [_percent(share) for share in shares + times] + ["-"] * (2 - len(times))
        anew = ", ".join(_percent(share) for share in found["accumulated"])
        rows.append(_row(name, [len(coverage), *cells, anew]))
    return rows


def _regression_rows(results: Results) -> list[str]:
    rows = []
    for name, found in results.get("regression", {}).items():
        t = {way: spent / 1000 for way, spent in found["totals"].items()}
        qemu = t.get("qemu", math.nan)
        cells = [t["native"], qemu, t["without"], t["kept"], t["kept"] / t["without"]]
        shown = [f"{cell:.2f}" for cell in (*cells, t["kept"] / qemu)]
        rows.append(_row(name, [found["runs"], *shown]))
    return rows


def _memory_rows(results: Results) -> list[str]:
    rows = []
    for name, found in results.get("memory", {}).items():
        ways = [found.get(way, {}) for way in ("native", "qemu", "kept")]
        dirty = found["kept"]["Private_Dirty"] / found["native"]["Private_Dirty"]
        cells = [
            *(_mib(way.get("Rss")) for way in ways),
            *(_mib(way.get("Private_Dirty")) for way in ways),
            f"{dirty:.2f}",
            _mib(found["pss"]),
            _mib(found["kept"]["Pss"]),
            f"{found['pss'] / found['kept']['Pss']:.2f}",
        ]
        rows.append(_row(name, cells))
    return rows


def _mib(kib: int | None) -> str:
    return "-" if kib is None else f"{kib / 1024:.1f}"


def _summary(results: Results) -> dict[str, str]:
    """What stands beside the paper's figures."""
    start = results["start"].values()
    saved = {
        way: _percent(1 - _mean(f["times"][way] / f["times"]["without"] for f in start))
        for way in ("second", "other")
    }
    needed = sum(found["libraries"]["needed"] for found in start)
    there = sum(found["libraries"]["there"] for found in start)
    code, size = (sum(found["size"][which] for found in start) for which in (0, 1))
    faster = [
        f"{name}: {f['totals']['without'] / f['totals']['kept'] - 1:.0%} faster than without"
        for name, f in results.get("regression", {}).items()
    ]
    return {
        "start": saved["second"],
        "other": saved["other"],
        "libraries": _percent(there / max(1, needed)),
        "regression": "; ".join(faster) or "not run",
        "tables": f"{(size - code) / code:.2f} bytes of tables for each byte of code, in the files",
    }


def page(results: Results) -> str:
    """The text of the page."""
    return TEMPLATE.read_text(encoding="utf-8").format(
        date=f"{datetime.now(tz=UTC):%Y-%m-%d}",
        commit=results["commit"],
        suite=debian.SUITE,
        rounds=results["rounds"],
        start_rows="\n".join(_start_rows(results)),
        library_rows="\n".join(_library_rows(results)),
        input_rows="\n".join(_input_rows(results)),
        memory_rows="\n".join(_memory_rows(results)),
        regression_rows="\n".join(_regression_rows(results)),
        **_summary(results),
    )


BARS = ("native", "first", "second", "other", "qemu")


def picture(results: Results, output: Path) -> None:
    """Bars by program, in times of native: what is translated and saved apart from the rest."""
    # Imported by name: matplotlib is the extra "bench", and nothing else here needs it.
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "xlate"
    pyplot = importlib.import_module("matplotlib.pyplot")
    names = list(results["start"])
    figure, axes = pyplot.subplots(figsize=(12, 5), layout="constrained")
    width = 0.8 / len(BARS)
    for position, bar in enumerate(BARS):
        where = [index + width * (position - len(BARS) / 2 + 0.5) for index in range(len(names))]
        bottom = [0.0] * len(names)
        for part, shade in (("load and execute", 1.0), ("translate", 0.6), ("save", 0.3)):
            heights = [_part(results["start"][name], bar, part) for name in names]
            axes.bar(
                where,
                heights,
                width,
                bottom=bottom,
                color=f"C{position}",
                alpha=shade,
                label=f"{bar}: {part}" if any(heights) else None,
            )
            bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("CPU time of a start, of native")
    figure.legend(loc="outside upper center", fontsize="small", ncols=4)
    figure.savefig(output, metadata={"Date": None})
    pyplot.close(figure)


def _part(found: Results, bar: str, part: str) -> float:
    """A part of a bar, in times of native."""
    total: float = found["times"].get(bar, 0.0) / found["times"]["native"]
    counters = found["counters"].get(bar)
    if counters is None:
        return total if part == "load and execute" else 0.0
    native = 1000 * found["times"]["native"]
    shares: dict[str, float] = {
        "translate": counters["translate_us"] / native,
        "save": counters["save_us"] / native,
    }
    return shares[part] if part in shares else max(0.0, total - sum(shares.values()))
