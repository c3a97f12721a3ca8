#!/usr/bin/env bash
# scikit-learn 1.9.1: MeanShift with its defaults raises on the easiest set there is, a few points in many copies. The
# bandwidth that it estimates is 0, and then "No point was within bandwidth=0.000000 of any seed" although every point is
# a seed. KMeans, DBSCAN, HDBSCAN and OPTICS find the two groups of the same set.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import sklearn
from sklearn.cluster import DBSCAN, HDBSCAN, OPTICS, KMeans, MeanShift, estimate_bandwidth

points = np.repeat(np.random.default_rng(0).normal(size=(2, 8)), 10, axis=0)
for method in (KMeans(2, random_state=0), DBSCAN(), HDBSCAN(), OPTICS(min_samples=5)):
    found = method.fit_predict(points)
    assert len(set(found[:10])) == len(set(found[10:])) == 1 and found[0] != found[10], type(method).__name__
print(f"scikit-learn {sklearn.__version__}: estimated bandwidth {estimate_bandwidth(points)}")
assert estimate_bandwidth(points) == 0.0
try:
    MeanShift().fit(points)
except ValueError as error:
    print("MeanShift:", " ".join(str(error).split()))
else:
    raise SystemExit("MeanShift takes copies now")
PYTHON
