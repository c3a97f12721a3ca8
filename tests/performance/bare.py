"""The bare decode + onnxruntime loop that ingest is measured against, run as a process of its own.

`python -m tests.performance.bare MODEL_FOLDER IMAGES [PHOTOS]` prints the images per second of the faster of two
loops: one session with all cores, fed by a decoding pool; or one thread per core, each with a single-threaded session.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime

from services.extractor.manifest import ImageManifest, read_manifest
from services.extractor.models.image_onnx import preprocess
from tests.support.places import PHOTOS

CORES = len(os.sched_getaffinity(0))
BATCH = 8
MAX_PIXELS = 100_000_000
WARM = 4


def photos(count: int, folder: Path = PHOTOS) -> list[bytes]:
    """That many sample photos, or photos of another folder, repeated in order when there are fewer."""
    files = sorted(folder.rglob("*.jpg"))
    return [files[number % len(files)].read_bytes() for number in range(count)]


def open_session(folder: Path, manifest: ImageManifest, threads: int) -> onnxruntime.InferenceSession:
    """A CPU session with that many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(folder / manifest.file, options, providers=["CPUExecutionProvider"])


def one_session(folder: Path, images: Sequence[bytes]) -> float:
    """Images per second with one session on all cores, batches of 8, decoded ahead by a pool."""
    manifest = read_manifest(folder)
    session = open_session(folder, manifest, CORES)

    def run(contents: Sequence[bytes]) -> None:
        with ThreadPoolExecutor(CORES) as pool:
            rows = pool.map(lambda content: preprocess(content, manifest.input, MAX_PIXELS), contents)
            batch = []
            for row in rows:
                batch.append(row)
                if len(batch) == BATCH:
                    session.run(None, {manifest.input.name: np.stack(batch)})
                    batch = []
            if batch:
                session.run(None, {manifest.input.name: np.stack(batch)})

    return _rate(run, images)


def session_per_core(folder: Path, images: Sequence[bytes]) -> float:
    """Images per second with a thread and a single-threaded session per core, one image at a time."""
    manifest = read_manifest(folder)
    sessions = [open_session(folder, manifest, 1) for _ in range(CORES)]

    def run(contents: Sequence[bytes]) -> None:
        def work(number: int) -> None:
            for content in contents[number::CORES]:
                rows = preprocess(content, manifest.input, MAX_PIXELS)[None]
                sessions[number].run(None, {manifest.input.name: rows})

        with ThreadPoolExecutor(CORES) as pool:
            list(pool.map(work, range(CORES)))

    return _rate(run, images)


def _rate(run: Callable[[Sequence[bytes]], None], images: Sequence[bytes]) -> float:
    run(images[:WARM])
    started = time.perf_counter()
    run(images)
    return len(images) / (time.perf_counter() - started)


if __name__ == "__main__":
    model_folder, contents = Path(sys.argv[1]), photos(int(sys.argv[2]), *map(Path, sys.argv[3:4]))
    print(max(one_session(model_folder, contents), session_per_core(model_folder, contents)))
