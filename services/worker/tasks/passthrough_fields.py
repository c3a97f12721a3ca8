"""What a document takes over anew when the rules of its collection have changed: pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from services.common.extractors.passthrough import label_source, passed_fields, rules_of
from services.common.json.equality import same_value
from services.common.json.paths import without
from services.common.labels.object_label_scope import held_back

Fields = Mapping[str, Any]
MISSING = object()


@dataclass(frozen=True, kw_only=True)
class Passing:
    """A document: what it takes over comes from `origin`; its labels are left as they are.

    `is_shared`: other documents of the same origin are about something else, and nobody knows whose a name is.
    """

    fields: Fields
    origin: Fields
    labels: Collection[str]
    label_fields: Collection[str]
    is_shared: bool


def passed_anew(passing: Passing, before: Fields, after: Fields) -> dict[str, Any]:
    """The fields of the document under the new rules; what was changed on the document itself stays."""
    old, new = _passed(passing, before), _passed(passing, after)
    fields = dict(passing.fields)
    for name in old.keys() | new.keys():
        if name in passing.labels or name in passing.label_fields:
            continue
        if not same_value(fields.get(name, MISSING), old.get(name, MISSING)):
            continue
        if name in new:
            fields[name] = new[name]
        else:
            del fields[name]
    return fields


def _passed(passing: Passing, feature_extractor: Fields) -> dict[str, Any]:
    passed = passed_fields(passing.origin, feature_extractor)
    if not passing.is_shared:
        return passed
    rules = rules_of(feature_extractor)
    held = held_back(passed, passing.label_fields)
    said = without(passing.origin, [label_source(field, rules) for field in held])
    return dict.fromkeys(passed) | passed_fields(said, feature_extractor)
