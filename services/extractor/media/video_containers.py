"""Opens videos with PyAV: only the containers and codecs named here, and nothing but the bytes is ever read."""

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from services.common.errors import InvalidArgumentError
from services.extractor.media.file_kinds import mime_type_of

MICROSECONDS = 1_000_000
DEMUXERS: Mapping[str, str] = {
    "video/mp4": "mov",
    "video/x-m4v": "mov",
    "video/quicktime": "mov",
    "video/3gpp": "mov",
    "audio/mp4": "mov",
    "video/x-matroska": "matroska",
    "video/webm": "matroska",
    "video/x-msvideo": "avi",
}
CODECS = (
    "av1,libdav1d,ffv1,h263,h264,hevc,libvpx-vp9,mjpeg,mpeg1video,mpeg2video,mpeg4,msmpeg4,msmpeg4v2,prores,rawvideo,"
    "theora,vp8,vp9"
)
# `protocol_whitelist` keeps containers that refer to other files (QuickTime can) from reaching any.
OPTIONS: Mapping[str, str] = {"protocol_whitelist": "none", "enable_drefs": "0", "codec_whitelist": CODECS}


@dataclass(frozen=True, slots=True)
class OpenVideo:
    """A video that can be decoded. `seconds` is what its header claims, None when it claims nothing."""

    container: InputContainer
    stream: VideoStream
    seconds: float | None


@contextlib.contextmanager
def open_video(content: bytes, max_pixels: int) -> Iterator[OpenVideo]:
    """Raises InvalidArgumentError with reason EMPTY, NOT_A_VIDEO, TRUNCATED or TOO_MANY_PIXELS."""
    with _open(content, max_pixels) as container:
        stream = _stream(container)
        _check_size(stream, max_pixels)
        yield OpenVideo(container, stream, _seconds(container, stream))


def damaged(error: object) -> InvalidArgumentError:
    """The error for a video that begins well and then does not go on."""
    why = getattr(error, "strerror", None) or error
    return InvalidArgumentError(f"The video is truncated or damaged: {why}.", reason="TRUNCATED")


def _open(content: bytes, max_pixels: int) -> InputContainer:
    if not content:
        raise InvalidArgumentError("The file is empty (0 bytes).", reason="EMPTY")
    demuxer = DEMUXERS.get(mime_type_of(content) or "")
    if demuxer is None:
        raise _not_a_video("it is none of mp4, mov, webm, mkv and avi")
    options = {**OPTIONS, "max_pixels": str(max_pixels)}
    try:
        return av.open(io.BytesIO(content), "r", format=demuxer, options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError, ArithmeticError) as error:  # FFmpeg's, and Python's for values out of range
        raise damaged(error) from error


def _stream(container: InputContainer) -> VideoStream:
    pictures = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & pictures]
    if not streams:
        raise _not_a_video("it has no moving picture")
    stream = streams[0]
    if stream.codec_context is None:
        raise _not_a_video("its codec is not known here")
    return stream


def _check_size(stream: VideoStream, max_pixels: int) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > max_pixels:
        message = f"The video has {width} x {height} pixels; at most {max_pixels} are accepted."
        raise InvalidArgumentError(message, reason="TOO_MANY_PIXELS")


def _seconds(container: InputContainer, stream: VideoStream) -> float | None:
    """By the track, else by the file; by the number of frames where that is more: AVI's duration is a guess."""
    claims = [float(stream.frames / stream.average_rate)] if stream.frames and stream.average_rate else []
    if stream.duration is not None and stream.time_base is not None:
        claims.append(float(stream.duration * stream.time_base))
    elif container.duration is not None:
        claims.append(container.duration / MICROSECONDS)
    return max(claims, default=None)


def _not_a_video(why: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"The file is not a video that can be read: {why}.", reason="NOT_A_VIDEO")
