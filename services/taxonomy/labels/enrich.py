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
from services.taxonomy.labels.applied_taxonomies import AppliedTaxonomy, Run, load_alone, load_applied
from services.taxonomy.labels.decision import nothing
from services.taxonomy.labels.enrichment_fields import Decided, documents_to_read, of_flat, of_nodes, of_own_path
from services.taxonomy.labels.hierarchy import Descent, descend
from services.taxonomy.labels.reference_search import ReferenceSearch
from services.taxonomy.labels.subjects import Asked, Known, given_vectors
from services.taxonomy.labels.taxonomy_config import InputMapping, Kind
from services.taxonomy.retrievers.engine import Engine, searched_collections
from services.taxonomy.stages.parse import parse_stages_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What one taxonomy decided: one for each subject, in their order."""

    applied: AppliedTaxonomy
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
    taxonomies = await _all_applied(engine, order)
    if not taxonomies:
        return []
    subjects = await _subjects(engine, order, taxonomies, asked)
    return await gather_all([_decide(engine, order, applied, subjects) for applied in taxonomies])


async def _all_applied(engine: Engine, order: Order) -> list[AppliedTaxonomy]:
    if not order.taxonomy:
        return await load_applied(engine.reader, order.namespace_id, order.collection_id)
    found = await load_alone(engine.reader, order.namespace_id, order.collection_id, order.taxonomy, order.version)
    if order.collection_id and found[0].subject is None:
        raise NotFoundError.of("collection", order.collection_id)
    return found


async def _subjects(
    engine: Engine, order: Order, taxonomies: Sequence[AppliedTaxonomy], asked: Sequence[Asked]
) -> tuple[Known, ...]:
    """What is known of each subject; stored vectors and fields are read for those that come without."""
    stored = [each.document_id for each in asked if not each.vectors and each.document_id]
    vectors = await engine.documents.vectors(order.namespace_id, stored) if stored else {}
    bare = [each.document_id for each in asked if each.fields is None and each.document_id]
    fields = (
        await engine.document_fields.subject_fields(bare)
        if bare and any(_reads_fields(each) for each in taxonomies)
        else {}
    )
    blobs = await _blobs(engine, taxonomies, [each.object_id for each in asked])
    own = own_paths(taxonomies[0])
    return tuple(
        Known(
            object_id=each.object_id,
            document_id=each.document_id,
            vectors=given_vectors(each, taxonomies[0].subject) if each.vectors else vectors.get(each.document_id, {}),
            fields=fields.get(each.document_id, {}) if each.fields is None else each.fields,
            blobs=blobs.get(each.object_id, {}),
            own_blobs=own_blobs(own, blobs.get(each.object_id, {})),
        )
        for each in asked
    )


async def _blobs(
    engine: Engine, taxonomies: Sequence[AppliedTaxonomy], object_ids: Sequence[str]
) -> Mapping[str, Mapping[str, ObjectBlob]]:
    mappings = [mapping for each in taxonomies for mapping in mappings_of(each)]
    return await engine.blobs.of(object_ids) if any(mapping.may_name_a_blob for mapping in mappings) else {}


def own_paths(applied: AppliedTaxonomy) -> frozenset[str]:
    """The fields that the collection's documents are made from."""
    if applied.subject is None:
        return frozenset()
    return frozenset(mapped_paths(applied.inputs, traits_of(applied.subject.extractor).inputs))


def own_blobs(paths: frozenset[str], blobs: Mapping[str, ObjectBlob]) -> frozenset[str]:
    """The files that an object's vectors were made from; the only one where the collection does not say."""
    return frozenset(blobs) if len(blobs) == 1 and not paths else paths & blobs.keys()


def mappings_of(applied: AppliedTaxonomy) -> tuple[InputMapping, ...]:
    """How the inputs of all its retrievers are given."""
    config = applied.config
    return (*config.mappings, *(mapping for node in config.nodes for mapping in node.mappings))


def _reads_fields(applied: AppliedTaxonomy) -> bool:
    """Whether the taxonomy looks at more than vectors."""
    filtered = bool(applied.settings.get("scroll_filters"))
    mapped = any(not mapping.is_vector for mapping in mappings_of(applied))
    return filtered or applied.config.kind is Kind.OWN_PATH or mapped


