"""`likeness import` as its users run it: folders and tables, twice, interrupted, with people's labels in between."""

import csv
import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.api import Api, JsonObject
from tests.support.media.pictures import noise_jpeg, photos
from tests.support.running_stack import Stack
from tests.support.waiting import wait_for

MANY = 240


def command(stack: Stack, path: Path, into: str, *more: str) -> list[str]:
    skipped = str(path.parent / f"{into}.csv")
    begin = [sys.executable, "-m", "services.local.cli", "import", str(path), "--into", into]
    return [*begin, "--data-dir", str(stack.data_dir), "--skipped", skipped, *more]


def run(stack: Stack, path: Path, into: str, *more: str, status: int = 0) -> str:
    """What the command prints; its exit status must be `status`."""
    done = subprocess.run(command(stack, path, into, *more), capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def objects(api: Api, bucket: str) -> dict[str, JsonObject]:
    """The objects of a bucket by the ids of their rows, each of which must be there once."""
    found: list[JsonObject] = []
    cursor = ""
    while True:
        page = api.get(f"/buckets/{bucket}/objects?limit=1000{cursor}")
        found += page["results"]
        if not page["pagination"]["next_cursor"]:
            break
        cursor = f"&cursor={page['pagination']['next_cursor']}"
    by_id = {each["metadata"]["import_id"]: each for each in found}
    assert len(by_id) == len(found)
    return by_id


def documents(api: Api, collection: str) -> dict[str, JsonObject]:
    listed = api.get(f"/collections/{collection}/documents?limit=1000")["results"]
    by_id = {each["import_id"]: each for each in listed}
    assert len(by_id) == len(listed)
    return by_id


def source(document: JsonObject, field: str = "label") -> str | None:
    entry = document["_internal"].get("labels", {}).get(field)
    return entry and str(entry["source"])


def skipped(folder: Path, into: str) -> dict[str, str]:
    with (folder / f"{into}.csv").open(newline="") as file:
        return {row["id"]: row["reason"] for row in csv.DictReader(file)}


def fill(root: Path, **kinds: int) -> Path:
    """Sample photos in a folder per kind."""
    for kind, count in kinds.items():
        (root / kind).mkdir(parents=True)
        for path in photos(kind)[:count]:
            (root / kind / path.name).write_bytes(path.read_bytes())
    return root


def test_a_folder_is_imported_once_however_often(stack: Stack, api: Api, tmp_path: Path) -> None:
    root = fill(tmp_path / "set", fish=3, pliers=3)
    (root / photos("fish")[3].name).write_bytes(photos("fish")[3].read_bytes())
    (root / "fish" / "broken.jpg").write_text("no picture")
    (root / "fish" / "notes.xyz").write_text("notes")
    said = run(stack, root, "imported_folder")
    assert "7 imported, 0 there already, 2 skipped" in said
    found = documents(api, "imported_folder")
    assert len(found) == 7
    assert {source(each) for name, each in found.items() if "/" in name} == {"import"}
    assert all(each["label"] == name.split("/")[0] for name, each in found.items() if "/" in name)
    assert set(skipped(tmp_path, "imported_folder")) == {"fish/broken.jpg", "fish/notes.xyz"}

    # The unlabelled one was decided by the labels that came with it, or after it.
    unlabelled = found[photos("fish")[3].name]
    assert unlabelled["taxonomy_match"]["confidence"] > 0

    # A person corrects one; the second run leaves it alone.
    name = f"pliers/{photos('pliers')[0].name}"
    changed = objects(api, "imported_folder")[name]["object_id"]
    api.patch(f"/buckets/imported_folder/objects/{changed}", {"metadata": {"label": "tongs"}})
    said = run(stack, root, "imported_folder")
    assert "0 imported, 7 there already, 2 skipped" in said
    assert len(objects(api, "imported_folder")) == 8
    again = documents(api, "imported_folder")
    assert (again[name]["label"], source(again[name])) == ("tongs", "human")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_import_goes_on_without_doubles(
    stack: Stack, api: Api, tmp_path: Path, ending: signal.Signals
) -> None:
    into = f"interrupted_{ending.name.lower()}"
    root = tmp_path / "set"
    for number in range(MANY):
        path = root / f"kind_{number % 3}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise_jpeg(number, side=32))
    importing = subprocess.Popen(command(stack, root, into), stderr=subprocess.PIPE, text=True)
    wait_for(lambda: count(api, into), lambda there: there > 0 or importing.poll() is not None)
    os.kill(importing.pid, ending)
    _, complaint = importing.communicate(timeout=60)
    assert importing.returncode in (0, 130, -signal.SIGKILL)
    if importing.returncode == 130:
        assert "the same command goes on from here" in complaint
    before = count(api, into)
    said = run(stack, root, into)
    there = objects(api, into)
    summary = re.search(r"(\d+) imported, (\d+) there already, 0 skipped", said)
    assert summary, said
    new, known = map(int, summary.groups())
    assert (new + known, known >= before) == (MANY, True)
    assert len(there) == MANY
    assert {each["status"] for each in there.values()} == {"COMPLETED"}


def count(api: Api, bucket: str) -> int:
    answer = api.client.get(f"{api.url}/buckets/{bucket}")
    return int(answer.json()["object_count"]) if answer.status_code == 200 else 0


def test_a_table_of_texts_with_labels_of_two_spellings(stack: Stack, api: Api, tmp_path: Path) -> None:
    table = tmp_path / "papers.csv"
    lines = ["text,product_label,price", "Invoice 17 is due,Invoice,3", "Invoice 18 is due,invoice,4"]
    table.write_text("\n".join([*lines, "Invoice 19 is due,invoice ,5", "Greetings from the beach,,"]))
    options = ("--kind", "text", "--label-field", "product_label")
    said = run(stack, table, "imported_papers", *options, "--merge-labels")
    assert "differ only in case or spaces" in said and "They are merged" in said
    found = documents(api, "imported_papers")
    assert [found[f"papers.csv#{number}"]["product_label"] for number in (1, 2, 3)] == ["invoice"] * 3
    assert found["papers.csv#1"]["price"] == "3"
    assert "leave --label-field out" in run(
        stack, table, "imported_papers", "--kind", "text", "--label-field", "other", status=1
    )
    assert "name another --into or --kind" in run(stack, table, "imported_papers", "--content-column", "text", status=1)


def test_nested_folders_are_labels_of_several_parts(stack: Stack, api: Api, tmp_path: Path) -> None:
    root = tmp_path / "set"
    for path in photos("fish")[:2]:
        fill_one(root / "animals" / "fish", path)
    for path in photos("pliers")[:2]:
        fill_one(root / "tools" / "pliers", path)
    run(stack, root, "imported_paths", "--separator", " > ", "--prefix", "mine")
    found = documents(api, "imported_paths")
    assert {each["label"] for each in found.values()} == {"animals > fish", "tools > pliers"}
    assert all(name.startswith("mine/") for name in found)
    assert api.get("/collections/imported_paths")["taxonomy"]["path_separator"] == " > "


def fill_one(folder: Path, path: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / path.name).write_bytes(path.read_bytes())


def test_large_files_go_by_uploads_and_other_files_of_a_name_are_told(stack: Stack, api: Api, tmp_path: Path) -> None:
    root = fill(tmp_path / "set", fish=1)
    pixels = np.random.default_rng(1).integers(0, 256, (1750, 1750, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    assert len(buffer.getvalue()) > 8_000_000
    (root / "fish" / "large.png").write_bytes(buffer.getvalue())
    assert "2 imported" in run(stack, root, "imported_large")
    (large,) = objects(api, "imported_large")["fish/large.png"]["blobs"]
    assert large["details"]["size_bytes"] == len(buffer.getvalue())

    fish = next((root / "fish").glob("*.jpg"))
    fish.write_bytes(photos("pliers")[0].read_bytes())
    assert "0 imported, 1 there already, 1 skipped" in run(stack, root, "imported_large")
    assert "another file was imported under this id" in skipped(tmp_path, "imported_large")[f"fish/{fish.name}"]
