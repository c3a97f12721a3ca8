"""Groups as answers: documents with a picture or words to look at, and suggestions with their evidence."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.labels.label_values import label_value
from services.common.row_types import Blob
from services.gateway.kit.context import Tenant
from services.gateway.objects.blobs.links import CONTENT
from services.gateway.objects.blobs.routes import PICTURES
from services.gateway.objects.blobs.store import File, files_of
from services.gateway.review.group_pages import Group
from services.gateway.review.shapes import Evidence, ReviewDocument, ReviewGroup, Suggestion
from services.gateway.review.suggestions import Suggested

MOST_TEXT = 2000
TEXT_FIELDS = ("text", "content")
FACE = "aligned_face_crop"
SMALL = 200_000
"""Bytes of a file that is shown as it is."""
SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"})
PICTURES_PATH = "/v1/pictures/"
Row = Mapping[str, Any]


class Looks:
    """What there is to look at of some documents: a link to a picture that needs no key, words, the file's name."""

    def __init__(self, tenant: Tenant, files: Mapping[str, Sequence[File]]) -> None:
        self._tenant = tenant
        self._files = files

    def of(self, row: Row) -> dict[str, str | None]:
        """The fields `picture`, `text` and `filename` of an answer."""
        files = self._files.get(row["document_id"], [])
        blob = picture_of([file.blob for file in files])
        names = [file.blob.filename for file in files if file.blob.filename]
        link = None if blob is None else self._link(blob)
        return {"picture": link, "text": text_of(row["fields"]), "filename": names[0] if names else None}

    def _link(self, blob: Blob) -> str:
        gateway = self._tenant.gateway
        token = gateway.signer.sign(blob.blob_id, gateway.settings.presigned_seconds)
        place = CONTENT if (blob.size_bytes or 0) <= SMALL and blob.mime_type in SHOWN else PICTURES_PATH
        return f"{self._tenant.base_url}{place}{token}"


def picture_of(blobs: Sequence[Blob]) -> Blob | None:
    """The picture that shows a document best: a face cut out, a thumbnail, else the picture that it was made from."""
    pictures = [blob for blob in blobs if blob.storage_key is not None and blob.mime_type in PICTURES]
    return min(pictures, key=_rank, default=None)


def _rank(blob: Blob) -> int:
    if blob.property == FACE:
        return 0
    return 1 if "thumbnail" in blob.property and "frame" not in blob.property else 2


def text_of(fields: Mapping[str, Any]) -> str | None:
    """The beginning of what a document says."""
    found = (fields.get(name) for name in TEXT_FIELDS)
    return next((each[:MOST_TEXT] for each in found if isinstance(each, str) and each.strip()), None)


async def shown_groups(
    tenant: Tenant, field: str, groups: Sequence[Group], suggested: Sequence[Sequence[Suggested]]
) -> list[ReviewGroup]:
    """Each group with its suggestions."""
    rows: dict[str, Any] = {row["document_id"]: row for group in groups for row, _ in group.members}
    rows |= {hit.row["document_id"]: hit.row for several in suggested for each in several for hit in each.hits}
    looks = Looks(tenant, await files_of(tenant.gateway.pool, list(rows.values())))
    return [
        ReviewGroup(
            group_id=group.group_id,
            documents=[_document(dict(row), field, likeness, looks) for row, likeness in group.members],
            suggestions=[_suggestion(each, field, looks) for each in several],
        )
        for group, several in zip(groups, suggested, strict=True)
    ]


def _document(row: Row, field: str, likeness: float, looks: Looks) -> ReviewDocument:
    entry = row["labels"].get(field) or {}
    label = label_value(entry.get("value"))
    return ReviewDocument(
        document_id=row["document_id"],
        version=row["version"],
        likeness=likeness,
        label=None if label is None else str(label),
        label_source=entry.get("source"),
        score=entry.get("score"),
        **looks.of(row),
    )


def _suggestion(suggested: Suggested, field: str, looks: Looks) -> Suggestion:
    return Suggestion(
        label=suggested.label,
        score=max(hit.score for hit in suggested.hits),
        votes=suggested.votes,
        evidence=[
            Evidence(
                document_id=hit.row["document_id"],
                collection_id=hit.row["collection_id"],
                score=hit.score,
                label_source=(hit.row["labels"].get(field) or {}).get("source"),
                **looks.of(hit.row),
            )
            for hit in suggested.hits
        ],
    )
