"""Keys that are the user's own, and look like a slip of one that has a meaning: taken as they are, and told. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.common.validation.misspellings import nearest
from services.common.validation.unknown_keys import accepted_keys
from services.gateway.kit.shapes import Degraded, JsonObject, OpenForm

MOST_NAMES, MOST_KNOWN = 20, 200


def slips_of(form: OpenForm, metadata: Mapping[str, Any] | None, schema: Mapping[str, Any]) -> list[Degraded]:
    """A warning for each key at the root that is nearly one of the form, or of the schema as each key of metadata."""
    declared = list(schema.get("properties") or {})
    return [*near_keys(form.extra(), accepted_keys(type(form)), declared), *near_keys(metadata or {}, (), declared)]


def near_keys(given: Iterable[str], meant: Iterable[str], declared: Sequence[str]) -> list[Degraded]:
    """A warning for each given name that is nearly one with a meaning of its own, or one of the declared fields."""
    known = [*meant, *declared][:MOST_KNOWN]
    names = [name for name in given if name not in declared][:MOST_NAMES]
    return [_warning(name, near) for name in names if (near := nearest(name, known)) is not None]


def _warning(name: str, near: str) -> Degraded:
    return Degraded(
        resource="field",
        id=name,
        reason=f"'{name[:200]}' was stored as a field of its own; '{near}' is a key that has a meaning here.",
        next_step=f"If '{near}' was meant, send it under that name and clear '{name[:200]}' with null.",
    )


def with_slips(shown: JsonObject, slips: list[Degraded]) -> JsonObject:
    """The object with these warnings after those that it has."""
    if not slips:
        return shown
    return {**shown, "warnings": [*shown.get("warnings", []), *(each.model_dump() for each in slips)]}
