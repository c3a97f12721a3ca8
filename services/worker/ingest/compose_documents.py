"""An outcome and what is stored already, made into the documents to be written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from services.common import ids
from services.common.database.documents.rejected_parts import Rejected
from services.common.extractors.passthrough import label_source, passed_fields, passes_everything, rules_of, sources_of
from services.common.extractors.traits import traits_of
from services.common.row_types import DocumentBlob, DocumentRow, EmbeddingRow, ObjectFields, StoredDocument
from services.worker.domain import Decision, JsonObject, KeptFile, Outcome, Part
from services.worker.ingest.face_positions import place_of
from services.worker.ingest.match_parts_to_documents import UNKNOWN_MODEL, number_parts
from services.worker.ingest.provenance import internal_of
from services.worker.labels.label_precedence import Claims, Label, settle, unjudged_match
from services.worker.labels.merged_answers import answer_for
from services.worker.labels.origin_fields import said_of, speaker_of

Stored = Mapping[int, StoredDocument]
NONE_REJECTED: Mapping[int, Rejected] = {}


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """One document to be."""

    outcome: Outcome
    place: int
    number: int
    current: ObjectFields
    stored: StoredDocument | None
    now: str

    @property
    def part(self) -> Part:
        return self.outcome.parts[self.place]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return self.outcome.decisions[self.place]

    @cached_property
    def said(self) -> ObjectFields:
        """What speaks for this part alone."""
        return said_of(self.outcome.extracted, self.part, self.current)


def document_ids(outcome: Outcome) -> list[str]:
    """The ids that the outcome's documents get when it has none yet."""
    object_id, collection_id = outcome.ingest.key
    return [ids.document_id(collection_id, object_id, number) for number in range(len(outcome.parts))]


def compose(
    outcome: Outcome, current: ObjectFields, stored: Stored, now: str, rejected: Mapping[int, Rejected] = NONE_REJECTED
) -> list[DocumentRow]:
    """One row per part, but for those that a person has `rejected`.

    `current` is the object as locked, `stored` its documents of an earlier run, by part number.
    """
    numbers = _numbers(outcome, stored, rejected)
    kept = [place for place, number in enumerate(numbers) if not _is_rejected(outcome, place, rejected.get(number))]
    left, numbers = _only(outcome, kept), [numbers[place] for place in kept]
    return [
        _row(_Draft(outcome=left, place=n, number=number, current=current, stored=stored.get(number), now=now))
        for n, number in enumerate(numbers)
    ]


def _is_rejected(outcome: Outcome, place: int, rejected: Rejected | None) -> bool:
    """Faces are told by their vectors, which gave them their number; a page or chunk is that of the same file."""
    if rejected is None or not traits_of(outcome.ingest.collection.extractor).parts_are_one:
        return rejected is not None
    sha256 = outcome.parts[place].found_in.sha256
    return sha256 is not None and rejected.content_hash == f"sha256:{sha256}"


def _only(outcome: Outcome, places: Sequence[int]) -> Outcome:
    if len(places) == len(outcome.parts):
        return outcome
    parts = tuple(outcome.parts[place] for place in places)
    decisions = tuple(outcome.decisions[place] for place in places)
    return replace(outcome, extracted=replace(outcome.extracted, parts=parts), decisions=decisions)


def _numbers(outcome: Outcome, stored: Stored, rejected: Mapping[int, Rejected]) -> list[int]:
    """Parts that are one thing are known by their place; of others each document stays what it was."""
    parts = outcome.parts
    if not (stored or rejected) or traits_of(outcome.ingest.collection.extractor).parts_are_one:
        return list(range(len(parts)))
    vectors = [part.embeddings[0].vector if part.embeddings else b"" for part in parts]
    same_from = max((embedding.same_from for part in parts for embedding in part.embeddings[:1]), default=0.0)
    earlier = {number: each.vector for number, each in rejected.items()}
    earlier |= {number: document.vector for number, document in stored.items()}
    places = [place_of(part.fields) for part in parts]
    earlier_places = {number: place_of(document.fields) for number, document in stored.items()}
    return number_parts(vectors, earlier, same_from or UNKNOWN_MODEL, places, earlier_places)


