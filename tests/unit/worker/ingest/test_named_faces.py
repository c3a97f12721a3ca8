"""Names stay with their faces when a picture is edited: real photos, the embedded models."""

from collections.abc import Sequence
from functools import cache

import pytest
from PIL import Image, ImageEnhance, ImageOps

from services.common.extractors.vectors import to_message
from services.extractor.model_port import Model
from services.extractor.models.registry import load_models
from services.worker.ingest.match_parts_to_documents import number_parts
from tests.support.extractor.run_model import extract
from tests.support.media.pictures import png, portrait, side_by_side

BIDEN, OBAMA, COLLINS = "biden/biden.jpg", "obama/obama.jpg", "collins/astronaut.png"
OTHER_OBAMA = "obama/obama2.jpg"
HEIGHT = 700


@cache
def faces() -> Model:
    """The embedded model."""
    models = load_models(None, strict=False, max_pixels=10_000_000)
    return next(model for model in models if model.manifest.model == "yunet_sface")


@cache
def found_in(picture: bytes) -> tuple[tuple[float, bytes], ...]:
    """Where each face lies from left to right, of one, and its vector."""
    return tuple((_place(part.fields["bbox"]), to_message(part.embedding).data) for part in extract(faces(), picture))


def _place(bbox: object) -> float:
    assert isinstance(bbox, dict)
    return float(bbox["x1"] + bbox["x2"]) / 2


def photo(*people: str) -> Image.Image:
    return side_by_side([portrait(person, HEIGHT) for person in people])


def named(picture: Image.Image, people: Sequence[str]) -> dict[int, str]:
    """The numbers of the faces of a first run, and whose they are."""
    order = sorted(range(len(people)), key=lambda place: found_in(png(picture))[place][0])
    return {number: people[order.index(number)] for number in range(len(people))}


def names_after(edited: Image.Image, people: Sequence[str] = (BIDEN, OBAMA, COLLINS)) -> list[str | None]:
    """The names on the faces of an edited picture, from left to right, when those of the first were named."""
    first = photo(*people)
    names = named(first, people)
    seen = found_in(png(edited.convert("RGB")))
    earlier = {number: vector for number, (_, vector) in enumerate(found_in(png(first)))}
    numbers = number_parts([vector for _, vector in seen], earlier, faces().manifest.same_from)
    by_place = sorted(zip((place for place, _ in seen), numbers, strict=True))
    return [names.get(number) for _, number in by_place]


def smaller(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 4, image.height // 4))


def brighter(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.4)


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(smaller, id="a quarter of the size"),
        pytest.param(brighter, id="brighter"),
        pytest.param(ImageOps.grayscale, id="grey"),
        pytest.param(lambda image: ImageOps.grayscale(brighter(smaller(image))), id="all of it"),
        pytest.param(lambda image: image.rotate(10), id="turned"),
    ],
)
def test_three_names_stay_with_their_faces(edited: object) -> None:
    assert callable(edited)
    names = [name for name in names_after(edited(photo(BIDEN, OBAMA, COLLINS))) if name is not None]
    assert names == [BIDEN, OBAMA, COLLINS]


def test_names_go_with_their_faces_to_other_places() -> None:
    assert names_after(brighter(photo(COLLINS, BIDEN, OBAMA))) == [COLLINS, BIDEN, OBAMA]
    assert names_after(ImageOps.mirror(photo(BIDEN, OBAMA, COLLINS))) == [COLLINS, OBAMA, BIDEN]


def test_the_others_keep_their_names_when_one_is_gone() -> None:
    assert names_after(brighter(photo(BIDEN, COLLINS))) == [BIDEN, COLLINS]


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ((BIDEN, OBAMA), (BIDEN, COLLINS), [BIDEN, None]),
        ((BIDEN, OBAMA), (COLLINS, OBAMA), [None, OBAMA]),
        ((BIDEN,), (OBAMA,), [None]),
        ((BIDEN, OTHER_OBAMA), (OTHER_OBAMA, COLLINS), [OTHER_OBAMA, None]),
    ],
)
def test_who_comes_in_the_place_of_another_gets_no_name(
    first: tuple[str, ...], second: tuple[str, ...], names: list[str | None]
) -> None:
    assert names_after(photo(*second), first) == names
