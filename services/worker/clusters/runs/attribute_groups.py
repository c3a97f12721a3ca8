"""Groups of documents by the values that they share. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from services.common.database.clusters.cluster_runs import NOISE, NOISE_ID
from services.common.errors import InvalidArgumentError
from services.worker.clusters.runs.groups import MOST_REPRESENTATIVES, Group, Members

MOST_GROUPS = 10_000
LONGEST_LABEL = 200
NOTHING = "none"
ATTRIBUTES = "attributes"
Values = tuple[str, ...]


def group_values(
    found: Mapping[str, Values], names: Sequence[str], *, hierarchical: bool
) -> tuple[list[Group], Members]:
    """One group per combination of values, the largest first, and in a hierarchy one for each that it is a part of.

    Documents that have none of the attributes are noise.
    """
    nothing = tuple("null" for _ in names)
    sizes = Counter(values for values in found.values() if values != nothing)
    _require_few(len(sizes), names)
    leaves = sorted(sizes, key=lambda values: (-sizes[values], values))
    numbers = {values: number for number, values in enumerate(leaves)} | {nothing: NOISE}
    members = Members(
        document_ids=list(found), numbers=np.fromiter((numbers[each] for each in found.values()), np.int32, len(found))
    )
    inside = _inside(found)
    tree = _Tree(names, leaves, sizes, hierarchical=hierarchical)
    groups = [tree.group(values, numbers[values], inside[values]) for values in leaves] + tree.parents()
    noise = int((members.numbers == NOISE).sum())
    return groups + ([Group(number=NOISE, group_id=NOISE_ID, member_count=noise)] if noise else []), members


def _require_few(count: int, names: Sequence[str]) -> None:
    if count > MOST_GROUPS:
        message = (
            f"{' and '.join(names)}: there are more than {MOST_GROUPS} different values or combinations of them, and "
            "so many make no groups; choose attributes with fewer values."
        )
        raise InvalidArgumentError(message, reason="TOO_MANY_GROUPS", path="attribute_config.attributes")


def _inside(found: Mapping[str, Values]) -> Mapping[Values, list[str]]:
    inside: defaultdict[Values, list[str]] = defaultdict(list)
    for document_id, values in found.items():
        if len(inside[values]) < MOST_REPRESENTATIVES:
            inside[values].append(document_id)
    return inside


class _Tree:
    """Groups by their values; in a hierarchy each beginning of a combination is a group of its own."""

    def __init__(
        self, names: Sequence[str], leaves: Sequence[Values], sizes: Mapping[Values, int], *, hierarchical: bool
    ) -> None:
        self._names = names
        self._sizes: Counter[Values] = Counter(sizes)
        self._ids: dict[Values, str] = {}
        self._numbers: dict[Values, int] = {}
        if hierarchical:
            self._grow(leaves)
        else:
            self._ids = {values: f"cl_{number}" for number, values in enumerate(leaves)}

    def _grow(self, leaves: Sequence[Values]) -> None:
        for values in leaves:
            for depth in range(1, len(values)):
                self._sizes[values[:depth]] += self._sizes[values]
        prefixes = {values[:depth] for values in leaves for depth in range(1, len(values) + 1)}
        children: Counter[Values] = Counter()
        for values in sorted(prefixes, key=lambda values: (len(values), -self._sizes[values], values)):
            above = values[:-1]
            number = children[above]
            children[above] += 1
            self._ids[values] = f"{self._ids[above]}_sub_{number}" if above else f"cl_{number}"
        above_leaves = [values for values in self._ids if len(values) < len(self._names)]
        self._numbers = {values: len(leaves) + place for place, values in enumerate(above_leaves)}

    def parents(self) -> list[Group]:
        """The groups that have no members of their own."""
        return [self.group(values, number, ()) for values, number in self._numbers.items()]

    def group(self, values: Values, number: int, representatives: Sequence[str]) -> Group:
        """The group of a combination of values, or of the beginning of one."""
        said = [orjson.loads(value) for value in values]
        return Group(
            number=number,
            group_id=self._ids[values],
            parent=self._numbers.get(values[:-1]),
            member_count=self._sizes[values],
            label=" / ".join(_word(value) for value in said)[:LONGEST_LABEL],
            label_source=ATTRIBUTES,
            representatives=tuple(representatives),
            attributes=dict(zip(self._names, said, strict=False)),
        )


def _word(value: Any) -> str:
    if value is None:
        return NOTHING
    return value if isinstance(value, str) else orjson.dumps(value).decode()
