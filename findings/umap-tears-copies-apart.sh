#!/usr/bin/env bash
# umap-learn 0.5.12: points that are exactly equal do not stay together. Ten copies among eighty other points come out
# spread over a fifth of the picture and more, whatever the seed; a density method then finds several groups in one text,
# or none. `unique=True`, which is off by default, lays them on one spot.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check umap-learn==0.5.12 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import umap

numbers = np.random.default_rng(0)
others = numbers.normal(size=(80, 32))
for copies in (10, 20, 40):
    points = np.vstack([np.repeat(numbers.normal(size=(1, 32)), copies, axis=0), others]).astype("f4")
    widths = {}
    for unique in (False, True):
        placed = umap.UMAP(n_neighbors=15, metric="cosine", random_state=1, unique=unique).fit_transform(points)
        of_all = np.linalg.norm(placed - placed.mean(axis=0), axis=1).mean()
        of_copies = np.linalg.norm(placed[:copies] - placed[:copies].mean(axis=0), axis=1).max()
        widths[unique] = of_copies / of_all
    print(f"umap-learn {version('umap-learn')}: {copies} copies spread over {widths[False]:.2f} of the mean radius; "
          f"with unique=True {widths[True]:.2f}")
    assert widths[False] > 0.1, "copies stay together now"
    assert widths[True] < 0.001, "unique=True no longer lays copies on one spot"
PYTHON
