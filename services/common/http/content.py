"""The content of a blob, wherever it came from."""

import mimetypes
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import filetype

UNKNOWN_TYPE = "application/octet-stream"
MAX_FILENAME = 255
_VAGUE = frozenset({"", UNKNOWN_TYPE, "binary/octet-stream"})


@dataclass(frozen=True, slots=True)
class Fetched:
    """Bytes with their real MIME type; `url` is where they were found in the end, without what is secret in it."""

    content: bytes
    mime_type: str
    filename: str
    url: str


def mime_type_of(content: bytes, declared: str, filename: str) -> str:
    """What the bytes are: their signature counts most, then what was declared, then the file's extension."""
    if found := filetype.guess_mime(content):
        return str(found)
    declared = declared.split(";", maxsplit=1)[0].strip().lower()
    if declared not in _VAGUE:
        return declared
    return mimetypes.guess_type(filename)[0] or UNKNOWN_TYPE


def filename_of(url: str) -> str:
    """The last part of a URL's path, empty if it has none."""
    return safe_filename(unquote(urlsplit(url).path))


def safe_filename(name: str) -> str:
    """The name without folders and control characters, at most 255 characters."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(character for character in last if character.isprintable())[:MAX_FILENAME]
