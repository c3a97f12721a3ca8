# Everything runs from .venv; nothing but Python 3.11+, git and make is needed. `make demo` is the place to begin.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SIGLIP := build/models/google_siglip_base_v1/manifest.json

.PHONY: demo test test-datasets test-export bench lint stubs lock clean setup

setup: $(READY)

$(READY): pyproject.toml requirements/dev.lock scripts/set_up.sh
	PYTHON=$(PYTHON) scripts/set_up.sh
	touch $@

demo: $(READY)  ## plays the tutorial on real photos; `make demo KEEP=folder` keeps the data and leaves the stack running
	$(BIN)/python -m services.local.demo $(if $(KEEP),--keep $(KEEP))

test: $(READY)  ## everything that a fresh machine can run
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest --ignore tests/datasets --ignore tests/export --ignore tests/performance

test-datasets: $(READY)  ## exports read back by the large libraries; installs them into an environment of its own
	scripts/set_up_datasets.sh
	.venv-datasets/bin/python -m pytest --confcutdir tests/datasets tests/datasets

test-export: $(READY)  ## the export of the large models; installs torch into an environment of its own
	scripts/set_up_export.sh
	.venv-export/bin/python -m pytest --confcutdir tests/export tests/export

bench: $(READY) $(SIGLIP)  ## ratios against what the hardware gives in the same run; allow an hour
	$(BIN)/python -m tests.performance.run

$(SIGLIP):
	scripts/set_up_export.sh
	.venv-export/bin/python -m scripts.export_siglip --random --to build/models

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy services scripts tests
	$(BIN)/lint-imports --no-cache
	cd protos && ../$(BIN)/buf lint
	$(BIN)/python -m pytest tests/contract/test_stubs.py

stubs: $(READY)  ## generates likeness/ from protos/
	$(BIN)/python scripts/generate_stubs.py

lock:  ## resolves requirements/dev.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --no-annotate --no-header -o requirements/dev.lock

clean:
	rm -rf .venv .venv-datasets .venv-export .likeness .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
