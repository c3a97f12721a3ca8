"""Faces through the service: pictures, videos and PDFs over the wire, with deadlines and callers that go."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from PIL import Image

from likeness.extractor.v1 import extractor_pb2 as pb
from services.common.errors import DeadlineError
from services.common.extractors.vectors import from_message
from services.common.grpc.client import call
from tests.support.extractor.running_extractor import SECONDS, RunningExtractor, extractor
from tests.support.media.pdfs import pdf_of
from tests.support.media.pictures import png, portrait, side_by_side
from tests.support.media.videos import encode, numbered, repeat, scene

OBAMA, BIDEN = "obama/obama.jpg", "biden/biden.jpg"
SLOT = "mixpeek://face_identity_extractor@v1/insightface__arcface"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def serving() -> AsyncIterator[RunningExtractor]:
    """An extractor with one decoder and one lane, so that what is given up is seen to make room."""
    async with extractor(extractor_threads=1) as running:
        await running.until_serving()
        yield running


@pytest.fixture(scope="module")
def long_video() -> bytes:
    """Five minutes of two people, which take a while to look at."""
    frames = [scene([OBAMA, BIDEN], shift / 10, 640, 360) for shift in range(10)]
    return repeat(encode(frames, fps=10), 300)


def request(contents: list[bytes], *, is_query: bool = False, **parameters: str | float | bool) -> pb.ExtractRequest:
    purpose = pb.PURPOSE_QUERY if is_query else pb.PURPOSE_DOCUMENT
    inputs = [pb.Input(input_id=str(n), content=content, purpose=purpose) for n, content in enumerate(contents)]
    asked = Struct()
    asked.update(parameters)
    return pb.ExtractRequest(
        extractor="face_identity_extractor@v1", model="yunet_sface", parameters=asked, inputs=inputs
    )


async def extract(running: RunningExtractor, asked: pb.ExtractRequest, seconds: float = SECONDS) -> list[pb.Extraction]:
    response = await call(running.stub.Extract, asked, seconds=seconds)
    return list(response.extractions)


async def test_inputs_of_every_kind_share_a_request(serving: RunningExtractor) -> None:
    pair = png(side_by_side([portrait(OBAMA, 400), portrait(BIDEN, 400)]))
    video = encode([scene([OBAMA], 0.0, 640, 360)] * 10, fps=5)
    pdf = pdf_of([portrait(OBAMA, 400), portrait(BIDEN, 400)])
    empty = png(Image.new("RGB", (100, 100), "grey"))
    extractions = await extract(serving, request([pair, b"nothing", video, empty, pdf, numbered(0.5)]))
    assert [len(each.parts) for each in extractions] == [2, 0, 1, 0, 2, 0]
    assert [each.error.reason for each in extractions] == ["", "NOT_AN_IMAGE", "", "", "", ""]
    for part in (part for each in extractions for part in each.parts):
        (embedding,) = part.embeddings
        assert embedding.feature_uri == SLOT
        assert from_message(embedding.vector).shape == (128,)
        assert [artifact.field for artifact in part.artifacts] == ["aligned_face_crop"]
        fields = MessageToDict(part.fields)
        assert {"face_index", "bbox", "landmarks", "detection_score", "processing_time_ms"} < fields.keys()
    assert MessageToDict(extractions[2].parts[0].fields)["timestamp"] in (0, 1)
    assert [MessageToDict(part.fields)["page_number"] for part in extractions[4].parts] == [1, 2]


async def test_a_query_has_one_part_or_a_reason(serving: RunningExtractor) -> None:
    pair = png(side_by_side([portrait(OBAMA, 400), portrait(BIDEN, 200)]))
    empty = png(Image.new("RGB", (100, 100), "grey"))
    both = await extract(serving, request([pair, empty], is_query=True))
    assert [len(each.parts) for each in both] == [1, 0]
    assert [each.error.reason for each in both] == ["", "NO_FACE"]


async def test_parameters_travel_and_wrong_ones_are_named(serving: RunningExtractor) -> None:
    pair = png(side_by_side([portrait(OBAMA, 400), portrait(BIDEN, 200)]))
    (one,) = await extract(serving, request([pair], max_faces_per_image=1, include_face_crops=False))
    assert [len(part.artifacts) for part in one.parts] == [0]
    (wrong,) = await extract(serving, request([pair], video_sampling_fps="often"))
    assert wrong.error.reason == "INVALID_ARGUMENT"
    assert "parameters.video_sampling_fps" in wrong.error.message


async def test_a_deadline_ends_a_long_video_between_two_frames(serving: RunningExtractor, long_video: bytes) -> None:
    asked = request([long_video], max_video_length=300, video_sampling_fps=10)
    with pytest.raises(DeadlineError):
        await extract(serving, asked, seconds=1.0)
    (extraction,) = await extract(serving, request([png(portrait(OBAMA, 300))]))
    assert len(extraction.parts) == 1


async def test_a_caller_that_goes_makes_room_for_the_next(serving: RunningExtractor, long_video: bytes) -> None:
    asked = request([long_video], max_video_length=300, video_sampling_fps=10)
    started = time.perf_counter()
    task = asyncio.create_task(extract(serving, asked))
    await asyncio.sleep(1.0)
    task.cancel()
    (extraction,) = await extract(serving, request([png(portrait(OBAMA, 300))]))
    assert len(extraction.parts) == 1
    # The whole video has 3,000 frames with two faces each, which take minutes.
    assert time.perf_counter() - started < SECONDS


async def test_pages_of_a_pdf_are_images(serving: RunningExtractor) -> None:
    content = pdf_of([portrait(OBAMA, 400), portrait(BIDEN, 400)])
    for purpose, pages in ((pb.PURPOSE_DOCUMENT, [1, 2]), (pb.PURPOSE_QUERY, [1])):
        inputs = [pb.Input(input_id="pdf", content=content, purpose=purpose)]
        asked = pb.ExtractRequest(extractor="image_extractor@v1", model="efficientnet_lite2", inputs=inputs)
        (extraction,) = await extract(serving, asked)
        assert [MessageToDict(part.fields)["page_number"] for part in extraction.parts] == pages
        assert {MessageToDict(part.fields)["total_pages"] for part in extraction.parts} == {2}