def _row(draft: _Draft) -> DocumentRow:
    ingest, stored, source = draft.outcome.ingest, draft.stored, draft.part.found_in.source
    collection = ingest.collection
    document_id = ids.document_id(collection.collection_id, ingest.object_id, draft.number)
    settled = _labels(draft)
    known = _inherited_labels(draft) if stored is None else stored.labels
    labels = {key: entry for key, entry in known.items() if key not in settled}
    labels |= {field: label.provenance for field, label in settled.items() if label.provenance is not None}
    return DocumentRow(
        document_id=document_id,
        namespace_id=collection.namespace_id,
        collection_id=collection.collection_id,
        bucket_id=ingest.bucket_id,
        object_id=ingest.object_id,
        part=draft.number,
        fields=_fields(draft) | {field: label.value for field, label in settled.items()},
        taxonomy_match=next((label.match for label in settled.values()), unjudged_match(draft.decisions)),
        labels=labels,
        internal=internal_of(draft.outcome.extracted, draft.part, draft.decisions, stored, draft.now),
        source_document_id=None if source is None else source.document_id,
        embeddings=_embeddings(draft.part, collection.model or ""),
        blobs=[_blob(document_id, file) for file in draft.part.files],
    )


def _embeddings(part: Part, model: str) -> list[EmbeddingRow]:
    return [
        EmbeddingRow(
            feature_uri=embedding.feature_uri,
            model=model,
            dimensions=embedding.dimensions,
            vector=embedding.vector,
        )
        for embedding in part.embeddings
    ]


def _blob(document_id: str, file: KeptFile) -> DocumentBlob:
    return DocumentBlob(
        blob_id=ids.document_blob_id(document_id, file.field),
        document_id=document_id,
        field=file.field,
        role="thumbnail" if "thumbnail" in file.field else "artifact",
        mime_type=file.mime_type,
        storage_key=file.storage_key,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
    )


def _fields(draft: _Draft) -> JsonObject:
    """What the object passes through, what was changed on the document since, what the extractor found."""
    feature_extractor = draft.outcome.ingest.collection.feature_extractor
    known = passed_fields(speaker_of(draft.part, draft.current).fields, feature_extractor)
    own = dict.fromkeys(known) | passed_fields(draft.said.fields, feature_extractor)
    changed = {} if draft.stored is None else draft.stored.fields
    return {**own, **changed, **draft.part.fields}


def _inherited_labels(draft: _Draft) -> JsonObject:
    """Whose the labels are that come with the fields of the document that the part was found in."""
    source, feature_extractor = draft.part.found_in.source, draft.outcome.ingest.collection.feature_extractor
    if source is None:
        return {}
    sources = {field: field for field in source.labels} if passes_everything(feature_extractor) else {}
    sources |= sources_of(feature_extractor)
    return {
        target: source.labels[field]
        for target, field in sources.items()
        if field in source.labels and field in draft.said.fields
    }


def _labels(draft: _Draft) -> dict[str, Label]:
    """The label of each field that machines fill."""
    filled = (value.field for decision in draft.decisions for value in decision.values)
    return {field: _label(field, draft) for field in dict.fromkeys((*draft.outcome.ingest.label_fields, *filled))}


def _label(field: str, draft: _Draft) -> Label:
    collection = draft.outcome.ingest.collection
    return settle(
        Claims(
            field=field,
            source=label_source(field, rules_of(collection.feature_extractor)),
            current=draft.said,
            stored=draft.stored,
            answer=answer_for(field, draft.decisions),
            model=collection.model,
            now=draft.now,
        )
    )
