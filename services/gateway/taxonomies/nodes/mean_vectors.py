"""What documents have in common: the mean of their vectors, of one slot and one model."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import numpy as np

from services.common.errors import InvalidArgumentError
from services.common.row_types import EmbeddingRow
from services.gateway.collections.extractors.feature_uris import parse_feature_uri
from services.gateway.kit.context import Tenant
from services.gateway.retrievers.store import resolve_collections
from services.gateway.taxonomies.nodes.shapes import DocumentRef, SkippedDocument

VECTORS = """
    SELECT d.document_id, d.collection_id, e.feature_uri, e.model, e.dimensions, e.vector
    FROM documents d LEFT JOIN embeddings e USING (document_id)
    WHERE d.namespace_id = $1 AND d.document_id = ANY($2)"""
PATH = "body.documents"
SlotAndModel = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """The vector of a node, the collection whose slot and model it shares, and the documents that it comes from."""

    embedding: EmbeddingRow
    vector_name: str
    collection_id: str
    used: list[str]
    skipped: list[SkippedDocument]


async def anchor_of(
    tenant: Tenant, documents: Sequence[DocumentRef], vector_name: str | None, wanted: SlotAndModel | None = None
) -> Anchor:
    """The mean of the documents' vectors of one slot: the `wanted` one, the one named, or that of the first document.

    Documents that do not exist or have no such vector are skipped; InvalidArgumentError when all are.
    """
    pool, namespace_id = tenant.gateway.pool, tenant.namespace_id
    collections = await resolve_collections(pool, namespace_id, [each.collection_id for each in documents])
    rows = await pool.fetch(VECTORS, namespace_id, [each.document_id for each in documents])
    found: dict[tuple[str, str], list[asyncpg.Record]] = {}
    for row in rows:
        found.setdefault((row["collection_id"], row["document_id"]), []).append(row)
    members: dict[str, asyncpg.Record] = {}
    skipped: list[SkippedDocument] = []
    for each in documents:
        known = found.get((collections.get(each.collection_id, ""), each.document_id), [])
        member = next((row for row in known if _fits(row, vector_name, wanted)), None)
        if member is None:
            skipped.append(_skipped(each, _reason(known)))
            continue
        wanted = wanted or (member["feature_uri"], member["model"])
        members[member["document_id"]] = member
    if not members:
        raise InvalidArgumentError(f"{PATH}: none of them has a vector to go by: {skipped[0].reason}.", path=PATH)
    return _anchor(list(members.values()), skipped)


def _fits(row: asyncpg.Record, vector_name: str | None, wanted: SlotAndModel | None) -> bool:
    if row["feature_uri"] is None:
        return False
    named = vector_name is None or vector_name in slot_names(row["feature_uri"])
    return named and (wanted is None or wanted == (row["feature_uri"], row["model"]))


def _reason(rows: Sequence[asyncpg.Record]) -> str:
    if not rows:
        return "there is no such document in this collection"
    return "it has no vector" if rows[0]["feature_uri"] is None else "its vectors are of another feature or model"


def _skipped(ref: DocumentRef, reason: str) -> SkippedDocument:
    return SkippedDocument(collection_id=ref.collection_id, document_id=ref.document_id, reason=reason)


def _anchor(members: Sequence[asyncpg.Record], skipped: list[SkippedDocument]) -> Anchor:
    first = members[0]
    mean = np.mean([np.frombuffer(row["vector"], "<f2").astype(np.float64) for row in members], axis=0)
    length = np.linalg.norm(mean)
    if length < 1e-6:
        raise InvalidArgumentError(
            f"{PATH}: their vectors cancel each other out; name documents that are alike.", path=PATH
        )
    embedding = EmbeddingRow(
        feature_uri=first["feature_uri"],
        model=first["model"],
        dimensions=first["dimensions"],
        vector=(mean / length).astype("<f2").tobytes(),
    )
    return Anchor(
        embedding=embedding,
        vector_name=slot_names(first["feature_uri"])[0],
        collection_id=first["collection_id"],
        used=[row["document_id"] for row in members],
        skipped=skipped,
    )


def slot_names(feature_uri: str) -> list[str]:
    """The names of a slot: its field, the last part of its URI, and all of it."""
    address = parse_feature_uri(feature_uri)
    last = feature_uri.rsplit("/", 1)[-1]
    if address is None:
        return [last, feature_uri]
    return [f"{address.extractor}_{address.version}_embedding", last, feature_uri]
