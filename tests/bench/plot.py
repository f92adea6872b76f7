"""A picture of the history: each kernel's ratio to qemu-arm and their mean, run by run."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

RATIO = "xlate/qemu"


def series(runs: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    """Return for every row name its ratio in each run, None where a run lacks it."""
    names = sorted({row["name"] for run in runs for row in run["rows"] if RATIO in row["ratios"]})
    by_run = [
        {row["name"]: float(row["ratios"][RATIO]) for row in run["rows"] if RATIO in row["ratios"]}
        for run in runs
    ]
    return {name: [found.get(name) for found in by_run] for name in names}


def draw(runs: list[dict[str, Any]], output: Path) -> None:
    """Write the picture; its format follows the file name's ending."""
    # Imported by name: matplotlib is the extra "bench", and nothing else here needs it.
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    labels = [run["commit"] for run in runs]
    for name, values in series(runs).items():
        axes.plot(range(len(runs)), values, marker=".", linewidth=1, label=name)
    means = [run.get("geometric_mean", {}).get(RATIO) for run in runs]
    axes.plot(
        range(len(runs)), means, marker="o", linewidth=3, color="black", label="mean (integer)"
    )
    axes.axhline(1.0, color="grey", linestyle=":")
    axes.set_xticks(range(len(runs)), labels, rotation=60, ha="right")
    axes.set_ylabel("CPU time relative to qemu-arm, same run (lower is faster)")
    axes.legend(fontsize="small", ncols=2)
    output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output)
