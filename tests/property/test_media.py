"""Whatever the bytes, the extractor answers each input with parts or a known reason, and goes on serving."""

import asyncio
import io
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from likeness.extractor.v1 import extractor_pb2 as pb
from services.common.grpc.client import call, is_serving
from tests.support.extractor.running_extractor import RunningExtractor, extractor
from tests.support.media.pdfs import EMPTY_PAGE, ENCRYPTED, pdf_of
from tests.support.media.pictures import portrait
from tests.support.media.videos import encode, numbered, scene

SECONDS = 120.0
ASKED = (("face_identity_extractor@v1", "yunet_sface"), ("image_extractor@v1", "efficientnet_lite2"))
REASONS = {
    "EMPTY",
    "ENCRYPTED_PDF",
    "ENCRYPTED_VIDEO",
    "NOT_AN_IMAGE",
    "NOT_A_PDF",
    "NOT_A_VIDEO",
    "TOO_LONG",
    "TOO_MANY_PAGES",
    "TOO_MANY_PIXELS",
    "TRUNCATED",
}
SPLICES = [b"", b"\x00" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"%PDF-1.4", b"file:///etc/passwd"]


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    portrait("obama/obama.jpg", 200).save(buffer, kind)
    return buffer.getvalue()


def seeds() -> list[bytes]:
    """Good files of every kind, small."""
    videos = [numbered(0.5, kind) for kind in ("mp4", "mov", "webm_vp8", "mkv", "avi")]
    face = encode([scene(["obama/obama.jpg"], 0.0, 320, 240)] * 5, fps=5)
    pdfs = [pdf_of([Image.new("RGB", (60, 40), "red")] * 2), EMPTY_PAGE, ENCRYPTED]
    return [*videos, face, *pdfs, *(picture(kind) for kind in ("JPEG", "PNG", "WEBP", "GIF"))]


SEEDS = seeds()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good file with up to six pieces of it replaced, left out, or cut off."""
    content = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 1, 4, 40, len(content)]))
        content[place : place + length] = draw(st.sampled_from(SPLICES) | st.binary(max_size=8))
    return bytes(content)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture(scope="module")
def serving(loop: asyncio.AbstractEventLoop) -> Iterator[RunningExtractor]:
    stack = AsyncExitStack()
    running = loop.run_until_complete(stack.enter_async_context(extractor()))
    loop.run_until_complete(running.until_serving())
    yield running
    loop.run_until_complete(stack.aclose())


async def ask(running: RunningExtractor, contents: list[bytes], mime_type: str) -> list[pb.Extraction]:
    """What both extractors that look at pictures make of the contents."""
    inputs = [pb.Input(input_id="x", content=content, mime_type=mime_type) for content in contents]
    requests = [pb.ExtractRequest(extractor=extractor, model=model, inputs=inputs) for extractor, model in ASKED]
    answers = [await call(running.stub.Extract, request, seconds=SECONDS) for request in requests]
    assert await is_serving(running.channel)
    return [extraction for answer in answers for extraction in answer.extractions]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.lists(damaged(), min_size=1, max_size=4),
    mime_type=st.sampled_from(["", "video/mp4", "application/pdf", "image/png", "\x00/;"]),
)
def test_damaged_files_get_an_answer(
    serving: RunningExtractor, loop: asyncio.AbstractEventLoop, contents: list[bytes], mime_type: str
) -> None:
    extractions = loop.run_until_complete(ask(serving, contents, mime_type))
    assert len(extractions) == len(ASKED) * len(contents)
    for extraction in extractions:
        if extraction.HasField("error"):
            assert extraction.error.reason in REASONS
            assert extraction.error.message
