"""The extractor as its callers see it: a process behind a socket, real photos and bad ones."""

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from likeness.extractor.v1 import extractor_pb2 as pb
from services.common.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError, UnavailableError
from services.common.extractors.vectors import from_message
from services.common.grpc.client import call, is_serving
from tests.support.extractor.running_extractor import EMBEDDED, IMAGE_EXTRACTOR, SECONDS, RunningExtractor, extractor
from tests.support.extractor.tiny_siglip import FILE, WIDTH, write_tiny_siglip
from tests.support.places import EMBEDDED_MODELS, PHOTOS
from tests.support.tutorial.option_a import SLOT

MANIFEST = json.loads((EMBEDDED_MODELS / "efficientnet_lite2" / "manifest.json").read_bytes())
DUCK = (PHOTOS / "bird/duck.jpg").read_bytes()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def serving() -> AsyncIterator[RunningExtractor]:
    """An extractor with the packaged model."""
    async with extractor() as running:
        await running.until_serving()
        yield running


async def image_models(running: RunningExtractor) -> list[pb.Model]:
    """Those of its models that serve image_extractor."""
    return [model for model in await running.models() if model.extractor == IMAGE_EXTRACTOR]


def png(width: int, height: int) -> bytes:
    """A black picture, small as a file however large it is."""
    buffer = io.BytesIO()
    Image.new("1", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


async def test_photos_become_unit_vectors_in_the_slot(serving: RunningExtractor) -> None:
    photos = [file.read_bytes() for file in sorted((PHOTOS / "wrench").glob("*.jpg"))]
    extractions = await serving.extract(photos)
    assert [each.input_id for each in extractions] == ["0", "1"]
    for extraction in extractions:
        (part,) = extraction.parts
        (embedding,) = part.embeddings
        assert embedding.feature_uri == SLOT
        assert from_message(embedding.vector).shape == (1280,)
        assert part.fields["processing_time_ms"] == extraction.processing_time_ms > 0


async def test_likeness_survives_the_wire(serving: RunningExtractor) -> None:
    files = [*sorted((PHOTOS / "solar_panel").glob("*.jpg"))[:2], PHOTOS / "fish/fish1.jpg"]
    extractions = await serving.extract([file.read_bytes() for file in files])
    first, second, fish = (from_message(each.parts[0].embeddings[0].vector) for each in extractions)
    assert first @ second > first @ fish


async def test_bad_inputs_get_their_own_reasons_among_good_ones(serving: RunningExtractor) -> None:
    contents = [DUCK, b"", b"not an image", DUCK[: len(DUCK) // 2], png(12_000, 12_000), DUCK]
    extractions = await serving.extract(contents)
    assert [each.error.reason for each in extractions] == [
        "",
        "EMPTY",
        "NOT_AN_IMAGE",
        "TRUNCATED",
        "TOO_MANY_PIXELS",
        "",
    ]
    assert [len(each.parts) for each in extractions] == [1, 0, 0, 0, 0, 1]
    assert "12000 x 12000" in extractions[4].error.message
    good = [each.parts[0].embeddings[0].vector.data for each in (extractions[0], extractions[5])]
    assert good[0] == good[1]


async def test_unknown_models_and_empty_requests_are_refused(serving: RunningExtractor) -> None:
    with pytest.raises(NotFoundError, match=r"'google_siglip_base_v1'.*loaded: .*efficientnet_lite2") as caught:
        await serving.extract([DUCK], model="google_siglip_base_v1")
    assert caught.value.details["resource"] == "model"
    wrong = pb.ExtractRequest(extractor="text_extractor@v1", model=EMBEDDED, inputs=[pb.Input(content=DUCK)])
    with pytest.raises(NotFoundError, match="text_extractor@v1"):
        await call(serving.stub.Extract, wrong, seconds=SECONDS)
    with pytest.raises(InvalidArgumentError, match="at least one"):
        await serving.extract([])


async def test_models_are_listed_with_their_sources(serving: RunningExtractor) -> None:
    (model,) = await image_models(serving)
    assert (model.model, model.extractor, model.feature_uri) == (EMBEDDED, IMAGE_EXTRACTOR, SLOT)
    assert (model.dimensions, model.is_named_model, list(model.modalities)) == (1280, False, ["image"])
    assert (model.sha256, model.licence, model.source) == (MANIFEST["sha256"], "Apache-2.0", MANIFEST["source"])


async def test_a_model_of_the_models_folder_serves_the_slot_it_is_named_after(tmp_path: Path) -> None:
    write_tiny_siglip(tmp_path)
    async with extractor(tmp_path) as running:
        await running.until_serving()
        models = [(each.model, each.is_named_model) for each in await image_models(running)]
        assert models == [("google_siglip_base_v1", True), (EMBEDDED, False)]
        (extraction,) = await running.extract([DUCK], model="google_siglip_base_v1")
        assert from_message(extraction.parts[0].embeddings[0].vector).shape == (WIDTH,)


async def test_strict_models_leave_the_stand_in_out() -> None:
    async with extractor(strict_models=True) as running:
        await running.until_serving()
        assert await running.models() == []
        with pytest.raises(NotFoundError, match="loaded: none"):
            await running.extract([DUCK])


async def test_a_damaged_model_keeps_the_service_from_starting(tmp_path: Path) -> None:
    folder = write_tiny_siglip(tmp_path)
    (folder / FILE).write_bytes(b"not a network")
    async with extractor(tmp_path) as running:
        assert running.process.stderr is not None
        log = (await running.process.stderr.read()).decode()
        assert await running.process.wait() == 1
    assert "copy it again" in log
    assert "Traceback" not in log
    assert str(folder) in log


async def test_a_full_queue_says_so_and_loses_nothing() -> None:
    async with extractor(extractor_queue=4, extractor_threads=1) as running:
        await running.until_serving()
        answers = await asyncio.gather(*(running.extract([DUCK] * 4) for _ in range(6)), return_exceptions=True)
        refused = [each for each in answers if isinstance(each, ResourceExhaustedError)]
        served = [each for each in answers if isinstance(each, list)]
        assert refused
        assert served
        assert len(refused) + len(served) == len(answers)
        assert all(extraction.parts for extractions in served for extraction in extractions)
        assert len(await running.extract([DUCK] * 4)) == 4


async def test_sigterm_finishes_what_is_in_flight_and_refuses_what_is_new() -> None:
    async with extractor(extractor_threads=1) as running:
        await running.until_serving()
        in_flight = [asyncio.create_task(running.extract([DUCK] * 8)) for _ in range(4)]
        _, unfinished = await asyncio.wait(in_flight, return_when=asyncio.FIRST_COMPLETED)
        assert unfinished
        assert await running.end() == 0
        for extractions in await asyncio.gather(*in_flight):
            assert [len(each.parts) for each in extractions] == [1] * 8
        with pytest.raises(UnavailableError):
            await running.models()


async def test_it_is_not_serving_until_the_models_have_run(tmp_path: Path) -> None:
    manifest = write_tiny_siglip(tmp_path) / "manifest.json"
    text = manifest.read_text()
    manifest.unlink()
    os.mkfifo(manifest)
    async with extractor(tmp_path) as running:
        while (reason := await refusal(running)) != "LOADING":
            assert reason == "UNAVAILABLE"
            assert running.process.returncode is None
        assert not await is_serving(running.channel)
        await asyncio.to_thread(manifest.write_text, text)
        await running.until_serving()
        (extraction,) = await running.extract([DUCK], model="google_siglip_base_v1")
        assert extraction.parts


async def refusal(running: RunningExtractor) -> str:
    """The reason with which a call is refused."""
    with pytest.raises(UnavailableError) as caught:
        await running.extract([DUCK])
    return caught.value.reason
