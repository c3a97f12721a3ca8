"""How groups are to be named: `llm_labeling`, in the contract's spelling and in the tutorial's. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.common.extractors.passthrough import strip_root

PAYLOAD, LITERAL = "payload", "literal"
NEAREST_FIRST, REPRESENTATIVE = "nearest", "representative"
# What a request may say of how the endpoint is to answer; the rest is the operator's.
PASSED_ON = ("temperature", "top_p", "max_tokens", "seed")
MOST_CANDIDATES = 255


@dataclass(frozen=True, kw_only=True)
class InputRule:
    """One input of the samples: a field of each document at `path`, or the same `value` for all."""

    key: str
    path: str | None = None
    value: Any = None


@dataclass(frozen=True, kw_only=True)
class LabellingRules:
    """LLMLabelingInput, complete. `samples` None lets the size of the group decide; texts are cut to `text_length`."""

    enabled: bool = False
    inputs: tuple[InputRule, ...] = ()
    model: str | None = None
    summary: bool = True
    keywords: bool = True
    samples: int | None = None
    text_length: int = 200
    selection: str = NEAREST_FIRST
    distinct: bool = True
    cache_seconds: float = 604_800.0
    context: str | None = None
    prompt: str | None = None
    candidates: Mapping[str, str] | None = None
    parameters: Mapping[str, Any] | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The fields of documents that say what a group is."""
        return tuple(rule.path for rule in self.inputs if rule.path)


def rules_from(config: Mapping[str, Any] | None) -> LabellingRules:
    """The rules in an `llm_labeling`; what is missing or of a wrong type is as if it had not been said."""
    found = config or {}
    default = LabellingRules()
    return LabellingRules(
        enabled=found.get("enabled") is True,
        inputs=_inputs(found),
        model=_text(found.get("model_name")),
        summary=found.get("include_summary") is not False,
        keywords=found.get("include_keywords") is not False,
        samples=_whole(found.get("max_samples_per_cluster")),
        text_length=_whole(found.get("sample_text_max_length")) or default.text_length,
        selection=_text(found.get("sample_selection_strategy")) or default.selection,
        distinct=found.get("use_embedding_dedup") is not False,
        cache_seconds=_seconds(found.get("cache_ttl_seconds"), default.cache_seconds),
        context=_text(found.get("labeling_context")),
        prompt=_text(found.get("custom_prompt")),
        candidates=_candidates(found.get("candidate_labels")),
        parameters={key: value for key, value in (found.get("parameters") or {}).items() if key in PASSED_ON},
    )


def _inputs(config: Mapping[str, Any]) -> tuple[InputRule, ...]:
    native = (config.get("labeling_inputs") or {}).get("input_mappings") or []
    return tuple(rule for mapping in [*native, *(config.get("input_mappings") or [])] for rule in _rules_of(mapping))


def _rules_of(mapping: Mapping[str, Any]) -> list[InputRule]:
    """One rule of a native mapping, one per field of the tutorial's `{source: "payload", fields: [..]}`."""
    source = mapping.get("source_type") or mapping.get("source") or PAYLOAD
    fields = mapping.get("fields")
    if source == LITERAL:
        return [InputRule(key=str(mapping.get("input_key") or LITERAL), value=mapping.get("override"))]
    if source != PAYLOAD:
        return []
    paths = fields if isinstance(fields, list) else [mapping.get("path") or mapping.get("input_key")]
    names = [strip_root(path) for path in paths if isinstance(path, str) and path]
    return [InputRule(key=name if fields else str(mapping.get("input_key") or name), path=name) for name in names]


def _candidates(given: Any) -> dict[str, str] | None:
    """Label -> what belongs under it; None where the endpoint may choose its own words."""
    if isinstance(given, Mapping):
        found = {str(label): str(about) for label, about in given.items()}
    elif isinstance(given, Sequence) and not isinstance(given, str):
        found = {str(label): "" for label in given}
    else:
        found = {}
    return dict(list(found.items())[:MOST_CANDIDATES]) or None


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _seconds(value: Any, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else default
