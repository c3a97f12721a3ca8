"""An alert as it is looked at, and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WatchedAlert:
    """What is to be looked at; `claim` says whose turn it is."""

    alert_id: str
    namespace_id: str
    source: str
    retriever_identifier: str | None
    retriever_id: str | None
    trigger_on: str
    min_count: int | None
    threshold: JsonObject | None
    inputs: JsonObject
    system_condition: JsonObject | None
    claim: str


WATCHED_ALERT_COLUMNS = ", ".join(field.name for field in fields(WatchedAlert))


def to_watched_alert(row: Mapping[str, Any]) -> WatchedAlert:
    """A watched alert from the columns of the same names."""
    return WatchedAlert(**{field.name: row[field.name] for field in fields(WatchedAlert)})


@dataclass(frozen=True, kw_only=True)
class Match:
    """A result: its score in 0..1, the fields of its document, and those that stages set."""

    document_id: str
    collection_id: str
    object_id: str | None
    score: float
    fields: JsonObject
    features: JsonObject


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a look found: how much, and the best of it. `details` is what a system condition measured.

    `source_documents` are new documents that it was asked about, `arrived` those of them that the condition holds for.
    """

    count: int
    collection_id: str
    matches: tuple[Match, ...] = ()
    retriever_id: str | None = None
    source_documents: tuple[str, ...] | None = None
    arrived: tuple[str, ...] = ()
    details: JsonObject | None = None
