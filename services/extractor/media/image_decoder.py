"""The one image decoder: bytes of unknown origin in, an upright 8-bit RGB image out, or an error that says why not."""

import contextlib
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from services.common.errors import InvalidArgumentError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\x00", b"MM\x00*")
SIXTEEN_BIT = 65535.0
EIGHT_BIT = 255.0

# Ours, made from the settings in `_check_size`, replaces Pillow's fixed limit, which would warn or raise before it.
Image.MAX_IMAGE_PIXELS = None


def decode_rgb(content: bytes, max_pixels: int, at_least: tuple[int, int] | None = None) -> Image.Image:
    """The first frame, turned as its EXIF says, alpha over white, 16-bit scaled to 8: mode RGB.

    With `at_least` (width, height) a large JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, never below that.
    Raises InvalidArgumentError with reason EMPTY, NOT_AN_IMAGE, TRUNCATED or TOO_MANY_PIXELS.
    """
    if not content:
        raise InvalidArgumentError("The file is empty (0 bytes).", reason="EMPTY")
    with _open(content) as image:
        _check_size(image.size, max_pixels)
        if at_least is not None:
            # JPEG's dimensions may be swapped by EXIF, so the larger side counts for both.
            image.draft(None, (max(at_least), max(at_least)))
        _load(image)
        return _to_rgb(image)


def _open(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except MemoryError:
        raise
    except Exception as error:  # Pillow's plugins raise anything on a damaged header
        if _has_signature(content):
            raise _damaged(error) from error
        raise InvalidArgumentError(
            f"The file is not an image that can be read; send one of {', '.join(FORMATS)}.", reason="NOT_AN_IMAGE"
        ) from error


def _has_signature(content: bytes) -> bool:
    return content.startswith(SIGNATURES) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise InvalidArgumentError(
            f"The image has {width} x {height} pixels; at most {max_pixels} are accepted.", reason="TOO_MANY_PIXELS"
        )
    if width * height == 0:
        raise InvalidArgumentError(f"The image has {width} x {height} pixels.", reason="NOT_AN_IMAGE")


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:  # as in _open
        raise _damaged(error) from error
    with contextlib.suppress(Exception):  # damaged EXIF does not spoil a good picture
        ImageOps.exif_transpose(image, in_place=True)


def _damaged(error: Exception) -> InvalidArgumentError:
    return InvalidArgumentError(f"The image is truncated or damaged: {error}", reason="TRUNCATED")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_8_bit(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def _to_8_bit(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Full scale is 65535 for 16-bit integers, 1 or 255 for floats that fit, otherwise the image's own range."""
    grey = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = float(grey.min()), float(grey.max())
    scales = (SIXTEEN_BIT,) if np.issubdtype(values.dtype, np.integer) else (1.0, EIGHT_BIT, SIXTEEN_BIT)
    black, white = next(((0.0, scale) for scale in scales if low >= 0 and high <= scale), (low, high))
    scaled: NDArray[np.float32] = (grey - black) * (EIGHT_BIT / ((white - black) or 1.0))
    return np.rint(scaled).astype(np.uint8)
