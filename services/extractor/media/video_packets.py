"""The packets of a video in groups that can be decoded by themselves, and how far they reach."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import av

from services.extractor.media.video_containers import OpenVideo


class PacketReader:
    """Reads the video's packets. `reached` is where the last packet of any stream ended, in seconds from the start."""

    def __init__(self, video: OpenVideo) -> None:
        self._video = video
        first = video.stream.start_time
        self.start = 0.0 if first is None else float(first * (video.stream.time_base or 0))
        self.reached = 0.0

    def __iter__(self) -> "Iterator[av.Packet[Any]]":
        """The packets of the video stream; the last one is empty and makes the decoder give what it holds back."""
        for packet in self._video.container.demux():
            end = seconds_of(packet) + float((packet.duration or 0) * (packet.time_base or 0)) - self.start
            self.reached = max(self.reached, end)
            if packet.stream is self._video.stream:
                yield packet


def seconds_of(packet: "av.Packet[Any]") -> float:
    """When it is shown, else when it is decoded; minus infinity when it does not say."""
    ticks = packet.dts if packet.pts is None else packet.pts
    return -math.inf if ticks is None or packet.time_base is None else float(ticks * packet.time_base)


def groups(packets: "Iterable[av.Packet[Any]]") -> "Iterator[tuple[list[av.Packet[Any]], float]]":
    """Packets from one key frame up to the next, with the time of the next (infinity after the last group)."""
    group: list[av.Packet[Any]] = []
    for packet in packets:
        if packet.is_keyframe and group:
            yield group, seconds_of(packet)
            group = []
        group.append(packet)
    yield group, math.inf
