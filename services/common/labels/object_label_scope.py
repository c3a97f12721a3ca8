"""How far what is said of an object reaches, where the object has given several documents.

The rule: a label of the object is a label of its only document, and of all its documents where they are about one
thing (see `extractors.traits`). Two faces of one picture are two people, so there the object's label stays on the
object; other fields reach every document.

It is applied to the documents that there are at the time, whenever an object is processed or patched. What a document
has got stays with it: when a second face appears later, the first keeps its name and the second gets none. When only
one is left, the object's label reaches it as soon as the object is processed or patched again.
"""

from collections.abc import Collection, Iterable

from services.common.extractors.traits import traits_of


def is_ambiguous(extractor: str, documents: int) -> bool:
    """Whether nobody can know which of so many documents of an object its label is about."""
    return documents > 1 and not traits_of(extractor).parts_are_one


def held_back(fields: Iterable[str], label_fields: Collection[str]) -> frozenset[str]:
    """Which of the fields that a collection takes over are not for every document, where that is ambiguous.

    They are those that its taxonomies fill. A collection without any is there to label others, so each of its fields
    may be a name.
    """
    return frozenset(field for field in fields if field in label_fields or not label_fields)
