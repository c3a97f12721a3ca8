"""Option A under names of a test's own, and photos to upload."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from tests.e2e.api import Api
from tests.support.places import PHOTOS
from tests.support.tutorial.option_a import creation


def photos(kind: str) -> list[Path]:
    """The sample photos of a kind, sorted by name."""
    return sorted((PHOTOS / kind).glob("*.jpg"))


def noise_jpeg(seed: int, side: int = 96) -> bytes:
    """A small image like no other: noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return jpeg(Image.fromarray(pixels))


def jpeg(image: Image.Image) -> bytes:
    """The bytes of an image as JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def data_uri(content: bytes, mime_type: str = "image/jpeg") -> str:
    """`content` as a data URI."""
    return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"


def create_unified(api: Api, name: str) -> None:
    """Bucket, retriever and self-referencing collection, all called `name`."""
    for path, body in creation(name):
        api.post(path, body)
