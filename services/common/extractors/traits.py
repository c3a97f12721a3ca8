"""What extractors are like, where other services must know: what they read, and what their parts are to each other."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """`inputs` are the keys of `input_mappings` that it reads, the preferred one first; empty: whatever is mapped.

    `parts_are_one`: whatever is said of the object is true of each of its parts, as a document's type is of its pages.
    Of faces it is not: each is a person. `extracts` is False where documents are made of fields alone.
    """

    inputs: tuple[str, ...] = ()
    reads_text: bool = False
    parts_are_one: bool = True
    extracts: bool = True


UNKNOWN = Traits()
TRAITS: Mapping[str, Traits] = {
    "image_extractor": Traits(inputs=("image", "pdf", "document")),
    "face_identity_extractor": Traits(inputs=("image", "video", "video_frame", "pdf", "document"), parts_are_one=False),
    "text_extractor": Traits(inputs=("text", "pdf", "document"), reads_text=True),
    "passthrough_extractor": Traits(extracts=False),
}


def traits_of(extractor: str) -> Traits:
    """The traits of an extractor, given as `text_extractor` or `text_extractor@v1`."""
    return TRAITS.get(extractor.partition("@")[0], UNKNOWN)
