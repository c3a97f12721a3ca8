"""text_extractor, texts of about 100 words: the service, and whole ingest, against bare tokenizers + onnxruntime.

Same model, texts and cores, in turns within one run: bare, service, ingest, bare ... The client, and all of ingest's
processes, run on the same cores. Ingest uploads inline texts over REST and ends when the last document is there.
Usage: `python -m tests.performance.bench_texts MODEL_FOLDER TEXTS INGESTED ROUNDS LIMIT`, both counts for each round.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from likeness.extractor.v1 import extractor_pb2 as pb
from services.extractor import models
from tests.performance.client import Client, open_client, temporary_stack, upload_all
from tests.performance.report import Figure, emit
from tests.performance.texts import texts
from tests.support.extractor.running_extractor import RunningExtractor, extractor
from tests.support.running_stack import Stack

EXTRACTOR = "text_extractor@v1"
# What the worker sends in a call, and how many of its calls the extractor's queue holds.
CALL, CALLS = 16, 3
NAME = "texts"
SCHEMA = {"content": {"type": "text"}}


@dataclass(frozen=True, kw_only=True)
class Round:
    """Texts per second of one round."""

    bare: float
    service: float
    ingest: float


def models_dir_of(folder: Path) -> Path | None:
    """The models folder that makes the stack serve the model, None for one in the package."""
    return None if folder.resolve().is_relative_to(Path(models.__file__).parent) else folder.parent


def bare_rate(folder: Path, count: int) -> float:
    """Texts per second of the bare loop, in its own process."""
    command = [sys.executable, "-m", "tests.performance.bare_texts", str(folder), str(count)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


async def service_rate(running: RunningExtractor, model: str, contents: Sequence[str]) -> float:
    """Texts per second through gRPC, several calls in flight."""
    queue = [contents[start : start + CALL] for start in range(0, len(contents), CALL)]
    started = time.perf_counter()

    async def caller() -> None:
        while queue:
            inputs = [pb.Input(text=text) for text in queue.pop()]
            extractions = await running.send(pb.ExtractRequest(extractor=EXTRACTOR, model=model, inputs=inputs))
            if not all(each.parts for each in extractions):
                raise RuntimeError("a text gave no vector")

    await asyncio.gather(*(caller() for _ in range(CALLS)))
    return len(contents) / (time.perf_counter() - started)


async def create_collection(client: Client) -> None:
    """A bucket of texts and a collection that embeds them."""
    await client.send("POST", "/buckets", {"bucket_name": NAME, "bucket_schema": {"properties": SCHEMA}})
    mapped = {"feature_extractor_name": "text_extractor", "version": "v1", "input_mappings": {"text": "content"}}
    source = {"type": "bucket", "bucket_ids": [f"bkt_{NAME}"]}
    body = {"collection_name": NAME, "source": source, "feature_extractor": mapped}
    await client.send("POST", "/collections", body)


def bodies(contents: Sequence[str]) -> list[bytes]:
    """The uploads of inline texts, made before the clock starts."""
    blobs = ([{"property": "content", "type": "text", "data": {"text": text}}] for text in contents)
    return [orjson.dumps({"blobs": each}) for each in blobs]


async def compare(stack: Stack, folder: Path, counts: tuple[int, int], rounds: int) -> list[Round]:
    """Every round's rates."""
    model = json.loads((folder / "manifest.json").read_bytes())["model"]
    contents, ingested = texts(counts[0]), bodies(texts(counts[1]))
    found = []
    async with open_client(stack) as client:
        await create_collection(client)
        for _ in range(rounds):
            bare = await asyncio.to_thread(bare_rate, folder, counts[0])
            async with extractor(models_dir_of(folder)) as running:
                await running.until_serving()
                await service_rate(running, model, contents[: CALL * CALLS])
                service = await service_rate(running, model, contents)
            found.append(Round(bare=bare, service=service, ingest=await upload_all(client, NAME, ingested)))
    return found


def main() -> None:
    """Prints every round, then the medians of the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("texts", type=int)
    parser.add_argument("ingested", type=int)
    parser.add_argument("rounds", type=int)
    parser.add_argument("limit", type=float)
    given = parser.parse_args()
    models_dir = models_dir_of(given.folder)
    with temporary_stack({} if models_dir is None else {"LIKENESS_MODELS_DIR": str(models_dir)}) as stack:
        rounds = asyncio.run(compare(stack, given.folder, (given.texts, given.ingested), given.rounds))
    for number, each in enumerate(rounds, 1):
        emit(Figure(name=f"texts, service, round {number}", value=each.service, unit=f"texts/s (bare {each.bare:.1f})"))
        emit(Figure(name=f"texts, ingest, round {number}", value=each.ingest, unit=f"texts/s (bare {each.bare:.1f})"))
    service = statistics.median(each.service / each.bare for each in rounds)
    ingest = statistics.median(each.ingest / each.bare for each in rounds)
    emit(Figure(name="texts, service / bare", value=service, unit="ratio", limit=given.limit, better="higher"))
    emit(Figure(name="texts, ingest / bare", value=ingest, unit="ratio", better="higher"))


if __name__ == "__main__":
    main()
