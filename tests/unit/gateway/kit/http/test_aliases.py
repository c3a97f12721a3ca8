"""Which paths mean the same."""

import pytest

from services.gateway.kit.http.aliases import canonical


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/buckets", "/v1/buckets"),
        ("/v1/buckets/", "/v1/buckets"),
        ("/api/v1/buckets", "/v1/buckets"),
        ("/buckets/b", "/v1/buckets/b"),
        ("/health", "/v1/health"),
        ("/v1", "/v1"),
        ("/v1x", "/v1/v1x"),
        ("/", "/"),
        ("//", "/"),
        ("/docs", "/docs"),
        ("/docs/", "/docs"),
        ("/assets/x.js", "/assets/x.js"),
    ],
)
def test_the_path_that_the_routes_know(path: str, expected: str) -> None:
    assert canonical(path, ("docs", "assets")) == expected
