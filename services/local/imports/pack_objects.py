"""Rows as the JSON of objects, in parcels that are small enough for a request and large enough to be worth one."""

import base64
import hashlib
import io
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from charset_normalizer import from_bytes
from PIL import Image, ImageOps, UnidentifiedImageError

from services.local.datasets.row import Box, Content, Row, Skipped
from services.local.imports.import_request import Destination
from services.local.imports.rest_bodies import JsonObject

PARCEL_BYTES, PARCEL_ROWS = 3_000_000, 50
LARGE = 8_000_000
LONG_TEXT = 1_000_000
QUALITY = 95


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """A row as the JSON of its object; or, when it is large, as fields and bytes that go by an upload of their own."""

    id: str
    json: bytes
    large: bytes | None = None
    mime_type: str = ""
    name: str = ""

    @property
    def size(self) -> int:
        """How much of a request it takes."""
        return len(self.json)


def pack(row: Row, fields: JsonObject, to: Destination) -> Packed | Skipped:
    """The object of a row; Skipped when its content cannot be had."""
    content = row.content
    if content.text is not None:
        return _object(row, {**fields, to.content: content.text}, [])
    if content.url is not None:
        blob = {"property": to.content, "type": _type(row.name), "data": {"url": content.url}}
        return _object(row, fields, [blob])
    try:
        data = bytes_of(content)
        data = data if row.box is None else _cropped(data, row.box)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        return Skipped(id=row.id, reason=f"cannot be read: {getattr(error, 'strerror', None) or error}")
    return _of_bytes(row, fields, to, data)


def bytes_of(content: Content) -> bytes:
    """The bytes of a file, or those that the set holds."""
    if content.path is not None:
        return content.path.read_bytes()
    assert content.data is not None
    return content.data


def sha256_of(row: Row) -> bytes | None:
    """The hash of a row's content as it would be sent; None where it is not known without sending it."""
    content = row.content
    if (
        row.box is not None
        or (content.path is None and content.data is None)
        or Path(row.name).suffix in (".txt", ".md")
    ):
        return None
    return hashlib.sha256(bytes_of(content)).digest()


def _of_bytes(row: Row, fields: JsonObject, to: Destination, data: bytes) -> Packed | Skipped:
    kind = _type(row.name)
    if kind == "text" and len(data) <= LONG_TEXT:
        text = from_bytes(data).best()
        if text is None:
            return Skipped(id=row.id, reason="is no text in any encoding that is known")
        return _object(row, {**fields, to.content: str(text)}, [])
    blob: JsonObject = {"property": to.content, "type": kind, "filename": row.name}
    mime_type = mimetypes.guess_type(row.name)[0] or ""
    if len(data) > LARGE:
        key = _object(row, fields, [blob])
        sent_as = mime_type or "application/octet-stream"
        return Packed(id=row.id, json=key.json, large=data, mime_type=sent_as, name=row.name)
    blob["data"] = {"base64": base64.b64encode(data).decode(), "mime_type": mime_type}
    return _object(row, fields, [blob])


def _object(row: Row, fields: JsonObject, blobs: list[JsonObject]) -> Packed:
    body = {"metadata": fields, "blobs": blobs, "idempotency_key": key_of(row.id)}
    return Packed(id=row.id, json=orjson.dumps(body))


def key_of(name: str) -> str:
    """The idempotency key of a row, which makes sending it twice safe."""
    return "import:" + hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _type(name: str) -> str:
    """The type of a blob, by its name; what has no telling name is a picture."""
    guess = mimetypes.guess_type(name)[0] or ""
    if guess == "application/pdf":
        return "pdf"
    return {"video": "video", "text": "text"}.get(guess.partition("/")[0], "image")


def _cropped(data: bytes, box: Box) -> bytes:
    """The part of a picture, as it is shown, in a box."""
    with Image.open(io.BytesIO(data)) as picture:
        shown = ImageOps.exif_transpose(picture).convert("RGB")
    corners = (box.left, box.top, box.left + box.width, box.top + box.height)
    inside = (max(0, round(corners[0])), max(0, round(corners[1])), min(shown.width, round(corners[2])))
    left, top, right, bottom = (*inside, min(shown.height, round(corners[3])))
    if left >= right or top >= bottom:
        raise ValueError("its box lies outside of the picture")
    buffer = io.BytesIO()
    shown.crop((left, top, right, bottom)).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def parcels(packed: Iterator[Packed]) -> Iterator[list[Packed]]:
    """The objects in parcels; a large one goes by itself."""
    parcel: list[Packed] = []
    for each in packed:
        if each.large is not None:
            yield [each]
            continue
        if parcel and (len(parcel) >= PARCEL_ROWS or sum(known.size for known in parcel) + each.size > PARCEL_BYTES):
            yield parcel
            parcel = []
        parcel.append(each)
    if parcel:
        yield parcel
