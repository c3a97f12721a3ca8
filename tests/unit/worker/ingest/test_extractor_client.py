"""Which inputs may wait for company, and which may take long."""

import pytest

from services.worker.domain import Content
from services.worker.ingest.extractor_client import SMALL_BYTES, SMALL_TEXT, is_long, is_small


@pytest.mark.parametrize(
    ("content", "small", "long"),
    [
        pytest.param(Content(data=b"1", mime_type="image/jpeg"), True, False, id="picture"),
        pytest.param(Content(data=b"1", mime_type=None), True, False, id="nobody knows"),
        pytest.param(Content(data=bytes(SMALL_BYTES + 1), mime_type="image/jpeg"), False, False, id="large picture"),
        pytest.param(Content(data=b"1", mime_type="video/mp4"), False, True, id="video"),
        pytest.param(Content(data=b"1", mime_type="application/pdf"), False, True, id="PDF"),
        pytest.param(Content(text="words", mime_type="text/plain"), True, False, id="words"),
        pytest.param(Content(text="w" * (SMALL_TEXT + 1)), False, True, id="many words"),
        pytest.param(Content(data=bytes(SMALL_TEXT + 1), mime_type="text/html"), False, True, id="text file"),
    ],
)
def test_small_ones_share_a_call_and_long_ones_get_more_time(content: Content, small: bool, long: bool) -> None:
    assert (is_small(content), is_long(content)) == (small, long)
