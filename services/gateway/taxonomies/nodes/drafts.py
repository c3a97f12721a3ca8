"""What is to become nodes: documents under a label, or the groups of a cluster run under theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import numpy as np

from services.common.errors import InvalidArgumentError
from services.common.row_types import EmbeddingRow
from services.gateway.kit.context import Tenant
from services.gateway.taxonomies.nodes.cluster_groups import PATH, PromotedRun, collection_with, read_groups
from services.gateway.taxonomies.nodes.mean_vectors import Anchor, SlotAndModel, anchor_of, slot_names
from services.gateway.taxonomies.nodes.shapes import ClusterRun, DocumentRef, NodeSource

JsonObject = dict[str, Any]
# One transaction makes them all.
MOST_NODES = 1_000


@dataclass(frozen=True, kw_only=True)
class NodeDraft:
    """A node about to be made; `group_id` and `members` are those of the group that it is made of."""

    label: str
    anchor: Anchor
    promotion: JsonObject = field(default_factory=dict)
    group_id: str | None = None
    members: int = 0


async def drafts_of(tenant: Tenant, form: NodeSource, wanted: SlotAndModel | None = None) -> list[NodeDraft]:
    """One draft of the documents, or one of each group; of the `wanted` slot and model where they are given.

    InvalidArgumentError unless the form names exactly one source, with all that it takes.
    """
    if form.cluster_run is not None:
        if form.documents is not None:
            raise InvalidArgumentError(f"{PATH}: give either this or 'documents', and not both.", path=PATH)
        return await _of_run(tenant, form.cluster_run, form.vector_name, wanted)
    if form.documents is None or form.node_label is None:
        path = "body.documents" if form.documents is None else "body.node_label"
        raise InvalidArgumentError(f"{path} is missing: give 'documents' and a 'node_label'.", path=path)
    anchor = await anchor_of(tenant, form.documents, form.vector_name, wanted)
    return [NodeDraft(label=form.node_label, anchor=anchor)]


async def _of_run(
    tenant: Tenant, source: ClusterRun, vector_name: str | None, wanted: SlotAndModel | None
) -> list[NodeDraft]:
    run = await read_groups(tenant.gateway.pool, tenant.namespace_id, source, MOST_NODES)
    if not run.feature_uris:
        return [_draft(run, group, await _by_documents(tenant, group, vector_name, wanted)) for group in run.groups]
    place = _feature_of(run, vector_name, wanted)
    uri = run.feature_uris[place]
    collection_id = await collection_with(tenant.gateway.pool, run, uri)
    if collection_id is None:
        message = f"{PATH}: none of the cluster's collections has vectors of '{uri}' by the run's model any more."
        raise InvalidArgumentError(message, path=PATH)
    return [_draft(run, group, _anchor(run, group, place, collection_id)) for group in run.groups]


def _feature_of(run: PromotedRun, vector_name: str | None, wanted: SlotAndModel | None) -> int:
    """The place of the feature whose centroids become the nodes."""
    for place, uri in enumerate(run.feature_uris):
        named = vector_name is None or vector_name in slot_names(uri)
        if named and (wanted is None or wanted == (uri, run.models.get(uri))):
            return place
    path = "body.vector_name" if vector_name is not None else PATH
    raise InvalidArgumentError(f"{path}: the run has no such vectors; it grouped {list(run.feature_uris)}.", path=path)


def _anchor(run: PromotedRun, group: asyncpg.Record, place: int, collection_id: str) -> Anchor:
    """The centroid of a group, of unit norm as all vectors."""
    uri = run.feature_uris[place]
    centroid = np.frombuffer(group["centroids"][place], dtype="<f4").astype(np.float64)
    length = float(np.linalg.norm(centroid))
    if not np.isfinite(length) or length < 1e-6:
        message = f"{PATH}: the vectors of group '{group['group_id']}' cancel each other out; leave it out."
        raise InvalidArgumentError(message, path=PATH)
    return Anchor(
        embedding=EmbeddingRow(
            feature_uri=uri,
            model=run.models[uri],
            dimensions=len(centroid),
            vector=(centroid / length).astype("<f2").tobytes(),
        ),
        vector_name=slot_names(uri)[0],
        collection_id=collection_id,
        used=[each["document_id"] for each in group["representatives"]],
        skipped=[],
    )


async def _by_documents(
    tenant: Tenant, group: asyncpg.Record, vector_name: str | None, wanted: SlotAndModel | None
) -> Anchor:
    """What stands for a group that has no centroid, since vectors did not make it."""
    refs: Sequence[DocumentRef] = [DocumentRef(**each) for each in group["representatives"]]
    if not refs:
        message = f"{PATH}: no document of group '{group['group_id']}' is left."
        raise InvalidArgumentError(message, path=PATH)
    return await anchor_of(tenant, refs, vector_name, wanted)


def _draft(run: PromotedRun, group: asyncpg.Record, anchor: Anchor) -> NodeDraft:
    promotion = {"cluster_id": run.cluster_id, "run_id": run.run_id, "group_id": group["group_id"]}
    about = {"summary": group["summary"], "keywords": group["keywords"], "member_count": group["member_count"]}
    return NodeDraft(
        label=group["label"],
        anchor=anchor,
        promotion={**promotion, **{name: value for name, value in about.items() if value}},
        group_id=group["group_id"],
        members=group["member_count"],
    )
