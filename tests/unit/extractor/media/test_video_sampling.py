"""Videos give the frames that were asked for, with their times, and say why when they cannot."""

import io
import struct

import av
import numpy as np
import pytest

from services.common.errors import InvalidArgumentError
from services.extractor.media.file_kinds import Kind, kind_of
from services.extractor.media.picture import Picture
from services.extractor.media.video_sampling import Clock, Sampling, _check_length, sample_video
from tests.support.media.videos import CONTAINERS, FPS, number_of, numbered

MAX_PIXELS = 1_000_000
GOPS = {"g": "5", "bf": "0"}
DURATION = b"\x44\x89\x88"  # of Matroska: its id, and the size of a double


def samples(video: bytes, fps: float = 1.0, most_seconds: float = 60.0, max_pixels: int = MAX_PIXELS) -> list[Picture]:
    return [each for each in sample_video(video, Sampling(fps, most_seconds, max_pixels)) if each is not None]


def reason(video: bytes, most_seconds: float = 60.0, max_pixels: int = MAX_PIXELS) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        samples(video, most_seconds=most_seconds, max_pixels=max_pixels)
    return caught.value.reason


@pytest.mark.parametrize("kind", CONTAINERS)
def test_every_container_gives_frames_at_the_rate_asked_for(kind: str) -> None:
    video = numbered(3.0, kind)
    assert kind_of(video) is Kind.VIDEO
    found = samples(video, fps=2.0)
    assert [round(float(str(each.fields["timestamp"])) * 2) for each in found] == [0, 1, 2, 3, 4, 5]
    for each in found:
        number = int(str(each.fields["frame_number"]))
        assert abs(number_of(each.pixels) - number) <= 1
        assert abs(number / FPS - float(str(each.fields["timestamp"]))) < 1 / FPS


def test_all_frames_come_when_more_are_asked_for_than_there_are() -> None:
    found = samples(numbered(2.0), fps=60.0)
    assert [each.fields["frame_number"] for each in found] == list(range(2 * FPS))
    assert [number_of(each.pixels) for each in found] == list(range(2 * FPS))


def test_groups_that_no_sample_needs_are_not_decoded() -> None:
    looked_at = list(sample_video(numbered(3.0, codec_options=GOPS), Sampling(0.5, 60.0, MAX_PIXELS)))
    assert [each.fields["frame_number"] for each in looked_at if each] == [0, 20]
    assert len(looked_at) < 15


def test_a_clock_never_takes_twice_in_one_beat_and_goes_on_after_a_gap() -> None:
    clock = Clock(2.0)
    times = (0.0, 0.1, 0.49, 0.5, 0.9, 3.2, 3.4, 3.5)
    assert [clock.take(seconds) for seconds in times] == [True, False, False, True, False, True, False, True]


def test_a_phone_s_turned_video_comes_upright() -> None:
    plain = numbered(1.0, size=(96, 64))
    assert samples(plain)[0].pixels.shape == (64, 96, 3)
    identity = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    quarter = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    place = plain.index(identity, plain.index(b"tkhd"))
    turned = samples(plain[:place] + quarter + plain[place + len(identity) :])[0].pixels
    assert turned.shape == (96, 64, 3)
    # Clockwise by a quarter: what was above, the darker half, lies on the right.
    assert turned[:, -8:].mean() < turned[:, :8].mean()


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        (b"", "EMPTY"),
        (b"no video", "NOT_A_VIDEO"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n", "NOT_A_VIDEO"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "NOT_A_VIDEO"),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n", "NOT_A_VIDEO"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "TRUNCATED"),
    ],
)
def test_what_is_no_video_says_so(video: bytes, expected: str) -> None:
    assert reason(video) == expected


@pytest.mark.parametrize("kind", ["mp4", "webm", "mkv", "avi"])
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_part_of_a_video_is_not_taken_for_the_whole(kind: str, share: float) -> None:
    options = {"movflags": "faststart"} if kind == "mp4" else {}
    video = numbered(20.0, kind, options=options)
    assert reason(video[: int(share * len(video))]) == "TRUNCATED"


def test_an_encrypted_video_says_so() -> None:
    options = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "00" * 16, "encryption_kid": "11" * 16}
    assert reason(numbered(1.0, options=options)) == "ENCRYPTED_VIDEO"


def test_sound_alone_is_no_video() -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=8000)
        assert isinstance(stream, av.AudioStream)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8000
        output.mux(stream.encode(sound))
        output.mux(stream.encode(None))
    assert reason(buffer.getvalue()) == "NOT_A_VIDEO"


def test_long_videos_are_refused_by_what_they_say_and_by_what_they_are() -> None:
    assert reason(numbered(8.0), most_seconds=5) == "TOO_LONG"
    silent = numbered(8.0, "mkv", options={"live": "1"})
    assert samples(silent, most_seconds=20)
    assert reason(silent, most_seconds=5) == "TOO_LONG"
    assert samples(numbered(5.5), most_seconds=5)


def test_an_absurd_duration_in_the_header_is_refused_at_once() -> None:
    video = numbered(1.0, "mkv")
    place = video.index(DURATION) + len(DURATION)
    assert reason(video[:place] + struct.pack(">d", 1e15) + video[place + 8 :]) == "TOO_LONG"


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    assert reason(numbered(0.5), max_pixels=1000) == "TOO_MANY_PIXELS"
    wide = numbered(0.1, "avi_mjpeg", size=(50_000, 16))
    assert samples(wide)[0].pixels.shape == (16, 50_000, 3)
    assert reason(wide, max_pixels=700_000) == "TOO_MANY_PIXELS"
    assert Sampling(1.0, 60.0, 10_000_000_000).frame_pixels < 40_000_000


@pytest.mark.parametrize(("most", "advises"), [(5, True), (300, False)])
def test_a_video_that_is_too_long_is_told_what_can_be_done(most: float, advises: bool) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        _check_length(most + 60, Sampling(1.0, most, 10**6))
    assert ("make a collection" in caught.value.message) is advises
    assert "Upload parts of it" in caught.value.message
