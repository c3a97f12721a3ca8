"""The forms in which a blob's data arrives: a URL that a worker will fetch, or the bytes themselves."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from services.common.blobs import Fetched, parse_inline
from services.common.errors import InvalidArgumentError

SCHEMES = ("http", "https", "s3")
MAX_URL = 8192
FORMS = 'a URL (http, https or s3), a data URI, {"url"}, or {"base64", "mime_type"?, "filename"?}'


def read_data(raw: Any, max_bytes: int, path: str) -> str | Fetched:
    """The URL of a blob, or its bytes; InvalidArgumentError names `path` and says which forms there are."""
    if isinstance(raw, Mapping) and isinstance(raw.get("url"), str):
        raw = raw["url"]
    if isinstance(raw, str) and raw[:5].lower() != "data:":
        return _checked_url(raw.strip(), path)
    if isinstance(raw, str | Mapping):
        return _inline(raw, max_bytes, path)
    raise _refused(f"must be {FORMS}.", path)


def _inline(raw: str | Mapping[str, Any], max_bytes: int, path: str) -> Fetched:
    if isinstance(raw, Mapping) and not isinstance(raw.get("base64"), str):
        raise _refused(f"must be {FORMS}.", path)
    try:
        return parse_inline(raw, max_bytes=max_bytes, path=path)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(error.message, reason=error.reason, path=path) from error


def _checked_url(url: str, path: str) -> str:
    if len(url) > MAX_URL:
        raise _refused(f"is neither a data URI nor a URL of at most {MAX_URL} characters; it must be {FORMS}.", path)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _refused(f"is not a URL: {error}.", path) from error
    if parts.scheme.lower() not in SCHEMES or not parts.netloc:
        raise _refused(f"must be {FORMS}.", path)
    return url


def _refused(message: str, path: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{path} {message}", reason="INVALID_BLOB", path=path)
