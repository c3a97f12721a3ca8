"""Frames of a video, sampled at a rate. What no sample needs is not decoded."""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from services.common.errors import InvalidArgumentError
from services.extractor.media.picture import Picture, Pixels
from services.extractor.media.video_containers import OpenVideo, damaged, open_video
from services.extractor.media.video_packets import PacketReader, groups, seconds_of

DENSE = 3.0
TOLERANCE_SECONDS = 1.0
TOLERANCE_SHARE = 0.05
MILLISECONDS = 3
ROUNDING = 1e-6
EIGHT_K = 7680 * 4320
# As a collection can be told, see services/common/extractors/parameters.py.
MOST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Sampling:
    """`fps` pictures of each second; a video of more than `most_seconds` or `max_pixels` is refused."""

    fps: float
    most_seconds: float
    max_pixels: int

    @property
    def frame_pixels(self) -> int:
        """At most 8K: a decoder keeps up to seventeen frames."""
        return min(self.max_pixels, EIGHT_K)


class Clock:
    """Says which frames are due, at a regular rate. Times in seconds."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._taken = 0

    @property
    def due(self) -> float:
        """When the next sample is due."""
        return self._taken / self._fps

    def take(self, seconds: float) -> bool:
        """Whether a frame of that time is to be taken; then the next is due at the next beat after it."""
        if seconds < self.due - ROUNDING:
            return False
        self._taken = math.floor(seconds * self._fps + ROUNDING) + 1
        return True


def sample_video(content: bytes, sampling: Sampling) -> Generator[Picture | None]:
    """The sampled frames, upright, with `frame_number` and `timestamp` (seconds); None for a frame that is passed over.

    Raises InvalidArgumentError with a reason of `open_video`, or ENCRYPTED_VIDEO, TRUNCATED or TOO_LONG.
    """
    with open_video(content, sampling.frame_pixels) as video:
        _check_length(video.seconds or 0.0, sampling)
        try:
            yield from _sample(video, sampling)
        except (av.FFmpegError, ValueError, ArithmeticError) as error:
            raise damaged(error) from error


def _sample(video: OpenVideo, sampling: Sampling) -> Iterator[Picture | None]:
    clock, reader, rate = Clock(sampling.fps), PacketReader(video), _rate(video)
    reformatter, found = VideoReformatter(), False
    for frame, seconds in _decode(video, reader, clock, skips=rate > DENSE * sampling.fps):
        _check_length(seconds, sampling)
        if frame.is_corrupt or not clock.take(seconds):
            yield None
            continue
        found = True
        place = {"frame_number": round(seconds * rate), "timestamp": round(seconds, MILLISECONDS)}
        _check_size(frame, sampling.frame_pixels)
        yield Picture(_upright(frame, reformatter), place)
    if not found:
        raise damaged("no frame of it can be decoded")
    _check_complete(video.seconds, reader.reached)


def _decode(
    video: OpenVideo, reader: PacketReader, clock: Clock, *, skips: bool
) -> Iterator[tuple[av.VideoFrame, float]]:
    """The frames that may be due and their times; with `skips` not those that no other frame refers to."""
    codec = video.stream.codec_context
    codec.thread_count = 1
    if skips:
        codec.skip_frame = "NONREF"
    for group, end in groups(reader):
        for packet in group:
            if end - reader.start <= clock.due:
                codec.flush_buffers()
                break
            _check_encryption(packet)
            for frame in codec.decode(packet):
                yield frame, (seconds_of(packet) if frame.time is None else frame.time) - reader.start


def _rate(video: OpenVideo) -> float:
    """Frames per second, 0 when nobody knows."""
    return float(video.stream.average_rate or video.stream.guessed_rate or 0)


def _upright(frame: av.VideoFrame, reformatter: VideoReformatter) -> Pixels:
    """RGB pixels, turned as the file's display matrix says. One reformatter for all: a new one takes as long as ten."""
    converted = reformatter.reformat(frame, format="rgb24", threads=1)
    pixels = converted.to_ndarray().astype(np.uint8, copy=False)
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarters)) if quarters else pixels


def _check_size(frame: av.VideoFrame, max_pixels: int) -> None:
    if frame.width * frame.height > max_pixels:
        message = f"A frame of the video has {frame.width} x {frame.height} pixels; at most {max_pixels} are accepted."
        raise InvalidArgumentError(message, reason="TOO_MANY_PIXELS")


def _check_encryption(packet: "av.Packet[Any]") -> None:
    if packet.has_sidedata("encryption_info"):
        raise InvalidArgumentError("The video is encrypted; upload it without.", reason="ENCRYPTED_VIDEO")


def _check_length(seconds: float, sampling: Sampling) -> None:
    if seconds > sampling.most_seconds + TOLERANCE_SECONDS:
        most = sampling.most_seconds
        message = (
            f"The video is {seconds:.0f} seconds long or longer; this collection reads {most:.0f}. Upload parts of it"
        )
        if most < MOST_SECONDS:
            message += (
                ", or make a collection whose feature_extractor.parameters.max_video_length is more "
                f"({MOST_SECONDS} at most): that of a collection cannot be changed"
            )
        message += "."
        raise InvalidArgumentError(message, reason="TOO_LONG")


def _check_complete(claimed: float | None, reached: float) -> None:
    """A file that ends long before its header says is not taken for the whole."""
    if claimed is not None and claimed - reached > TOLERANCE_SECONDS + TOLERANCE_SHARE * claimed:
        raise damaged(f"it says that it has {claimed:.1f} seconds, but ends after {reached:.1f}")
