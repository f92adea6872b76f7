"""Every operation of the table can be lowered to LLVM text; exits are the caller's."""

from __future__ import annotations

from backends.llvm.text import ARMS
from xlate.ir import OPS


def test_every_operation_but_exits_has_an_arm() -> None:
    assert set(ARMS) == {name for name in OPS if not name.startswith("exit_")}
