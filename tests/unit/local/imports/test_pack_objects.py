"""What is made of rows before anything is sent."""

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import InternalError
from services.local.datasets.row import Box, Content, Label, Row, Skipped
from services.local.imports import rest_bodies
from services.local.imports.account import Account, summary
from services.local.imports.import_request import Destination, Machine
from services.local.imports.pack_objects import PARCEL_BYTES, PARCEL_ROWS, Packed, key_of, pack, parcels
from services.local.imports.spellings import alike, merging
from services.local.imports.survey import distinct, survey
from tests.unit.local.datasets.making import picture

TO = Destination(bucket_id="b", collection_id="c", content="image", label_field="label", is_new=True)


def row(name: str, *labels: Label, content: Content | None = None, box: Box | None = None) -> Row:
    return Row(id=name, name=name, content=content or Content(url=f"https://x/{name}"), labels=labels, box=box)


def label(*path: str, machine: bool = False, field: str | None = None) -> Label:
    return Label(path=path, set_by="auto" if machine else "human", field=field, score=0.5 if machine else None)


def test_a_survey_counts_rows_labels_and_what_a_machine_said() -> None:
    rows = [row("a", label("cat")), row("b", label("shoes", "red")), row("c", label("dog", machine=True)), row("d")]
    found = survey([*rows, Skipped(id="e", reason="no such file: e")], "/")
    assert (found.rows, found.skipped, found.labelled, found.suggested, found.nested) == (4, 1, 2, 1, True)
    assert found.labels == {"cat": 1, "shoes/red": 1}


def test_a_second_row_of_a_file_is_told_and_what_it_says_otherwise() -> None:
    rows = [row("a", label("cat")), row("a", label("cat")), row("a", label("dog")), row("b")]
    kept = list(distinct(rows, "set"))
    assert [type(each) for each in kept] == [Row, Skipped, Skipped, Row]
    assert [each.id for each in kept] == ["set/a", "set/a", "set/a", "set/b"]
    assert isinstance(kept[2], Skipped) and "cat, not dog" in kept[2].reason


def test_long_ids_become_keys_that_differ() -> None:
    first, second = distinct([row("https://x/" + "a" * 300), row("https://x/" + "a" * 301)], "")
    assert first.id != second.id
    assert max(len(first.id), len(second.id)) <= 255


def test_labels_that_differ_in_case_or_spaces_are_one_group() -> None:
    groups = alike({"Cat": 2, " cat": 1, "dog": 4, "ice cream": 1, "Icecream": 3, "straße": 1, "STRASSE": 1})
    assert groups == [{"Cat": 2, " cat": 1}, {"ice cream": 1, "Icecream": 3}, {"straße": 1, "STRASSE": 1}]
    assert merging(groups) == {" cat": "Cat", "ice cream": "Icecream", "straße": "STRASSE"}


@given(st.dictionaries(st.text("aA b", min_size=1), st.integers(1, 3)))
def test_merging_leaves_no_two_labels_alike(labels: dict[str, int]) -> None:
    merged = merging(alike(labels))
    after = {merged.get(each, each): 1 for each in labels}
    assert not alike(after)


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("keep", {"label_suggestion": {"label": "dog", "score": 0.5}}),
        ("accept", {"label": "dog"}),
        ("drop", {}),
    ],
)
def test_what_a_machine_said_is_a_label_only_when_accepted(machine: Machine, expected: rest_bodies.JsonObject) -> None:
    found = rest_bodies.fields(row("a", label("dog", machine=True)), "label", separator="/", merged={}, machine=machine)
    assert found == {"import_id": "a", **expected}


def test_several_labels_are_a_list_and_other_fields_their_own() -> None:
    said = row("a", label("Cat"), label("cat"), label("pet"), label("north", field="shop"))
    found = rest_bodies.fields(said, "kind", separator="/", merged={"Cat": "cat"}, machine="keep")
    assert found == {"import_id": "a", "kind": ["cat", "pet"], "shop": "north"}


def test_a_box_is_cut_out_and_one_outside_is_told() -> None:
    data = Content(data=picture())
    inside = pack(row("a.jpg", content=data, box=Box(1, 1, 100, 3)), {}, TO)
    assert isinstance(inside, Packed) and b"base64" in inside.json
    outside = pack(row("a.jpg", content=data, box=Box(50, 50, 2, 2)), {}, TO)
    assert isinstance(outside, Skipped) and "outside" in outside.reason
    broken = pack(row("a.jpg", content=Content(data=b"no picture"), box=Box(1, 1, 2, 2)), {}, TO)
    assert isinstance(broken, Skipped) and "cannot be read" in broken.reason


def test_texts_are_read_in_their_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Schöne Grüße aus Köln, wo es wärmer ist".encode("latin-1"))
    packed = pack(row("a.txt", content=Content(path=path)), {}, TO)
    assert isinstance(packed, Packed)
    assert "Grüße" in orjson.loads(packed.json)["metadata"]["image"]


def test_the_same_row_has_the_same_key() -> None:
    packed = pack(row("a.jpg"), {}, TO)
    assert isinstance(packed, Packed)
    assert orjson.loads(packed.json)["idempotency_key"] == key_of("a.jpg") != key_of("b.jpg")


def test_parcels_are_bounded_and_large_files_go_alone() -> None:
    small = [Packed(id=str(number), json=b"x" * 10) for number in range(PARCEL_ROWS + 1)]
    big = [Packed(id="big", json=b"x" * (PARCEL_BYTES - 5)), Packed(id="large", json=b"{}", large=b"...")]
    sizes = [len(parcel) for parcel in parcels(iter([*small, *big]))]
    assert sorted(sizes) == [1, 1, 1, PARCEL_ROWS]


def test_every_row_is_in_the_account_once(tmp_path: Path) -> None:
    with Account(tmp_path / "x" / "skipped.csv") as account:
        account.keep("a", was_there=False)
        account.keep("b", was_there=True)
        account.skip("c", "no such file: c")
        account.fail("b", "NOT_AN_IMAGE: The file is not an image")
        account.fail("of another set", "whatever")
    assert (account.sent, account.present, account.skipped) == (1, 0, 2)
    assert account.reasons == {"no such file": 1, "The file is not an image": 1}
    lines = account.path.read_text().splitlines()
    assert lines == ["id,reason", "c,no such file: c", "b,NOT_AN_IMAGE: The file is not an image"]


def test_nothing_skipped_leaves_no_file_of_an_earlier_import(tmp_path: Path) -> None:
    path = tmp_path / "skipped.csv"
    path.write_text("old")
    with Account(path):
        pass
    assert not path.exists()


def test_an_account_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with Account(Path("/dev/full")) as account, pytest.raises(InternalError, match="--skipped"):
        account.skip("a", "no such file: a")
    assert Path("/dev/full").exists()


def test_reasons_are_summed_up_without_what_is_of_one_row() -> None:
    assert summary("no such file: a.jpg") == "no such file"
    assert summary("NOT_AN_IMAGE: The file is broken.") == "The file is broken."
