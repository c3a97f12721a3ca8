#!/usr/bin/env bash
# Makes .venv-datasets: the large libraries that exported data sets are for, about 1.3 GB, to read exports back with.
# The pins are complete, so nothing is resolved anew.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv-datasets/bin/python
pins=requirements/datasets.txt
ready=.venv-datasets/.ready

if [ ! "$ready" -nt "$pins" ]; then
  [ -x "$python" ] || "${PYTHON:-python3}" -m venv .venv-datasets
  "$python" -m pip --disable-pip-version-check --quiet install --no-deps -r "$pins"
  touch "$ready"
fi
