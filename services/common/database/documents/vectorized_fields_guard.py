"""Refusing changes of a document that would leave its vector saying something else."""

from collections.abc import Mapping, Sequence

import asyncpg

from services.common.database.pool import Connection
from services.common.errors import InvalidArgumentError
from services.common.extractors.inputs import read_fields
from services.common.json.equality import differing

# What was created directly (a negative part) was given its vector, whatever its fields say.
EXTRACTED = """
    SELECT d.document_id, d.object_id, d.fields, c.extractor, c.feature_extractor
    FROM documents d JOIN collections c USING (collection_id)
    WHERE d.document_id = ANY($1) AND d.part >= 0 AND c.feature_uri IS NOT NULL"""


async def require_not_vectorized(connection: Connection, changed: Mapping[str, Mapping[str, object]]) -> None:
    """InvalidArgumentError when a field that a vector was made of is to say something else; by document id."""
    for row in await connection.fetch(EXTRACTED, list(changed)):
        sources = read_fields(row["extractor"], row["feature_extractor"])
        fields = changed[row["document_id"]]
        names = differing(row["fields"], fields, [name for name in fields if name in sources])
        if names:
            raise _refusal(row, names, sources)


def _refusal(row: asyncpg.Record, names: Sequence[str], sources: Mapping[str, str]) -> InvalidArgumentError:
    name, document_id, object_id = names[0], row["document_id"], row["object_id"]
    message = (
        f"'{name}' of document '{document_id}' is what its vector was made of and cannot be changed alone; "
        f"change '{sources[name]}' of object '{object_id}', which is then read again."
    )
    return InvalidArgumentError(message, reason="READ_FIELD", path=f"body.{name}", id=document_id)
