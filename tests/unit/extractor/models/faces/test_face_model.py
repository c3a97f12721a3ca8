"""The embedded face model: who is found, who is like whom, and what the parameters change."""

import io
from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image

from services.common.errors import InvalidArgumentError
from services.extractor.model_port import Model, Part
from services.extractor.models.registry import load_models
from tests.support.extractor.run_model import extract
from tests.support.media.pdfs import ENCRYPTED, pdf_of
from tests.support.media.pictures import jpeg, png, portrait, side_by_side
from tests.support.media.videos import encode, numbered, scene
from tests.support.places import FACES

MAX_PIXELS = 10_000_000
OBAMAS = ("obama/obama.jpg", "obama/obama2.jpg", "obama/obama3.jpg")
OTHERS = ("biden/biden.jpg", "collins/astronaut.png")
KEYS = {
    "face_index",
    "bbox",
    "detection_score",
    "landmarks",
    "quality_score",
    "quality_components",
    "embedding_model",
    "detection_model",
}


@cache
def faces() -> Model:
    """The embedded model, loaded once."""
    models = load_models(None, strict=False, max_pixels=MAX_PIXELS)
    return next(model for model in models if model.manifest.model == "yunet_sface")


@cache
def trio() -> bytes:
    """Three people in one picture, of different sizes."""
    return png(side_by_side([portrait(OTHERS[0], 500), portrait(OBAMAS[0], 700), portrait(OTHERS[1], 300)]))


def likeness(one: Part, other: Part) -> float:
    return float(one.embedding @ other.embedding)


def box(part: Part) -> dict[str, float]:
    found = part.fields["bbox"]
    assert isinstance(found, dict)
    return found


def test_the_same_person_is_more_alike_than_any_other() -> None:
    people = {name: extract(faces(), (FACES / name).read_bytes()) for name in OBAMAS + OTHERS}
    assert [len(parts) for parts in people.values()] == [1] * 5
    same = [likeness(people[one][0], people[other][0]) for one in OBAMAS for other in OBAMAS if one < other]
    strangers = [likeness(people[one][0], people[other][0]) for one in OBAMAS for other in OTHERS]
    assert min(same) > 0.6
    assert max(strangers) < 0.4


def test_each_face_of_a_picture_is_a_part_with_the_fields_of_the_contract() -> None:
    parts = extract(faces(), trio())
    assert [part.fields["face_index"] for part in parts] == [0, 1, 2]
    widths = [box(part)["width"] for part in parts]
    assert widths == sorted(widths, reverse=True)
    for part in parts:
        assert part.fields.keys() == KEYS
        assert np.isclose(np.linalg.norm(part.embedding), 1.0, atol=1e-5)
        assert np.isclose(box(part)["x2"] - box(part)["x1"], box(part)["width"], atol=0.02)
        assert np.array(part.fields["landmarks"]).shape == (5, 2)
        (crop,) = part.artifacts
        assert crop.field == "aligned_face_crop"
        with Image.open(io.BytesIO(crop.content)) as picture:
            assert (picture.format, picture.size) == ("JPEG", (112, 112))
    alone = extract(faces(), (FACES / OBAMAS[1]).read_bytes())[0]
    assert max(range(3), key=lambda number: likeness(parts[number], alone)) == 0


def test_a_turned_photo_is_found_upright() -> None:
    upright = portrait(OBAMAS[0], 600)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", quality=95, exif=exif)
    (turned,) = extract(faces(), buffer.getvalue())
    (plain,) = extract(faces(), png(upright))
    assert likeness(turned, plain) > 0.95
    assert abs(box(turned)["x1"] - box(plain)["x1"]) < 4


