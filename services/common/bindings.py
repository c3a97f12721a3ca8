"""What names mean that were bound when they were written; see the migration `0025_bindings`."""

from collections.abc import Mapping

Bindings = Mapping[str, str]
"""`<kind>/<identifier>` -> id."""


def bound_name(bindings: Bindings, kind: str, identifier: str) -> str:
    """The id that an identifier was bound to; the identifier itself when it was not yet."""
    return bindings.get(f"{kind}/{identifier}", identifier)
