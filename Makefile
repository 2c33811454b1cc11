# make demo   teach the embedded model Galician, end to end
# make test   the tests
# make check  style, types, layers, doctests, slow tests; with `make test` and `make demo` all that CI runs
#
# Each makes its own .venv and installs what it needs. On Linux, PyPI's torch brings gigabytes of CUDA; for the CPU build:
#   make demo PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"

VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS ?=
RECIPE ?= recipes/quickstart.toml
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check lint clean

demo: $(VENV)/.train
	@tools/install-apertium.sh apertium-en-gl || true
	@$(BIN)/taco run $(RECIPE)

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -q -n 2 -m "not slow"

check: lint
	@$(BIN)/python -m pytest -q -n 2 -m slow
	@$(BIN)/python -m pytest -q --doctest-modules src/taco

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy

$(VENV)/.train: pyproject.toml constraints.txt
	@tools/make-venv.sh $(VENV) train $(PIP_FLAGS)
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@tools/make-venv.sh $(VENV) train,dev $(PIP_FLAGS)
	@touch $@ $(VENV)/.train

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
