"""What stages read of documents beyond who they are: their fields, how values are spread, rows to join."""

from collections.abc import Collection, Sequence

from services.common.filters import DOCUMENTS, Filter, compile_sql
from services.common.filters.parameters import Parameters
from services.common.filters.sql import json_value
from services.common.filters.tables import Column
from services.taxonomy.candidate_paths import to_record
from services.taxonomy.database.reader import Reader
from services.taxonomy.domain import Candidate, Json

RECORDS = "SELECT d.document_id, to_jsonb(d) AS record FROM documents d WHERE d.document_id = ANY($1)"
SUBJECTS = """
    SELECT d.document_id, coalesce(o.fields, '{}') || d.fields AS fields
    FROM documents d LEFT JOIN objects o USING (object_id) WHERE d.document_id = ANY($1)"""
TIMES = "SELECT collection_id FROM collection_moments WHERE collection_id = ANY($1) AND path = $2"
PASSING = """
    SELECT e.position FROM jsonb_array_elements($1) WITH ORDINALITY AS e (value, position),
      LATERAL jsonb_populate_record(NULL::documents, e.value) AS d WHERE """


class DocumentFields:
    """Questions about the fields of documents, each one round trip."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def records(self, document_ids: Collection[str]) -> dict[str, dict[str, Json]]:
        """The rows of the documents that exist, as JSON objects."""
        rows = await self._reader.fetch(RECORDS, list(document_ids))
        return {row["document_id"]: row["record"] for row in rows}

    async def subject_fields(self, document_ids: Collection[str]) -> dict[str, dict[str, Json]]:
        """What is known of documents that are to be judged: the fields of their objects under their own."""
        rows = await self._reader.fetch(SUBJECTS, list(document_ids))
        return {row["document_id"]: row["fields"] for row in rows}

    async def passing(self, candidates: Sequence[Candidate], tree: Filter) -> list[Candidate]:
        """The candidates that pass a filter with the fields that stages gave them."""
        where, values = compile_sql(tree, start=2)
        records = [to_record(candidate) for candidate in candidates]
        rows = await self._reader.fetch(f"{PASSING} {where} ORDER BY e.position", records, *values)
        return [candidates[row["position"] - 1] for row in rows]

    async def declared_times(self, collection_ids: Sequence[str], field: str) -> frozenset[str]:
        """Those of the collections in which a field is declared as a time."""
        rows = await self._reader.fetch(TIMES, list(collection_ids), field.removeprefix("metadata."))
        return frozenset(row["collection_id"] for row in rows)

    async def facet(
        self, collection_ids: Sequence[str], document_ids: Sequence[str] | None, tree: Filter, field: str, limit: int
    ) -> list[dict[str, Json]]:
        """[{value, count}] of a field over the documents that pass, most frequent first; lists count each element."""
        parameters = Parameters(4)
        value = _json_of(field, parameters)
        where, values = compile_sql(tree, start=4 + len(parameters.values))
        rows = await self._reader.fetch(
            f"""SELECT e.value, count(DISTINCT d.document_id) AS count
                FROM documents d, LATERAL jsonb_path_query({value}, '$[*]') AS e (value)
                WHERE d.collection_id = ANY($1) AND ($2::text[] IS NULL OR d.document_id = ANY($2)) AND {where}
                GROUP BY e.value ORDER BY count DESC, e.value LIMIT $3""",  # noqa: S608
            collection_ids,
            document_ids,
            limit,
            *parameters.values,
            *values,
        )
        return [dict(row) for row in rows]

    async def matching(
        self, collection_id: str, field: str, wanted: Collection[Json], most: int
    ) -> list[tuple[Json, dict[str, Json]]]:
        """(value, row) of documents of a collection whose field has a wanted value, oldest first, `most` at most."""
        parameters = Parameters(4)
        value = _json_of(field, parameters)
        rows = await self._reader.fetch(
            f"""SELECT w.value, to_jsonb(d) AS record FROM documents d
                JOIN jsonb_array_elements($2) AS w (value) ON {value} = w.value
                WHERE d.collection_id = $1 ORDER BY d.row_key LIMIT $3""",  # noqa: S608
            collection_id,
            list(wanted),
            most,
            *parameters.values,
        )
        return [(row["value"], row["record"]) for row in rows]


def _json_of(field: str, parameters: Parameters) -> str:
    """SQL of a field's value as jsonb, SQL NULL for null."""
    place = DOCUMENTS.resolve(field)
    return f"to_jsonb(d.{place.name})" if isinstance(place, Column) else json_value(place, DOCUMENTS, parameters)
