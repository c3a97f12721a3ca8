"""Images that are unusual, and files that are none."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from tests.support.media.pictures import jpeg, noise_jpeg


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of an image in the format `kind`."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def truncated() -> bytes:
    """A JPEG that stops in the middle."""
    content = noise_jpeg(1)
    return content[: len(content) // 2]


def huge_png() -> bytes:
    """A PNG of a few bytes that says it has 50,000 x 50,000 pixels."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + _chunk(b"IEND", b"")
    )


def animated_gif() -> bytes:
    """Three frames of different colours."""
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)


def sixteen_bit_png() -> bytes:
    """A greyscale ramp with 65,536 levels."""
    ramp = np.linspace(0, 65535, 128 * 128).reshape(128, 128).astype(np.uint16)
    return encoded(Image.fromarray(ramp), "PNG")


def cmyk_jpeg() -> bytes:
    """Four colour channels, as print shops use them."""
    return jpeg(Image.open(io.BytesIO(noise_jpeg(2))).convert("CMYK"))


def turned_by_exif(content: bytes) -> bytes:
    """The same picture stored on its side, with an EXIF tag that says how to turn it upright."""
    image = Image.open(io.BytesIO(content)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(image, "PNG", exif=exif)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
