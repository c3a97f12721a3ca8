"""How a picture looks, in 128 bits that a smaller or recompressed copy shares but for a few."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Hashes = NDArray[np.uint8]
BYTES = 16
SIDE = 9
NEAR = 14
"""So many of the 128 bits may differ between copies of one picture. The samples' 131 photos differ from copies of half
the size, or of a JPEG quality of 30, in at most 9, and from each other in at least 28. It is less than BYTES, see
`near_pairs`."""
ROWS = 512


def look_of(path: Path) -> bytes | None:
    """Which of two neighbours is brighter, across and down, in nine by nine points; None for what is no picture."""
    try:
        with Image.open(path) as picture:
            picture.draft("L", (256, 256))
            small = ImageOps.exif_transpose(picture).convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    pixels = np.asarray(small, dtype=np.int16)
    across, down = pixels[:-1, 1:] > pixels[:-1, :-1], pixels[1:, :-1] > pixels[:-1, :-1]
    return np.packbits(np.concatenate([across.ravel(), down.ravel()])).tobytes()


def near_pairs(looks: Hashes) -> list[tuple[int, int]]:
    """The pairs of (n, 16) looks that differ in at most NEAR bits, the lower place first.

    Two that differ in fewer bits than there are bytes share a byte, so only those that share one are compared.
    """
    found: set[tuple[int, int]] = set()
    for byte in range(BYTES):
        column = looks[:, byte]
        order = np.argsort(column, kind="stable")
        ends = np.flatnonzero(np.diff(column[order])) + 1
        for group in np.split(order, ends):
            found |= _pairs_in(looks, group)
    return sorted(found)


def _pairs_in(looks: Hashes, places: NDArray[np.intp]) -> set[tuple[int, int]]:
    words = np.ascontiguousarray(looks[places]).view(np.uint64)
    found: set[tuple[int, int]] = set()
    for start in range(0, len(places), ROWS):
        differ = np.bitwise_count(words[start : start + ROWS, None, :] ^ words[None, start:, :]).sum(axis=2)
        for first, second in np.argwhere(differ <= NEAR):
            one, other = int(places[start + first]), int(places[start + second])
            if first < second:
                found.add((min(one, other), max(one, other)))
    return found
