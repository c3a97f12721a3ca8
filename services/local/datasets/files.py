"""The files of a set: which are content, in what order, and where what a row names is."""

import base64
import binascii
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from services.local.datasets.reader_types import Kind
from services.local.datasets.row import Content

PICTURES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
VIDEOS = frozenset({".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi"})
PAGES = frozenset({".pdf"})
TEXTS = frozenset({".txt", ".md"})
SUFFIXES: dict[Kind, frozenset[str]] = {
    "image": PICTURES | VIDEOS | PAGES,
    "face": PICTURES | VIDEOS | PAGES,
    "text": TEXTS | PAGES,
}
REMOTE = ("http://", "https://", "s3://")
JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
LOCAL_FILES, UPLOADED = "/data/local-files/", "/data/upload/"


def walk(root: Path) -> Iterator[Path]:
    """Every file below `root`, folder by folder, sorted by name; what systems leave behind is not among them.

    Links to folders are followed, each folder once.
    """
    seen: set[str] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not is_junk(name))
        yield from (Path(folder, name) for name in sorted(files) if not is_junk(name))


def is_junk(name: str) -> bool:
    """Whether a file or folder is hidden, or made by a system for itself."""
    return name.startswith(".") or name in JUNK


def place(path: Path, root: Path) -> str:
    """The path below `root`, with `/`; bytes that are no UTF-8 as `\\xff`."""
    return shown(PurePosixPath(path.relative_to(root)).as_posix())


def shown(name: str) -> str:
    """A name as text that can be sent anywhere: bytes that are no UTF-8 are spelled out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def unfit(name: str, kind: Kind) -> str | None:
    """Why a file is no content of this kind, judged by its name; None when it may be."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in SUFFIXES[kind]:
        return None
    wanted = "a text or a PDF" if kind == "text" else "a picture, a video or a PDF that is read here"
    return f"'{suffix or name}' is not {wanted}"


def content_at(reference: str, root: Path, files: Path | None = None) -> Content | str:
    """The content that a set names by an address, a data URI or a path; or why there is none.

    Paths are looked for below `files` and `root`; addresses of Label Studio's own server are paths below `files`.
    """
    reference = reference.strip()
    if reference.lower().startswith(REMOTE):
        return Content(url=reference)
    if reference.startswith("data:"):
        return _inline(reference)
    for candidate in _candidates(reference, [each for each in (files, root) if each is not None]):
        if candidate.is_file():
            return _of_file(candidate)
    return f"no such file: {reference}"


def file_content(path: Path) -> Content | str:
    """The content of a file that was met; or why it has none."""
    return _of_file(path)


def _of_file(path: Path) -> Content | str:
    try:
        size = path.stat().st_size
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return Content(path=path) if size else "the file is empty"


def _inline(uri: str) -> Content | str:
    head, _, body = uri.partition(",")
    try:
        return Content(
            data=base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote(body).encode()
        )
    except binascii.Error as error:
        return f"its data URI is not base64: {error}"


def _candidates(reference: str, roots: list[Path]) -> Iterator[Path]:
    if reference.startswith("file://"):
        reference = unquote(urlsplit(reference).path)
    elif reference.startswith(LOCAL_FILES):
        reference = parse_qs(urlsplit(reference).query).get("d", [reference])[0]
    elif reference.startswith(UPLOADED):
        reference = unquote(PurePosixPath(urlsplit(reference).path).name)
    yield from (root / reference for root in roots)
