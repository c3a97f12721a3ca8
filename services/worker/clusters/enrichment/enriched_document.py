"""A document with what a cluster run says of it; what a person or an import said stays. Pure.

What a cluster wrote is kept beside the document's fields, in `internal.clusters`, so that it can be told from what
others wrote since, be brought up to date and be taken back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.common.extractors.passthrough import lookup, strip_root
from services.common.labels.human_labels import AUTO
from services.common.row_types import StoredDocument

JsonObject = dict[str, Any]
CLUSTERS = "clusters"
LABEL = "cluster_label"
DEFAULT_FIELDS = ("cluster_id", LABEL, "distance_to_centroid")


@dataclass(frozen=True, kw_only=True)
class FieldMapping:
    """EnrichmentFieldMapping: what of the result goes to which field of the document."""

    source: str
    target: str


@dataclass(frozen=True, kw_only=True)
class Written:
    """By which run of which cluster a document is enriched, and when; `model` made the vectors."""

    cluster_id: str
    run_id: str
    now: str


def mappings_of(config: Mapping[str, Any] | None) -> tuple[FieldMapping, ...]:
    """The mappings of a SourceEnrichmentConfig; without any, the fields keep their names."""
    given = (config or {}).get("field_mappings") or [{"source_field": n, "target_field": n} for n in DEFAULT_FIELDS]
    return tuple(FieldMapping(source=each["source_field"], target=strip_root(each["target_field"])) for each in given)


def values_for(result: Mapping[str, Any] | None, mappings: tuple[FieldMapping, ...]) -> JsonObject:
    """What each target field is to hold; None in all of them for a document that is in no group."""
    return {each.target: None if result is None else lookup(result, each.source) for each in mappings}


def assigned(
    stored: StoredDocument, values: Mapping[str, Any], label_fields: frozenset[str], written: Written
) -> StoredDocument | None:
    """The document with the `values` in those fields that are free or the cluster's own; None when it is so already.

    `label_fields` are those of the targets that are labels, and get their provenance.
    """
    before = _own_fields(stored, written.cluster_id)
    wanted = dict.fromkeys(before) | dict(values)
    free = {field: value for field, value in wanted.items() if _is_free(field, stored, before, label_fields)}
    own = {field: value for field, value in free.items() if value is not None}
    changes = {field: value for field, value in free.items() if value is not None or field in before}
    labels = _labels(stored, changes, label_fields, written)
    changed = replace(
        stored, fields=stored.fields | changes, labels=labels, internal=_internal(stored.internal, own, written)
    )
    return None if changed == stored else changed


def said_by_others(fields: Mapping[str, Any], internal: Mapping[str, Any]) -> JsonObject:
    """The fields of a document without those that clusters wrote, which say nothing new of it."""
    own = [_unchanged(entry, fields) for entry in internal.get(CLUSTERS, {}).values()]
    return {field: value for field, value in fields.items() if not any(field in each for each in own)}


def _own_fields(stored: StoredDocument, cluster_id: str) -> Mapping[str, Any]:
    """What the cluster wrote before, and nobody has changed since."""
    return _unchanged(stored.internal.get(CLUSTERS, {}).get(cluster_id, {}), stored.fields)


def _unchanged(entry: Mapping[str, Any], fields: Mapping[str, Any]) -> Mapping[str, Any]:
    written: Mapping[str, Any] = entry.get("fields", {})
    return {field: value for field, value in written.items() if fields.get(field) == value}


def _is_free(field: str, stored: StoredDocument, before: Mapping[str, Any], label_fields: frozenset[str]) -> bool:
    """A field without a value, the cluster's own, or a label that another machine gave."""
    entry, value = stored.labels.get(field), lookup(stored.fields, field)
    if entry is None:
        return value is None or field in before
    by_machine = entry.get("source") == AUTO and entry.get("value") == value
    return by_machine and (field in before or field in label_fields)


def _labels(
    stored: StoredDocument, changes: Mapping[str, Any], label_fields: frozenset[str], written: Written
) -> JsonObject:
    labels = {field: entry for field, entry in stored.labels.items() if field not in changes}
    for field, value in changes.items():
        if field in label_fields and value is not None:
            labels[field] = _entry(stored.labels.get(field), value, written)
    return labels


def _entry(before: Mapping[str, Any] | None, value: Any, written: Written) -> JsonObject:
    """The provenance of a label; it keeps the time at which the cluster first said so."""
    entry = {"source": AUTO, "value": value, "cluster_id": written.cluster_id, "run_id": written.run_id}
    same = before is not None and {**before, "set_at": None} == {**entry, "set_at": None}
    return {**entry, "set_at": before["set_at"] if before is not None and same else written.now}


def _internal(internal: JsonObject, own: JsonObject, written: Written) -> JsonObject:
    clusters = {key: entry for key, entry in internal.get(CLUSTERS, {}).items() if key != written.cluster_id}
    if own:
        clusters[written.cluster_id] = {"run_id": written.run_id, "fields": own}
    rest = {key: value for key, value in internal.items() if key != CLUSTERS}
    return {**rest, CLUSTERS: clusters} if clusters else rest
