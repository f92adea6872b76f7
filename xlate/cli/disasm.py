"""`xlate disasm`: a listing with the habits of objdump.

What the listing says is the business of ``xlate.report.listing``; here it becomes text or JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from xlate.cli.input import Refused, forced_mode, load_program, parse_address
from xlate.loader import CodeMark, Image
from xlate.report import listing

EPILOG = """
\b
Examples:
  xlate disasm ./prog                                  all code
  xlate disasm -j .text --start-address main ./prog    from a symbol on
  xlate disasm --start-address 0x10400 --stop-address 0x10440 ./prog
  xlate disasm --thumb firmware.elf                    a stripped file, all T32
"""


@click.command(epilog=EPILOG)
@click.argument("prog", type=click.Path())
@click.option("-d", "--disassemble", is_flag=True, help="List executable sections (the default).")
@click.option("-D", "--disassemble-all", is_flag=True, help="List all sections; data as words.")
@click.option("-j", "--section", "names", multiple=True, metavar="NAME", help="Only this section.")
@click.option("--start-address", metavar="ADDR", help="List from here: a number or a symbol.")
@click.option("--stop-address", metavar="ADDR", help="List up to here.")
@click.option("--thumb", is_flag=True, help="Take everything for T32.")
@click.option("--arm", is_flag=True, help="Take everything for A32.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def disasm(
    prog: str,
    names: tuple[str, ...],
    start_address: str | None,
    stop_address: str | None,
    *,
    disassemble: bool,
    disassemble_all: bool,
    thumb: bool,
    arm: bool,
    as_json: bool,
) -> None:
    """List the instructions of PROG, in the manner of objdump.

    Mapping symbols and function symbols say which code is A32 and which T32; where a file has
    neither, each section is judged by its looks, and --thumb or --arm overrules that.
    """
    if disassemble and disassemble_all:
        raise click.UsageError("-d and -D exclude each other")
    forced = forced_mode(thumb=thumb, arm=arm)
    image = load_program(prog)
    start = parse_address(image, start_address)[0] if start_address else 0
    stop = parse_address(image, stop_address)[0] if stop_address else 1 << 32
    chosen = _choose(image, names, everything=disassemble_all)
    clipped = [part for span in chosen if (part := span.clipped(start, stop)) is not None]
    if not clipped:
        name = click.format_filename(prog)
        raise Refused(f"{name}: nothing to list (no such bytes between these addresses)")
    output = _json_lines if as_json else _text_lines
    for text in output(image, clipped, forced):
        click.echo(text)


def _choose(image: Image, names: tuple[str, ...], *, everything: bool) -> list[listing.Span]:
    spans = listing.spans(image)
    known = [span.name for span in spans]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Refused(
            f"{click.format_filename(image.path)}: no section {', '.join(unknown)}"
            f" (it has {', '.join(known) or 'none'})"
        )
    if names:
        return [span for span in spans if span.name in names]
    return [span for span in spans if everything or span.executable]


def _json_lines(image: Image, spans: list[listing.Span], forced: CodeMark | None) -> Iterator[str]:
    modes = {CodeMark.ARM: "a32", CodeMark.THUMB: "t32", CodeMark.DATA: "data"}
    for span in spans:
        for line in listing.lines(image, span, forced):
            row = {
                "addr": line.guest_va,
                "bytes": line.data.hex(),
                "mode": modes[line.mark],
                "mnemonic": line.mnemonic,
                "operands": line.operands,
                "section": span.name,
                "undefined": line.comment == "undefined",
            }
            yield json.dumps(row)


def _text_lines(image: Image, spans: list[listing.Span], forced: CodeMark | None) -> Iterator[str]:
    labels = {symbol.guest_va: symbol.name for symbol in image.labels}
    yield f"\n{click.format_filename(image.path)}:     file format elf32-littlearm\n"
    for span in spans:
        yield f"\nDisassembly of section {span.name}:"
        if span.guest_va not in labels:
            yield f"\n{span.guest_va:08x} <{image.label_of(span.guest_va) or span.name}>:"
        for line in listing.lines(image, span, forced):
            if line.guest_va in labels:
                yield f"\n{line.guest_va:08x} <{labels[line.guest_va]}>:"
            yield text_of(line)


def text_of(line: listing.Line) -> str:
    """Return a line of the listing: address, encoding, mnemonic, operands, comment."""
    text = f"{line.guest_va:8x}:\t{line.encoding():<9} \t{line.mnemonic}"
    if line.operands:
        text += f"\t{line.operands}"
    return f"{text}\t; {line.comment}" if line.comment else text
