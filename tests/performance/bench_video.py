"""What the faces of a 60 s 720p video cost, against decoding it and looking for faces alone, all on the same cores.

A process of its own serves; the video goes through gRPC, and one thread alone decodes it and runs the detector on the
same frames. In turns, several rounds. Usage: `python -m tests.performance.bench_video [ROUNDS]`.
"""

import asyncio
import io
import statistics
import sys
import time
from collections.abc import Callable, Iterator

import av
import cv2
import numpy as np

from likeness.extractor.v1 import extractor_pb2 as pb
from services.common.grpc.client import call
from services.extractor.media.video_sampling import Sampling, sample_video
from services.extractor.models.faces.yunet import YuNet
from services.extractor.models.onnx_session import open_session
from services.extractor.models.registry import PACKAGED
from tests.performance.report import Figure, emit
from tests.support.extractor.running_extractor import RunningExtractor, extractor
from tests.support.media.videos import Pixels, encode, repeat, scene

SECONDS, FPS, SCENE_SECONDS = 60, 25, 10
PEOPLE = ("obama/obama.jpg", "biden/biden.jpg")
SAMPLING = Sampling(fps=1.0, most_seconds=SECONDS, max_pixels=100_000_000)
THRESHOLD, SMALLEST = 0.5, 20
LIMIT = 1.3
PATIENCE = 600.0


def frames() -> Iterator[Pixels]:
    """Ten seconds of two portraits that move, with a camera's noise."""
    random = np.random.default_rng(7)
    noise = [random.integers(0, 12, (720, 1280, 3), np.uint8) for _ in range(5)]
    for number in range(SCENE_SECONDS * FPS):
        still = scene(PEOPLE, number / (SCENE_SECONDS * FPS))
        yield np.asarray(cv2.add(still, noise[number % len(noise)]), np.uint8)


def decode_all(video: bytes, detector: YuNet) -> None:
    """Every frame decoded, as a player does; the detector once a second."""
    with av.open(io.BytesIO(video), "r") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(container.decode(stream)):
            if number % FPS == 0:
                detector.find(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), THRESHOLD, SMALLEST)


def decode_sampled(video: bytes, detector: YuNet) -> None:
    """Only what the samples need is decoded, as the extractor does it."""
    for picture in sample_video(video, SAMPLING):
        if picture is not None:
            detector.find(picture.pixels, THRESHOLD, SMALLEST)


async def extract(running: RunningExtractor, video: bytes) -> int:
    """The faces that the extractor finds."""
    request = pb.ExtractRequest(
        extractor="face_identity_extractor@v1", model="yunet_sface", inputs=[pb.Input(input_id="video", content=video)]
    )
    response = await call(running.stub.Extract, request, seconds=PATIENCE)
    (extraction,) = response.extractions
    if extraction.HasField("error"):
        raise SystemExit(extraction.error.message)
    return len(extraction.parts)


def timed(work: Callable[[bytes, YuNet], None], video: bytes, detector: YuNet) -> float:
    """Seconds."""
    started = time.perf_counter()
    work(video, detector)
    return time.perf_counter() - started


async def measure(video: bytes, rounds: int) -> None:
    """Runs the three in turns and prints every round and the ratios of the medians."""
    cv2.setNumThreads(1)
    detector = YuNet(open_session(PACKAGED / "yunet_sface" / "yunet.onnx"))
    spent: dict[str, list[float]] = {"all frames decoded": [], "sampled": [], "extractor": []}
    async with extractor() as running:
        await running.until_serving()
        for turn in range(rounds):
            spent["all frames decoded"].append(timed(decode_all, video, detector))
            spent["sampled"].append(timed(decode_sampled, video, detector))
            started = time.perf_counter()
            people = await extract(running, video)
            spent["extractor"].append(time.perf_counter() - started)
            for name, seconds in spent.items():
                emit(Figure(name=f"60 s 720p video, {name}, round {turn + 1}", value=seconds[-1], unit="s"))
    emit(Figure(name="faces kept of the video", value=people, unit="documents"))
    whole = statistics.median(spent["extractor"])
    for name in ("all frames decoded", "sampled"):
        ratio = whole / statistics.median(spent[name])
        emit(Figure(name=f"faces of a video / decode and detect, {name}", value=ratio, unit="ratio", limit=LIMIT))


if __name__ == "__main__":
    asyncio.run(measure(repeat(encode(frames()), SECONDS // SCENE_SECONDS), int(sys.argv[1]) if sys.argv[1:] else 5))
