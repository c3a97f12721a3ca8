"""What a taxonomy does, read from its normalised config."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.common.extractors.passthrough import strip_root
from services.common.labels.label_paths import DEFAULT_SEPARATOR
from services.common.labels.label_values import label_value
from services.taxonomy.domain import Json

# How many neighbours have a vote where the taxonomy does not say.
VOTERS = 5
AGREEMENT = 0.5


class Kind(StrEnum):
    """How a document finds its place: by its likeness to references, to the members of nodes, or by its own path.

    A retriever enrichment takes whatever its retriever finds.
    """

    FLAT = "flat"
    NODES = "nodes"
    OWN_PATH = "own_path"
    RETRIEVER = "retriever"


class Merge(StrEnum):
    """How values of matches become a field's value: the best one's, or all of them as a list or a text.

    Lists that append are joined with what other taxonomies give.
    """

    REPLACE = "replace"
    APPEND = "append"
    ALL = "all_as_array"
    CONCAT = "concat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrichment:
    """Copies the field `source` of what was matched to the field `target` of the document."""

    source: str
    target: str
    merge: Merge


@dataclass(frozen=True, slots=True, kw_only=True)
class InputMapping:
    """Where the retriever's input `key` comes from: payload, literal, vector or blob."""

    key: str
    source_type: str
    path: str
    value: Json

    @property
    def is_vector(self) -> bool:
        """Whether the document's own vector stands for it, unless it names another file."""
        return self.source_type in ("vector", "blob")

    @property
    def place(self) -> str:
        """The field or file that it reads."""
        return strip_root(self.path or self.key)

    @property
    def may_name_a_blob(self) -> bool:
        """Whether its path may be that of a file."""
        named = self.source_type == "payload" or (self.source_type == "blob" and bool(self.path))
        return named and self.value is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A collection as a place in a hierarchy."""

    node_id: str
    parent_id: str | None
    label: str
    fields: tuple[Enrichment, ...]
    mappings: tuple[InputMapping, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonomyConfig:
    """A taxonomy's config; `fields` is None when everything is copied."""

    kind: Kind
    threshold: float
    names_threshold: bool
    human_only: bool
    top_k: int
    vote: bool
    separator: str | None
    agreement: float
    path_field: str
    style: str
    mappings: tuple[InputMapping, ...]
    fields: tuple[Enrichment, ...] | None
    nodes: tuple[Node, ...]

    @property
    def neighbours(self) -> int:
        """How many neighbours are needed for a decision at least."""
        if self.kind is Kind.RETRIEVER:
            return 1
        return max(self.top_k, VOTERS) if self.votes and self.top_k == 1 else self.top_k

    @property
    def votes(self) -> bool:
        """Whether several neighbours make a label together."""
        return self.vote or self.separator is not None

    @property
    def depth(self) -> int:
        """How many levels the hierarchy has."""
        parents = {node.node_id: node.parent_id for node in self.nodes}
        deepest = 0
        for above in parents.values():
            level, parent = 1, above
            while parent is not None:
                level, parent = level + 1, parents.get(parent)
            deepest = max(deepest, level)
        return deepest

    @property
    def field(self) -> str:
        """The field of the document that the label goes to; empty when there is none."""
        if self.kind is Kind.OWN_PATH:
            return self.path_field
        return self.fields[0].target if self.fields else ""

    @property
    def source_field(self) -> str | None:
        """The field of references that holds their label; None where every document can be matched."""
        return self.fields[0].source if self.fields and self.kind is Kind.FLAT else None


def to_config(config: Mapping[str, Any]) -> TaxonomyConfig:
    """The config as it is read here; the gateway has checked it."""
    source = config.get("source_collection") or {}
    fields = source.get("enrichment_fields")
    kind = _kind(config)
    if kind is Kind.FLAT and config.get("path_field") and fields is None:
        fields = [{"field_path": config["path_field"]}]
    return TaxonomyConfig(
        kind=kind,
        threshold=config.get("confidence_threshold") or 0.0,
        names_threshold=kind is Kind.RETRIEVER or config.get("confidence_threshold") is not None,
        human_only=config.get("reference_labels") == "human",
        top_k=config.get("top_k") or 1,
        vote=config.get("decision") == "vote",
        separator=_separator(config),
        agreement=config.get("path_agreement") or AGREEMENT,
        path_field=config.get("path_field") or "",
        style=config.get("hierarchical_enrichment_style") or "combined",
        mappings=_mappings(config.get("input_mappings")),
        fields=None if fields is None else to_enrichments(fields),
        nodes=tuple(_node(node, config) for node in config.get("hierarchical_nodes") or []),
    )


def _kind(config: Mapping[str, Any]) -> Kind:
    if config["taxonomy_type"] == Kind.RETRIEVER:
        return Kind.RETRIEVER
    if config.get("hierarchical_nodes"):
        return Kind.NODES
    return Kind.OWN_PATH if config.get("path_field") and not config.get("retriever_id") else Kind.FLAT


def _separator(config: Mapping[str, Any]) -> str | None:
    """The separator of labels that are paths; None when labels are plain."""
    separator: str | None = config.get("path_separator")
    return separator or (DEFAULT_SEPARATOR if config.get("path_field") else None)


def to_enrichments(fields: Sequence[Mapping[str, Any]]) -> tuple[Enrichment, ...]:
    """Enrichment fields in the contract's form."""
    return tuple(
        Enrichment(
            source=field["field_path"],
            target=field.get("target_field") or field["field_path"],
            merge=Merge(field.get("merge_mode") or Merge.REPLACE),
        )
        for field in fields
    )


def _mappings(raw: Sequence[Mapping[str, Any]] | None) -> tuple[InputMapping, ...]:
    return tuple(
        InputMapping(
            key=item["input_key"],
            source_type=item.get("source_type") or "payload",
            path=item.get("path") or "",
            value=item.get("override"),
        )
        for item in raw or []
    )


def _node(raw: Mapping[str, Any], config: Mapping[str, Any]) -> Node:
    return Node(
        node_id=raw["collection_id"],
        parent_id=raw.get("parent_collection_id"),
        label=label_value(raw.get("label")) or raw["collection_id"],
        fields=to_enrichments(raw.get("enrichment_fields") or []),
        mappings=_mappings(raw.get("input_mappings") or config.get("input_mappings")),
    )
