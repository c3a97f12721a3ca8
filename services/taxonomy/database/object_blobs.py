"""The files of the objects that subjects come from, for inputs that a taxonomy maps to them."""

import base64
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.common.blobs import BlobStore
from services.common.errors import InvalidArgumentError
from services.taxonomy.database.reader import Reader

# An input travels inside a message; alerts ask with as much.
MOST_BYTES = 8_000_000
BLOBS = """
    SELECT DISTINCT ON (object_id, property) object_id, property, source_url, storage_key, mime_type,
      coalesce(size_bytes, 0) AS size_bytes
    FROM blobs WHERE object_id = ANY($1) ORDER BY object_id, property, position"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectBlob:
    """A file under the property that an object has it by: in the blob store, or still at its source."""

    property: str
    source_url: str | None
    storage_key: str | None
    mime_type: str | None
    size_bytes: int


class ObjectBlobs:
    """Reads what objects hold, each of several files of one property the first."""

    def __init__(self, reader: Reader, store: BlobStore) -> None:
        self._reader = reader
        self._store = store

    async def of(self, object_ids: Sequence[str]) -> Mapping[str, Mapping[str, ObjectBlob]]:
        """Object id -> property -> file."""
        found: dict[str, dict[str, ObjectBlob]] = defaultdict(dict)
        for row in await self._reader.fetch(BLOBS, list(dict.fromkeys(object_ids))):
            values = {name: row[name] for name in ObjectBlob.__dataclass_fields__}
            found[row["object_id"]][row["property"]] = ObjectBlob(**values)
        return found

    async def as_input(self, blob: ObjectBlob) -> str:
        """What a query can be asked by: the words of a text, a data URI, or the URL of what was not fetched yet."""
        if blob.storage_key is None:
            return str(blob.source_url)
        if blob.size_bytes > MOST_BYTES:
            message = f"The blob '{blob.property}' is larger than {MOST_BYTES} bytes, the most that a query can hold."
            raise InvalidArgumentError(message, path=f"input_mappings.{blob.property}")
        content = await self._store.get(blob.storage_key)
        kind = blob.mime_type or "application/octet-stream"
        if kind.startswith("text/"):
            return content.decode(errors="replace")
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"
