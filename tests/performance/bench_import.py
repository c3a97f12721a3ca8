"""`likeness import` of a folder of photos of 100 kB, to the last document, against the bare decode + onnxruntime rate.

Same model, photos and cores, in turns within one run: bare, import, bare, import ... each import into a collection of
its own. The importer's memory is that of its process at its largest.
Usage: `python -m tests.performance.bench_import MODEL_FOLDER IMAGES ROUNDS LIMIT MEGABYTES`, with a packaged model.
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from tests.performance.bare import photos
from tests.performance.client import temporary_stack
from tests.performance.report import Figure, emit
from tests.support.running_stack import Stack

BYTES, QUALITY = 100_000, 90
KINDS = 16
KILOBYTES_IN_MEGABYTE = 1000


def write_photos(folder: Path, images: int) -> None:
    """Sample photos of about 100 kB each, every file another one, in a folder per kind."""
    for number, content in enumerate(photos(images)):
        path = folder / f"kind_{number % KINDS}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        # What comes after the end of a JPEG is not decoded: the files differ, the pictures do not.
        path.write_bytes(enlarged(content) + str(number).encode())


def enlarged(content: bytes) -> bytes:
    """The photo in the size that takes about 100 kB."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as photo:
        factor = (BYTES / len(content)) ** 0.5
        size = (max(1, round(photo.width * factor)), max(1, round(photo.height * factor)))
        photo.convert("RGB").resize(size).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def bare_rate(model: Path, images: int, folder: Path) -> float:
    """Images per second of the bare loop, in its own process."""
    command = [sys.executable, "-m", "tests.performance.bare", str(model), str(images), str(folder)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def imported(stack: Stack, folder: Path, images: int, into: str) -> tuple[float, float]:
    """Images per second of an import, and the importer's memory in MB."""
    command = [sys.executable, "-m", "services.local.cli", "import", str(folder), "--into", into]
    skipped = ["--skipped", str(folder.parent / f"{into}.csv"), "--data-dir", str(stack.data_dir)]
    started = time.perf_counter()
    process = subprocess.Popen([*command, *skipped], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0 and f"{images:,} imported" in said, said
    return images / (time.perf_counter() - started), usage.ru_maxrss / KILOBYTES_IN_MEGABYTE


def main() -> None:
    """Prints the ratio of every round's median, and the most memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("images", type=int)
    parser.add_argument("rounds", type=int)
    parser.add_argument("limit", type=float)
    parser.add_argument("megabytes", type=float)
    given = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory(prefix="likeness-bench-") as work, temporary_stack() as stack:
        folder = Path(work) / "set"
        write_photos(folder, given.images)
        for number in range(given.rounds):
            bare = bare_rate(given.model, given.images, folder)
            rate, memory = imported(stack, folder, given.images, f"round_{number}")
            emit(Figure(name=f"import, round {number + 1}", value=rate, unit=f"img/s (bare {bare:.1f})"))
            rounds.append((rate / bare, memory))
    ratio = statistics.median(ratio for ratio, _ in rounds)
    emit(Figure(name="import / bare", value=ratio, unit="ratio", limit=given.limit, better="higher"))
    memory = max(memory for _, memory in rounds)
    emit(Figure(name="importer's memory", value=memory, unit="MB", limit=given.megabytes))


if __name__ == "__main__":
    main()
