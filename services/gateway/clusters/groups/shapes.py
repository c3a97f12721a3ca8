"""The groups of a run, and the picture of it."""

from collections.abc import Mapping, Sequence

import asyncpg
from pydantic import Field

from services.common.database.clusters.cluster_runs import NOISE
from services.gateway.clusters.executions.shapes import label_of
from services.gateway.kit.shapes import Answer, JsonObject

NO_MEMBERS = "The members of this execution are not kept any more, or were all deleted; its groups are."
NO_PICTURE = "This execution made no picture: it was asked not to, or its documents have no vectors."


class Group(Answer):
    """ClusterGroup; one that is the parent of others has their members together."""

    cluster_id: str
    label: str | None
    label_source: str | None
    summary: str | None
    keywords: list[str]
    member_count: int
    parent_cluster_id: str | None
    attributes: JsonObject | None


class Groups(Answer):
    """ClusterGroupsResponse; documents without a group are counted in `noise_count`."""

    cluster_id: str
    run_id: str
    total_groups: int
    total_documents: int
    noise_count: int
    member_counts_stale: bool
    groups: list[Group]


class PlacedCentroid(Answer):
    """A group in the picture."""

    cluster_id: str
    cluster_label: str | None
    num_members: int
    x: float | None
    y: float | None
    z: float | None


class PlacedMember(Answer):
    """A document in the picture; `cluster_id` is `-1` for noise."""

    document_id: str
    cluster_id: str
    cluster_label: str | None
    x: float
    y: float
    z: float | None


class CompactMembers(Answer):
    """The same as parallel lists."""

    document_ids: list[str]
    cluster_ids: list[str]
    x: list[float]
    y: list[float]
    z: list[float] | None


class Visualization(Answer):
    """The picture of a run: every group, and all members or as many as were asked for."""

    cluster_id: str
    run_id: str
    dimensions: int | None
    centroids: list[PlacedCentroid]
    members: list[PlacedMember] | CompactMembers
    total_members: int
    returned_members: int
    sampled: bool
    warnings: list[str] = Field(default_factory=list)


def to_groups(run: asyncpg.Record, groups: Sequence[asyncpg.Record]) -> Groups:
    """The groups of a run, the largest first, then those that they are parts of."""
    counts = {group["number"]: group["member_count"] for group in groups if not group["has_parts"]}
    return Groups(
        cluster_id=run["cluster_id"],
        run_id=run["run_id"],
        total_groups=sum(group["number"] != NOISE for group in groups),
        total_documents=sum(counts.values()),
        noise_count=counts.get(NOISE, 0),
        member_counts_stale=run["member_counts_stale"],
        groups=[_to_group(group, run) for group in groups if group["number"] != NOISE],
    )


def _to_group(group: asyncpg.Record, run: asyncpg.Record) -> Group:
    return Group(
        cluster_id=group["group_id"],
        label=label_of(group, run["overrides"]),
        label_source="human" if group["group_id"] in run["overrides"] else group["label_source"],
        summary=group["summary"],
        keywords=group["keywords"],
        member_count=group["member_count"],
        parent_cluster_id=group["parent_id"],
        attributes=group["attributes"] or None,
    )


def to_picture(
    run: asyncpg.Record,
    groups: Sequence[asyncpg.Record],
    members: Sequence[asyncpg.Record],
    counts: tuple[int, int],
    *,
    compact: bool,
) -> Visualization:
    """The picture; `counts` are all members, and those of them that have a place in it."""
    total, placed = counts
    names = {group["number"]: (group["group_id"], label_of(group, run["overrides"])) for group in groups}
    return Visualization(
        cluster_id=run["cluster_id"],
        run_id=run["run_id"],
        dimensions=_dimensions(groups),
        centroids=[
            _placed(group, run["overrides"]) for group in groups if group["number"] != NOISE and not group["has_parts"]
        ],
        members=_compact(members, names) if compact else [_member(member, names) for member in members],
        total_members=total,
        returned_members=len(members),
        sampled=len(members) < placed,
        warnings=_warnings(run, total, placed),
    )


def _warnings(run: asyncpg.Record, total: int, placed: int) -> list[str]:
    if run["num_points"] and not total:
        return [NO_MEMBERS]
    return [NO_PICTURE] if total and not placed else []


def _dimensions(groups: Sequence[asyncpg.Record]) -> int | None:
    return next((len(group["place"]) for group in groups if group["place"]), None)


def _placed(group: asyncpg.Record, overrides: Mapping[str, str]) -> PlacedCentroid:
    x, y, z = (*group["place"], None, None, None)[:3]
    return PlacedCentroid(
        cluster_id=group["group_id"],
        cluster_label=label_of(group, overrides),
        num_members=group["member_count"],
        x=x,
        y=y,
        z=z,
    )


def _member(member: asyncpg.Record, names: Mapping[int, tuple[str, str | None]]) -> PlacedMember:
    cluster_id, label = names[member["number"]]
    place = {axis: member[axis] for axis in "xyz"}
    return PlacedMember(document_id=member["document_id"], cluster_id=cluster_id, cluster_label=label, **place)


def _compact(members: Sequence[asyncpg.Record], names: Mapping[int, tuple[str, str | None]]) -> CompactMembers:
    deep = [member["z"] for member in members if member["z"] is not None]
    return CompactMembers(
        document_ids=[member["document_id"] for member in members],
        cluster_ids=[names[member["number"]][0] for member in members],
        x=[member["x"] for member in members],
        y=[member["y"] for member in members],
        z=deep or None,
    )
