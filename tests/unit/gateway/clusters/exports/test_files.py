"""Files of a run: texts that a spreadsheet would run are quoted, numbers are not touched."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import pytest

from services.gateway.clusters.exports.files import as_csv, as_json


async def pages(*rows: Mapping[str, Any]) -> AsyncIterator[list[Mapping[str, Any]]]:
    """Each row on a page of its own, and an empty page."""
    for row in rows:
        yield [row]
    yield []


async def read_csv(row: Mapping[str, Any]) -> dict[str, str]:
    content = b"".join([part async for part in as_csv(pages(row))]).decode()
    return next(csv.DictReader(io.StringIO(content)))


@pytest.mark.parametrize("label", ["=1+1", "+1", "-cmd", "@SUM(A1)", "\tx", "\rx"])
async def test_what_looks_like_a_formula_is_quoted(label: str) -> None:
    assert (await read_csv({"cluster_label": label, "document_id": label}))["cluster_label"] == f"'{label}"


async def test_noise_negative_places_and_plain_texts_stay_as_they_are() -> None:
    row = await read_csv({"cluster_id": "-1", "x": -0.5, "cluster_label": 'a "quoted", text\nof two lines', "y": None})
    assert (row["cluster_id"], row["x"], row["y"]) == ("-1", "-0.5", "")
    assert row["cluster_label"] == 'a "quoted", text\nof two lines'


async def test_pages_of_json_make_one_object() -> None:
    content = b"".join([part async for part in as_json({"run_id": "run_a"}, pages({"x": 1.0}, {"x": 2.0}))])
    found = orjson.loads(content)
    assert (found["run_id"], [row["x"] for row in found["rows"]]) == ("run_a", [1.0, 2.0])
    empty = orjson.loads(b"".join([part async for part in as_json({"run_id": "run_a"}, pages())]))
    assert empty["rows"] == []
