"""`xlate verify PROG ARGS`: states stand alone, planted faults are found and named."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest

from backends.llvm import integer
from tests import needs
from tests.verify.conftest import STATUS, Checked
from tests.verify.test_static import symbol, with_wrong_code
from xlate.loader import parse
from xlate.package import quarantine
from xlate.package.format import write
from xlate.verify import culprit
from xlate.verify.culprit import DAMAGED, OWN_TEXT, Trial, texts_of
from xlate.verify.cut import ALL, Cut, compile_cut
from xlate.verify.placement import Placement, grafted
from xlate.verify.recording import Recorded, read_recording
from xlate.verify.replay import Machine
from xlate.verify.sample import Sample

ALL_OPTIONS = ("verify", "--json", "--run")
# hash() calls mixed() 33 times, of which the first, second, fourth and eighth are recorded.
ENGINES = ("baseline alone", "optimised", "interp", "unicorn")
ARRIVALS = {"hash": [1], "mixed": [1, 2, 4, 8], "mean": [1], "chosen": [1, 2]}


def recording(checked: Checked, what: str = "1/1:0:100") -> list[Recorded]:
    path = checked.cache / "recording"
    command = [str(checked.xlate_run), "--record", f"{what}:{path}", str(checked.program)]
    done = subprocess.run(command, env=checked.environment, timeout=60, check=False)
    assert done.returncode == STATUS  # the guest notices nothing
    return [row for row in read_recording(path.read_bytes()) if isinstance(row, Recorded)]


def test_what_is_recorded_is_every_entry_with_what_it_touches(checked):
    rows = recording(checked)
    for name, arrivals in ARRIVALS.items():
        key = symbol(checked, name)
        assert [row.arrival for row in rows if row.key == key] == arrivals
    hashing = next(row for row in rows if row.key == symbol(checked, "hash"))
    text = symbol(checked, "text")
    before = hashing.case.pages[text & -4096][1][text & 4095 :]
    assert before.startswith(b"what is written here is read back\0")
    assert hashing.end.stop == "fetch"
    assert {row.end.stop for row in rows} == {"fetch", "svc"}
    mixing = next(row for row in rows if row.key == symbol(checked, "mixed"))
    assert mixing.case.state.r[:2] == [5381, ord("w")]


def test_a_sample_first_and_count_choose_the_same_cases_each_time(checked):
    def places(what: str) -> list[tuple[int, int]]:
        return [(row.key, row.arrival) for row in recording(checked, what)]

    whole = places("1/1:0:100")
    assert places("1/1:3:4") == whole[3:7]
    share = Sample(1, 2)
    assert places("1/2:0:100") == [place for place in whole if share.takes(place[0])]


def test_all_engines_agree_on_a_sound_package(converted):
    needs.needs_module("unicorn")
    done = converted.xlate(*ALL_OPTIONS, str(converted.program))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["status"], told["differences"]) == (0, STATUS, [])
    assert told["cases"] >= 9
    assert told["agreed"] == dict.fromkeys(ENGINES, told["cases"])


def test_damage_is_found_by_what_it_does_and_named(checked):
    key = symbol(checked, "mixed")
    write(checked.path, with_wrong_code(checked.package, key))
    done = checked.xlate(*ALL_OPTIONS, str(checked.program))
    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [(row["key"], row["stage"]) for row in told["wrong"]] == [(key, DAMAGED)]
    assert told["taken_out"] == [key]
    assert {row["engine"] for row in told["differences"]} == {"optimised"}
    assert checked.status() == STATUS
    # A conversion makes it right again, so nothing is kept from the next one.
    assert quarantine.quarantined(checked.cache, checked.program.read_bytes()) == {}


def test_a_planted_wrong_lowering_is_found_and_stays_out(checked, monkeypatch):
    monkeypatch.setitem(integer._SIMPLE, "mul", "add")
    convert = ("convert", "-q", "--jobs", "1", str(checked.program))
    assert checked.xlate(*convert).exit_code == 0
    assert checked.status() == STATUS + 50
    # Fresh code is as wrong as the package: only what it does tells.
    assert checked.xlate("verify", "--jobs", "1", str(checked.program)).exit_code == 0
    done = checked.xlate(*ALL_OPTIONS, "--bisect", str(checked.program))
    told = json.loads(done.stdout)
    key = symbol(checked, "mixed")
    assert [(row["key"], row["stage"]) for row in told["wrong"]] == [(key, OWN_TEXT)]
    assert (done.exit_code, told["unexplained"]) == (1, 0)
    assert checked.status() == STATUS
    assert checked.xlate(*convert).exit_code == 0
    assert checked.status() == STATUS


@pytest.mark.parametrize("number", [1, 2, 9])
def test_a_planted_wrong_pass_is_named(checked, monkeypatch, number):
    """A pass that goes wrong is planted as code that is wrong from its number on."""
    key = symbol(checked, "mixed")
    names = [f"pass{i}" for i in range(1, 12)]
    right = {}

    def compiling(texts, level, limit):
        if not right:
            whole = compile_cut(texts, level, ALL)
            assert len(whole.passes) > 20
            right["code"] = whole.outcomes
            right["wrong"] = compile_cut(wrong_texts(texts), level, ALL).outcomes
        is_wrong = limit in (ALL, *range(number, 99))
        return Cut(right["wrong" if is_wrong else "code"], tuple(names))

    def wrong_texts(texts):
        return [replace(text, text=text.text.replace("= xor i32", "= and i32")) for text in texts]

    monkeypatch.setattr(culprit.find_stage, "__defaults__", (compiling,))
    write(checked.path, with_wrong_code(checked.package, key))
    done = checked.xlate(*ALL_OPTIONS, "--bisect", "--keep", str(checked.program))
    (row,) = json.loads(done.stdout)["wrong"]
    assert (row["key"], row["stage"]) == (key, f"pass {number} of LLVM, pass{number}")


@pytest.mark.parametrize("name", ["hash", "chosen", "mean"])
def test_fresh_code_is_right_at_every_cut_and_in_another_place(checked, tmp_path, name):
    """Calls, a table of constants and floating point lead to the right places after the graft."""
    key = symbol(checked, name)
    row = next(row for row in recording(checked) if row.key == key)
    machine = Machine(checked.xlate_run.with_name("xlate-insn"), checked.path.parent)
    (expected,) = machine.baseline([row.case])
    data = checked.program.read_bytes()
    trial = Trial(row, expected, checked.package, data, machine, tmp_path)
    texts = texts_of(parse(data), trial.package, key)
    for limit in (0, 5, ALL):
        cut = compile_cut(texts, 1, limit)
        code = {text.name: code for text, code in zip(texts, cut.outcomes, strict=True)}
        placed = Placement(grafted(trial.package, code))
        assert placed.code(f"f_{key:08x}")[0] == 0xE9
        assert not trial.fails_with(placed.package)
        assert len(cut.passes) == limit or limit == ALL


def test_what_cannot_be_run_is_said(checked, tmp_path):
    done = checked.xlate("verify", "--run", str(tmp_path / "none"))
    assert (done.exit_code, "xlate: " in done.stderr) == (1, True)
    assert checked.xlate("verify", "--bisect", str(checked.program)).exit_code == 2
    assert checked.xlate("verify", "--sample", "3/2", str(checked.program)).exit_code == 2
    checked.path.unlink()
    done = checked.xlate("verify", "--run", str(checked.program))
    assert (done.exit_code, "xlate convert" in done.stderr) == (1, True)
