"""Photos of people, made of the sample portraits: several of each, two together, and a video."""

import io
from collections.abc import Sequence

import av
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from tests.support.places import FACES

HEIGHT = 480


def portrait(name: str) -> Image.Image:
    """A sample portrait such as `obama/obama.jpg`, 480 pixels high."""
    image = ImageOps.exif_transpose(Image.open(FACES / name)).convert("RGB")
    return image.resize((round(image.width * HEIGHT / image.height), HEIGHT))


def darker(image: Image.Image) -> Image.Image:
    """The same person on another day: mirrored, less light."""
    return ImageEnhance.Brightness(ImageOps.mirror(image)).enhance(0.7)


def side_by_side(images: Sequence[Image.Image]) -> Image.Image:
    """One picture of them all."""
    together = Image.new("RGB", (sum(image.width for image in images), HEIGHT))
    left = 0
    for image in images:
        together.paste(image, (left, 0))
        left += image.width
    return together


def jpeg(image: Image.Image) -> bytes:
    """Its bytes as JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def film(image: Image.Image, *, seconds: int = 3, fps: int = 5) -> bytes:
    """An MP4 in which the picture passes by a camera."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.bit_rate = 640, HEIGHT, 4_000_000
        for number in range(seconds * fps):
            frame = Image.new("RGB", (640, HEIGHT), "gray")
            frame.paste(image, (4 * number, 0))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()
