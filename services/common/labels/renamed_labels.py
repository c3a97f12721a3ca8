"""What an object says, where a person has renamed the label on the documents that it gave. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.extractors.passthrough import lookup, sources_of
from services.common.json.equality import same_value
from services.common.labels.label_values import label_value
from services.common.labels.object_label_scope import is_ambiguous

Fields = Mapping[str, Any]


def renamed_labels(
    stated: Fields,
    documents: Sequence[Fields],
    labels: Sequence[str],
    *,
    extractor: str,
    feature_extractor: Mapping[str, Any],
) -> dict[str, Any]:
    """Path in the object's fields `stated` -> the label that all its `documents` in one collection have instead.

    An object without that label has none of its own to rename; and where documents are about several things (two
    faces), or differ, no one of them speaks for the object.
    """
    if not documents or is_ambiguous(extractor, len(documents)):
        return {}
    sources = sources_of(feature_extractor)
    found = {}
    for label in labels:
        source, value = sources.get(label, label), lookup(documents[0], label)
        old = lookup(stated, source)
        agreed = all(same_value(lookup(each, label), value) for each in documents)
        if agreed and label_value(old) is not None and not same_value(old, value):
            found[source] = value
    return found
