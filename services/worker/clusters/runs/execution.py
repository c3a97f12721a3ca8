"""What a run does between its beginning and its end."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.common.database.clusters.cluster_runs import NOISE
from services.common.errors import NotFoundError
from services.common.settings import Settings
from services.worker.clusters.computing.start_child import compute
from services.worker.clusters.plan.group_sizes import degeneration
from services.worker.clusters.plan.outcome import ClusterOutcome
from services.worker.clusters.runs.attribute_groups import group_values
from services.worker.clusters.runs.attribute_values import read_values
from services.worker.clusters.runs.gather_vectors import Gathered, gather
from services.worker.clusters.runs.groups import Group, Members, groups_of, members_of
from services.worker.clusters.runs.lifecycle import Result, complete, lock_open
from services.worker.clusters.runs.missing_documents import reasons_of
from services.worker.clusters.runs.name_groups import Names, named
from services.worker.clusters.runs.plan_of_run import plan_of
from services.worker.clusters.runs.run import Run
from services.worker.clusters.runs.stored_centroids import require_same_models, write_centroids
from services.worker.clusters.runs.write_groups import count_members, write_groups, write_members
from services.worker.kit.task import Task

NO_COLLECTIONS = "The collections of this cluster were deleted: {missing}. Make another cluster."
SOME_COLLECTIONS = "Collections of this cluster were deleted, and are left out: {missing}."
NO_DOCUMENTS = "No document passes the filters; there is nothing to group."
NO_VECTORS = "No document has every feature asked for; there is nothing to group."


@dataclass(frozen=True, kw_only=True)
class RunExecution:
    """Makes the groups of runs; `folder` is for the vectors of one run."""

    settings: Settings
    names: Names

    async def make(self, task: Task, run: Run, folder: Path) -> Result:
        """Does a run of any kind, to its end."""
        if len(run.missing_collections) == len(run.collection_ids):
            raise NotFoundError(NO_COLLECTIONS.format(missing=", ".join(run.missing_collections)))
        if run.vectors is None:
            return await self._by_attributes(task, run)
        gathered = await gather(task, run, folder)
        if run.is_assign:
            return await self._assign(task, run, folder, gathered)
        return await self._by_vectors(task, run, folder, gathered)

    async def _by_vectors(self, task: Task, run: Run, folder: Path, gathered: Gathered) -> Result:
        if not gathered.document_ids:
            warning = NO_VECTORS if gathered.source_documents else NO_DOCUMENTS
            result = _result(gathered, metrics=degeneration((), 0), warnings=(warning,))
            return await self._finish(task, run, [], None, result)
        outcome = await _computed(task, run, folder, self.settings.cluster_sample_limit)
        members = members_of(gathered.document_ids, outcome)
        groups = await asyncio.to_thread(groups_of, members, outcome)
        result = _result(
            gathered,
            num_clusters=outcome.num_clusters,
            clustered=int((members.numbers != NOISE).sum()),
            feature_uris=run.feature_uris,
            models=gathered.models,
            vis_n_components=None if members.places is None else members.places.shape[1],
            metrics=outcome.metrics,
            warnings=outcome.warnings,
        )
        return await self._finish(task, run, groups, members, result)

    async def _by_attributes(self, task: Task, run: Run) -> Result:
        await task.progress(stage="gathering")
        found = await read_values(task, run)
        names, hierarchical = run.attributes["attributes"], run.attributes.get("hierarchical_grouping", False)
        groups, members = await asyncio.to_thread(group_values, found, names, hierarchical=hierarchical)
        clustered = int((members.numbers != NOISE).sum())
        leaves = [group for group in groups if group.representatives]
        gathered = Gathered(source_documents=len(found), document_ids=members.document_ids, models={})
        metrics = {"avg_cluster_size": clustered / len(leaves)} if leaves else degeneration((), len(found))
        result = _result(
            gathered,
            num_clusters=len(leaves),
            clustered=clustered,
            metrics=metrics,
            warnings=() if found else (NO_DOCUMENTS,),
        )
        return await self._finish(task, run, groups, members, result)

    async def _finish(
        self, task: Task, run: Run, groups: list[Group], members: Members | None, result: Result
    ) -> Result:
        if members is not None:
            model = result.models.get(run.feature_uris[0]) if run.feature_uris else None
            await task.progress(stage="naming", groups=result.num_clusters)
            groups, errors = await named(task, self.names, run, groups, members=members, model=model)
            await task.progress(stage="writing")
            await write_groups(task, run, groups)
            await write_members(task, run, members)
            result = replace(result, naming_errors=errors)
        async with task.pool.acquire() as connection, connection.transaction():
            await lock_open(connection, run)
            await complete(connection, run, _told(run, result))
        return result

    async def _assign(self, task: Task, run: Run, folder: Path, gathered: Gathered) -> Result:
        groups = await write_centroids(task.pool, run, folder)
        require_same_models(run, gathered.models)
        clustered = 0
        warnings: tuple[str, ...] = ()
        if gathered.document_ids:
            outcome = await _computed(task, run, folder, self.settings.cluster_sample_limit)
            members = members_of(gathered.document_ids, outcome)
            await write_members(task, run, members)
            clustered, warnings = int((members.numbers != NOISE).sum()), outcome.warnings
        async with task.pool.acquire() as connection, connection.transaction():
            await lock_open(connection, run)
            total, noise = await count_members(connection, run.base_run_id)
            result = _result(
                gathered,
                num_clusters=groups,
                num_points=total,
                clustered=clustered,
                feature_uris=run.feature_uris,
                models=dict(run.base_models),
                metrics={"assigned": clustered, "noise_ratio": noise / total if total else 0.0},
                warnings=warnings,
            )
            await complete(connection, run, _told(run, result))
        return result


async def _computed(task: Task, run: Run, folder: Path, sample_limit: int) -> ClusterOutcome:
    async def report(stage: str, percent: float) -> None:
        await task.progress(stage=stage, progress={"percent": round(percent, 1)})

    return await compute(plan_of(run, sample_limit), folder, report)


def _told(run: Run, result: Result) -> Result:
    """With everything that is to be said of it."""
    missing = ", ".join(run.missing_collections)
    warnings = (SOME_COLLECTIONS.format(missing=missing), *result.warnings) if missing else result.warnings
    return replace(result, warnings=warnings, reasons=reasons_of(run, result))


def _result(gathered: Gathered, **more: Any) -> Result:
    figures: dict[str, Any] = {"num_clusters": 0, "num_points": len(gathered.document_ids), "clustered": 0, **more}
    return Result(source_documents=gathered.source_documents, documents=len(gathered.document_ids), **figures)
