"""Which documents take over what changed of their object, or of the document that they were made from."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.common.extractors.passthrough import lookup, passes_everything, sources_of
from services.common.json.equality import differing
from services.common.json.paths import said_inside, without
from services.common.labels.human_labels import LabelledDocument, apply_human_fields
from services.common.labels.label_values import label_values
from services.common.labels.object_label_scope import held_back, is_ambiguous

Fields = Mapping[str, Any]
OBJECT = None
"""Stands for the object where a document's id stands for that document."""


@dataclass(frozen=True, kw_only=True)
class Inheritor:
    """A document of an object, and what its collection takes over; `source` is the document that it was made from."""

    document_id: str
    collection_id: str
    source: str | None
    extractor: str
    feature_extractor: Mapping[str, Any]
    label_fields: tuple[str, ...]


def inherit(inheritors: Sequence[Inheritor], changed: Mapping[str | None, Fields]) -> dict[str, dict[str, Any]]:
    """Document id -> the fields that it takes over, given all documents of an object and what changed at first.

    `changed` is by document id, OBJECT for the object itself. What a document takes over goes on to those made of it.
    """
    siblings = Counter((each.collection_id, each.source) for each in inheritors)
    made_of: dict[str | None, list[Inheritor]] = defaultdict(list)
    for each in inheritors:
        made_of[each.source].append(each)
    found: dict[str, dict[str, Any]] = {}
    waiting = list(changed.items())
    while waiting:
        origin, fields = waiting.pop()
        for each in made_of[origin]:
            taken = inherited_by(fields, each, siblings[each.collection_id, each.source])
            if taken:
                found[each.document_id] = taken
                waiting.append((each.document_id, taken))
    return found


def inherited_by(fields: Fields, inheritor: Inheritor, documents: int) -> dict[str, Any]:
    """What one of so many documents takes over of changed fields: a label only where it is clear whose it is."""
    inherited = inherited_fields(fields, inheritor.feature_extractor, inheritor.label_fields)
    if not is_ambiguous(inheritor.extractor, documents):
        return inherited
    held = held_back(inherited, inheritor.label_fields)
    kept = {field: value for field, value in inherited.items() if field not in held}
    return without(kept, inheritor.label_fields)


def inherited_fields(
    fields: Fields, feature_extractor: Mapping[str, Any], label_fields: Sequence[str]
) -> dict[str, Any]:
    """What the documents of a collection take over of changed fields; a label always."""
    missing = object()
    rules = sources_of(feature_extractor)
    sources = {field: field for field in label_fields} | rules
    if passes_everything(feature_extractor):
        sources = {field: field for field in fields} | sources
    found = {target: lookup(fields, source, missing) for target, source in sources.items()}
    return {target: value for target, value in found.items() if value is not missing}


def said_by_person(
    document: LabelledDocument, changed: Fields, label_fields: Sequence[str], set_at: str
) -> LabelledDocument:
    """The document after a person set these fields; its `taxonomy_match` is about the first of the label fields.

    A field that names the group of a cluster becomes a person's too.
    """
    groups = [field for field, entry in document.labels.items() if _names_group(entry) and field not in label_fields]
    named = (*label_fields, *groups)
    said = label_values(said_inside(changed, named), named)
    after = apply_human_fields(document, said, label_fields[0] if label_fields else None, set_at)
    for field in (*label_fields[1:], *groups):
        after = replace(apply_human_fields(after, said, field, set_at), taxonomy_match=after.taxonomy_match)
    return after


def changed_names(before: LabelledDocument, after: LabelledDocument) -> list[str]:
    """The fields of a document that have another value now, or whose label is somebody else's; none: no change."""
    names = differing(before.fields, after.fields)
    return list(dict.fromkeys([*names, *differing(before.labels, after.labels)]))


def _names_group(entry: Mapping[str, Any]) -> bool:
    return "cluster_id" in (entry.get("proposal") or entry)
