"""What is said of a run that ended well and gave less than was hoped for."""

from dataclasses import replace

from services.worker.domain import Obstacle, Outcome
from services.worker.ingest.write_documents import note_of
from tests.unit.worker.builders import outcome

OBSTACLE = Obstacle(reason="UNREADABLE_TEXT", message="It holds no letter.")


def with_parts(readable: int, unreadable: int) -> Outcome:
    """An outcome of so many parts of each kind."""
    made = outcome()
    (part,) = made.parts
    bare = replace(part, embeddings=(), obstacle=OBSTACLE)
    return replace(made, extracted=replace(made.extracted, parts=(part,) * readable + (bare,) * unreadable))


def test_nothing_is_said_when_all_is_as_it_should_be() -> None:
    assert note_of(with_parts(2, 0)) is None


def test_that_nothing_was_found_is_said() -> None:
    assert str(note_of(with_parts(0, 0))).startswith("NOTHING_FOUND")


def test_why_there_is_no_vector_is_said_and_of_how_many_parts() -> None:
    assert str(note_of(with_parts(0, 1))).startswith("UNREADABLE_TEXT: It holds no letter.")
    assert str(note_of(with_parts(3, 2))).startswith("UNREADABLE_TEXT (2 of 5 parts): It holds no letter.")
