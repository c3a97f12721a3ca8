"""The inline taxonomies of collections in the database, and when a taxonomy's change is a new version."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from services.common.database.pool import Connection
from services.common.errors import NotFoundError
from services.common.ids import new_id
from services.common.json.equality import same_value
from services.gateway.kit.rows.change_row import change_row
from services.gateway.kit.rows.retriever_rows import insert_retriever

SAID = ("config", "runs", "label_fields")

INSERT = """
    INSERT INTO taxonomies (taxonomy_id, namespace_id, taxonomy_name, collection_id, retriever_identifier,
                            field_to_enrich, confidence_threshold, reference_labels, options)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
MERGED = {"options": "options || {}"}
MADE_FOR = "made_for_collection"


@dataclass(frozen=True, kw_only=True)
class NewTaxonomy:
    """The inline taxonomy of a collection; without `retriever_id`, `own_stages` become its retriever."""

    retriever_id: str | None
    own_stages: list[dict[str, Any]]
    field_to_enrich: str
    confidence_threshold: float
    reference_labels: str
    options: dict[str, Any] = field(default_factory=dict)


async def insert_taxonomy(
    connection: Connection, namespace_id: str, collection_id: str, name: str, taxonomy: NewTaxonomy
) -> None:
    """Stores the taxonomy of the collection called `name` and, where none was named, its retriever."""
    await connection.execute(
        INSERT,
        new_id("tax"),
        namespace_id,
        f"{name}_taxonomy_{collection_id}",
        collection_id,
        taxonomy.retriever_id or await _make_retriever(connection, namespace_id, collection_id, name, taxonomy),
        taxonomy.field_to_enrich,
        taxonomy.confidence_threshold,
        taxonomy.reference_labels,
        taxonomy.options,
    )


async def _make_retriever(
    connection: Connection, namespace_id: str, collection_id: str, name: str, taxonomy: NewTaxonomy
) -> str:
    row = await insert_retriever(
        connection,
        namespace_id,
        f"{name}_retriever_{collection_id}",
        [collection_id],
        taxonomy.own_stages,
        description=f"Labels the documents of {name} by their likeness to its labelled ones",
        metadata={MADE_FOR: collection_id},
    )
    return str(row["retriever_id"])


async def update_taxonomy(connection: Connection, collection_id: str, given: Mapping[str, Any]) -> bool:
    """Makes a new version of a collection's taxonomy where what is given, and not None, says something else."""
    columns = {name: value for name, value in given.items() if value is not None}
    key = ("collection_id", collection_id)
    write = partial(change_row, connection, "taxonomies", *key, columns, merged=MERGED, versioned=columns)
    return await puts_in_force(connection, *key, write)


async def delete_taxonomy(connection: Connection, namespace_id: str, collection_id: str) -> None:
    """Takes the taxonomy away, and the retriever that was made for it."""
    await connection.execute("DELETE FROM taxonomies WHERE collection_id = $1", collection_id)
    await delete_own_retriever(connection, namespace_id, collection_id)


async def delete_own_retriever(connection: Connection, namespace_id: str, collection_id: str) -> None:
    """Deletes the retriever that was made for a collection, if one was."""
    sql = "DELETE FROM retrievers WHERE namespace_id = $1 AND metadata @> $2"
    await connection.execute(sql, namespace_id, {MADE_FOR: collection_id})


async def puts_in_force(
    connection: Connection, key_column: str, key: str, write: Callable[[], Awaitable[object]], *, same_too: bool = False
) -> bool:
    """Whether what `write` did to the taxonomy stands: else it is undone, since the taxonomy says what it said before.

    A trigger makes what an inline taxonomy says from its columns, so that is known only after they are written.
    """
    sql = f"SELECT {', '.join(SAID)} FROM taxonomies WHERE {key_column} = $1 FOR UPDATE"  # noqa: S608
    before = await connection.fetchrow(sql, key)
    if before is None:
        raise NotFoundError.of("taxonomy", key)
    attempt = connection.transaction()
    await attempt.start()
    await write()
    after = await connection.fetchrow(sql, key)
    assert after is not None
    if same_too or not same_value(dict(before), dict(after)):
        await attempt.commit()
        return True
    await attempt.rollback()
    return False
