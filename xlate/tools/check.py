"""Runs every check of the project, cheap ones first, and ends with pytest's own closing line.

`python -m xlate.tools.check lint` is what a commit wants; `all` adds the tests. Every step runs
even when an earlier one failed, so that one run shows all there is to mend.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("xlate", "frontends", "backends")

LINT = (
    ("ruff", ("-m", "ruff", "check", "--quiet", ".")),
    ("format", ("-m", "ruff", "format", "--check", "--quiet", ".")),
    ("mypy", ("-m", "mypy", "--no-error-summary")),
    (
        "contracts",
        ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
    ),
)
# -rfEs: what was skipped is listed with its reason, beside what failed.
TESTS = ("pytest", ("-m", "pytest", "-q", "-rfEs", "-n", "2"))


def run_step(name: str, arguments: tuple[str, ...]) -> bool:
    """Run one check in the checkout; its output goes straight through."""
    click.echo(f"== {name}", err=True)
    start = time.monotonic()
    done = subprocess.run([sys.executable, *arguments], cwd=CHECKOUT, check=False)
    verdict = "ok" if done.returncode == 0 else f"FAILED ({done.returncode})"
    click.echo(f"== {name}: {verdict}, {time.monotonic() - start:.1f} s", err=True)
    return done.returncode == 0


@click.command()
@click.argument("what", type=click.Choice(["lint", "all"]))
@click.argument("pytest_arguments", nargs=-1)
def main(what: str, pytest_arguments: tuple[str, ...]) -> None:
    """Run the checks: lint only, or all with the tests."""
    failed = [name for name, arguments in LINT if not run_step(name, arguments)]
    if failed:
        click.echo(f"failed: {', '.join(failed)}", err=True)
    if what == "all":
        name, arguments = TESTS
        # Last, so that the runner's closing line is the last thing printed.
        done = subprocess.run(
            [sys.executable, *arguments, *pytest_arguments], cwd=CHECKOUT, check=False
        )
        if done.returncode:
            failed.append(name)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
