import base64

import orjson
import pytest

from services.common.errors import InvalidArgumentError
from services.gateway.events.cursors import NOTHING, Place, read_place, write_place


def test_a_place_comes_back_as_it_was() -> None:
    place = Place(since="740:745:741,743", until="750:750:", after=3, last=9, at=1_800_000_000)
    assert read_place(write_place(place)) == place
    assert read_place(write_place(Place())) == Place(since=NOTHING, until=NOTHING, after=0, last=0, at=0)


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"since": NOTHING},
        ["1:1:", "1:1:", 0, 0],
        ["1:1:", "1:1:", -1, 0, 0],
        ["1:1:", "1:1:", 0, 2**63, 0],
        ["1:1:", "1:1:", 0.5, 0, 0],
        ["1:1:", "1:1:", "0", 0, 0],
        ["0:1:", "1:1:", 0, 0, 0],
        ["2:1:", "1:1:", 0, 0, 0],
        ["1:9:3,3", "1:1:", 0, 0, 0],
        ["1:9:9", "1:1:", 0, 0, 0],
        ["5:9:3", "1:1:", 0, 0, 0],
        ["1:9999999999999999999:", "1:1:", 0, 0, 0],
        ["1:1:", "'; DROP TABLE events", 0, 0, 0],
        ["1:1:\x00", "1:1:", 0, 0, 0],
    ],
)
def test_what_no_server_wrote_is_refused(content: object) -> None:
    text = base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")
    with pytest.raises(InvalidArgumentError, match="cursor is not one"):
        read_place(text)


@pytest.mark.parametrize("text", ["", "x", "é", "====", "\x00", "A" * 200_000, "eyJ4IjoxfQ"])
def test_what_is_no_cursor_at_all_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        read_place(text)
