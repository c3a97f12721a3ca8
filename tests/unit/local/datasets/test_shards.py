import io
import tarfile
from pathlib import Path

import pytest

from services.common.errors import InvalidArgumentError
from tests.unit.local.datasets.making import labels, picture, read


def shard(path: Path, **files: bytes) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_samples_have_pictures_labels_and_fields(tmp_path: Path) -> None:
    files = {"img/a.jpg": picture(1), "img/a.cls": b"1", "img/a.json": b'{"price": 3, "split": "val"}'}
    files |= {"b.png": picture(2), "b.label": b"shoe", "c.jpg": picture(3), "c.cls": b"None", "d.txt": b"words"}
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    shard(tmp_path / "000.tar", **files)
    rows, skipped = read(tmp_path)
    assert labels(rows) == {"img/a": ["dog"], "b": ["shoe"], "c": []}
    assert (rows["img/a"].fields, rows["img/a"].split) == ({"price": 3}, "val")
    assert rows["img/a"].content.data == picture(1)
    assert list(skipped) == ["d"]


def test_pictures_whose_names_agree_up_to_the_first_dot_are_all_there(tmp_path: Path) -> None:
    files = {"shoe.1.jpg": picture(1), "shoe.1.cls": b"red", "shoe.2.jpg": picture(2), "shoe.2.cls": b"blue"}
    rows, _ = read(shard(tmp_path / "x.tar", **files))
    assert labels(rows) == {"shoe.1": ["red"], "shoe.2": ["blue"]}
    files = {"7.left.jpg": picture(1), "7.right.jpg": picture(2), "7.cls": b"5"}
    rows, _ = read(shard(tmp_path / "y.tar", **files))
    assert labels(rows) == {"7.left": ["5"], "7.right": ["5"]}


def test_labels_of_the_json_are_read_with_who_set_them(tmp_path: Path) -> None:
    told = b'{"label": "cat", "label_source": "auto", "label_confidence": 0.5}'
    rows, _ = read(
        shard(tmp_path / "x.tar", **{"a.jpg": picture(), "a.json": told, "b.jpg": picture(), "b.json": b"{"})
    )
    assert (rows["a"].labels[0].set_by, rows["a"].labels[0].score) == ("auto", 0.5)
    assert not rows["a"].fields


def test_a_shard_that_breaks_off_is_told(tmp_path: Path) -> None:
    path = shard(tmp_path / "x.tar", **{"a.jpg": picture() * 100})
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InvalidArgumentError, match="broken or no tar"):
        read(path)
