"""Any JSON is stages or an InvalidArgumentError with a path; fusing and arranging keep what they must."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.errors import InvalidArgumentError
from services.taxonomy.domain import Candidate, Candidates
from services.taxonomy.stages.algorithms.duplicates_and_groups import Deduplicate, Group
from services.taxonomy.stages.algorithms.sort_orders import SCALES, ByField, Normalize
from services.taxonomy.stages.algorithms.stratified_sample import Sample
from services.taxonomy.stages.parse import parse_stages
from services.taxonomy.stages.registry import REFUSED, STAGES
from services.taxonomy.stages.search.fusion import Fusion, Ranking, fuse
from tests.unit.taxonomy.candidates import candidate

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    [
        *("field", "fields", "limit", "offset", "count", "seed", "strategy", "stratify_by", "keep", "method", "query"),
        *("searches", "feature_uri", "top_k", "min_score", "weight", "final_top_k", "fusion", "facets", "group_by"),
        *("key", "aggregations", "function", "alias", "field_b", "sort_by", "lambda", "diversity_fields", "template"),
        *(
            "when",
            "conditions",
            "AND",
            "operator",
            "value",
            "input_mode",
            "values",
            "collection_identifiers",
            "on_empty",
        ),
        *("target_collection_id", "source_field", "target_field", "output_field", "algorithm", "n_clusters", "text"),
    ]
)
WORDS = st.sampled_from(
    ["x", "all", "kmeans", "sum", "random", "text", "{{INPUT.x}}", "{{", "null", "eq", "score", "\0"]
)
JSON = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)
STAGE = st.fixed_dictionaries(
    {"config": st.fixed_dictionaries({"stage_id": st.sampled_from([*STAGES, *REFUSED, "x"]), "parameters": JSON})},
    optional={"stage_name": SCALARS, "stage_type": SCALARS | WORDS, "pre_filters": JSON},
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STAGE, min_size=1, max_size=3) | JSON)
def test_anything_is_stages_or_refused_with_a_path(raw: Any) -> None:
    try:
        stages = parse_stages(raw)
    except InvalidArgumentError as error:
        assert error.details["path"].startswith("stages")
    else:
        assert all(isinstance(uri, str) for stage in stages for uri in stage.feature_uris)


SIMILARITIES = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1, width=32), max_size=8)
RANKINGS = st.lists(st.tuples(st.floats(0, 1), SIMILARITIES), min_size=1, max_size=4)


def ranking(weight: float, found: dict[str, float]) -> Ranking:
    hits = [candidate(name, score) for name, score in sorted(found.items(), key=lambda item: (-item[1], item[0]))]
    return Ranking(weight=weight, candidates=hits)


@settings(max_examples=200, deadline=None)
@given(RANKINGS, st.sampled_from(list(Fusion)))
def test_fusion_keeps_everybody_once_best_first(found: list[tuple[float, dict[str, float]]], method: Fusion) -> None:
    fused = fuse([ranking(*each) for each in found], method)
    assert {each.document_id for each in fused} == {name for _, hits in found for name in hits}
    assert len({each.document_id for each in fused}) == len(fused)
    assert [each.score for each in fused] == sorted((each.score for each in fused), reverse=True)
    best = {name: max(hits[name] for _, hits in found if name in hits) for _, hits in found for name in hits}
    assert {each.document_id: each.similarity for each in fused} == best


VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=3)
ROWS = st.lists(st.tuples(st.floats(0, 1), VALUES, VALUES), max_size=12).map(
    lambda rows: tuple(candidate(str(n), score, v=v, w=w) for n, (score, v, w) in enumerate(rows))
)


def ids(found: Candidates | list[Candidate]) -> list[str]:
    return [each.document_id for each in found]


@settings(max_examples=200, deadline=None)
@given(ROWS, st.booleans(), st.booleans(), st.integers(1, 20), st.integers(0, 5))
def test_arranging_loses_and_invents_nobody(
    found: Candidates, descending: bool, flag: bool, count: int, least: int
) -> None:
    sorted_ = ByField(field="v", descending=descending, nulls_last=flag)(found).candidates
    assert sorted(ids(sorted_)) == sorted(ids(found))
    drawn = Sample(count=count, stratify_by="v" if flag else "", min_per_stratum=least, seed=count, preserve=least)
    sample = ids(drawn(found).candidates)
    assert len(sample) == min(count, len(found))
    assert sample == [name for name in ids(found) if name in set(sample)]
    unique = ids(Deduplicate(fields=("v", "w"), keep_last=flag)(found).candidates)
    assert set(unique) <= set(ids(found))
    flat = Group(field="v", max_per_group=100, output_mode="flatten")(found).candidates
    assert sorted(ids(flat)) == sorted(ids(found))
    for method in SCALES:
        assert ids(Normalize(method=method)(found).candidates) == ids(found)
