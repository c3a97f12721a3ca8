"""Short ways to make candidates with fields."""

from dataclasses import replace
from typing import Any

from services.taxonomy.candidate_paths import to_row
from services.taxonomy.domain import Candidate

MOMENT = "2026-01-01T00:00:00+00:00"


def candidate(name: str, score: float = 1.0, **fields: Any) -> Candidate:
    """A candidate that has been read, with these fields."""
    record = {
        "document_id": name,
        "collection_id": "col",
        "bucket_id": "bkt",
        "object_id": f"obj_{name}",
        "fields": fields,
        "taxonomy_match": None,
        "labels": {},
        "internal": {},
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    found = Candidate(document_id=name, collection_id="col", object_id=f"obj_{name}", score=score, similarity=score)
    return replace(found, row=to_row(record))


def names(found: tuple[Candidate, ...]) -> str:
    """The ids of candidates, in their order."""
    return " ".join(each.document_id for each in found)
