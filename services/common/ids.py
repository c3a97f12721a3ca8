"""Identifiers: the contract's prefixes, how each is made, and which ids names were bound to (`0025_bindings`)."""

import hashlib
import secrets
import string
from collections.abc import Mapping

ALPHABET = string.ascii_lowercase + string.digits
Bindings = Mapping[str, str]
"""`<kind>/<identifier>` -> id."""


def new_id(prefix: str, length: int = 10) -> str:
    """A random id such as `bkt_4f0q1zk9x2`; 10 characters hold 51 bits."""
    number, characters = secrets.randbelow(len(ALPHABET) ** length), []
    for _ in range(length):
        number, position = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[position])
    return f"{prefix}_{''.join(characters)}"


def document_id(collection_id: str, object_id: str, part: int) -> str:
    """The id of the document that one part of an object gives in a collection.

    Derived, so that a job that runs twice writes the same document.
    """
    digest = hashlib.sha256(f"{collection_id}/{object_id}/{part}".encode()).hexdigest()
    return f"doc_{digest[:20]}"


def document_blob_id(document_id: str, field: str) -> str:
    """The id of the file that a field of a document stands for; derived, so that links outlast a second run."""
    digest = hashlib.sha256(f"{document_id}/{field}".encode()).hexdigest()
    return f"blob_{digest[:20]}"


def bound_name(bindings: Bindings, kind: str, identifier: str) -> str:
    """The id that an identifier was bound to; the identifier itself when it was not yet."""
    return bindings.get(f"{kind}/{identifier}", identifier)
