"""From verdicts to what is written: fields, assignments, the path through a hierarchy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.common.extractors.passthrough import lookup, strip_root
from services.common.labels.label_paths import node_id, split_path
from services.common.labels.label_values import label_value
from services.taxonomy.domain import Json
from services.taxonomy.labels.decision import Neighbour, Verdict, nothing
from services.taxonomy.labels.evidence import Lent, label_of, presence_of, value_of
from services.taxonomy.labels.hierarchy import Descent, Step
from services.taxonomy.labels.taxonomy_config import Enrichment, Kind, Merge, TaxonomyConfig

Records = Mapping[str, Mapping[str, Json]]
"""Document id -> its fields."""
TITLES = ("label", "name", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a taxonomy gives a field, None for nothing; `append` adds to what others give.

    `lent` is what the value rests on.
    """

    field: str
    value: Json
    append: bool = False
    lent: tuple[Lent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One level of the path to what was matched."""

    node_id: str
    label: str
    score: float
    source_document_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """All that a taxonomy says of a subject; `assigned` are the matches that count, best first, with their labels."""

    verdict: Verdict
    label: Json = None
    values: tuple[Given, ...] = ()
    assigned: tuple[tuple[Neighbour, Json], ...] = ()
    places: tuple[Place, ...] = ()
    skipped: bool = False


def documents_to_read(config: TaxonomyConfig, verdicts: Iterable[Verdict]) -> set[str]:
    """The matches whose fields are needed; none where the label is all that is copied."""
    if config.kind is Kind.FLAT and config.fields is not None and len(config.fields) == 1:
        return set()
    return {each.candidate.document_id for verdict in verdicts for each in verdict.kept[: config.top_k]}


def of_flat(config: TaxonomyConfig, verdict: Verdict, records: Records) -> Decided:
    """What a flat taxonomy, or a retriever enrichment, gives."""
    kept = verdict.kept[: config.top_k]
    label = verdict.label if config.source_field else _title(verdict.best, records)
    if config.fields is None:
        values = _everything(verdict.best, records)
    else:
        values = tuple(_given(field, config, verdict, kept, records) for field in config.fields)
    assigned = ((each, each.label.value or _title(each, records)) for each in kept)
    return Decided(
        verdict=verdict,
        label=label,
        values=values,
        assigned=tuple(assigned) if config.top_k > 1 and config.kind is Kind.FLAT else (),
        places=_places_of_path(verdict),
    )


def _given(
    field: Enrichment, config: TaxonomyConfig, verdict: Verdict, kept: Sequence[Neighbour], records: Records
) -> Given:
    append = field.merge is Merge.APPEND
    if not verdict.matched or verdict.best is None:
        return Given(field=field.target, value=None, append=append)
    if field.merge is Merge.REPLACE:
        if field.source == config.source_field:
            return Given(field=field.target, value=verdict.label, lent=_deciders(config, verdict, verdict.best))
        value = _value(field, verdict.best, records)
        return Given(field=field.target, value=value, lent=(value_of(verdict.best, field.source),))
    found = [each.label.value if field.source == config.source_field else _value(field, each, records) for each in kept]
    distinct = _distinct(found)
    text = ", ".join(str(value) for value in distinct) or None
    lent = tuple(value_of(each, field.source) for each in kept)
    value = text if field.merge is Merge.CONCAT else distinct or None
    return Given(field=field.target, value=value, append=append, lent=lent)


def _deciders(config: TaxonomyConfig, verdict: Verdict, best: Neighbour) -> tuple[Lent, ...]:
    """Whose labels made the label: the best neighbour's alone, or those of all that voted."""
    voted = verdict.kept if config.votes else (best,)
    return tuple(label_of(each, config.source_field or "") for each in voted)


def _distinct(values: Iterable[Json]) -> list[Json]:
    found: list[Json] = []
    for value in values:
        for item in value if isinstance(value, list) else [value]:
            label = _copied(item)
            if label is not None and label not in found:
                found.append(label)
    return found


def _value(field: Enrichment, neighbour: Neighbour, records: Records) -> Json:
    if field.source == "document_id":
        return neighbour.candidate.document_id
    if field.source == "score":
        return neighbour.candidate.similarity
    return _copied(lookup(records.get(neighbour.candidate.document_id, {}), strip_root(field.source)))


def _copied(value: Json) -> Json:
    """A value as it is given on: blank ones are none, but what is false of a match is false of what is like it."""
    return False if value is False else label_value(value)


def _everything(best: Neighbour | None, records: Records) -> tuple[Given, ...]:
    fields = records.get(best.candidate.document_id, {}) if best else {}
    return tuple(
        Given(field=name, value=label, lent=(value_of(best, name),))
        for name, value in fields.items()
        if best is not None and (label := _copied(value)) is not None and name[:1] != "_"
    )


def _title(neighbour: Neighbour | None, records: Records) -> Json:
    """What to call a match that has no label field."""
    if neighbour is None:
        return None
    fields = records.get(neighbour.candidate.document_id, {})
    return next(
        (label for name in TITLES if (label := label_value(fields.get(name))) is not None),
        neighbour.candidate.document_id,
    )


def _places_of_path(verdict: Verdict) -> tuple[Place, ...]:
    best = verdict.best
    source = best.candidate.document_id if best else ""
    return tuple(
        Place(
            node_id=node_id(verdict.path[:length]),
            label=verdict.path[length - 1],
            score=verdict.confidence,
            source_document_id=source,
        )
        for length in range(1, len(verdict.path) + 1)
    )


def of_own_path(config: TaxonomyConfig, fields: Mapping[str, Json]) -> Decided:
    """Where a document says itself that it belongs: at the deepest node that its path names."""
    path = split_path(lookup(fields, strip_root(config.path_field)), config.separator or "")
    if not path:
        return Decided(verdict=nothing(0.0, f"The document has no path in '{config.path_field}'."))
    verdict = Verdict(matched=True, confidence=1.0, threshold=0.0, path=path)
    return Decided(verdict=verdict, label=path[-1], places=_places_of_path(verdict))


def of_nodes(config: TaxonomyConfig, descent: Descent, records: Records) -> Decided:
    """What the chain of matched nodes gives: each node's fields, the deeper over the higher, and the chain itself."""
    chain = descent.chain
    fields = [field for node in config.nodes for field in node.fields]
    values = {
        field.target: Given(field=field.target, value=None, append=field.merge is Merge.APPEND) for field in fields
    }
    for step in chain:
        for field in step.node.fields:
            given = _given(field, config, step.verdict, step.verdict.kept[:1], records)
            before = values[field.target].value
            if given.append and before is not None:
                lent = (*values[field.target].lent, *given.lent)
                given = Given(field=field.target, value=_distinct([before, given.value]), append=True, lent=lent)
            values[field.target] = given
    lent = tuple(presence_of(step.verdict.best) for step in chain if step.verdict.best is not None)
    values |= {given.field: replace(given, lent=lent) for given in _summary(config, chain)}
    return Decided(
        verdict=chain[-1].verdict if chain else descent.best,
        label=chain[-1].node.label if chain else None,
        values=tuple(values.values()),
        places=tuple(_place(step) for step in chain),
    )


def _summary(config: TaxonomyConfig, chain: Sequence[Step]) -> list[Given]:
    """The fields that say where a document was placed: one pair for each tier, the deepest one, or both."""
    found: list[Given] = []
    if config.style != "best_match":
        for level in range(config.depth):
            node = chain[level].node if level < len(chain) else None
            found.append(Given(field=f"tier{level + 1}_id", value=node.node_id if node else None))
            found.append(Given(field=f"tier{level + 1}_label", value=node.label if node else None))
    if config.style != "full_chain":
        deepest = chain[-1].node if chain else None
        found.append(Given(field="category_id", value=deepest.node_id if deepest else None))
        found.append(Given(field="category_name", value=deepest.label if deepest else None))
        found.append(Given(field="path", value=[step.node.label for step in chain] or None))
    return found


def _place(step: Step) -> Place:
    return Place(
        node_id=step.node.node_id,
        label=step.node.label,
        score=step.verdict.confidence,
        source_document_id=step.verdict.best.candidate.document_id if step.verdict.best else "",
    )
