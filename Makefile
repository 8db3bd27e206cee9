# Everything that a person does here, by one word each; "make" alone lists the words.

SHELL := /bin/sh
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell \
	$(name) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $(name))))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

PICTURE ?= window.png
SETS ?=
TRAIN ?=

.DEFAULT_GOAL := help
.PHONY: help run test check bench train fonts system clean

help:
	@echo 'make run     search the sample photos: in the window, or here when there is no display'
	@echo 'make test    check, then all tests with coverage'
	@echo 'make check   ruff, mypy, import-linter'
	@echo 'make bench   speed of search; with SETS="DIR DIR" quality and speed beside an OCR program'
	@echo 'make train   train the towers anew; TRAIN="--minutes 180 --photos DIR" says how'
	@echo 'make fonts   install the fonts and word lists that training renders with (Debian)'
	@echo 'make clean   remove the environment and what the tools left behind'

run: $(VENV)/.run
	@$(BIN)/photolex demo
	@$(BIN)/python -c 'from engine import demo; print(demo.first_query(), demo.sample_library())' \
	| { read -r query library; \
	if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		exec $(BIN)/photolex --library "$$library" --query "$$query"; \
	fi; \
	QT_QPA_PLATFORM=offscreen $(BIN)/photolex --library "$$library" --query "$$query" \
		--picture "$(PICTURE)" \
	&& echo "No display here: a picture of the window is in $(PICTURE)"; }

test: check
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest --cov=engine --cov-fail-under=90

check: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.bench
	@$(BIN)/python -m tests.bench
ifneq ($(strip $(SETS)),)
	@$(BIN)/photolex-export evaluate $(foreach set,$(SETS),--set "$(set)") --control rapidocr
endif

train: $(VENV)/.bench
	@$(BIN)/photolex-export train all $(TRAIN)

fonts:
	@$(PYTHON) .ci/system.py fonts

system:
	@[ -n "$(PYTHON)" ] || { echo 'Photolex needs Python 3.11, 3.12 or 3.13.'; exit 1; }
	@$(PYTHON) .ci/system.py start

# The files .made, .run, .test and .bench say what the environment holds.
$(VENV)/.made: | system
	@$(PYTHON) .ci/system.py run
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 \
	|| { $(PYTHON) -m venv --clear --without-pip $(VENV) \
		&& $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; } \
	|| $(PYTHON) -m virtualenv --quiet --clear $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt | system
	@echo 'Installing Photolex into $(VENV)'
	@$(PIP) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml constraints.txt | system
	@$(PYTHON) .ci/system.py test
	@echo 'Installing Photolex, its tools and PyTorch into $(VENV)'
	@$(PIP) -e '.[dev,export]'
	@touch $@ $(VENV)/.run

$(VENV)/.bench: $(VENV)/.test
	@$(PIP) -e '.[dev,export,bench]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage* .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache .hypothesis $(PICTURE)
