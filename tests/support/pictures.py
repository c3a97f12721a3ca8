"""Small pictures for tests: as files, and composed of the sample photos."""

import io
from collections.abc import Sequence

from PIL import Image

from tests.support.places import FACES


def png(picture: Image.Image) -> bytes:
    """As a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(picture: Image.Image) -> bytes:
    """As a JPEG file, which large pictures are faster in."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def portrait(name: str, height: int) -> Image.Image:
    """A portrait of the samples, such as "obama/obama.jpg"."""
    with Image.open(FACES / name) as picture:
        return picture.convert("RGB").resize((picture.width * height // picture.height, height))


def side_by_side(pictures: Sequence[Image.Image]) -> Image.Image:
    """One picture of all, on grey."""
    size = (sum(each.width for each in pictures), max(each.height for each in pictures))
    together, left = Image.new("RGB", size, "grey"), 0
    for each in pictures:
        together.paste(each, (left, 0))
        left += each.width
    return together
