"""A picture of the history: ratios of each kernel and their mean, run by run.

Two panels: the optimised tier against native code, the baseline tier against qemu-arm. Runs
made before there were two tiers call the baseline tier ``xlate``.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from tests.bench.measure import geometric_mean
from tests.bench.tables import APART

PANELS = ("optimised/native", "baseline/qemu")
FORMERLY = {"baseline/qemu": "xlate/qemu"}
APART_GROUPS = (*APART, "disturbed")


def _ratio(row: dict[str, Any], pair: str) -> float | None:
    found = row["ratios"].get(pair, row["ratios"].get(FORMERLY.get(pair, pair)))
    return None if found is None else float(found)


def _ratios(run: dict[str, Any], pair: str) -> dict[str, float]:
    rows = ((row["name"], _ratio(row, pair)) for row in run["rows"])
    return {name: ratio for name, ratio in rows if ratio is not None}


def series(runs: list[dict[str, Any]], pair: str) -> dict[str, list[float | None]]:
    """Return for every row name its ratio in each run, None where a run lacks it."""
    by_run = [_ratios(run, pair) for run in runs]
    names = sorted({name for found in by_run for name in found})
    return {name: [found.get(name) for found in by_run] for name in names}


def mean(run: dict[str, Any], pair: str) -> float | None:
    """Return the geometric mean over a run's kernels, None where it has none of this pair."""
    kept = {**run, "rows": [row for row in run["rows"] if row["group"] not in APART_GROUPS]}
    found = list(_ratios(kept, pair).values())
    return geometric_mean(found) if found else None


def draw(runs: list[dict[str, Any]], output: Path) -> None:
    """Write the picture; its format follows the file name's ending."""
    # Imported by name: matplotlib is the extra "bench", and nothing else here needs it.
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    figure, panels = pyplot.subplots(len(PANELS), figsize=(10, 9), layout="constrained")
    for axes, pair in zip(panels, PANELS, strict=True):
        shown = [run for run in runs if mean(run, pair) is not None]
        for name, values in series(shown, pair).items():
            axes.plot(range(len(shown)), values, marker=".", linewidth=1, label=name)
        means = [mean(run, pair) for run in shown]
        axes.plot(
            range(len(shown)), means, marker="o", linewidth=3, color="black", label="mean (all)"
        )
        axes.axhline(1.0, color="grey", linestyle=":")
        labels = [f"{run['commit']} {run.get('mode', '')}" for run in shown]
        axes.set_xticks(range(len(shown)), labels, rotation=60, ha="right")
        axes.set_ylabel(f"CPU time, {pair} (lower is faster)")
        axes.legend(fontsize="small", ncols=2)
    output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output)
