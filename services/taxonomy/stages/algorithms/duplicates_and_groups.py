"""Fewer candidates: duplicates dropped, groups formed, lists of values taken apart."""

from dataclasses import dataclass

from services.taxonomy.candidate_paths import plain, put, value_of
from services.taxonomy.domain import MOST_ARRANGED, Arranged, Candidate, Candidates
from services.taxonomy.stages.algorithms.json_keys import group_key, text_of

OUTPUT_MODES = ("first", "all", "flatten")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduplicate:
    """Keeps one candidate of those that agree in the fields, or in all fields where none is named."""

    fields: tuple[str, ...]
    keep_last: bool

    def __call__(self, found: Candidates) -> Arranged:
        """Drops the duplicates of one list."""
        kept: dict[str, Candidate] = {}
        for candidate in reversed(found) if self.keep_last else found:
            kept.setdefault(self._key(candidate), candidate)
        chosen = tuple(kept.values())
        return Arranged(candidates=chosen[::-1] if self.keep_last else chosen)

    def _key(self, candidate: Candidate) -> str:
        if self.fields:
            return group_key(candidate, self.fields)
        own = {"document_id", "collection_id", "score"}
        return text_of({name: value for name, value in plain(candidate).items() if name not in own})


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Groups by a field, best scores first in each group; at most `limit` groups (0 for all)."""

    field: str
    max_per_group: int
    output_mode: str
    limit: int = 0

    def __call__(self, found: Candidates) -> Arranged:
        """Groups one list: groups in the order of their first member."""
        groups: dict[str, list[Candidate]] = {}
        for candidate in found:
            groups.setdefault(group_key(candidate, [self.field]), []).append(candidate)
        kept = list(groups.values())[: self.limit or None]
        members = [sorted(group, key=lambda c: -c.score)[: self.max_per_group] for group in kept]
        notes = {"groups": len(groups)}
        if self.output_mode == "first":
            return Arranged(candidates=tuple(group[0] for group in members), notes=notes)
        if self.output_mode == "flatten":
            return Arranged(candidates=tuple(c for group in members for c in group), notes=notes)
        shown = (self._shown(group, len(whole)) for group, whole in zip(members, kept, strict=True))
        return Arranged(candidates=tuple(shown), notes=notes)

    def _shown(self, members: list[Candidate], count: int) -> Candidate:
        """The best member, which carries its group."""
        best = put(members[0], "group_key", value_of(members[0], self.field))
        best = put(best, "group_count", count)
        return put(best, "group_documents", [plain(member) for member in members])


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwind:
    """One candidate for each element of a list."""

    field: str
    output_field: str
    keep_empty: bool

    def __call__(self, found: Candidates) -> Arranged:
        """Takes the lists of one list apart, up to 5,000 candidates."""
        unwound: list[Candidate] = []
        for candidate in found:
            unwound += self._elements(candidate)
            if len(unwound) >= MOST_ARRANGED:
                break
        return Arranged(candidates=tuple(unwound[:MOST_ARRANGED]))

    def _elements(self, candidate: Candidate) -> list[Candidate]:
        value = value_of(candidate, self.field)
        if value is None or value == []:
            return [put(candidate, self.output_field, None)] if self.keep_empty else []
        elements = value[:MOST_ARRANGED] if isinstance(value, list) else [value]
        return [put(candidate, self.output_field, element) for element in elements]
