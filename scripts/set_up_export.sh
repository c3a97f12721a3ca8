#!/usr/bin/env bash
# Makes .venv-export: torch and open_clip, about 2 GB, for exporting models and testing the exports.
# torch by pip, on its own and with its dependencies: a CPU build on one machine is a CUDA build on another.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv-export/bin/python
pins=requirements/export.txt
ready=.venv-export/.ready
pip() { "$python" -m pip --disable-pip-version-check --quiet "$@"; }

if [ ! "$ready" -nt "$pins" ]; then
  [ -x "$python" ] || "${PYTHON:-python3}" -m venv .venv-export
  pip install "$(grep '^torch==' "$pins")"
  pip install --no-deps -r "$pins"
  touch "$ready"
fi
