#!/usr/bin/env bash
# Makes .venv with everything that is pinned, by uv where it works (it is several times faster) and by pip otherwise:
# uv does not read pip's configuration, so on a machine with an index of its own it may find nothing.
# The lock is complete, so nothing is resolved anew: insightface would bring a second OpenCV.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
[ -x "$python" ] || "${PYTHON:-python3}" -m venv .venv

with_uv() {
  "$python" -m pip install --quiet --disable-pip-version-check uv &&
    "$python" -m uv pip install --quiet --python "$python" --no-deps -r requirements/dev.lock &&
    "$python" -m uv pip install --quiet --python "$python" --no-deps -e .
}

with_pip() {
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/dev.lock &&
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps -e .
}

with_uv || with_pip
