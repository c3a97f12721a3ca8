"""Bytes that come inside a request: data URIs and base64."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from services.common.errors import InvalidArgumentError, TooLargeError
from services.common.http.content import Fetched, mime_type_of, safe_filename

_DATA = "data:"


def parse_inline(data: str | Mapping[str, Any], *, max_bytes: int, path: str = "data") -> Fetched:
    """A data URI, `{"base64", "mime_type"?, "filename"?}` or `{"text"}`.

    InvalidArgumentError INVALID_BLOB with the fault's path; TooLargeError above `max_bytes`.
    """
    if isinstance(data, str):
        if is_data_uri(data):
            return parse_data_uri(data, max_bytes=max_bytes, path=path)
    elif isinstance(encoded := data.get("base64"), str):
        content = decode_base64(encoded, max_bytes=max_bytes, path=f"{path}.base64")
        return _fetched(content, str(data.get("mime_type") or ""), str(data.get("filename") or ""))
    elif isinstance(text := data.get("text"), str):
        content = _checked(text.encode(errors="replace"), max_bytes, f"{path}.text")
        return _fetched(content, "text/plain", str(data.get("filename") or ""))
    raise _refused('must be a data URI, {"base64": ..} or {"text": ..}.', path)


def is_data_uri(text: str) -> bool:
    """Whether the text names its own content."""
    return text[: len(_DATA)].lower() == _DATA


def parse_data_uri(uri: str, *, max_bytes: int, path: str = "data") -> Fetched:
    """The content of `data:[<type>][;base64],<payload>`."""
    head, comma, payload = uri[len(_DATA) :].partition(",")
    if not comma:
        raise _refused("is a data URI without a comma.", path)
    mime_type, *options = head.split(";")
    if any(option.strip().lower() == "base64" for option in options):
        content = decode_base64(payload, max_bytes=max_bytes, path=path)
    else:
        content = _checked(unquote_to_bytes(payload), max_bytes, path)
    return _fetched(content, mime_type, "")


def decode_base64(text: str, *, max_bytes: int, path: str = "data") -> bytes:
    """The bytes of base64 text, which may be broken into lines; at least one byte."""
    if len(text) // 4 * 3 > 2 * max_bytes + 4096:
        raise _too_large(max_bytes, path)
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused(f"is not base64: {error}.", path) from error
    return _checked(content, max_bytes, path)


def _checked(content: bytes, max_bytes: int, path: str) -> bytes:
    if not content:
        raise _refused("is empty; a blob needs at least one byte.", path)
    if len(content) > max_bytes:
        raise _too_large(max_bytes, path)
    return content


def _fetched(content: bytes, declared: str, filename: str) -> Fetched:
    filename = safe_filename(filename)
    return Fetched(content, mime_type_of(content, declared, filename), filename, "")


def _refused(message: str, path: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{path} {message}", reason="INVALID_BLOB", path=path)


def _too_large(max_bytes: int, path: str) -> TooLargeError:
    return TooLargeError(
        f"{path} holds more than {max_bytes} bytes, which LIKENESS_MAX_BLOB_BYTES sets; send a smaller file.",
        reason="BLOB_TOO_LARGE",
        path=path,
    )