async def _fields(engine: Engine, document_ids: Sequence[str]) -> dict[str, Mapping[str, Json]]:
    return {key: record["fields"] for key, record in (await engine.document_fields.records(document_ids)).items()}


async def _decide(engine: Engine, order: Order, applied: AppliedTaxonomy, subjects: Sequence[Known]) -> Decisions:
    skipped = await _filtered_out(engine, applied, subjects)
    chosen = [subject for number, subject in enumerate(subjects) if number not in skipped]
    try:
        decided = iter(await judged(engine, order, applied, chosen))
    except (InvalidArgumentError, NotFoundError) as error:
        if order.is_strict:
            raise
        decided = iter([_undecided(applied, error.message)] * len(chosen))
    passed = replace(_undecided(applied), skipped=True)
    return Decisions(
        applied=applied,
        decided=tuple(passed if number in skipped else next(decided) for number in range(len(subjects))),
    )


async def _filtered_out(engine: Engine, applied: AppliedTaxonomy, subjects: Sequence[Known]) -> set[int]:
    """The subjects that the application's filter leaves out; the filter sees them as if they were stored."""
    filters = applied.settings.get("scroll_filters")
    if not filters:
        return set()
    candidates = [_as_candidate(number, subject, applied) for number, subject in enumerate(subjects)]
    passing = await engine.document_fields.passing(candidates, parse(filters, "scroll_filters"))
    kept = {candidate.document_id for candidate in passing}
    return {number for number in range(len(subjects)) if str(number) not in kept}


def _as_candidate(number: int, subject: Known, applied: AppliedTaxonomy) -> Candidate:
    collection_id = applied.subject.collection_id if applied.subject else ""
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


async def judged(
    engine: Engine, order: Order, applied: AppliedTaxonomy, subjects: Sequence[Known]
) -> Sequence[Decided]:
    """What one taxonomy says of each subject; errors when it cannot run."""
    config = applied.config
    if config.kind is Kind.OWN_PATH:
        return [of_own_path(config, subject.fields) for subject in subjects]
    if config.kind is Kind.NODES:
        return await _placed(engine, order, applied, subjects)
    (run,) = applied.runs
    verdicts = await (await _reference_search(engine, order, applied, run)).verdicts(subjects)
    records = await _records(engine, documents_to_read(config, verdicts))
    return [of_flat(config, verdict, records) for verdict in verdicts]


async def _placed(
    engine: Engine, order: Order, applied: AppliedTaxonomy, subjects: Sequence[Known]
) -> Sequence[Decided]:
    style = applied.settings.get("hierarchical_enrichment_style")
    config = replace(applied.config, style=style or applied.config.style)
    searches = await gather_all([_reference_search(engine, order, applied, run) for run in applied.runs])
    descents = await descend(searches, subjects, config.threshold)
    verdicts = [step.verdict for descent in descents for step in descent.chain]
    records = await _records(engine, documents_to_read(config, verdicts))
    return [of_nodes(config, descent, records) for descent in descents]


async def _reference_search(engine: Engine, order: Order, applied: AppliedTaxonomy, run: Run) -> ReferenceSearch:
    if run.missing and order.is_strict:
        raise NotFoundError(f"The taxonomy cannot run: {run.fault} Name another in the taxonomy or its retriever.")
    if not run.targets and not run.missing:
        stages = parse_stages_json(run.stages_json)
        run = replace(run, targets=await searched_collections(engine, order.namespace_id, stages, (), run.bindings))
    node = next((node for node in applied.config.nodes if node.node_id == run.node), None)
    return ReferenceSearch(
        engine=engine,
        namespace_id=order.namespace_id,
        applied=applied,
        run=run,
        node=node,
        afresh=order.afresh,
    )


async def _records(engine: Engine, document_ids: set[str]) -> Mapping[str, Mapping[str, Json]]:
    return await _fields(engine, sorted(document_ids)) if document_ids else {}


def _undecided(applied: AppliedTaxonomy, reason: str = "") -> Decided:
    config = applied.config
    verdict = nothing(config.threshold, reason)
    return of_nodes(config, Descent(best=verdict), {}) if config.nodes else of_flat(config, verdict, {})
