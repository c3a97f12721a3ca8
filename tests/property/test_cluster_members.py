"""Whatever a clustering says: each document is a member once, and the groups count their members."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.worker.clusters.plan.outcome import ClusterOutcome
from services.worker.clusters.runs.attribute_groups import group_values
from services.worker.clusters.runs.groups import Members, groups_of, members_of

CHUNK = 7
numbers = st.lists(st.integers(-1, 4), max_size=60)
words = st.sampled_from(["null", '"a"', '"b"', "1", "true", '["a", "b"]'])


def outcome_of(found: list[int]) -> ClusterOutcome:
    """As the computation gives it: no number is left out, the nearest row of each group stands for it."""
    known = sorted({number for number in found if number >= 0})
    assignments = np.array([known.index(number) if number >= 0 else -1 for number in found], np.int32)
    rows = [np.flatnonzero(assignments == number) for number in range(len(known))]
    return ClusterOutcome(
        assignments=assignments,
        coordinates=np.zeros((len(found), 2), np.float32),
        centroids=(np.ones((len(known), 3), np.float32),),
        distances=np.where(assignments < 0, np.nan, 0.25).astype(np.float32),
        representatives=tuple(tuple(int(row) for row in each[:20]) for each in rows),
    )


def in_chunks(members: Members) -> list[tuple[str, int]]:
    """What is written, some rows at a time."""
    written: list[tuple[str, int]] = []
    for start in range(0, len(members.document_ids), CHUNK):
        ids, places, *_ = members.columns(slice(start, start + CHUNK))
        written += zip(ids, places, strict=True)
    return written


@given(numbers)
def test_no_document_is_lost_or_doubled_by_vectors(found: list[int]) -> None:
    ids = [f"doc_{place}" for place in range(len(found))]
    outcome = outcome_of(found)
    members = members_of(ids, outcome)
    written = in_chunks(members)
    assert [document_id for document_id, _ in written] == ids
    groups = groups_of(members, outcome)
    assert sum(group.member_count for group in groups) == len(ids)
    assert {number for _, number in written} == {group.number for group in groups}
    inside = members.by_group()
    assert sorted(each for ids_of in inside.values() for each in ids_of) == sorted(ids)
    assert all(set(group.representatives) <= set(inside[group.number]) for group in groups)


@given(st.lists(st.tuples(words, words), max_size=40), st.booleans())
def test_no_document_is_lost_or_doubled_by_attributes(values: list[tuple[str, str]], hierarchical: bool) -> None:
    found = {f"doc_{place}": each for place, each in enumerate(values)}
    groups, members = group_values(found, ["x", "y"], hierarchical=hierarchical)
    assert [document_id for document_id, _ in in_chunks(members)] == list(found)
    by_number = {group.number: group for group in groups}
    assert len({group.group_id for group in groups}) == len(by_number) == len(groups)
    for document_id, number in in_chunks(members):
        assert (number == -1) == (found[document_id] == ("null", "null"))
    parents = {group.parent for group in groups if group.parent is not None}
    for number, group in by_number.items():
        parts = [each.member_count for each in groups if each.parent == number]
        own = sum(place == number for _, place in in_chunks(members))
        assert group.member_count == (sum(parts) if number in parents else own)
    assert bool(parents) == (hierarchical and any(each != ("null", "null") for each in values))