@pytest.mark.parametrize("width", [200, 700, 1600, 2600])
def test_a_face_that_fills_the_picture_is_found_at_every_size(width: int) -> None:
    with Image.open(FACES / OBAMAS[0]) as picture:
        close = picture.crop((330, 40, 650, 460)).resize((width, width * 420 // 320))
    (part,) = extract(faces(), jpeg(close))
    assert 0.4 < box(part)["width"] / width < 0.95
    assert likeness(part, extract(faces(), (FACES / OBAMAS[1]).read_bytes())[0]) > 0.6


def test_small_faces_are_left_out_and_the_limit_is_the_collection_s() -> None:
    sizes = [min(box(part)["width"], box(part)["height"]) for part in extract(faces(), trio())]
    between = int((sizes[0] + sizes[1]) / 2)
    assert len(extract(faces(), trio(), min_face_size=between)) == 1
    tiny = png(portrait(OBAMAS[0], 60))
    assert extract(faces(), tiny) == []
    assert len(extract(faces(), tiny, min_face_size=10)) == 1


def test_thresholds_and_limits_are_honoured() -> None:
    scores = sorted(float(str(part.fields["detection_score"])) for part in extract(faces(), trio()))
    assert len(extract(faces(), trio(), detection_threshold=(scores[0] + scores[1]) / 2)) == 2
    assert extract(faces(), trio(), detection_threshold=1.0) == []
    assert len(extract(faces(), trio(), max_faces_per_image=2)) == 2
    qualities = sorted(float(str(part.fields["quality_score"])) for part in extract(faces(), trio()))
    assert len(extract(faces(), trio(), quality_threshold=(qualities[0] + qualities[1]) / 2)) == 2


def test_what_is_not_wanted_is_not_stored() -> None:
    part = extract(
        faces(), trio(), store_detection_metadata=False, enable_quality_scoring=False, include_face_crops=False
    )[0]
    assert part.fields.keys() == {"face_index", "embedding_model", "detection_model"}
    assert part.artifacts == ()
    framed = extract(faces(), trio(), include_source_frame_thumbnail=True)[0]
    assert [each.field for each in framed.artifacts] == ["aligned_face_crop", "source_frame_thumbnail"]


def test_one_document_for_a_picture_tells_of_all_its_faces() -> None:
    (part,) = extract(faces(), trio(), output_mode="per_image")
    assert part.fields["face_count"] == 3
    listed = part.fields["faces"]
    assert isinstance(listed, list)
    assert [each["face_index"] for each in listed] == [0, 1, 2]
    assert likeness(part, extract(faces(), trio())[0]) > 0.999


def test_a_blurred_face_has_less_quality() -> None:
    sharp = portrait(OBAMAS[0], 600)
    blurred = Image.fromarray(np.asarray(cv2.GaussianBlur(np.asarray(sharp), (0, 0), 8), np.uint8))
    qualities = [float(str(extract(faces(), png(each))[0].fields["quality_score"])) for each in (sharp, blurred)]
    assert qualities[0] > qualities[1] + 0.1


def test_a_query_gives_the_largest_face_or_says_that_there_is_none() -> None:
    (asked,) = extract(faces(), trio(), is_query=True)
    assert likeness(asked, extract(faces(), trio())[0]) > 0.999
    empty = png(Image.new("RGB", (300, 300), "grey"))
    assert extract(faces(), empty) == []
    with pytest.raises(InvalidArgumentError) as caught:
        extract(faces(), empty, is_query=True)
    assert caught.value.reason == "NO_FACE"


def test_wrong_parameters_are_named() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        extract(faces(), trio(), min_face_size=5)
    assert caught.value.details["path"] == "parameters.min_face_size"


def test_pages_of_a_pdf_are_searched_one_by_one() -> None:
    content = pdf_of([portrait(OBAMAS[0], 600), Image.new("RGB", (400, 400), "white"), portrait(OTHERS[0], 600)])
    parts = extract(faces(), content)
    assert [(part.fields["page_number"], part.fields["total_pages"]) for part in parts] == [(1, 3), (3, 3)]
    with pytest.raises(InvalidArgumentError) as caught:
        extract(faces(), ENCRYPTED)
    assert caught.value.reason == "ENCRYPTED_PDF"


def test_a_person_of_a_video_is_one_document_with_its_moment() -> None:
    moments = [([OBAMAS[0]], 0.0), ([OBAMAS[0], OTHERS[0]], 0.5), ([OTHERS[0]], 1.0)]
    stills = [scene(names, shift, 640, 360) for names, shift in moments]
    video = encode([still for still in stills for _ in range(10)], fps=10)
    parts = extract(faces(), video)
    assert len(parts) == 2
    people = [extract(faces(), (FACES / name).read_bytes())[0] for name in (OBAMAS[0], OTHERS[0])]
    for part in parts:
        assert {"frame_number", "timestamp"} < part.fields.keys()
        assert max(likeness(part, person) for person in people) > 0.6
    assert {float(str(part.fields["timestamp"])) for part in parts} <= {0.0, 1.0, 2.0}
    assert len(extract(faces(), video, video_deduplication=False)) == 4
    assert extract(faces(), numbered(1.0)) == []


def test_an_animated_gif_is_its_first_picture() -> None:
    buffer = io.BytesIO()
    portrait(OBAMAS[0], 400).save(buffer, "GIF", save_all=True, append_images=[portrait(OTHERS[0], 400)], duration=100)
    (part,) = extract(faces(), buffer.getvalue())
    assert "timestamp" not in part.fields
