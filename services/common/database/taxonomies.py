"""What the taxonomies of a collection say of its documents."""

from services.common.database.pool import Executor

APPLY_TAXONOMY = "apply_taxonomy"
"""The kind of task that labels a collection's documents anew."""


async def label_fields_of(db: Executor, collection_id: str) -> tuple[str, ...]:
    """The document fields that the taxonomies of this collection fill; `taxonomy_match` is about the first."""
    rows = await db.fetch(
        """SELECT field FROM labellers l, unnest(l.label_fields) WITH ORDINALITY AS of_one (field, number)
           WHERE l.collection_id = $1
           ORDER BY l.inline DESC, l.execution_phase, l.priority DESC, l.position, of_one.number""",
        collection_id,
    )
    return tuple(dict.fromkeys(row["field"] for row in rows))
