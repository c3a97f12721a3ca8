"""Aggregations over candidates, grouped or not."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.taxonomy.candidate_paths import value_of
from services.taxonomy.domain import Arranged, Candidate, Candidates, Json
from services.taxonomy.stages.algorithms.aggregation_functions import FUNCTIONS, Aggregation
from services.taxonomy.stages.algorithms.json_keys import group_key, sort_key


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupField:
    """A field to group by, and what it is called in the result."""

    field: str
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Computes aggregations for each group, or for all candidates where nothing is grouped by; limit 0 means all."""

    aggregations: tuple[Aggregation, ...]
    group_by: tuple[GroupField, ...]
    sort_by: str
    descending: bool
    limit: int
    include_documents: bool

    def __call__(self, found: Candidates) -> Arranged:
        """The results are notes; the candidates are kept only where asked for."""
        groups: dict[str, list[Candidate]] = {}
        if not self.group_by:
            groups[""] = list(found)
        else:
            fields = [group.field for group in self.group_by]
            for candidate in found:
                groups.setdefault(group_key(candidate, fields), []).append(candidate)
        results = self._sorted([self._result(members) for members in groups.values()])
        notes: Json = {"aggregations": results[: self.limit or None]}
        return Arranged(candidates=found if self.include_documents else (), notes=notes)

    def _result(self, members: Sequence[Candidate]) -> dict[str, Json]:
        keys = {group.alias: value_of(members[0], group.field) for group in self.group_by}
        found = tuple(members)
        return keys | {each.alias: FUNCTIONS[each.function](each, found) for each in self.aggregations}

    def _sorted(self, results: list[dict[str, Json]]) -> list[dict[str, Json]]:
        if not self.sort_by:
            return results
        valued = [result for result in results if result.get(self.sort_by) is not None]
        missing = [result for result in results if result.get(self.sort_by) is None]
        return sorted(valued, key=lambda r: sort_key(r[self.sort_by]), reverse=self.descending) + missing
