"""All that a label decision needs to know of its taxonomy, read anew for every request in one round trip."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import asyncpg

from services.common.errors import NotFoundError
from services.taxonomy.domain import Target
from services.taxonomy.reading import Reader

# One row for each collection that the retriever names; its columns are null when the name has no collection.
BLUEPRINT = """
    SELECT s.collection_id AS subject_collection_id, s.extractor AS subject_extractor, s.model AS subject_model,
      s.feature_uri AS subject_feature_uri, s.dimensions AS subject_dimensions,
      t.taxonomy_id, t.version, t.field_to_enrich, t.confidence_threshold, t.reference_labels, t.retriever_identifier,
      r.retriever_id, r.stages::text AS stages, i.identifier,
      c.collection_id, c.extractor, c.model, c.feature_uri, c.dimensions
    FROM collections s
    LEFT JOIN taxonomies t ON t.collection_id = s.collection_id
    LEFT JOIN LATERAL (
      SELECT * FROM retrievers WHERE namespace_id = t.namespace_id AND (retriever_id = t.retriever_identifier
        OR retriever_name IN (t.retriever_identifier, regexp_replace(t.retriever_identifier, '^ret_', '')))
      ORDER BY retriever_id = t.retriever_identifier DESC, retriever_name = t.retriever_identifier DESC LIMIT 1
    ) r ON true
    LEFT JOIN LATERAL unnest(r.collection_identifiers) AS i (identifier) ON true
    LEFT JOIN LATERAL (
      SELECT * FROM collections WHERE namespace_id = t.namespace_id AND (collection_id = i.identifier
        OR collection_name IN (i.identifier, regexp_replace(i.identifier, '^col_', '')))
      ORDER BY collection_id = i.identifier DESC, collection_name = i.identifier DESC LIMIT 1
    ) c ON true
    WHERE s.namespace_id = $1 AND s.collection_id = $2"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A collection's taxonomy with its retriever; `targets` are the collections that hold the references.

    `missing` names the retriever or the collections that do not exist (yet).
    """

    taxonomy_id: str
    version: int
    field: str
    confidence_threshold: float
    human_only: bool
    retriever_id: str
    stages_json: str
    subject: Target
    targets: tuple[Target, ...]
    missing: tuple[str, ...]


async def load_blueprint(reader: Reader, namespace_id: str, collection_id: str) -> Blueprint | None:
    """The collection's taxonomy, None when it has none; NotFoundError for an unknown collection."""
    rows = await reader.fetch(BLUEPRINT, namespace_id, collection_id)
    if not rows:
        raise NotFoundError.of("collection", collection_id)
    return None if rows[0]["taxonomy_id"] is None else _blueprint(rows)


def _blueprint(rows: Sequence[asyncpg.Record]) -> Blueprint:
    first = rows[0]
    return Blueprint(
        taxonomy_id=first["taxonomy_id"],
        version=first["version"],
        field=first["field_to_enrich"].removeprefix("metadata."),
        confidence_threshold=first["confidence_threshold"],
        human_only=first["reference_labels"] == "human",
        retriever_id=first["retriever_id"] or "",
        stages_json=first["stages"] or "[]",
        subject=_target(first, "subject_"),
        targets=tuple({row["collection_id"]: _target(row, "") for row in rows if row["collection_id"]}.values()),
        missing=tuple(_missing(rows)),
    )


def _target(row: asyncpg.Record, prefix: str) -> Target:
    return Target(**{field.name: row[prefix + field.name] for field in fields(Target)})


def _missing(rows: Sequence[asyncpg.Record]) -> Iterator[str]:
    if rows[0]["retriever_id"] is None:
        yield f"retriever '{rows[0]['retriever_identifier']}'"
        return
    yield from (f"collection '{row['identifier']}'" for row in rows if row["collection_id"] is None)
