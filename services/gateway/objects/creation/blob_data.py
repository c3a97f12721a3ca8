"""The forms in which a blob's data arrives: a URL that a worker will fetch, the bytes themselves, or a plain value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services.common.blobs import Fetched, parse_inline
from services.common.errors import InvalidArgumentError

SCHEMES = ("http", "https", "s3")
MAX_URL = 8192
TEXT = "text"
FORMS = 'a URL (http, https or s3), a data URI, {"url"}, or {"base64", "mime_type"?, "filename"?}'
TEXT_FORMS = f'{FORMS}; or the text itself, as a string or as {{"text"}}'
NUMBERS = (int, float)
VALUES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": NUMBERS,
    "integer": (int,),
    "float": NUMBERS,
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "date": (str,),
    "datetime": (str,),
}
ANY_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,20}://", re.IGNORECASE)
# Long, without a blank, of both cases and with a digit or padding: no language looks like this, base64 does.
BASE64 = re.compile(
    r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9+/=]*[0-9+/=])(?:[A-Za-z0-9+/]{4}){6,}"
    r"(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
)


@dataclass(frozen=True, slots=True)
class FieldValue:
    """Data that is no file: it becomes the field that the blob's property names."""

    value: Any


def read_data(raw: Any, kind: str, max_bytes: int, path: str) -> str | Fetched | FieldValue:
    """The URL of a blob of the type `kind`, its bytes, or its value.

    InvalidArgumentError names `path` and says which forms there are.
    """
    if isinstance(raw, Mapping) and isinstance(raw.get("url"), str):
        return _url_or_bytes(raw["url"], max_bytes, f"{path}.url")
    if kind in VALUES and not _is_source(raw):
        return _value(raw, kind, path)
    if isinstance(raw, Mapping):
        return _inline(raw, kind, max_bytes, path)
    if not isinstance(raw, str):
        raise _refused(f"must be {_forms(kind)}.", path)
    if kind == TEXT and not _is_source(raw):
        return _text(raw, max_bytes, path)
    return _url_or_bytes(raw, max_bytes, path)


def _is_source(raw: Any) -> bool:
    """Whether the data says where the content is, or holds it encoded, and is not the content itself."""
    if isinstance(raw, Mapping):
        return isinstance(raw.get("base64"), str)
    return isinstance(raw, str) and (raw[:5].lower() == "data:" or ANY_SCHEME.match(raw.strip()) is not None)


def _value(raw: Any, kind: str, path: str) -> FieldValue:
    if not isinstance(raw, VALUES[kind]) or (isinstance(raw, bool) and kind != "boolean"):
        raise _refused(f"must be a value of the type '{kind}', or {FORMS}.", path)
    return FieldValue(raw)


def _text(raw: str, max_bytes: int, path: str) -> Fetched:
    if BASE64.fullmatch(raw):
        raise _refused('looks like base64; send {"base64": ...}, or {"text": ...} if it is the text itself.', path)
    return _parsed({"text": raw}, max_bytes, path, path)


def _inline(raw: Mapping[str, Any], kind: str, max_bytes: int, path: str) -> Fetched:
    if isinstance(raw.get("base64"), str):
        return _parsed(raw, max_bytes, path, f"{path}.base64")
    if kind == TEXT and isinstance(raw.get("text"), str):
        return _parsed(raw, max_bytes, path, f"{path}.text")
    raise _refused(f"must be {_forms(kind)}.", path)


def _url_or_bytes(raw: str, max_bytes: int, path: str) -> str | Fetched:
    if raw[:5].lower() == "data:":
        return _parsed(raw, max_bytes, path, path)
    return _checked_url(raw.strip(), path)


def _parsed(raw: str | Mapping[str, Any], max_bytes: int, path: str, fault: str) -> Fetched:
    try:
        return parse_inline(raw, max_bytes=max_bytes, path=path)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(error.message, reason=error.reason, path=fault) from error


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


def _forms(kind: str) -> str:
    return TEXT_FORMS if kind == TEXT else FORMS


def _refused(message: str, path: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{path} {message}", reason="INVALID_BLOB", path=path)
