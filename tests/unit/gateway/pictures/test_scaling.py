"""Small copies of pictures: upright, on white, and nothing that is no picture."""

import io

import pytest
from PIL import Image

from services.common.errors import InvalidArgumentError
from services.gateway.pictures.scaling import scaled


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_the_longer_side_is_bounded_and_small_ones_stay() -> None:
    assert opened(scaled(encoded(Image.new("RGB", (900, 300)), "JPEG"), 300, 10**7)).size == (300, 100)
    assert opened(scaled(encoded(Image.new("RGB", (30, 20)), "PNG"), 300, 10**7)).size == (30, 20)


def test_it_is_upright_and_transparency_is_white() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(scaled(encoded(Image.new("RGB", (40, 20)), "JPEG", exif=exif), 300, 10**7)).size == (20, 40)
    clear = scaled(encoded(Image.new("RGBA", (8, 8), (9, 9, 9, 0)), "PNG"), 300, 10**7)
    assert opened(clear).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("content", [b"", b"no picture", encoded(Image.new("RGB", (64, 64)), "JPEG")[:80]])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidArgumentError):
        scaled(content, 300, 10**7)


def test_one_that_is_too_large_is_not_decoded() -> None:
    with pytest.raises(InvalidArgumentError, match="pixels"):
        scaled(encoded(Image.new("RGB", (100, 100)), "PNG"), 300, 9_999)
