"""Fields of candidates: read and set by dotted paths, in the spellings that filters know."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.common.json.paths import value_at
from services.taxonomy.domain import Candidate, Json, Row

SCORE = "score"
METADATA = "metadata."
INTERNAL = "_internal."
LABELS = "labels."


def to_row(record: Mapping[str, Json]) -> Row:
    """A document's row in the database, as stages see it: its fields at the root and in `metadata`, as in answers."""
    fields = record["fields"]
    internal = {**record["internal"], "labels": record["labels"]}
    times = {name: record[name] for name in ("created_at", "updated_at")}
    document = {
        **fields,
        "metadata": fields,
        "document_id": record["document_id"],
        "collection_id": record["collection_id"],
        "bucket_id": record["bucket_id"],
        "root_bucket_id": record["bucket_id"],
        "object_id": record["object_id"],
        "source_object_id": record["object_id"],
        "root_object_id": record["object_id"],
        "taxonomy_match": record["taxonomy_match"],
        **times,
        "_internal": {**internal, **times},
    }
    return Row(document=document, record=record)


def document_of(candidate: Candidate) -> Mapping[str, Json]:
    """All that templates may use of a candidate, its score included."""
    document = candidate.row.document if candidate.row else {"document_id": candidate.document_id}
    return {**document, SCORE: candidate.score}


def value_of(candidate: Candidate, path: str) -> Json:
    """The value at a path: as given, then under `metadata`, then without a leading `metadata`; None for none."""
    if path == SCORE:
        return candidate.score
    document = candidate.row.document if candidate.row else {}
    lead = INTERNAL if path.startswith(LABELS) else ""
    for spelling in (lead + path, path, METADATA + path, 2 * METADATA + path, path.removeprefix(METADATA)):
        value = value_at(document, spelling)
        if value is not None:
            return value
    return None


def put(candidate: Candidate, path: str, value: Json) -> Candidate:
    """The candidate with the value at a path; `score` is its score itself, when a number is put there."""
    if path == SCORE and isinstance(value, int | float):
        return replace(candidate, score=float(value))
    row = candidate.row or Row(document={}, record={})
    root, *rest = [path] if path in row.document else path.split(".")
    changed = _put(row.document.get(root), rest, value)
    added = {**row.added, root: changed}
    return replace(candidate, row=replace(row, document={**row.document, root: changed}, added=added))


def _put(holder: Json, parts: Sequence[str], value: Json) -> Json:
    if not parts:
        return value
    kept = holder if isinstance(holder, Mapping) else {}
    return {**kept, parts[0]: _put(kept.get(parts[0]), parts[1:], value)}


def shown_alone(candidate: Candidate, fields: Mapping[str, Json]) -> Candidate:
    """The candidate as one whose answer shows these fields and no other."""
    row = candidate.row or Row(document={}, record={})
    return replace(candidate, row=replace(row, document=dict(fields), added=dict(fields), alone=True))


def to_record(candidate: Candidate) -> dict[str, Json]:
    """The candidate as a row of the database, with what stages made of it: for filters, which SQL evaluates."""
    row = candidate.row or Row(document={}, record={})
    stored = {} if row.alone else row.record.get("fields", {})
    return {**row.record, "fields": {**stored, **row.added, SCORE: candidate.score}}


def plain(candidate: Candidate) -> dict[str, Json]:
    """The candidate as a JSON object inside another result, such as the member of a group."""
    own = {"document_id": candidate.document_id, "collection_id": candidate.collection_id, SCORE: candidate.score}
    if candidate.row is None:
        return own
    fields = {} if candidate.row.alone else candidate.row.record.get("fields", {})
    return {**fields, **candidate.row.added, **own}
