# Every target stays inside the checkout: .venv/ holds Python packages, build/ everything else.
# What a target does is written in Python, so that it reads the same from make, CI and a shell.

PYTHON ?= python3
VENV_PYTHON = .venv/bin/python
SETUP = $(PYTHON) xlate/tools/bootstrap.py

.PHONY: help run test lint bench fuzz proof encodings decode campaign ieee faults soak debian musl known kept debian-tests clean

help:
	@echo 'make run    fetch a real ARM program, run it natively, with xlate and qemu-arm; a receipt'
	@echo 'make test   all checks and tests (as root: installs what they need; NO_APT=1 prevents it)'
	@echo 'make lint   ruff, mypy and the import contract only'
	@echo 'make bench  time kernels against native code and qemu-arm'
	@echo 'make kept   time starts with kept translations against native code and qemu-arm'
	@echo 'make fuzz   random instructions, several engines (COUNT=200000 SEED=1 ENGINES=stencil,unicorn; llvm, package);'
	@echo '            a second call goes on where the first was stopped, or with more'
	@echo 'make proof  300,000 encodings times 16 states and a million random blocks on every engine, unicorn and qemu-arm (hours;'
	@echo '            PROOF_MINUTES=60 for a part, a second call goes on; SEED=1 JOBS=2); docs/proof.md'
	@echo 'make encodings  docs/encodings.md, what becomes of every instruction word, and a picture: build/encodings.html'
	@echo 'make decode instruction words by the million, decoded here, by capstone and by objdump (SHARES=40, some 280,000 each)'
	@echo 'make ieee      floating point on all pairs of special values, in every mode (STEP=N: every N-th case)'
	@echo 'make campaign  slow tests: every kernel and disturbed program converted, run, compared'
	@echo 'make faults what may go wrong with a store, on purpose: kills, flipped bits, full disks ... (MINUTES=60); a second'
	@echo '            call goes on with other random numbers'
	@echo 'make soak   threads under load, each program for ten minutes (SECONDS_EACH=600)'
	@echo 'make debian some 180 invocations of Debian programs, armhf and armel, beside the amd64 builds, with an'
	@echo '            hour for conversion (MINUTES=60; fetches 900 MB); docs/debian.md'
	@echo 'make musl   the same with a userland of musl, built by gcc-arm-linux-gnueabihf from Debian'\''s sources'
	@echo 'make known  libraries of Debian for armhf asked for known answers, with and without their hand-written code;'
	@echo '            docs/known-answers.md'
	@echo 'make debian-tests  the own tests of Python, Perl and Lua beside the amd64 builds (an hour or two); docs/debian-tests.md'
	@echo 'make clean  remove .venv/, build/ and caches'

run:
	@echo 'make run fetches Python packages (pip, into .venv/) and busybox-static for armhf and amd64'
	@echo '(apt, with a private state in build/guest/), builds xlate-run in build/runtime/, runs a short'
	@echo 'job with each, then converts busybox (a minute or two) and runs them again with its package.'
	@echo 'It needs no root and writes nothing outside this checkout.'
	@$(SETUP)
	@$(VENV_PYTHON) -m xlate.tools.demo

test:
	@$(SETUP) --system --extras dev,verify
	@$(VENV_PYTHON) -m xlate.tools.check all

lint:
	@$(SETUP) --extras dev,verify
	@$(VENV_PYTHON) -m xlate.tools.check lint

bench:
	@$(SETUP) --extras dev,verify
	@$(VENV_PYTHON) -m tests.bench

COUNT ?= 200000
ENGINES ?= stencil,unicorn
SEED ?= 1
fuzz:
	@$(SETUP) --extras dev,verify
	@$(VENV_PYTHON) -m xlate.tools.fuzz --engines $(ENGINES) --driver \
		$$($(VENV_PYTHON) -m xlate.runtime.build --program xlate-insn) --count $(COUNT) --seed $(SEED) --jobs 2 --keep build/fuzz

JOBS ?= 2
proof:
	@$(SETUP) --system --extras dev,verify
	@$(VENV_PYTHON) -m xlate.tools.proof --seed $(SEED) --jobs $(JOBS) --minutes $(or $(PROOF_MINUTES),0) --keep build/proof --page

encodings:
	@$(SETUP) --extras dev,verify
	@mkdir -p build
	@$(VENV_PYTHON) -m xlate.tools.encoding_account --write --picture build/encodings.html

SHARES ?= 40
decode:
	@$(SETUP) --system --extras dev,verify
	@$(VENV_PYTHON) -m xlate.tools.decode --shares $(SHARES) --jobs 2

campaign:
	@$(SETUP) --extras dev,verify
	@$(VENV_PYTHON) -m pytest -m campaign

# Every STEP-th case: 1 is all of them, and takes an hour.
STEP ?= 1
ieee:
	@$(SETUP) --extras dev,verify
	@XLATE_IEEE_STEP=$(STEP) $(VENV_PYTHON) -m pytest -m campaign tests/insn/test_ieee_pairs.py

faults:
	@$(SETUP) --extras dev,verify
	@$(VENV_PYTHON) -m tests.faults --minutes $(MINUTES)

SECONDS_EACH ?= 600
soak:
	@$(SETUP) --extras dev,verify
	@XLATE_STRESS_SECONDS=$(SECONDS_EACH) $(VENV_PYTHON) -m pytest tests/run/test_stress.py -k disturbed

# Conversion of everything takes hours: a second call with more MINUTES goes on where the first stopped.
MINUTES ?= 60
debian:
	@$(SETUP) --extras dev,verify
	@status=0; for world in "armhf --minutes $(MINUTES)" armel; do \
		$(VENV_PYTHON) -m xlate.tools.debian_table --world $$world || status=1; done; exit $$status

musl:
	@$(SETUP) --extras dev,verify
	@$(VENV_PYTHON) -m xlate.tools.debian_table --world musl --minutes $(MINUTES)

known:
	@$(SETUP) --extras dev,verify
	@$(VENV_PYTHON) -m xlate.tools.debian_table --world known --minutes $(MINUTES)

# Start-up with kept translations, beside native and qemu-arm, in the scenarios of the literature.
kept:
	@$(SETUP) --extras dev,verify,bench
	@$(VENV_PYTHON) -m xlate.tools.kept_scenarios --page

debian-tests:
	@$(SETUP) --extras dev,verify
	@$(VENV_PYTHON) -m xlate.tools.suites_table

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
