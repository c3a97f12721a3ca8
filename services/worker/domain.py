"""What the worker thinks in: an ingest, its blob, the parts that an extractor finds, a taxonomy's decision."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.common.row_types import Blob, Collection, Labeller, ObjectFields, SourceDocument

JsonObject = dict[str, Any]
Key = tuple[str, str]
Run = tuple[str, str, datetime]

PENDING, PROCESSING, COMPLETED, FAILED = "PENDING", "PROCESSING", "COMPLETED", "FAILED"


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """One object to be processed for one collection, as its record was before the job.

    `begun` says that an attempt has been counted since, `begun_at` when; `tiers` are the collections that process this
    collection. With a `look` it is done only if its input is another than that of `input_digest`.
    """

    object_id: str
    bucket_id: str
    seen: ObjectFields
    collection: Collection
    labellers: tuple[Labeller, ...]
    blobs: tuple[Blob, ...]
    status: str
    attempts: int
    error: str | None
    begun: bool
    begun_at: datetime
    tiers: tuple[str, ...] = ()
    look: str | None = None
    input_digest: str | None = None

    @property
    def key(self) -> Key:
        """Object and collection: what the record is found by."""
        return self.object_id, self.collection.collection_id

    @property
    def run(self) -> Run:
        """What tells this attempt from later ones of the same record."""
        return *self.key, self.begun_at

    @property
    def label_fields(self) -> tuple[str, ...]:
        """The document fields that machines fill, each once; the first is the one that `taxonomy_match` is about."""
        return tuple(dict.fromkeys(field for labeller in self.labellers for field in labeller.label_fields))

    @property
    def is_look(self) -> bool:
        """Whether it may turn out that there is nothing to do."""
        return self.look is not None and self.input_digest is not None

    @property
    def is_suspect(self) -> bool:
        """Whether an earlier attempt ended without an answer; it may have been this object that ended it."""
        return self.status == PROCESSING


@dataclass(frozen=True, kw_only=True)
class Content:
    """What an extractor gets, bytes or words, and what is known of it; `sha256` is hex.

    `source` is the document that it was found in, when the collection processes another collection.
    """

    data: bytes = b""
    text: str = ""
    blob: Blob | None = None
    storage_key: str | None = None
    mime_type: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    source: SourceDocument | None = None

    def emptied(self) -> "Content":
        """The same without the bytes, which are many."""
        return replace(self, data=b"", text="")


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file that the extractor made; `field` of the document gets its address."""

    field: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """An artifact in the blob store; `sha256` is hex."""

    field: str
    mime_type: str
    storage_key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """A vector for a slot: little-endian float16, unit norm, `2 * dimensions` bytes.

    `same_from` is the cosine from which two vectors of its model are of one and the same thing; 0 where it is unknown.
    """

    feature_uri: str
    dimensions: int
    vector: bytes
    same_from: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why a part has no embedding: a stable word, and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """What becomes one document. Its `artifacts` become `files` as soon as they are kept.

    With an `obstacle` it has no embedding, and so is never found, a reference, or a member of a group.
    """

    embeddings: tuple[Embedding, ...] = ()
    obstacle: Obstacle | None = None
    fields: JsonObject = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    files: tuple[KeptFile, ...] = ()
    found_in: Content = field(default_factory=Content)

    def with_files(self, files: Iterable[KeptFile]) -> "Part":
        """The part once its artifacts are kept."""
        return replace(self, artifacts=(), files=tuple(files))


@dataclass(frozen=True, kw_only=True)
class FieldValue:
    """What a taxonomy gives a field, None when it gives nothing; `append` adds to what other taxonomies give.

    `rests_on` is what it was made of: {document_id, field, value} of each reference.
    """

    field: str
    value: Any
    append: bool = False
    rests_on: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What one taxonomy makes of one part; `value` is the label when it matched.

    `values` are all fields that it fills, `assignments` the matches that count, where there may be several, and `path`
    leads from the root of a hierarchy to what was matched. `reason` says why the part could not be judged.
    """

    field: str
    matched: bool
    confidence: float
    threshold: float
    value: Any
    source_document_id: str
    evidence: tuple[JsonObject, ...]
    taxonomy_id: str
    taxonomy_version: int
    retriever_id: str
    values: tuple[FieldValue, ...]
    assignments: tuple[JsonObject, ...] = ()
    path: tuple[JsonObject, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """An ingest whose parts are known, and the contents that they were found in, emptied."""

    ingest: Ingest
    contents: tuple[Content, ...]
    parts: tuple[Part, ...]
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An ingest that is ready to be written: for each part its decisions, none where no machine needs to decide."""

    extracted: Extracted
    decisions: tuple[tuple[Decision, ...], ...]

    @property
    def ingest(self) -> Ingest:
        """What it is the outcome of."""
        return self.extracted.ingest

    @property
    def parts(self) -> tuple[Part, ...]:
        """What becomes documents."""
        return self.extracted.parts
