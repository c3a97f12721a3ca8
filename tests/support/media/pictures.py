"""Pictures for tests: the sample photos and portraits, what is made of them, and noise; as files."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from tests.support.places import FACES, PHOTOS

HEIGHT = 480


def photos(kind: str) -> list[Path]:
    """The sample photos of a kind, sorted by name."""
    return sorted((PHOTOS / kind).glob("*.jpg"))


def portrait(name: str, height: int = HEIGHT) -> Image.Image:
    """A portrait of the samples, such as "obama/obama.jpg"."""
    with Image.open(FACES / name) as picture:
        return picture.convert("RGB").resize((picture.width * height // picture.height, height))


def darker(picture: Image.Image) -> Image.Image:
    """The same person on another day: mirrored, less light."""
    return ImageEnhance.Brightness(ImageOps.mirror(picture)).enhance(0.7)


def side_by_side(pictures: Sequence[Image.Image]) -> Image.Image:
    """One picture of all, on grey."""
    size = (sum(each.width for each in pictures), max(each.height for each in pictures))
    together, left = Image.new("RGB", size, "grey"), 0
    for each in pictures:
        together.paste(each, (left, 0))
        left += each.width
    return together


def png(picture: Image.Image) -> bytes:
    """As a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(picture: Image.Image) -> bytes:
    """As a JPEG file, which large pictures are faster in."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def noise_jpeg(seed: int, side: int = 96) -> bytes:
    """A small picture like no other: noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return jpeg(Image.fromarray(pixels))


def data_uri(content: bytes, mime_type: str = "image/jpeg") -> str:
    """`content` as a data URI."""
    return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"
