from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.common.errors import InvalidArgumentError
from tests.unit.local.datasets.making import labels, picture, read, write


def hugging_face(path: Path) -> Path:
    """A file as `datasets` writes it: pictures as {bytes, path}, labels as numbers whose names are in the schema."""
    features = {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    images = [{"bytes": picture(1), "path": "1.jpg"}, {"bytes": None, "path": str(path.parent / "2.jpg")}]
    images += [{"bytes": None, "path": "/gone/3.jpg"}, {"bytes": picture(4), "path": None}]
    table = pa.table(
        {
            "image": pa.array(images, pa.struct({"bytes": pa.binary(), "path": pa.string()})),
            "label": pa.array([0, 1, 1, None], pa.int64()),
        }
    )
    info = orjson.dumps({"info": {"features": features}})
    pq.write_table(table.replace_schema_metadata({b"huggingface": info}), path)
    return path


def test_hugging_faces_pictures_and_named_labels(tmp_path: Path) -> None:
    write(tmp_path, "2.jpg")
    name = "train-00000-of-00001.parquet"
    rows, skipped = read(hugging_face(tmp_path / name))
    assert labels(rows) == {f"{name}#1": ["cat"], str(tmp_path / "2.jpg"): ["dog"], f"{name}#4": []}
    assert rows[f"{name}#1"].content.data == picture(1)
    assert rows[f"{name}#1"].name == "1.jpg"
    assert rows[f"{name}#1"].split == "train"
    assert "holds no bytes, only a path" in skipped["train-00000-of-00001.parquet#3"]


def test_a_folder_of_parquet_files_is_one_set(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "data").mkdir()
    for number, name in enumerate(["a", "b"]):
        table = pa.table({"path": [str(tmp_path / f"{name}.jpg")], "label": [name], "price": [number + 0.5]})
        pq.write_table(table, tmp_path / "data" / f"{name}.parquet")
    rows, _ = read(tmp_path)
    assert sorted(each for found in labels(rows).values() for each in found) == ["a", "b"]
    assert sorted(row.fields["price"] for row in rows.values()) == [0.5, 1.5]


def test_bytes_in_a_column_are_content(tmp_path: Path) -> None:
    pq.write_table(pa.table({"image": [picture(), b""], "id": [7, 8]}), tmp_path / "set.parquet")
    rows, skipped = read(tmp_path / "set.parquet", id="id")
    assert rows["7"].content.data == picture()
    assert skipped == {"8": "its bytes are empty"}


def test_what_is_no_parquet_is_told(tmp_path: Path) -> None:
    (tmp_path / "set.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidArgumentError, match="cannot be read as Parquet"):
        read(tmp_path / "set.parquet")
