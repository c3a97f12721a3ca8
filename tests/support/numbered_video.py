"""Small videos whose frames tell their number by their brightness."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tests.support.face_videos import Pixels, encode

FPS, STEP = 10, 6
SIDE = 64
CONTAINERS = {
    "mp4": ("mp4", "libx264"),
    "mov": ("mov", "mpeg4"),
    "webm": ("webm", "libvpx-vp9"),
    "webm_vp8": ("webm", "libvpx"),
    "mkv": ("matroska", "libx265"),
    "mkv_av1": ("matroska", "libsvtav1"),
    "avi": ("avi", "mpeg4"),
    "avi_mjpeg": ("avi", "mjpeg"),
}


def numbered(
    seconds: float,
    kind: str = "mp4",
    size: tuple[int, int] = (SIDE, SIDE),
    options: Mapping[str, str] | None = None,
    codec_options: Mapping[str, str] | None = None,
) -> bytes:
    """A video of 10 frames a second; its frame n has brightness 6 * n, less where that would be too bright."""
    container, codec = CONTAINERS[kind]
    frames = [frame(number, size) for number in range(round(seconds * FPS))]
    return encode(frames, container, codec, FPS, options, codec_options)


def frame(number: int, size: tuple[int, int] = (SIDE, SIDE)) -> Pixels:
    """Frame `number` (height, width, 3); `size` is width and height. The upper half is darker."""
    pixels = np.full((size[1], size[0], 3), 16 + (STEP * number) % 220, np.uint8)
    pixels[: size[1] // 2] //= 2
    return pixels


def number_of(pixels: NDArray[np.uint8]) -> int:
    """Which frame it was, of the first 36."""
    return round((float(pixels[-SIDE // 4 :].mean()) - 16) / STEP)
