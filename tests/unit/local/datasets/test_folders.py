import os
from pathlib import Path

from services.local.datasets.formats import format_of
from tests.unit.local.datasets.making import labels, read, write


def test_a_folder_per_label_gives_its_name_and_nested_folders_a_path(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.jpg", "shoes/running/red/2.jpg", "shoes/3.jpg", "hats/4.jpg")
    rows, skipped = read(tmp_path)
    assert labels(rows, " > ") == {
        "cat/1.jpg": ["cat"],
        "hats/4.jpg": ["hats"],
        "shoes/3.jpg": ["shoes"],
        "shoes/running/red/2.jpg": ["shoes > running > red"],
    }
    assert not skipped


def test_files_of_no_folder_have_no_label(tmp_path: Path) -> None:
    rows, _ = read(write(tmp_path, "1.jpg", "2.png", "cat/3.jpg", "_unlabeled/4.jpg"))
    assert labels(rows) == {"1.jpg": [], "2.png": [], "cat/3.jpg": ["cat"], "_unlabeled/4.jpg": []}


def test_every_file_is_accounted_for(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.JPG", "cat/notes.xyz", "cat/.hidden.jpg", "__MACOSX/cat/1.jpg")
    (tmp_path / "cat" / "empty.jpg").touch()
    rows, skipped = read(tmp_path)
    assert list(rows) == ["cat/1.JPG"]
    assert set(skipped) == {"cat/notes.xyz", "cat/empty.jpg"}
    assert "empty" in skipped["cat/empty.jpg"]


def test_texts_are_read_from_folders_too(tmp_path: Path) -> None:
    write(tmp_path, "invoice/1.txt", "letter/2.pdf", "letter/3.jpg", "README.md")
    rows, skipped = read(tmp_path, kind="text")
    assert labels(rows) == {"invoice/1.txt": ["invoice"], "letter/2.pdf": ["letter"]}
    assert set(skipped) == {"letter/3.jpg", "README.md"}


def test_metadata_adds_fields_and_takes_no_label_away(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.jpg", "dog/2.jpg", "dog/3.jpg")
    (tmp_path / "metadata.csv").write_text("file_name,caption\ncat/1.jpg,sleeps\n./dog/2.jpg,runs\ndog/9.jpg,gone\n")
    rows, skipped = read(tmp_path)
    assert labels(rows) == {"cat/1.jpg": ["cat"], "dog/2.jpg": ["dog"], "dog/3.jpg": ["dog"]}
    assert rows["dog/2.jpg"].fields == {"caption": "runs"}
    assert list(skipped) == ["dog/9.jpg"]


def test_a_table_of_sources_takes_no_label_away(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.jpg", "dog/2.jpg")
    (tmp_path / "SOURCES.tsv").write_text("file\tlicence\ncat/1.jpg\tCC0\n")
    assert format_of(tmp_path).name == "folder"
    rows, skipped = read(tmp_path)
    assert labels(rows) == {"cat/1.jpg": ["cat"], "dog/2.jpg": ["dog"]}
    assert rows["cat/1.jpg"].fields == {"licence": "CC0"}
    assert not skipped


def test_metadata_may_name_the_label(tmp_path: Path) -> None:
    write(tmp_path, "1.jpg", "2.jpg")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "1.jpg", "label": "0012"}\n{"file_name": "2.jpg"}\n')
    rows, _ = read(tmp_path)
    assert labels(rows) == {"1.jpg": ["0012"], "2.jpg": []}


def test_splits_of_yolo_are_splits(tmp_path: Path) -> None:
    write(tmp_path, "train/cat/1.jpg", "train/dog/2.jpg", "val/dog/3.jpg", "test/bird/4.jpg")
    rows, _ = read(tmp_path)
    assert format_of(tmp_path).name == "yolo"
    assert labels(rows)["val/dog/3.jpg"] == ["dog"]
    assert {row.split for row in rows.values()} == {"train", "val", "test"}


def test_labels_that_are_called_like_splits_are_labels(tmp_path: Path) -> None:
    rows, _ = read(write(tmp_path / "a", "train/1.jpg", "bus/2.jpg", "dev/3.jpg"))
    assert labels(rows) == {"train/1.jpg": ["train"], "bus/2.jpg": ["bus"], "dev/3.jpg": ["dev"]}
    rows, _ = read(write(tmp_path / "b", "train/1.jpg", "test/2.jpg"))
    assert labels(rows) == {"train/1.jpg": ["train"], "test/2.jpg": ["test"]}


def test_links_are_followed_once_and_names_in_any_bytes_are_read(tmp_path: Path) -> None:
    root = write(tmp_path / "set", "cat/1.jpg")
    write(tmp_path / "elsewhere", "2.jpg")
    (root / "dog").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "loop").symlink_to(root, target_is_directory=True)
    Path(os.fsdecode(os.fsencode(root) + b"/cat/\xff.jpg")).write_bytes(b"x")
    rows, _ = read(root)
    assert labels(rows) == {"cat/1.jpg": ["cat"], "cat/\\xff.jpg": ["cat"], "dog/2.jpg": ["dog"]}
    assert all(row.content.path is not None and row.content.path.is_file() for row in rows.values())
