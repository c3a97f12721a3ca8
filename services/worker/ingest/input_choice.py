"""What of an object, or of a document, an extractor reads; the attempt fails where there is nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.extractors.inputs import Address, Chosen, Words, find_input, mapped_paths
from services.common.extractors.traits import traits_of
from services.common.row_types import Blob, Collection
from services.worker.kit.job_retries import RejectedError

NO_INPUT = "NO_INPUT"
__all__ = ["NO_INPUT", "Address", "Chosen", "Words", "choose_input"]


def choose_input(collection: Collection, blobs: Sequence[Blob], fields: Mapping[str, Any]) -> Chosen:
    """What feeds the collection's extractor; RejectedError when there is none."""
    mappings = collection.feature_extractor.get("input_mappings")
    found = find_input(collection.extractor, mappings, blobs, fields)
    if found is None:
        paths = mapped_paths(mappings, traits_of(collection.extractor).inputs)
        raise RejectedError(NO_INPUT, _missing(collection, blobs, paths))
    return found


def _missing(collection: Collection, blobs: Sequence[Blob], paths: Sequence[str]) -> str:
    has = ", ".join(sorted({blob.property for blob in blobs})) or "no blobs"
    wanted = " or ".join(f"'{path}'" for path in paths) or "exactly one blob"
    name, reads_text = collection.collection_name, traits_of(collection.extractor).reads_text
    lacks, text = (", and no text there", ", or a text in that field") if reads_text and paths else ("", "")
    return (
        f"Collection '{name}' reads {wanted}, but the object has {has}{lacks}. Upload a blob with that property{text}."
    )
