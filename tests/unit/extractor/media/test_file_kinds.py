"""Files are known by their content; their sender's word counts where the content says nothing."""

import pytest

from services.extractor.media.file_kinds import Kind, kind_of
from tests.support.media.pdfs import EMPTY_PAGE
from tests.support.media.pictures import png, portrait
from tests.support.media.videos import CONTAINERS, numbered


def test_content_comes_before_what_the_sender_says() -> None:
    picture = png(portrait("obama/obama.jpg", 40))
    assert kind_of(picture, "video/mp4") is Kind.IMAGE
    assert kind_of(EMPTY_PAGE, "image/png") is Kind.PDF
    assert kind_of(b"\n" * 100 + EMPTY_PAGE) is Kind.PDF


@pytest.mark.parametrize("kind", CONTAINERS)
def test_videos_are_known(kind: str) -> None:
    assert kind_of(numbered(0.2, kind), "image/jpeg") is Kind.VIDEO


@pytest.mark.parametrize("atom", [b"moov", b"wide", b"mdat"])
def test_old_quicktime_is_known_by_its_atoms(atom: bytes) -> None:
    assert kind_of(b"\0\0\0\x08" + atom + b"\0" * 40) is Kind.VIDEO


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("video/mp4", Kind.VIDEO),
        ("VIDEO/webm; codecs=vp9", Kind.VIDEO),
        ("application/pdf", Kind.PDF),
        ("image/png", Kind.IMAGE),
        ("application/octet-stream", Kind.IMAGE),
        ("", Kind.IMAGE),
        ("videotape", Kind.IMAGE),
    ],
)
def test_the_sender_decides_where_the_content_says_nothing(mime_type: str, kind: Kind) -> None:
    assert kind_of(b"who knows", mime_type) is kind
