"""What is said of a part: by the object, or by the document of another collection that it was found in."""

from services.common.extractors.passthrough import label_source, passed_fields, rules_of
from services.common.json.paths import without
from services.common.labels.human_labels import AUTO, HUMAN
from services.common.labels.object_label_scope import held_back, is_ambiguous
from services.common.row_types import ObjectFields
from services.worker.domain import Extracted, Part


def said_of(extracted: Extracted, part: Part, current: ObjectFields) -> ObjectFields:
    """The fields that speak for this part, `current` being the object's. See `object_label_scope` for what does not.

    A label that may be anybody's is left out as if nobody had ever set it; and what a machine called the document that
    the part was found in is no label for a machine that is to decide about the part.
    """
    ingest, said = extracted.ingest, speaker_of(part, current)
    feature_extractor = ingest.collection.feature_extractor
    rules = rules_of(feature_extractor)
    left_out = {field for field in ingest.label_fields if label_source(field, rules) in _of_machines(part)}
    if is_ambiguous(ingest.collection.extractor, _siblings(extracted, part)):
        fields = {*passed_fields(said.fields, feature_extractor), *ingest.label_fields}
        left_out |= held_back(fields, ingest.label_fields)
    if not left_out:
        return said
    sources = [label_source(field, rules) for field in left_out]
    return ObjectFields(fields=without(said.fields, sources), human_fields=without(said.human_fields, sources))


def speaker_of(part: Part, current: ObjectFields) -> ObjectFields:
    """Everything that the part's origin has: the document that it was found in, else the object."""
    source = part.found_in.source
    if source is None:
        return current
    human = {field: entry["set_at"] for field, entry in source.labels.items() if entry.get("source") == HUMAN}
    return ObjectFields(fields=source.fields, human_fields=human)


def _of_machines(part: Part) -> set[str]:
    """The fields that a machine filled of the document that the part was found in."""
    source = part.found_in.source
    return set() if source is None else {name for name, entry in source.labels.items() if entry.get("source") == AUTO}


def _siblings(extracted: Extracted, part: Part) -> int:
    """How many parts were found where this one was."""
    return sum(other.found_in.source == part.found_in.source for other in extracted.parts)
