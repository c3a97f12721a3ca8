"""Deciding labels: the taxonomy's retriever runs for each subject, and the best labelled neighbour decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from likeness.common.v1.vector_pb2 import Vector
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.labels import HUMAN, IMPORT
from services.taxonomy.blueprint import Blueprint, load_blueprint
from services.taxonomy.decide import Label, Verdict, decide
from services.taxonomy.domain import Candidate, Ranked, Unfetched
from services.taxonomy.engine import Engine
from services.taxonomy.label_plan import LabelPlan, references
from services.taxonomy.retriever import run_stages
from services.taxonomy.stages.stage import Subject
from services.taxonomy.templates import Templates

GIVEN_BY_PEOPLE = (HUMAN, IMPORT)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A subject as the request names it: with vectors by slot, or by the id of a stored document."""

    object_id: str
    document_id: str
    vectors: Mapping[str, Vector]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """One verdict per subject, in their order, and the taxonomy that gave them."""

    blueprint: Blueprint
    verdicts: tuple[Verdict, ...]


async def enrich(engine: Engine, namespace_id: str, collection_id: str, asked: Sequence[Asked]) -> Decisions | None:
    """The verdicts; None when the collection has no taxonomy.

    A retriever that cannot run (its collection or feature does not exist, say) matches nothing and is logged: an
    upload must not be lost for it. A store or service that is down raises UnavailableError.
    """
    blueprint = await load_blueprint(engine.reader, namespace_id, collection_id)
    if blueprint is None:
        return None
    subjects = await _subjects(engine, namespace_id, blueprint, asked)
    try:
        verdicts = await _judge(engine, namespace_id, blueprint, subjects)
    except (InvalidArgumentError, NotFoundError) as error:
        _warn(blueprint, error.message)
        verdicts = (_nothing(blueprint.confidence_threshold),) * len(asked)
    return Decisions(blueprint=blueprint, verdicts=verdicts)


async def _subjects(
    engine: Engine, namespace_id: str, blueprint: Blueprint, asked: Sequence[Asked]
) -> tuple[Subject, ...]:
    stored = [each.document_id for each in asked if not each.vectors]
    known = await engine.documents.vectors(namespace_id, stored) if stored else {}
    return tuple(
        Subject(
            object_id=each.object_id,
            vectors=_given(each, blueprint) if each.vectors else known.get(each.document_id, {}),
        )
        for each in asked
    )


def _given(asked: Asked, blueprint: Blueprint) -> dict[tuple[str, str], Vector]:
    """The subject's vectors, which the model of its own collection made."""
    own = blueprint.subject
    vector = asked.vectors.get(own.feature_uri)
    if vector is not None and vector.dimensions != own.dimensions:
        raise InvalidArgumentError(
            f"{asked.path}.embeddings: {own.feature_uri} has {own.dimensions} dimensions in this collection, "
            f"not {vector.dimensions}.",
            path=f"{asked.path}.embeddings",
        )
    return {(slot, own.model): vector for slot, vector in asked.vectors.items()}


async def _judge(
    engine: Engine, namespace_id: str, blueprint: Blueprint, subjects: tuple[Subject, ...]
) -> tuple[Verdict, ...]:
    if blueprint.missing:
        _warn(blueprint, f"there is no {', no '.join(blueprint.missing)} in this namespace")
    plan = engine.label_plan(blueprint.stages_json) if blueprint.targets else None
    threshold = max(blueprint.confidence_threshold, plan.min_score if plan else 0.0)
    if plan is None or not subjects:
        return (_nothing(threshold),) * len(subjects)
    found = await _neighbours(engine, namespace_id, blueprint, plan, subjects)
    labels = await _labels(engine, blueprint, found)
    return tuple(decide(each, labels, threshold=threshold, limit=plan.limit) for each in found)


async def _neighbours(
    engine: Engine, namespace_id: str, blueprint: Blueprint, plan: LabelPlan, subjects: tuple[Subject, ...]
) -> tuple[tuple[Candidate, ...], ...]:
    """Who the retriever finds among the references, for each subject."""
    execution = engine.execution(namespace_id, blueprint.targets, Templates(), subjects)
    start = Unfetched(fixed=references(blueprint.field, human_only=blueprint.human_only))
    state = (await run_stages(plan.stages, start, execution))[-1].state
    return state.lists if isinstance(state, Ranked) else ((),) * len(subjects)


async def _labels(engine: Engine, blueprint: Blueprint, found: Sequence[Sequence[Candidate]]) -> Mapping[str, Label]:
    """The labels of all neighbours as they are now, in one reading."""
    ids = {candidate.document_id for candidates in found for candidate in candidates}
    labels = await engine.documents.labels(ids, blueprint.field) if ids else {}
    if blueprint.human_only:
        return {key: label for key, label in labels.items() if label.source in GIVEN_BY_PEOPLE}
    return labels


def _nothing(threshold: float) -> Verdict:
    return Verdict(matched=False, confidence=0.0, threshold=threshold)


def _warn(blueprint: Blueprint, reason: str) -> None:
    log.warning("taxonomy finds nothing", taxonomy_id=blueprint.taxonomy_id, reason=reason)
