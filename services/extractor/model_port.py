"""What the pipeline asks of a model, whatever it embeds: pre (any thread), core (one batch at a time), post."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from services.extractor.manifest import Manifest

NO_EMBEDDING = np.empty(0, np.float32)
FieldValue = str | float | bool | Sequence["FieldValue"] | Mapping[str, "FieldValue"]
Fields = Mapping[str, FieldValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One input as it was sent: a file or a `text`, what is known of it, and what the collection asks for.

    `mime_type` is empty when nobody knows; a query gives exactly one part.
    """

    content: bytes = b""
    mime_type: str = ""
    text: str = ""
    is_query: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One piece of an input, ready for the network: `rows` (n, ...) and what is known of each.

    A picture is one piece of one row; a video or a text gives pieces one after the other. An empty one (n = 0) is a
    sign of life: something was looked at and nothing found. `artifacts` and `ranks` are per row, or empty.
    With `weights` the rows are windows of one thing, and become one part; `parts` need no network at all.
    """

    rows: NDArray[np.generic]
    fields: tuple[Fields, ...]
    artifacts: tuple[tuple["Artifact", ...], ...] = ()
    ranks: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file made of a part; its address becomes the document's `field`."""

    field: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why there is no embedding: a stable word, and a sentence for the person who uploaded it."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Part:
    """One document to be: a unit-norm embedding (dimensions,), the fields that the extractor adds, files made of it.

    Where only one of several can be kept, it is the one of the highest `rank`. With an `obstacle`, the embedding is
    NO_EMBEDDING.
    """

    embedding: NDArray[np.float32]
    fields: Fields = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    rank: float = 0.0
    obstacle: Obstacle | None = None


class Model(Protocol):
    """A loaded network. All methods may be called from several threads at once."""

    @property
    def manifest(self) -> Manifest:
        """Names, slot, dimensions, licence."""

    @property
    def providers(self) -> tuple[str, ...]:
        """Where it really runs, such as CPUExecutionProvider."""

    def warm(self) -> None:
        """Runs once. Raises ValueError when what comes out is not what the manifest promises."""

    def pre(self, source: Source) -> Iterable[Prepared]:
        """Decodes and prepares one input on the CPU, piece by piece, none when nothing is found.

        Between two pieces the pipeline may turn away from a caller that has gone: make them small.
        Raises InvalidArgumentError when the input is at fault, also while it is iterated.
        """

    def core(self, rows: NDArray[np.generic]) -> NDArray[np.float32]:
        """Embeds a batch: (n, ...) -> (n, dimensions), unit norm."""

    def post(self, embeddings: NDArray[np.float32], prepared: Prepared) -> tuple[Part, ...]:
        """The parts of one piece, from its rows of the batch."""

    def select(self, source: Source, parts: Sequence[Part]) -> Sequence[Part]:
        """Which parts of an input become documents, in order; a query keeps one.

        Also called with what has been found so far, so as to bound memory: what it drops must be safe to drop.
        Raises InvalidArgumentError when there are too many, or none where one is needed.
        """
