"""The libraries' own UMAP and HDBSCAN, as anybody would call them, run as a process of its own.

`python -m tests.performance.bare_clusters VECTORS DIMENSIONS SMALLEST` prints how many clusters there are.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.cluster import HDBSCAN
from umap import UMAP


def main() -> None:
    """Reduces the vectors by UMAP, as the contract's defaults say but for the dimensions, and clusters them."""
    vectors = np.load(Path(sys.argv[1])).astype(np.float32)
    reducer = UMAP(n_components=int(sys.argv[2]), n_neighbors=30, min_dist=0.0, metric="cosine", random_state=42)
    labels = HDBSCAN(min_cluster_size=int(sys.argv[3]), copy=True).fit_predict(reducer.fit_transform(vectors))
    print(labels.max() + 1)


if __name__ == "__main__":
    main()
