"""Deciding labels: each taxonomy's retrievers run for the subjects, and the labelled neighbours decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.extractors.inputs import mapped_paths
from services.common.extractors.traits import traits_of
from services.common.filters import parse
from services.taxonomy.concurrency import gather_all
from services.taxonomy.database.object_blobs import ObjectBlob
from services.taxonomy.domain import Candidate, Json, Row
from services.taxonomy.labels.applied_taxonomies import Blueprint, Run, load_alone, load_applied
from services.taxonomy.labels.decision import nothing
from services.taxonomy.labels.enrichment_fields import Decided, documents_to_read, of_flat, of_nodes, of_own_path
from services.taxonomy.labels.hierarchy import Descent, descend
from services.taxonomy.labels.reference_search import Judge
from services.taxonomy.labels.subjects import Asked, Known, given_vectors
from services.taxonomy.labels.taxonomy_config import InputMapping, Kind
from services.taxonomy.retrievers.engine import Engine, searched_collections
from services.taxonomy.stages.parse import parse_stages_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What one taxonomy decided: one for each subject, in their order."""

    blueprint: Blueprint
    decided: tuple[Decided, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which taxonomies are to decide: all that are applied to the collection, or one at a version (0: in force)."""

    namespace_id: str
    collection_id: str
    taxonomy: str = ""
    version: int = 0
    afresh: bool = False

    @property
    def is_strict(self) -> bool:
        """Whether a taxonomy that cannot run is an error: when somebody asks, and when labels would be taken away."""
        return self.afresh or bool(self.taxonomy)


async def enrich(engine: Engine, order: Order, asked: Sequence[Asked]) -> list[Decisions]:
    """The decisions of each taxonomy in order; none when nothing labels the collection.

    A retriever that cannot run (its collection or feature does not exist, say) matches nothing, and the decision says
    why: an upload must not be lost for it. A strict order is refused. A store or service that is down raises
    UnavailableError.
    """
    blueprints = await _blueprints(engine, order)
    if not blueprints:
        return []
    subjects = await _subjects(engine, order, blueprints, asked)
    return await gather_all([_decide(engine, order, blueprint, subjects) for blueprint in blueprints])


async def _blueprints(engine: Engine, order: Order) -> list[Blueprint]:
    if not order.taxonomy:
        return await load_applied(engine.reader, order.namespace_id, order.collection_id)
    found = await load_alone(engine.reader, order.namespace_id, order.collection_id, order.taxonomy, order.version)
    if order.collection_id and found[0].subject is None:
        raise NotFoundError.of("collection", order.collection_id)
    return found


async def _subjects(
    engine: Engine, order: Order, blueprints: Sequence[Blueprint], asked: Sequence[Asked]
) -> tuple[Known, ...]:
    """What is known of each subject; stored vectors and fields are read for those that come without."""
    stored = [each.document_id for each in asked if not each.vectors and each.document_id]
    vectors = await engine.documents.vectors(order.namespace_id, stored) if stored else {}
    bare = [each.document_id for each in asked if each.fields is None and each.document_id]
    fields = await engine.rows.subject_fields(bare) if bare and any(_reads_fields(each) for each in blueprints) else {}
    blobs = await _blobs(engine, blueprints, [each.object_id for each in asked])
    own = own_paths(blueprints[0])
    return tuple(
        Known(
            object_id=each.object_id,
            document_id=each.document_id,
            vectors=given_vectors(each, blueprints[0].subject) if each.vectors else vectors.get(each.document_id, {}),
            fields=fields.get(each.document_id, {}) if each.fields is None else each.fields,
            blobs=blobs.get(each.object_id, {}),
            own_blobs=own_blobs(own, blobs.get(each.object_id, {})),
        )
        for each in asked
    )


async def _blobs(
    engine: Engine, blueprints: Sequence[Blueprint], object_ids: Sequence[str]
) -> Mapping[str, Mapping[str, ObjectBlob]]:
    mappings = [mapping for each in blueprints for mapping in mappings_of(each)]
    return await engine.blobs.of(object_ids) if any(mapping.may_name_a_blob for mapping in mappings) else {}


def own_paths(blueprint: Blueprint) -> frozenset[str]:
    """The fields that the collection's documents are made from."""
    if blueprint.subject is None:
        return frozenset()
    return frozenset(mapped_paths(blueprint.inputs, traits_of(blueprint.subject.extractor).inputs))


def own_blobs(paths: frozenset[str], blobs: Mapping[str, ObjectBlob]) -> frozenset[str]:
    """The files that an object's vectors were made from; the only one where the collection does not say."""
    return frozenset(blobs) if len(blobs) == 1 and not paths else paths & blobs.keys()


def mappings_of(blueprint: Blueprint) -> tuple[InputMapping, ...]:
    """How the inputs of all its retrievers are given."""
    definition = blueprint.definition
    return (*definition.mappings, *(mapping for node in definition.nodes for mapping in node.mappings))


def _reads_fields(blueprint: Blueprint) -> bool:
    """Whether the taxonomy looks at more than vectors."""
    filtered = bool(blueprint.settings.get("scroll_filters"))
    mapped = any(not mapping.is_vector for mapping in mappings_of(blueprint))
    return filtered or blueprint.definition.kind is Kind.OWN_PATH or mapped


async def _fields(engine: Engine, document_ids: Sequence[str]) -> dict[str, Mapping[str, Json]]:
    return {key: record["fields"] for key, record in (await engine.rows.records(document_ids)).items()}


async def _decide(engine: Engine, order: Order, blueprint: Blueprint, subjects: Sequence[Known]) -> Decisions:
    skipped = await _filtered_out(engine, blueprint, subjects)
    chosen = [subject for number, subject in enumerate(subjects) if number not in skipped]
    try:
        decided = iter(await judged(engine, order, blueprint, chosen))
    except (InvalidArgumentError, NotFoundError) as error:
        if order.is_strict:
            raise
        decided = iter([_undecided(blueprint, error.message)] * len(chosen))
    passed = replace(_undecided(blueprint), skipped=True)
    return Decisions(
        blueprint=blueprint,
        decided=tuple(passed if number in skipped else next(decided) for number in range(len(subjects))),
    )


async def _filtered_out(engine: Engine, blueprint: Blueprint, subjects: Sequence[Known]) -> set[int]:
    """The subjects that the application's filter leaves out; the filter sees them as if they were stored."""
    filters = blueprint.settings.get("scroll_filters")
    if not filters:
        return set()
    candidates = [_as_candidate(number, subject, blueprint) for number, subject in enumerate(subjects)]
    passing = await engine.rows.passing(candidates, parse(filters, "scroll_filters"))
    kept = {candidate.document_id for candidate in passing}
    return {number for number in range(len(subjects)) if str(number) not in kept}


def _as_candidate(number: int, subject: Known, blueprint: Blueprint) -> Candidate:
    collection_id = blueprint.subject.collection_id if blueprint.subject else ""
    record = {
        "document_id": subject.document_id,
        "object_id": subject.object_id,
        "collection_id": collection_id,
        "fields": dict(subject.fields),
        "labels": {},
        "internal": {},
    }
    return Candidate(
        document_id=str(number),
        collection_id=collection_id,
        object_id=subject.object_id,
        row=Row(document=record, record=record),
    )


async def judged(engine: Engine, order: Order, blueprint: Blueprint, subjects: Sequence[Known]) -> Sequence[Decided]:
    """What one taxonomy says of each subject; errors when it cannot run."""
    definition = blueprint.definition
    if definition.kind is Kind.OWN_PATH:
        return [of_own_path(definition, subject.fields) for subject in subjects]
    if definition.kind is Kind.NODES:
        return await _placed(engine, order, blueprint, subjects)
    (run,) = blueprint.runs
    verdicts = await (await _judge(engine, order, blueprint, run)).verdicts(subjects)
    records = await _records(engine, documents_to_read(definition, verdicts))
    return [of_flat(definition, verdict, records) for verdict in verdicts]


async def _placed(engine: Engine, order: Order, blueprint: Blueprint, subjects: Sequence[Known]) -> Sequence[Decided]:
    style = blueprint.settings.get("hierarchical_enrichment_style")
    definition = replace(blueprint.definition, style=style or blueprint.definition.style)
    judges = await gather_all([_judge(engine, order, blueprint, run) for run in blueprint.runs])
    descents = await descend(judges, subjects, definition.threshold)
    verdicts = [step.verdict for descent in descents for step in descent.chain]
    records = await _records(engine, documents_to_read(definition, verdicts))
    return [of_nodes(definition, descent, records) for descent in descents]


async def _judge(engine: Engine, order: Order, blueprint: Blueprint, run: Run) -> Judge:
    if run.missing and order.is_strict:
        raise NotFoundError(f"The taxonomy cannot run: {run.fault} Name another in the taxonomy or its retriever.")
    if not run.targets and not run.missing:
        stages = parse_stages_json(run.stages_json)
        run = replace(run, targets=await searched_collections(engine, order.namespace_id, stages, (), run.bindings))
    node = next((node for node in blueprint.definition.nodes if node.node_id == run.node), None)
    return Judge(
        engine=engine,
        namespace_id=order.namespace_id,
        blueprint=blueprint,
        run=run,
        node=node,
        afresh=order.afresh,
    )


async def _records(engine: Engine, document_ids: set[str]) -> Mapping[str, Mapping[str, Json]]:
    return await _fields(engine, sorted(document_ids)) if document_ids else {}


def _undecided(blueprint: Blueprint, reason: str = "") -> Decided:
    definition = blueprint.definition
    verdict = nothing(definition.threshold, reason)
    return of_nodes(definition, Descent(best=verdict), {}) if definition.nodes else of_flat(definition, verdict, {})
