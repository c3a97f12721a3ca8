import base64
from pathlib import Path

import pytest

from services.common.errors import InvalidArgumentError
from services.local.datasets.formats import format_of
from tests.unit.local.datasets.making import labels, picture, read, write


def test_a_table_names_files_labels_and_further_fields(tmp_path: Path) -> None:
    write(tmp_path, "a/1.jpg", "2.jpg")
    table = tmp_path / "set.csv"
    table.write_text("﻿image,label,price,split\n./a//1.jpg,Shoes > Running,12.5,train\n2.jpg,,,\n", encoding="utf-8")
    rows, skipped = read(table, separator=" > ")
    assert labels(rows, " > ") == {"a/1.jpg": ["Shoes > Running"], "2.jpg": []}
    assert rows["a/1.jpg"].labels[0].path == ("Shoes", "Running")
    assert rows["a/1.jpg"].fields == {"price": "12.5"}
    assert rows["a/1.jpg"].split == "train"
    assert rows["a/1.jpg"].content.path == tmp_path / "a" / "1.jpg"
    assert not skipped


def test_leading_zeros_and_quoted_values_stay(tmp_path: Path) -> None:
    write(tmp_path, "1.jpg", "2.jpg")
    (tmp_path / "set.tsv").write_text('path\tlabel\n1.jpg\t0012\n2.jpg\t"a\tb\nc"\n')
    rows, _ = read(tmp_path / "set.tsv")
    assert labels(rows) == {"1.jpg": ["0012"], "2.jpg": ["a\tb\nc"]}


def test_addresses_and_data_uris_are_content(tmp_path: Path) -> None:
    uri = "data:image/jpeg;base64," + base64.b64encode(picture()).decode()
    lines = ["https://example.com/a.jpg?x=1", "s3://bucket/b.jpg", uri, "data:image/jpeg;base64,***", "", "gone.jpg"]
    (tmp_path / "set.csv").write_text("url,label\n" + "".join(f'"{line}",x\n' for line in lines))
    rows, skipped = read(tmp_path / "set.csv")
    assert rows["https://example.com/a.jpg?x=1"].name == "a.jpg"
    assert rows["s3://bucket/b.jpg"].content.url == "s3://bucket/b.jpg"
    assert rows["set.csv#3"].content.data == picture()
    assert set(skipped) == {"set.csv#4", "set.csv#5", "set.csv#6"}


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("image,kind,price\n1.jpg,a,1\n")
    for reading in ({"label": "label"}, {"content": "photo"}, {"id": "key"}):
        with pytest.raises(InvalidArgumentError, match="'image', 'kind', 'price'"):
            read(tmp_path / "set.csv", **reading)
    (tmp_path / "none.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InvalidArgumentError, match="no column for the image: it has 'a', 'b'"):
        read(tmp_path / "none.csv")


def test_named_columns_are_used_and_ids_kept(tmp_path: Path) -> None:
    write(tmp_path, "1.jpg")
    (tmp_path / "set.csv").write_text("sku,photo,kind\nA-1,1.jpg,shoe\n")
    rows, _ = read(tmp_path / "set.csv", content="photo", label="kind", id="sku")
    assert labels(rows) == {"A-1": ["shoe"]}
    assert not rows["A-1"].fields


def test_semicolons_and_lines_that_are_too_long(tmp_path: Path) -> None:
    write(tmp_path, "1.jpg", "2.jpg")
    (tmp_path / "set.csv").write_text("image;label\n1.jpg;a\n2.jpg;b;c\n")
    rows, skipped = read(tmp_path / "set.csv")
    assert labels(rows) == {"1.jpg": ["a"]}
    assert "3 values for 2 columns" in skipped["set.csv#2"]


def test_json_lines_may_differ_and_broken_ones_are_told(tmp_path: Path) -> None:
    write(tmp_path, "1.jpg", "2.jpg")
    lines = ['{"file_name": "1.jpg", "label": ["a", "b"]}', "", '{"file_name": "2.jpg", "label": 7, "more": {"x": 1}}']
    (tmp_path / "set.jsonl").write_text("\n".join([*lines, '{"broken', "[1]", ""]))
    rows, skipped = read(tmp_path / "set.jsonl")
    assert labels(rows) == {"1.jpg": ["a", "b"], "2.jpg": ["7"]}
    assert rows["2.jpg"].fields == {"more": {"x": 1}}
    assert set(skipped) == {"set.jsonl#3", "set.jsonl#4"}


def test_texts_in_a_column_are_the_content(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("text,label\nInvoice 17,invoice\nDear Bob,letter\n")
    rows, _ = read(tmp_path / "set.csv", kind="text")
    assert labels(rows) == {"set.csv#1": ["invoice"], "set.csv#2": ["letter"]}
    assert rows["set.csv#1"].content.text == "Invoice 17"


def test_who_set_a_label_is_read_where_a_table_tells_it(tmp_path: Path) -> None:
    write(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    columns = "document_id,image,label,label_source,label_confidence,label_model,label_example,label_taxonomy_version\n"
    lines = "d1,1.jpg,a,human,,,,\nd2,2.jpg,b,auto,0.75,lite2,d1,3\nd3,3.jpg,c,,,,,\n"
    (tmp_path / "set.csv").write_text(columns + lines)
    rows, _ = read(tmp_path / "set.csv")
    assert [row.labels[0].set_by for row in rows.values()] == ["human", "auto", "import"]
    label = rows["d2"].labels[0]
    assert (label.score, label.model, label.example, label.taxonomy_version) == (0.75, "lite2", "d1", 3)
    assert not rows["d2"].fields


@pytest.mark.parametrize("name", ["labels.csv", "data.jsonl"])
def test_a_table_in_the_folder_of_its_files_is_the_set(tmp_path: Path, name: str) -> None:
    write(tmp_path, "files/1.jpg", "files/2.jpg")
    (tmp_path / "README.md").write_text("what it is")
    table = "image,label\nfiles/1.jpg,cat\nfiles/2.jpg,\n"
    lines = '{"image": "files/1.jpg", "label": "cat"}\n{"image": "files/2.jpg"}\n'
    (tmp_path / name).write_text(table if name.endswith("csv") else lines)
    assert format_of(tmp_path).name == name.rpartition(".")[2]
    assert labels(read(tmp_path)[0]) == {"files/1.jpg": ["cat"], "files/2.jpg": []}


def test_a_table_of_something_else_leaves_a_folder_what_it_is(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.jpg")
    for content in ("price,when\n1,2\n", "path,label\ngone.jpg,x\n", "text,label\nnotes,x\n", ""):
        (tmp_path / "prices.csv").write_text(content)
        rows, skipped = read(tmp_path)
        assert labels(rows) == {"cat/1.jpg": ["cat"]}
        assert list(skipped) == ["prices.csv"]


def test_a_folder_of_a_table_of_texts_is_the_set(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("what it is")
    (tmp_path / "data.csv").write_text("document_id,text,label\n1,Dear Bob,letter\n1,and Ann,letter\n")
    assert labels(read(tmp_path, kind="text")[0]) == {"data.csv#1": ["letter"], "data.csv#2": ["letter"]}
