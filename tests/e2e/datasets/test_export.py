"""`likeness export` as its users run it, and the contract's own call: what went in comes out, and goes in again."""

import csv
import io
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path

import httpx
import orjson
import pyarrow.parquet as pq
import pytest
from mixpeek.models.collection_export_response import CollectionExportResponse
from PIL import Image

from tests.e2e.api import Api
from tests.e2e.datasets.test_import import documents, fill
from tests.e2e.datasets.test_import import run as run_import
from tests.support.media.pictures import photos
from tests.support.running_stack import Stack
from tests.support.waiting import wait_for

NAME = "to_export"


def command(stack: Stack, form: str, output: Path, *more: str, name: str = NAME) -> list[str]:
    begin = [sys.executable, "-m", "services.local.cli", "export", name, "--as", form, "-o", str(output)]
    return [*begin, "--data-dir", str(stack.data_dir), *more]


def run(stack: Stack, form: str, output: Path, *more: str, status: int = 0, name: str = NAME) -> str:
    """What the command prints; its exit status must be `status`."""
    asked = command(stack, form, output, *more, name=name)
    done = subprocess.run(asked, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def labels(stack: Stack, api: Api, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Digest -> label of the photos in the collection: two kinds, a near copy, and one that came without a label."""
    root = fill(tmp_path_factory.mktemp("export") / "set", fish=5, pliers=4)
    with Image.open(photos("fish")[0]) as photo:
        photo.convert("RGB").resize((photo.width // 2, photo.height // 2)).save(root / "fish" / "copy.jpg", quality=70)
    labelled = {sha256(path.read_bytes()).hexdigest(): path.parent.name for path in root.glob("*/*.jpg")}
    (root / photos("fish")[6].name).write_bytes(photos("fish")[6].read_bytes())
    run_import(stack, root, NAME)
    assert len(wait_for(lambda: documents(api, NAME), lambda found: len(found) == 11)) == 11
    return labelled


def test_what_is_exported_is_imported_as_the_same_set(
    stack: Stack, api: Api, labels: dict[str, str], tmp_path: Path
) -> None:
    for form, place in (("folder", ""), ("jsonl", "data.jsonl")):
        run(stack, form, tmp_path / form, "--human-only")
        into = f"again_{form}"
        run_import(stack, tmp_path / form / place, into)
        found = api.get(f"/collections/{into}/documents?limit=1000")["results"]
        again = {each["_internal"]["content_hash"].removeprefix("sha256:"): each["label"] for each in found}
        assert again == labels, form


def test_splits_hold_in_each_label_and_copies_are_on_one_side(
    stack: Stack, labels: dict[str, str], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    run(stack, "csv", output, "--human-only", "--split", "train=0.5,test=0.5")
    with (output / "data.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    splits = {sha256((output / row["file_name"]).read_bytes()).hexdigest(): row["split"] for row in rows}
    counts = Counter((labels[digest], split) for digest, split in splits.items())
    assert counts["pliers", "train"] == counts["pliers", "test"] == 2
    assert {counts["fish", "train"], counts["fish", "test"]} <= {2, 3, 4}
    whole = sha256(photos("fish")[0].read_bytes()).hexdigest()
    copy = next(digest for digest, label in labels.items() if label == "fish" and digest not in _photos())
    assert splits[whole] == splits[copy]
    assert {row["label_source"] for row in rows} == {"import"}
    card = (output / "README.md").read_text()
    assert "| pliers | 2 | 2 |" in card and "it has no label that counts" in card


def _photos() -> set[str]:
    return {sha256(path.read_bytes()).hexdigest() for path in photos("fish")}


def test_an_export_that_was_killed_is_gone_on_with(stack: Stack, labels: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = subprocess.Popen(command(stack, "folder", output), stderr=subprocess.DEVNULL)
    wait_for(lambda: (tmp_path / "out.part" / "rows.jsonl").exists() or output.exists(), bool)
    process.kill()
    process.wait(60)
    if not output.exists():
        run(stack, "folder", output)
    assert not (tmp_path / "out.part").exists()
    found = {sha256(path.read_bytes()).hexdigest(): path.parent.name for path in output.glob("*/*.jpg")}
    assert labels.items() <= found.items()
    told = [orjson.loads(line) for line in (output / "rows.jsonl").read_bytes().splitlines()]
    assert sorted(row["file_name"] for row in told) == sorted(
        path.relative_to(output).as_posix() for path in output.glob("*/*.jpg")
    )


@pytest.mark.parametrize(
    ("form", "more", "said"),
    [
        ("xml", (), "There is no format 'xml'. Known are folder"),
        ("csv", ("--split", "train=0.5"), "must add up to 1"),
        ("csv", ("--filters", "{"), "--filters is not JSON"),
        ("folder", ("--no-files",), "'folder' is made of files"),
        ("csv", ("--label-field", "colour"), "There is nothing to export: 11 documents are left out"),
        ("csv", ("--api-key", "sk_wrong"), "does not take this API key"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    stack: Stack, labels: dict[str, str], tmp_path: Path, form: str, more: tuple[str, ...], said: str
) -> None:
    told = run(stack, form, tmp_path / "out", *more, status=1)
    assert said in told and "Traceback" not in told
    assert not list(tmp_path.glob("out*"))


def test_nothing_that_is_there_is_written_over(stack: Stack, labels: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert "is there already" in run(stack, "csv", tmp_path / "out", status=1)
    assert "No collection 'nothing'" in run(stack, "csv", tmp_path / "other", status=1, name="nothing")


def test_the_contracts_call_waits_for_a_link(stack: Stack, api: Api, labels: dict[str, str]) -> None:
    answer = api.post(f"/collections/{NAME}/export", {"include_vectors": True, "include_lineage": True})
    export = CollectionExportResponse.from_dict(answer)
    assert export is not None and export.document_count == 11
    table = pq.read_table(io.BytesIO(httpx.get(export.download_url, trust_env=False).content))
    hashes = [each.removeprefix("sha256:") for each in table.column("source_content_hash").to_pylist()]
    found = dict(zip(hashes, table.column("label").to_pylist(), strict=True))
    assert labels.items() <= found.items()
    vectors = pq.read_table(io.BytesIO(httpx.get(str(export.vectors_download_url), trust_env=False).content))
    assert vectors.num_rows == 11
    tasks = api.get("/tasks?limit=1000")["results"]
    done = [each for each in tasks if each["task_type"] == "api_collections_export"]
    assert done and done[-1]["additional_data"]["progress"]["percent"] == 100.0
