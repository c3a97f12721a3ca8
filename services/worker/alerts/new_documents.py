"""New documents that an alert is to be asked about: which they are, and the inputs that each of them gives."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.blobs import BlobStore
from services.common.database.pool import Pool
from services.common.errors import InvalidArgumentError
from services.common.extractors.passthrough import lookup, strip_root
from services.worker.alerts.watched_alert import JsonObject, WatchedAlert

AT_ONCE = 20
MOST_BLOB_BYTES = 8_000_000
# The mappings are those of today; a document that is gone, or whose collection takes no interest any more, has none.
WAITING = """
    SELECT w.document_id, d.object_id, d.fields, (
      SELECT application -> 'input_mappings'
      FROM collections c, alerts a,
        jsonb_array_elements(CASE WHEN jsonb_typeof(c.settings -> 'alert_applications') = 'array'
                             THEN c.settings -> 'alert_applications' ELSE '[]' END) AS application
      WHERE c.collection_id = w.collection_id AND a.alert_id = w.alert_id
        AND application ->> 'execution_mode' = 'on_ingest'
        AND application ->> 'alert_id' IN (a.alert_id, a.alert_name, 'alt_' || a.alert_name)
      ORDER BY (application ->> 'priority')::int DESC LIMIT 1) AS mappings
    FROM alert_documents w LEFT JOIN documents d USING (document_id)
    WHERE w.alert_id = $1 ORDER BY w.position LIMIT $2"""
BLOB = """
    SELECT source_url, storage_key, mime_type, size_bytes FROM blobs WHERE object_id = $1 AND property = $2
    ORDER BY position LIMIT 1"""
# Some collection maps an input to its documents that the alert itself does not have.
NEEDED = """
    SELECT EXISTS (
      SELECT FROM alerts a JOIN collections c USING (namespace_id),
        jsonb_array_elements(CASE WHEN jsonb_typeof(c.settings -> 'alert_applications') = 'array'
                             THEN c.settings -> 'alert_applications' ELSE '[]' END) AS application,
        jsonb_array_elements(application -> 'input_mappings') AS mapping
      WHERE a.alert_id = $1 AND application ->> 'execution_mode' = 'on_ingest'
        AND application ->> 'alert_id' IN (a.alert_id, a.alert_name, 'alt_' || a.alert_name)
        AND NOT a.inputs ? (mapping ->> 'input_key'))"""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A document that waits; without `mappings` there is nothing to ask about it."""

    document_id: str
    object_id: str | None
    fields: JsonObject | None
    mappings: Sequence[JsonObject] | None


class NewDocuments:
    """The documents that wait for an alert, in the order in which they came."""

    def __init__(self, pool: Pool, blobs: BlobStore) -> None:
        self._pool = pool
        self._blobs = blobs

    async def waiting(self, watched: WatchedAlert) -> list[Waiting]:
        """The next few of them."""
        rows = await self._pool.fetch(WAITING, watched.alert_id, AT_ONCE)
        return [Waiting(**row) for row in rows]

    async def are_needed(self, watched: WatchedAlert) -> bool:
        """Whether the alert has a question about documents alone, and none without one."""
        found: bool = await self._pool.fetchval(NEEDED, watched.alert_id)
        return found

    async def inputs(self, document: Waiting) -> JsonObject:
        """The inputs that the mappings give for a document; what is not there is left out."""
        found = {mapping["input_key"]: await self._input(document, mapping) for mapping in document.mappings or ()}
        return {key: value for key, value in found.items() if value is not None}

    async def _input(self, document: Waiting, mapping: Mapping[str, Any]) -> Any:
        source = mapping["source"]
        if source["source_type"] == "constant":
            return source.get("value")
        path = source.get("path") or mapping["input_key"]
        if source["source_type"] == "source_blob":
            return await self._content(document, path)
        return lookup(document.fields or {}, strip_root(path))

    async def _content(self, document: Waiting, name: str) -> str | None:
        """A blob of the document's object: its stored bytes as a data URI, else the URL that it comes from."""
        row = await self._pool.fetchrow(BLOB, document.object_id, name)
        if row is None or row["storage_key"] is None:
            return None if row is None else str(row["source_url"])
        return await self._data_uri(row, name)

    async def _data_uri(self, row: asyncpg.Record, name: str) -> str:
        if (row["size_bytes"] or 0) > MOST_BLOB_BYTES:
            message = f"The blob '{name}' is larger than {MOST_BLOB_BYTES} bytes, the most that an alert asks with."
            raise InvalidArgumentError(message, path=f"input_mappings.{name}")
        content = await self._blobs.get(row["storage_key"])
        kind = row["mime_type"] or "application/octet-stream"
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"
