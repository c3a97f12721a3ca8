"""The demo deals its photos out fairly and counts honestly."""

from pathlib import Path

from services.local.demo.photos import EXAMPLES_PER_KIND, Photo, cast_photos
from services.local.demo.score import Outcome, score


def photos(kind: str, count: int) -> list[Photo]:
    return [Photo(path=Path(f"{kind}{number}.jpg"), kind=kind) for number in range(count)]


def outcome(kind: str, label: str | None) -> Outcome:
    return Outcome(
        object_id="obj_1", photo=Photo(path=Path("a.jpg"), kind=kind), label=label, confidence=0.5, decided_by=None
    )


def test_every_photo_plays_one_part() -> None:
    everyone = photos("cat", 20) + photos("dog", 6) + photos("owl", 3)
    cast = cast_photos(everyone)
    assert sorted((*cast.examples, *cast.first_round, *cast.second_round), key=lambda photo: photo.name) == sorted(
        everyone, key=lambda photo: photo.name
    )


def test_kinds_with_few_photos_are_strangers() -> None:
    cast = cast_photos(photos("cat", 20) + photos("owl", 3))
    assert cast.known == {"cat"}
    assert len(cast.examples) == EXAMPLES_PER_KIND
    assert [photo.kind for photo in cast.first_round].count("owl") == 2
    assert [photo.kind for photo in cast.second_round].count("owl") == 1


def test_the_same_photos_are_dealt_the_same_way() -> None:
    everyone = photos("cat", 20) + photos("dog", 9)
    assert cast_photos(everyone) == cast_photos(everyone)


def test_a_wrong_label_covers_but_is_not_accurate_and_a_labelled_stranger_is_counted() -> None:
    outcomes = [outcome("cat", "cat"), outcome("cat", "dog"), outcome("dog", None), outcome("owl", "cat")]
    result = score(outcomes, {"cat", "dog"})
    assert (result.known, result.known_labelled, result.coverage) == (3, 2, 2 / 3)
    assert (result.strangers, result.strangers_unknown) == (1, 0)
    assert (result.labelled, result.right, result.accuracy) == (3, 1, 1 / 3)


def test_nothing_labelled_is_no_accuracy() -> None:
    assert score([outcome("cat", None)], {"cat"}).accuracy == 0.0
    assert score([], {"cat"}).coverage == 0.0
