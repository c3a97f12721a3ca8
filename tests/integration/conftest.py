"""The fixtures of integration tests: `seaweed`, a real S3 server."""

from tests.support.seaweed import seaweed

__all__ = ["seaweed"]
