"""How pictures look: copies nearly the same, different photos not."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.local.exports.picture_hash import BYTES, NEAR, look_of, near_pairs

PHOTOS = Path("samples/photos")


@pytest.fixture(scope="module")
def photos() -> list[Path]:
    return sorted(PHOTOS.glob("*/*.jpg"))[::4]


def looks(paths: list[Path]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    found = [look for path in paths if (look := look_of(path))]
    assert len(found) == len(paths)
    return np.frombuffer(b"".join(found), np.uint8).reshape(len(found), BYTES)


def test_smaller_and_recompressed_copies_look_alike(photos: list[Path], tmp_path: Path) -> None:
    copies = []
    for number, path in enumerate(photos):
        with Image.open(path) as picture:
            copy = picture.convert("RGB").resize((picture.width * 2 // 3, picture.height * 2 // 3))
            copies.append(tmp_path / f"{number}.jpg")
            copy.save(copies[-1], quality=60)
    pairs = near_pairs(looks([*photos, *copies]))
    assert set(pairs) >= {(place, place + len(photos)) for place in range(len(photos))}
    assert not [pair for pair in pairs if pair[1] - pair[0] != len(photos)]


def test_pairs_are_those_that_differ_in_few_bits() -> None:
    found = np.random.default_rng(1).integers(0, 4, (60, BYTES), dtype=np.uint8)
    words = found.view(np.uint64)
    expected = [
        (one, other)
        for one, other in itertools.combinations(range(len(found)), 2)
        if int(np.bitwise_count(words[one] ^ words[other]).sum()) <= NEAR
    ]
    assert near_pairs(found) == expected


def test_what_is_no_picture_has_no_look(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    assert look_of(tmp_path / "a.jpg") is None
