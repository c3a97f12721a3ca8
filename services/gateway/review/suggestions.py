"""What a group may be: the labels of the labelled documents that are nearest to its members."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from likeness.common.v1.vector_pb2 import Dtype, Vector
from likeness.index.v1 import index_pb2
from services.common.database.pool import Executor
from services.common.errors import LikenessError
from services.common.filters import Condition, Operator, all_of, canonical_json
from services.common.grpc.client import call
from services.common.labels.label_values import label_value
from services.common.row_types import Collection
from services.gateway.kit.dependencies import Gateway
from services.gateway.review.group_pages import Group

ASKED = 4
"""Members of a group that are asked for; they are alike, so a few speak for all."""
NEIGHBOURS = 12
MOST = 9
SHOWN = 3
LEAST_VOTES = 0.01
log = structlog.get_logger()
# The collection itself, and those whose documents its taxonomies compare with; the vectors must be of one model.
REFERENCES = """
    SELECT c.collection_id FROM collections own, collections c
    WHERE own.collection_id = $1 AND c.namespace_id = own.namespace_id
      AND c.feature_uri = own.feature_uri AND c.model = own.model AND (c.collection_id = own.collection_id OR
        c.collection_id IN (
          SELECT coalesce(r.bindings ->> ('collection/' || named.identifier), run.collection)
          FROM labellers l CROSS JOIN LATERAL jsonb_to_recordset(l.runs) AS run (retriever text, collection text)
          LEFT JOIN retrievers r ON r.namespace_id = own.namespace_id AND r.retriever_id = run.retriever
          CROSS JOIN LATERAL unnest(
            CASE WHEN run.collection IS NULL THEN r.collection_identifiers ELSE ARRAY[run.collection] END
          ) AS named (identifier)
          WHERE l.collection_id = $1))"""
VECTORS = "SELECT document_id, dimensions, vector FROM embeddings WHERE document_id = ANY($1) AND feature_uri = $2"
LABELS = """
    SELECT d.*, field_value(d.fields, $2) AS label FROM documents d
    WHERE d.document_id = ANY($1) AND is_label(field_value(d.fields, $2))"""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A labelled document and its likeness to a member of a group."""

    row: Mapping[str, Any]
    score: float


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """A label, its share of the votes, and the documents that speak for it, the nearest first."""

    label: str
    votes: float
    hits: list[Hit]


async def suggest(
    gateway: Gateway, collection: Collection, field: str, groups: Sequence[Group]
) -> list[list[Suggested]]:
    """For each group what it may be, the likeliest first; nothing where there is no vector, or the index is away."""
    members = [(number, dict(row)) for number, group in enumerate(groups) for row, _ in group.members[:ASKED]]
    queries = await _queries(gateway.pool, collection, [row for _, row in members])
    asked = [(number, row["document_id"]) for number, row in members if row["document_id"] in queries]
    try:
        found = await _search(gateway, collection, field, [queries[key] for _, key in asked]) if asked else []
    except LikenessError as error:
        log.warning("no suggestions", error=error.message)
        return [[] for _ in groups]
    rows = await _labelled(gateway.pool, found, field)
    by_group: dict[int, list[Hit]] = defaultdict(list)
    for (number, _), hits in zip(asked, found, strict=True):
        near = [hit for hit in hits if hit.document_id in rows]
        by_group[number] += [Hit(row=rows[hit.document_id], score=round(hit.score, 4)) for hit in near]
    return [ranked(by_group[number]) for number in range(len(groups))]


async def _queries(
    db: Executor, collection: Collection, rows: Sequence[Mapping[str, Any]]
) -> dict[str, index_pb2.Query]:
    objects = {row["document_id"]: row["object_id"] for row in rows}
    stored = await db.fetch(VECTORS, list(objects), collection.feature_uri)
    return {
        row["document_id"]: index_pb2.Query(
            vector=Vector(data=row["vector"], dtype=Dtype.DTYPE_FLOAT16, dimensions=row["dimensions"]),
            exclude_object_id=objects[row["document_id"]],
        )
        for row in stored
    }


async def _search(
    gateway: Gateway, collection: Collection, field: str, queries: Sequence[index_pb2.Query]
) -> list[Sequence[index_pb2.Hit]]:
    references = [row["collection_id"] for row in await gateway.pool.fetch(REFERENCES, collection.collection_id)]
    request = index_pb2.SearchRequest(
        namespace_id=collection.namespace_id,
        collection_ids=references,
        feature_uri=collection.feature_uri or "",
        queries=queries,
        top_k=NEIGHBOURS,
        view_filter_json=labelled_filter(field),
    )
    answer = await call(gateway.index.Search, request, seconds=gateway.settings.rpc_timeout)
    return [result.hits for result in answer.results]


def labelled_filter(field: str) -> str:
    """Who can lend a label: documents that have one which stands. The same view serves the taxonomies."""
    stands = Condition(f"_internal.stale.{field}", Operator.EXISTS, False)
    return canonical_json(all_of([Condition(field, Operator.IS_LABEL, True), stands]))


async def _labelled(db: Executor, found: Sequence[Sequence[index_pb2.Hit]], field: str) -> dict[str, Mapping[str, Any]]:
    ids = list({hit.document_id for hits in found for hit in hits})
    rows = await db.fetch(LABELS, ids, field)
    return {row["document_id"]: dict(row) for row in rows if isinstance(label_value(row["label"]), str)}


def ranked(hits: Sequence[Hit]) -> list[Suggested]:
    """Labels by their votes; a vote counts more the nearer it is, so that many far ones do not drown a near one."""
    weights: dict[str, float] = defaultdict(float)
    speaking: dict[str, dict[str, Hit]] = defaultdict(dict)
    for hit in sorted(hits, key=lambda each: -each.score):
        label = str(label_value(hit.row["label"]))
        weights[label] += max(hit.score, 0.0) ** 4
        speaking[label].setdefault(hit.row["document_id"], hit)
    total = sum(weights.values()) or 1.0
    best = sorted(weights, key=lambda label: (-weights[label], label))[:MOST]
    spoken = [each for at, each in enumerate(best) if at == 0 or weights[each] / total >= LEAST_VOTES]
    return [
        Suggested(label=each, votes=round(weights[each] / total, 4), hits=list(speaking[each].values())[:SHOWN])
        for each in spoken
    ]
