"""What the taxonomies of a collection say of its documents."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.database.pool import Executor
from services.common.database.tasks.create_task import NewTask
from services.common.errors import InvalidArgumentError
from services.common.extractors.passthrough import sources_of
from services.common.labels.label_values import label_value, label_values

APPLY_TAXONOMY = "apply_taxonomy"
"""The kind of task that labels a collection's documents anew."""
OF_COLLECTION = """
    SELECT taxonomy_id FROM labellers WHERE collection_id = $1 AND taxonomy_id IS NOT NULL
    ORDER BY inline DESC, execution_phase, priority DESC, position"""
OF_BUCKET = """
    SELECT c.feature_extractor, array_agg(DISTINCT field) AS label_fields
    FROM collections c JOIN labellers l USING (collection_id), unnest(l.label_fields) AS field
    WHERE c.bucket_ids @> ARRAY[$1] GROUP BY c.collection_id"""
OF_ONE = "SELECT label_fields FROM labellers WHERE collection_id = $1 AND taxonomy_id = $2"


async def taxonomies_of(db: Executor, collection_id: str) -> tuple[str, ...]:
    """The taxonomies that label the collection, in the order in which they decide: its inline one first."""
    return tuple(dict.fromkeys(row["taxonomy_id"] for row in await db.fetch(OF_COLLECTION, collection_id)))


async def require_applied(db: Executor, collection_id: str, taxonomy_id: str, path: str) -> tuple[str, ...]:
    """The fields that the taxonomy fills in the collection; InvalidArgumentError when it is not applied to it."""
    rows = await db.fetch(OF_ONE, collection_id, taxonomy_id)
    if not rows:
        message = f"{path}: '{taxonomy_id}' is not in the taxonomy_applications of collection '{collection_id}'."
        raise InvalidArgumentError(message, path=path)
    return tuple(dict.fromkeys(field for row in rows for field in row["label_fields"]))


def application_of(
    namespace_id: str, collection_id: str, taxonomy_ids: Sequence[str], scroll_filters: Any, batch_size: int
) -> NewTask:
    """The task by which these taxonomies decide anew about the documents of a collection that pass the filter."""
    inputs = {
        "collection_id": collection_id,
        "taxonomy_ids": list(taxonomy_ids),
        "scroll_filters": scroll_filters,
        "batch_size": batch_size,
    }
    task_type = "api_taxonomies_materialize"
    return NewTask(kind=APPLY_TAXONOMY, task_type=task_type, namespace_id=namespace_id, inputs=inputs)


def taxonomies_of_task(inputs: Mapping[str, Any]) -> list[str]:
    """The taxonomies that such a task is to ask; older tasks name one."""
    return list(inputs["taxonomy_ids"]) if "taxonomy_ids" in inputs else [inputs["taxonomy_id"]]


async def label_fields_of(db: Executor, collection_id: str) -> tuple[str, ...]:
    """The document fields that the taxonomies of this collection fill; `taxonomy_match` is about the first."""
    rows = await db.fetch(
        """SELECT field FROM labellers l, unnest(l.label_fields) WITH ORDINALITY AS of_one (field, number)
           WHERE l.collection_id = $1
           ORDER BY l.inline DESC, l.execution_phase, l.priority DESC, l.position, of_one.number""",
        collection_id,
    )
    return tuple(dict.fromkeys(row["field"] for row in rows))


async def as_labels(db: Executor, bucket_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an object, with those that a collection of its bucket takes for labels as labels.

    Uploads are many, and nearly all of them are spelt well: nothing is asked then.
    """
    if all(label_value(value) == value for value in fields.values()):
        return dict(fields)
    names: set[str] = set()
    for row in await db.fetch(OF_BUCKET, bucket_id):
        sources = sources_of(row["feature_extractor"])
        names |= {sources.get(field, field) for field in row["label_fields"]}
    return label_values(fields, names)
