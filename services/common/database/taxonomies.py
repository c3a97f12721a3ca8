"""What the taxonomies of a collection say of its documents."""

from services.common.database.pool import Executor


async def label_fields_of(db: Executor, collection_id: str) -> tuple[str, ...]:
    """The document fields that hold labels: those that a taxonomy of this collection fills, in order."""
    rows = await db.fetch(
        "SELECT DISTINCT field_to_enrich FROM taxonomies WHERE collection_id = $1 ORDER BY field_to_enrich",
        collection_id,
    )
    return tuple(row["field_to_enrich"] for row in rows)
