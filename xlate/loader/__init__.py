"""Bytes of a file to an Image: what is mapped where, what is named, and how code is marked."""

from xlate.loader.elf import load, parse, read_file
from xlate.loader.image import CodeMark, Image, Prot, Relocation, Section, Segment, Symbol

__all__ = [
    "CodeMark",
    "Image",
    "Prot",
    "Relocation",
    "Section",
    "Segment",
    "Symbol",
    "load",
    "parse",
    "read_file",
]
