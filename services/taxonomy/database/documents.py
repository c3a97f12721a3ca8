"""What the taxonomy reads of documents: who passes a filter, their labels, their vectors."""

from collections.abc import Collection, Mapping, Sequence

from likeness.common.v1.vector_pb2 import Dtype, Vector
from services.common.filters import Filter, compile_sort, compile_sql
from services.common.labels.human_labels import IMPORT
from services.common.labels.label_values import label_value
from services.taxonomy.database.reader import Reader
from services.taxonomy.domain import Candidate, Label, Order, Shuffled, Sorted, Unfetched

LABELS = """
    SELECT d.document_id, field_value(d.fields, $2) AS value,
      d.labels -> $2 ->> 'source' AS source
    FROM documents d WHERE d.document_id = ANY($1)
      AND NOT EXISTS (SELECT FROM stale_labels s WHERE s.document_id = d.document_id AND s.field = $2)"""
VECTORS = """
    SELECT e.document_id, e.feature_uri, e.model, e.dimensions, e.vector
    FROM embeddings e JOIN documents d USING (document_id)
    WHERE d.namespace_id = $1 AND e.document_id = ANY($2)"""

ROW_KEY = "SELECT row_key FROM documents WHERE document_id = $1 AND collection_id = ANY($2)"

SlotAndModel = tuple[str, str]


class Documents:
    """Questions about documents, each one round trip."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def ids(self, collection_ids: Sequence[str], tree: Filter, limit: int) -> list[str]:
        """At most `limit` ids of documents that pass."""
        where, values = compile_sql(tree, start=3)
        rows = await self._reader.fetch(
            f"SELECT d.document_id FROM documents d WHERE d.collection_id = ANY($1) AND {where} LIMIT $2",  # noqa: S608
            collection_ids,
            limit,
            *values,
        )
        return [row["document_id"] for row in rows]

    async def page(
        self, collection_ids: Sequence[str], state: Unfetched, limit: int, offset: int, after: int = 0
    ) -> list[Candidate]:
        """The documents that pass, in the state's order, of those whose row key is over `after`; limit 0 means all."""
        where, values = compile_sql(state.everything, start=5)
        order, more = _order(state.order, 5 + len(values))
        rows = await self._reader.fetch(
            f"""SELECT d.document_id, d.collection_id, d.object_id FROM documents d
                WHERE d.collection_id = ANY($1) AND d.row_key > $4 AND {where}
                ORDER BY {order} LIMIT nullif($2::bigint, 0) OFFSET $3""",  # noqa: S608
            collection_ids,
            limit,
            offset,
            after,
            *values,
            *more,
        )
        return [Candidate(**row) for row in rows]

    async def row_key(self, collection_ids: Sequence[str], document_id: str) -> int | None:
        """Where a document stands in the order in which documents were made; None when it is gone."""
        rows = await self._reader.fetch(ROW_KEY, document_id, collection_ids)
        return rows[0]["row_key"] if rows else None

    async def counts(self, collection_ids: Sequence[str], trees: Sequence[Filter]) -> list[int]:
        """How many documents pass each filter, in one reading."""
        columns: list[str] = []
        values: list[object] = []
        for tree in trees:
            where, more = compile_sql(tree, start=2 + len(values))
            columns.append(f"count(*) FILTER (WHERE {where})")
            values += more
        sql = f"SELECT {', '.join(columns)} FROM documents d WHERE d.collection_id = ANY($1)"  # noqa: S608
        return list((await self._reader.fetch(sql, collection_ids, *values))[0])

    async def passing(self, document_ids: Collection[str], tree: Filter) -> set[str]:
        """Those of the documents that pass."""
        where, values = compile_sql(tree, start=2)
        rows = await self._reader.fetch(
            f"SELECT d.document_id FROM documents d WHERE d.document_id = ANY($1) AND {where}",  # noqa: S608
            list(document_ids),
            *values,
        )
        return {row["document_id"] for row in rows}

    async def labels(self, document_ids: Collection[str], field: str) -> dict[str, Label]:
        """The labels that the documents have at this moment; blank ones and those that no longer stand are left out."""
        rows = await self._reader.fetch(LABELS, list(document_ids), field)
        return {
            row["document_id"]: Label(value=value, source=row["source"] or IMPORT, stored=row["value"])
            for row in rows
            if (value := label_value(row["value"])) is not None
        }

    async def vectors(
        self, namespace_id: str, document_ids: Collection[str]
    ) -> dict[str, Mapping[SlotAndModel, Vector]]:
        """The stored vectors of each document, by slot and model."""
        found: dict[str, dict[SlotAndModel, Vector]] = {}
        for row in await self._reader.fetch(VECTORS, namespace_id, list(document_ids)):
            vector = Vector(data=row["vector"], dtype=Dtype.DTYPE_FLOAT16, dimensions=row["dimensions"])
            found.setdefault(row["document_id"], {})[(row["feature_uri"], row["model"])] = vector
        return dict(found)


def _order(order: Order, start: int) -> tuple[str, list[object]]:
    """What ORDER BY says, and its parameters from `$start` on."""
    match order:
        case Sorted(field, descending):
            sql, values = compile_sort(field, "desc" if descending else "asc", start=start)
            return f"{sql}, d.row_key", values
        case Shuffled(seed):
            return f"md5(${start}::text || d.document_id), d.row_key", [seed]
        case None:
            return "d.row_key", []
