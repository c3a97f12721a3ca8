"""Videos, made with PyAV: of the sample portraits, and small ones whose frames tell their number."""

import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from tests.support.places import FACES, PHOTOS

BACKGROUNDS = PHOTOS / "monument"
Pixels = NDArray[np.uint8]
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


def scene(names: Sequence[str], shift: float, width: int = 1280, height: int = 720) -> Pixels:
    """One frame (height, width, 3) RGB: the named portraits side by side before a monument, moved by `shift` 0..1."""
    frame = _resized(_read(min(BACKGROUNDS.glob("*.jpg"))), width, height)
    for place, name in enumerate(names):
        portrait = _read(FACES / name)
        tall = int(height * (0.6 + 0.3 * shift))
        portrait = _resized(portrait, portrait.shape[1] * tall // portrait.shape[0], tall)
        left = int(width * (place + 0.2 * shift) / len(names))
        room = frame[int(0.1 * shift * height) :, left : left + width // len(names)]
        rows, columns = (min(one, other) for one, other in zip(room.shape[:2], portrait.shape[:2], strict=True))
        room[:rows, :columns] = portrait[:rows, :columns]
    return frame


def encode(
    frames: Iterator[Pixels] | Sequence[Pixels],
    container: str = "mp4",
    codec: str = "libx264",
    fps: int = 25,
    options: Mapping[str, str] | None = None,
    codec_options: Mapping[str, str] | None = None,
) -> bytes:
    """The frames as a video file; by way of a real one, since mp4 is read again when its header is moved."""
    with tempfile.NamedTemporaryFile() as file:
        with av.open(file.name, "w", format=container, options=dict(options or {})) as output:
            stream = output.add_stream(codec, rate=fps, options=dict(codec_options or {}))
            assert isinstance(stream, VideoStream)
            _write(output, frames, stream)
        return Path(file.name).read_bytes()


def _write(output: OutputContainer, frames: Iterator[Pixels] | Sequence[Pixels], stream: VideoStream) -> None:
    stream.pix_fmt = "yuvj420p" if stream.codec_context.name == "mjpeg" else "yuv420p"
    for number, pixels in enumerate(frames):
        if number == 0:
            stream.height, stream.width = pixels.shape[:2]
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts = number
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def repeat(video: bytes, times: int) -> bytes:
    """The same mp4 several times over, without encoding it anew."""
    buffer = io.BytesIO()
    with av.open(io.BytesIO(video), "r") as source, av.open(buffer, "w", format="mp4") as output:
        given = source.streams.video[0]
        stream = output.add_stream_from_template(given)
        packets = [packet for packet in source.demux(given) if packet.dts is not None]
        length = given.duration or 0
        for turn in range(times):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.pts, copy.dts = (packet.pts or 0) + turn * length, (packet.dts or 0) + turn * length
                copy.time_base, copy.duration = packet.time_base, packet.duration
                copy.is_keyframe, copy.stream = packet.is_keyframe, stream
                output.mux(copy)
    return buffer.getvalue()


def film(picture: Image.Image, *, seconds: int = 3, fps: int = 5) -> bytes:
    """An MP4 in which the picture passes by a camera."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.bit_rate = 640, picture.height, 4_000_000
        for number in range(seconds * fps):
            frame = Image.new("RGB", (640, picture.height), "gray")
            frame.paste(picture, (4 * number, 0))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


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


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _read(file: Path) -> Pixels:
    picture = cv2.imread(str(file))
    assert picture is not None
    return np.asarray(picture[:, :, ::-1], np.uint8)
