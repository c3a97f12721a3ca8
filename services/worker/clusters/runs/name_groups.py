"""Names for the groups of a run."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from services.common.database.clusters.cluster_runs import NOISE
from services.worker.clusters.names.naming_request import GroupToName, Named, NamingRequest
from services.worker.clusters.runs.groups import MOST_REPRESENTATIVES, Group, Members
from services.worker.clusters.runs.run import Run
from services.worker.kit.task import Task


class Names(Protocol):
    """Whoever names groups; never raises for what documents or a language model say."""

    async def name(self, request: NamingRequest, report: Callable[[], Awaitable[None]]) -> Named:
        """A name for every group; what `report` raises ends the naming."""


async def named(
    task: Task, names: Names, run: Run, groups: Sequence[Group], *, members: Members, model: str | None
) -> tuple[list[Group], tuple[str, ...]]:
    """The groups with their names, and why some are not as asked for. Attributes name their groups themselves."""
    inside = members.by_group()
    request = NamingRequest(
        namespace_id=run.namespace_id,
        collection_ids=run.collection_ids,
        groups=[_to_name(group, inside.get(group.number, [])) for group in groups if _is_open(run, group)],
        llm_labeling=run.naming,
        feature_uri=run.feature_uris[0] if run.feature_uris else None,
        model=model,
    )
    if not request.groups:
        return list(groups), ()
    answer = await names.name(request, task.progress)
    return [_with_name(group, answer) for group in groups], answer.errors


def _is_open(run: Run, group: Group) -> bool:
    if group.number == NOISE:
        return False
    return group.label is None or bool(run.naming and run.naming.get("enabled") and group.representatives)


def _to_name(group: Group, members: Sequence[str]) -> GroupToName:
    centroid = np.frombuffer(group.centroids[0], dtype="<f4") if group.centroids else None
    return GroupToName(cluster_id=group.group_id, number=group.number, members=members, centroid=centroid)


def _with_name(group: Group, answer: Named) -> Group:
    name = answer.names.get(group.group_id)
    if name is None or (group.label is not None and name.label_source != "llm"):
        return group
    return replace(
        group,
        label=name.label,
        label_source=name.label_source,
        summary=name.summary,
        keywords=name.keywords,
        representatives=name.representatives[:MOST_REPRESENTATIVES] or group.representatives,
    )
