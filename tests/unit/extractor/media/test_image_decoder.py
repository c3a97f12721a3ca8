"""Every kind of file that the decoder must turn into RGB, and every kind that it must refuse with a reason."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from services.common.errors import InvalidArgumentError
from services.extractor.media.image_decoder import decode_rgb

LIMIT = 1_000_000
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """The bytes of `image` saved as `image_format`."""
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def pixels(content: bytes) -> NDArray[np.uint8]:
    """The decoded image as (height, width, 3) uint8."""
    image = decode_rgb(content, LIMIT)
    assert image.mode == "RGB"
    return np.asarray(image)


def reason(content: bytes, limit: int = LIMIT) -> str:
    """The reason with which `content` is refused."""
    with pytest.raises(InvalidArgumentError) as caught:
        decode_rgb(content, limit)
    assert len(caught.value.message.split()) > 4
    return caught.value.reason


def noise(width: int = 64, height: int = 48) -> Image.Image:
    """Pixels that do not compress, so that cutting the file cuts the picture."""
    values = np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds one byte of data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_decodes_each_accepted_format(image_format: str) -> None:
    array = pixels(encoded(Image.new("RGB", (30, 20), RED), image_format))
    assert array.shape == (20, 30, 3)
    assert np.abs(array.astype(int) - RED).max() <= 3


def test_lossless_formats_keep_every_pixel() -> None:
    picture = noise()
    assert (pixels(encoded(picture, "PNG")) == np.asarray(picture)).all()


def test_empty_file_is_refused() -> None:
    assert reason(b"") == "EMPTY"


@pytest.mark.parametrize("content", [b"hello, this is text", b"BMW is not a bitmap", b"%PDF-1.7\n...", b"\0" * 500])
def test_other_files_are_not_images(content: bytes) -> None:
    assert reason(content) == "NOT_AN_IMAGE"


@pytest.mark.parametrize("image_format", ["PPM", "ICO", "TGA", "EPS", "JPEG2000", "PCX"])
def test_formats_outside_the_list_are_not_opened(image_format: str) -> None:
    assert reason(encoded(Image.new("RGB", (32, 32), RED), image_format)) == "NOT_AN_IMAGE"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_half_a_picture_is_truncated(image_format: str, kept: float) -> None:
    content = encoded(noise(), image_format)
    assert reason(content[: int(len(content) * kept)]) == "TRUNCATED"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_bare_signature_is_truncated(image_format: str) -> None:
    assert reason(encoded(noise(), image_format)[:14]) == "TRUNCATED"


@pytest.mark.parametrize("size", [(50_000, 50_000), (1_001, 1_000)])
def test_too_many_pixels_are_refused_before_decoding(size: tuple[int, int]) -> None:
    assert reason(png_header(*size)) == "TOO_MANY_PIXELS"


def test_the_limit_itself_is_accepted() -> None:
    assert decode_rgb(encoded(Image.new("RGB", (1000, 1000)), "PNG"), LIMIT).size == (1000, 1000)


def test_a_limit_above_pillows_own_is_honoured() -> None:
    assert reason(png_header(20_000, 20_000), limit=400_000_000) == "TRUNCATED"


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animation_gives_its_first_frame(image_format: str) -> None:
    first, second = Image.new("RGB", (16, 16), RED), Image.new("RGB", (16, 16), BLUE)
    content = encoded(first, image_format, save_all=True, append_images=[second])
    assert np.abs(pixels(content).astype(int) - RED).max() <= 3


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_clipped(image_format: str) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    array = pixels(encoded(Image.fromarray(ramp), image_format))
    assert (array[..., 0] == np.rint(ramp / 257)).all()


def test_big_endian_sixteen_bit_tiff_is_scaled() -> None:
    image = Image.frombytes("I;16B", (2, 1), struct.pack(">2H", 0, 65535))
    assert pixels(encoded(image, "TIFF"))[0, :, 0].tolist() == [0, 255]


def test_integers_beyond_sixteen_bit_are_stretched_over_their_own_range() -> None:
    image = Image.fromarray(np.array([[-70_000, 0, 70_000]], dtype=np.int32))
    assert pixels(encoded(image, "TIFF"))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 0.5, 1.0], [0, 128, 255]), ([0, 100, 255], [0, 100, 255]), ([-2.0, 0.0, 2.0], [0, 128, 255])],
)
def test_float_images_are_scaled_by_their_range(values: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], dtype=np.float32))
    assert pixels(encoded(image, "TIFF"))[0, :, 0].tolist() == expected


def test_float_images_survive_nan_and_one_value() -> None:
    assert pixels(encoded(Image.fromarray(np.array([[np.nan, 1.0]], np.float32)), "TIFF"))[0, :, 0].tolist() == [0, 255]
    assert pixels(encoded(Image.fromarray(np.full((2, 2), -5.0, np.float32)), "TIFF")).max() == 0


def test_cmyk_becomes_rgb() -> None:
    array = pixels(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"))
    assert np.abs(array.astype(int) - RED).max() <= 6


def test_alpha_is_flattened_on_white() -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 255, 255))
    assert pixels(encoded(image, "PNG")).tolist() == [[list(WHITE), list(BLUE)]]


def test_half_transparent_grey_is_mixed_with_white() -> None:
    assert pixels(encoded(Image.new("LA", (1, 1), (0, 128)), "PNG"))[0, 0].tolist() == [127, 127, 127]


def test_palette_keeps_its_colours_and_its_transparency() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *GREEN])
    image.putpixel((1, 0), 1)
    assert pixels(encoded(image, "PNG")).tolist() == [[list(RED), list(GREEN)]]
    assert pixels(encoded(image, "PNG", transparency=0)).tolist() == [[list(WHITE), list(GREEN)]]


def test_one_bit_images_become_black_and_white() -> None:
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert pixels(encoded(image, "TIFF"))[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (1, 1)), (6, (0, 1)), (8, (1, 0))])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_honoured(image_format: str, orientation: int, corner: tuple[int, int]) -> None:
    picture = Image.new("RGB", (60, 40), BLUE)
    picture.paste(RED, (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    array = pixels(encoded(picture, image_format, exif=exif)).astype(int)
    assert array.shape[:2] == ((40, 60) if orientation in {1, 3} else (60, 40))
    row, column = (-8 if side else 8 for side in corner)
    assert np.abs(array[row, column] - RED).max() < 40


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_spoil_a_good_picture() -> None:
    content = encoded(Image.new("RGB", (20, 10), RED), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f\0\0garbage")
    assert pixels(content).shape == (10, 20, 3)


@pytest.mark.parametrize("mode", ["YCbCr", "CMYK", "RGBX"])
def test_colour_spaces_of_tiff_become_rgb(mode: str) -> None:
    array = pixels(encoded(Image.new("RGB", (8, 8), RED).convert(mode), "TIFF")).astype(int)
    assert np.abs(array - RED).max() <= 2


def test_large_jpegs_may_shrink_but_never_below_what_is_asked() -> None:
    content = encoded(noise(1200, 800), "JPEG")
    assert decode_rgb(content, LIMIT, (200, 200)).size == (300, 200)
    assert decode_rgb(content, LIMIT, (500, 100)).size == (1200, 800)
    assert decode_rgb(content, LIMIT).size == (1200, 800)
