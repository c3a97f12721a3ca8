"""Every wrong parameter is named; absent and unknown ones are no fault."""

from typing import Any

import pytest

from services.common.errors import InvalidArgumentError
from services.worker.clusters.methods.catalog import METHODS, method_of
from services.worker.clusters.plan.cluster_plan import ClusterPlan
from services.worker.clusters.plan.parameters import SEED, Parameters

PATH = "vector_config.algorithm_params"


def given(**values: Any) -> Parameters:
    return Parameters(values, PATH)


def test_null_and_absent_parameters_have_their_defaults() -> None:
    parameters = given(min_samples=None, unheard_of=object())
    assert parameters.whole("min_samples", 5) == 5
    assert parameters.seed == SEED
    assert not parameters.has("min_samples")


@pytest.mark.parametrize("value", ["5", True, 2.5, 0, 10**9, [1], {}])
def test_what_is_no_count_is_refused_by_name(value: object) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        given(n_clusters=value).whole("n_clusters", 8)
    assert caught.value.details["path"] == f"{PATH}.n_clusters"


@pytest.mark.parametrize("value", [0, -1, float("nan"), "0.5", True])
def test_a_radius_is_a_number_over_zero(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match=r"algorithm_params\.eps must"):
        given(eps=value).positive("eps", 0.5)


def test_whole_numbers_may_come_as_floats_and_choices_are_listed() -> None:
    assert given(n_init=3.0).whole("n_init", 1) == 3
    with pytest.raises(InvalidArgumentError, match="one of lloyd, elkan"):
        given(algorithm="quick").choice("algorithm", "lloyd", ("lloyd", "elkan"))
    with pytest.raises(InvalidArgumentError, match="true or false"):
        given(cluster_all=1).flag("cluster_all", default=True)


def test_a_default_that_a_typed_client_sends_is_no_wish() -> None:
    assert not given(eps=0.5).differs({"eps": 0.5})
    assert given(eps=0.2).differs({"eps": 0.5})


@pytest.mark.parametrize("name", ["leiden", "evoc", "attribute_based", "magic"])
def test_a_method_that_is_not_served_is_refused_with_another(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="use ") as caught:
        method_of(name)
    assert caught.value.details["path"] == "vector_config.clustering_method"


def test_every_method_of_the_contract_that_has_a_library_is_served() -> None:
    served = "kmeans dbscan hdbscan agglomerative spectral gaussian_mixture mean_shift optics auto"
    assert set(METHODS) == set(served.split())


def test_a_plan_survives_its_json() -> None:
    plan = ClusterPlan(
        algorithm="hdbscan",
        features=("mixpeek://a@v1/b", "mixpeek://c@v1/d"),
        parameters={"min_cluster_size": 7},
        preprocessing=({"method": "umap", "n_components": 2},),
        feature_strategy="weighted",
        feature_weights={"mixpeek://a@v1/b": 0.25},
        vis_n_components=None,
        mode="assign",
    )
    assert ClusterPlan.from_json(plan.to_json()) == plan
