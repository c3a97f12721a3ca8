"""Ingest throughput, upload to label written, against the bare decode + onnxruntime rate.

Same model, images and cores, in turns within one run: bare, ingest, bare, ingest ... Ingest uploads base64 over REST
and ends when the last document, with its label decision, is there; the uploading client runs on the same cores.
Usage: `python -m tests.performance.bench_ingest MODEL_FOLDER IMAGES ROUNDS LIMIT`; a model outside the package is
served from the folder's parent.
"""

import argparse
import asyncio
import base64
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from services.extractor import models
from tests.performance.bare import photos
from tests.performance.client import UPLOADERS, create_unified, open_client, temporary_stack, upload_all
from tests.performance.report import Figure, emit
from tests.support.running_stack import Stack

LABELLED = 32
NAME = "ingest"


def bare_rate(folder: Path, images: int) -> float:
    """Images per second of the bare loop, in its own process."""
    command = [sys.executable, "-m", "tests.performance.bare", str(folder), str(images)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def encode(images: Sequence[bytes], label: str | None = None) -> list[bytes]:
    """The bodies of the uploads, made before the clock starts."""
    return [orjson.dumps(_object(content, label)) for content in images]


def _object(content: bytes, label: str | None) -> dict[str, object]:
    data = {"base64": base64.b64encode(content).decode(), "mime_type": "image/jpeg"}
    blob = {"property": "image_url", "type": "image", "data": data}
    return {"metadata": {"product_label": label}, "blobs": [blob]}


async def compare(stack: Stack, folder: Path, images: int, rounds: int) -> list[tuple[float, float]]:
    """(ingest, bare) rates of each round."""
    contents = photos(images)
    async with open_client(stack, UPLOADERS) as client:
        await create_unified(client, NAME)
        await upload_all(client, NAME, encode(contents[:LABELLED], label="known"))
        bodies = encode(contents)
        pairs = []
        for _ in range(rounds):
            bare = await asyncio.to_thread(bare_rate, folder, images)
            pairs.append((await upload_all(client, NAME, bodies), bare))
    return pairs


def main() -> None:
    """Prints the ratio of every round's median."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("images", type=int)
    parser.add_argument("rounds", type=int)
    parser.add_argument("limit", type=float)
    given = parser.parse_args()
    model = json.loads((given.folder / "manifest.json").read_text())["model"]
    packaged = given.folder.resolve().is_relative_to(Path(models.__file__).parent)
    with temporary_stack({} if packaged else {"LIKENESS_MODELS_DIR": str(given.folder.parent)}) as stack:
        pairs = asyncio.run(compare(stack, given.folder, given.images, given.rounds))
    for number, (ingested, bare) in enumerate(pairs, 1):
        emit(Figure(name=f"ingest {model}, round {number}", value=ingested, unit=f"img/s (bare {bare:.1f})"))
    ratio = statistics.median(ingested / bare for ingested, bare in pairs)
    emit(Figure(name=f"ingest / bare, {model}", value=ratio, unit="ratio", limit=given.limit, better="higher"))


if __name__ == "__main__":
    main()
