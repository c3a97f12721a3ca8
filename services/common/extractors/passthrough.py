"""Which fields of an object its documents carry, and under which names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.common.extractors.traits import traits_of
from services.common.json.paths import value_at

ROOTS = ("$.payload.", "payload.", "$.metadata.", "metadata.", "$.")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Copies `source` (a dotted path of the object) to the document field `target`."""

    source: str
    target: str
    default: Any = None


def rules_of(feature_extractor: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a collection, from its feature extractor in the contract's output form."""
    return tuple(_rule(item) for item in feature_extractor.get("field_passthrough") or [])


def sources_of(feature_extractor: Mapping[str, Any]) -> dict[str, str]:
    """Document field -> the path in the object's fields that it is taken from."""
    return {rule.target: rule.source for rule in rules_of(feature_extractor)}


def label_source(field: str, rules: Iterable[Rule]) -> str:
    """The object's field that a label field comes from: by the passthrough, else the one of the same name."""
    return next((rule.source for rule in rules if rule.target == field), field)


def _rule(item: Mapping[str, Any]) -> Rule:
    source = strip_root(item["source_path"])
    return Rule(source=source, target=item.get("target_path") or source, default=item.get("default"))


def strip_root(path: str) -> str:
    """The path inside the flat fields of an object: `metadata.x`, `payload.x` and `$.payload.x` are all `x`."""
    for root in ROOTS:
        if path.startswith(root):
            return path.removeprefix(root)
    return path


def passed_fields(fields: Mapping[str, Any], feature_extractor: Mapping[str, Any]) -> dict[str, Any]:
    """What a document of the collection takes over of its object's fields: what the rules name, or everything."""
    everything = dict(fields) if passes_everything(feature_extractor) else {}
    return everything | pass_through(fields, rules_of(feature_extractor))


def passes_everything(feature_extractor: Mapping[str, Any]) -> bool:
    """Whether a collection takes over every field; one that extracts nothing does, unless it is told not to."""
    if feature_extractor.get("include_all_source_fields"):
        return True
    extracts = traits_of(str(feature_extractor.get("feature_extractor_name"))).extracts
    return not extracts and (feature_extractor.get("parameters") or {}).get("preserve_metadata") is not False


def pass_through(fields: Mapping[str, Any], rules: Iterable[Rule]) -> dict[str, Any]:
    """The fields of a document; a field that the object lacks becomes its default, or null."""
    return {rule.target: lookup(fields, rule.source, rule.default) for rule in rules}


def lookup(fields: Mapping[str, Any], path: str, default: Any = None) -> Any:
    """The value at a dotted path (see `paths`); `default` where there is none."""
    return value_at(fields, path, default)
