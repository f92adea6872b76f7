"""Sparse guest memory with page permissions: what the interpreter loads, stores and fetches.

An access faults before any of its bytes is written, at its first byte that is not allowed, as
the host's memory does for the translated code.
"""

from __future__ import annotations

READ, WRITE, EXEC = 1, 2, 4
PAGE = 4096


class Fault(Exception):
    """A guest access that is not allowed: address of its first such byte."""

    def __init__(self, addr: int, *, write: bool) -> None:
        super().__init__(f"{'write' if write else 'read'} at {addr:#x}")
        self.addr = addr
        self.write = write


class Memory:
    """Pages by number; each has PROT bits and 4096 bytes."""

    def __init__(self, address_bits: int = 32) -> None:
        self.space = 1 << address_bits
        self.pages: dict[int, tuple[int, bytearray]] = {}

    def map(self, addr: int, prot: int, data: bytes = b"") -> None:
        """Map the page at ``addr``, filled with ``data`` and then zeros."""
        self.pages[addr // PAGE] = prot, bytearray(data.ljust(PAGE, b"\0"))

    def load(self, addr: int, size: int, need: int = READ) -> int:
        """Return ``size`` bytes at ``addr`` as a little-endian number."""
        at = addr % PAGE
        if at + size <= PAGE:
            page = self._page(addr, need)
            return int.from_bytes(page[at : at + size], "little")
        return int.from_bytes(bytes(self._byte(addr + i, need) for i in range(size)), "little")

    def store(self, addr: int, value: int, size: int) -> None:
        """Write ``size`` bytes of ``value``; nothing is written when one of them faults."""
        self.check(addr, size, WRITE)
        at = addr % PAGE
        data = value.to_bytes(size, "little")
        if at + size <= PAGE:
            self._page(addr, WRITE)[at : at + size] = data
            return
        for i, byte in enumerate(data):
            where = (addr + i) % self.space
            self._page(where, WRITE)[where % PAGE] = byte

    def check(self, addr: int, size: int, need: int) -> None:
        """Raise Fault at the first byte of the range whose page lacks ``need``."""
        self._page(addr % self.space, need)
        if addr % PAGE + size > PAGE:
            self._page((addr // PAGE + 1) * PAGE % self.space, need)

    def _byte(self, addr: int, need: int) -> int:
        return self._page(addr % self.space, need)[addr % PAGE]

    def _page(self, addr: int, need: int) -> bytearray:
        prot, data = self.pages.get(addr // PAGE, (0, None))
        if data is None or prot & need != need:
            raise Fault(addr, write=need == WRITE)
        return data
