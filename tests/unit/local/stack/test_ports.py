"""The url under which a gateway is announced."""

import pytest

from services.local.stack.ports import base_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("likeness.internal", "http://likeness.internal:8000"),
    ],
)
def test_the_url_names_an_address_that_can_be_reached(host: str, url: str) -> None:
    assert base_url(host, 8000) == url
