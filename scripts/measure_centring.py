"""Measures what subtracting a fixed centre does to EfficientNet-Lite2: prints the table of docs/models.md.

The centre comes from half of the kinds of photos and is judged on the other half, over random halves and their
reverses. Friends: each photo against all others. Strangers: each kind against the photos of all other kinds.
`.venv-export/bin/python -m scripts.measure_centring`
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from scripts.export_efficientnet import PHOTOS, Pooled, pool_photos

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6)
HALVES = 21
Scores = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]


def unit(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows at unit norm."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float64)


def judge(rows: NDArray[np.float64], kinds: NDArray[np.str_]) -> Scores:
    """Per photo: whether its nearest other photo is of its kind, that score, and its best score among other kinds."""
    scores = rows @ rows.T
    np.fill_diagonal(scores, -1.0)
    same = kinds[:, None] == kinds[None]
    return kinds[scores.argmax(1)] == kinds, scores.max(1), np.where(same, -1.0, scores).max(1)


def halves(kinds: NDArray[np.str_]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Photos to take the centre from and photos to judge: random halves of the kinds, both ways round."""
    names, random = np.unique(kinds), np.random.default_rng(0)
    for _ in range(HALVES):
        first = np.isin(kinds, random.permutation(names)[: len(names) // 2])
        yield first, ~first
        yield ~first, first


def line(name: str, judged: list[Scores]) -> str:
    """One row of the table: accuracy, then precision/coverage/strangers at each threshold."""
    right, friend, stranger = (np.concatenate(part) for part in zip(*judged, strict=True))
    cells = (
        f"{right[friend >= t].mean():.3f} / {(friend >= t).mean():.2f} / {(stranger >= t).mean():.2f}"
        for t in THRESHOLDS
    )
    return f"| {name} | {right.mean():.3f} | {' | '.join(cells)} |"


def main() -> None:
    """Prints the table."""
    features, names = pool_photos(Pooled().eval(), PHOTOS)
    kinds = np.array(names)
    raw, centred = [], []
    for known, judged in halves(kinds):
        raw.append(judge(unit(features[judged]), kinds[judged]))
        centred.append(judge(unit(features[judged] - features[known].mean(0)), kinds[judged]))
    whole = judge(unit(features - features.mean(0)), kinds)
    print(line("raw, half of the kinds", raw))
    print(line("centred on the other half", centred))
    print(line("raw, all 16 kinds", [judge(unit(features), kinds)]))
    print(line("as shipped, all 16 kinds", [whole]))


if __name__ == "__main__":
    main()
