"""Clusters through the generated classes: from photos that nobody labelled to a taxonomy."""

import csv
from typing import Any

import pytest
from mixpeek.exceptions import NotFoundException

from tests.e2e.client.mixpeek_namespace import Space, model, object_of, value
from tests.support.media.pictures import data_uri, photos
from tests.support.tutorial.option_a import SLOT

NAME = "discovered"
EACH = 5


@pytest.fixture(scope="module")
def unlabelled(space: Space) -> Space:
    """A collection of photos of two kinds without a label."""
    space.create_unified(NAME)
    for kind in ("hammer", "fish"):
        for photo in photos(kind)[:EACH]:
            blob = {"property": "image_url", "type": "image", "data": data_uri(photo.read_bytes())}
            made = space.api("BucketObjectsApi").create_object_buckets(
                NAME, model("CreateObjectRequest", {"blobs": [blob]})
            )
            assert space.processed(NAME, made.object_id).status.value == "COMPLETED"
    return space


@pytest.fixture(scope="module")
def run(unlabelled: Space) -> Any:
    """A finished run of two clusters."""
    request = {
        "cluster_name": "kinds",
        "collection_ids": [NAME],
        "cluster_type": "vector",
        "vector_config": {
            "feature_uri": SLOT,
            "clustering_method": "kmeans",
            "kmeans_parameters": {"n_clusters": 2},
            "preprocessing_steps": [{"method": "none"}],
        },
        "enrich_source_collection": True,
    }
    clusters = unlabelled.api("ClustersApi")
    made = clusters.create_cluster(model("CreateClusterRequest", request))
    task = clusters.execute_clustering_clusters(made.cluster_id, model("ExecuteClusterByIdRequest", {}))
    assert unlabelled.task(task.task_id).status.value == "COMPLETED"
    return unlabelled.api("ClusterExecutionsApi").get_cluster_execution(made.cluster_id)


def test_a_run_says_what_it_found(unlabelled: Space, run: Any) -> None:
    assert (run.status, run.num_clusters, run.num_points) == ("completed", 2, 2 * EACH)
    cluster = unlabelled.api("ClustersApi").get_cluster("kinds")
    assert (cluster.status.value, cluster.num_clusters, cluster.last_run_id) == ("COMPLETED", 2, run.run_id)
    groups = unlabelled.api("ClustersApi").get_cluster_groups(run.cluster_id)
    assert sorted(group.member_count for group in groups.groups) == [EACH, EACH]
    assert "kinds" in [each.cluster_name for each in unlabelled.api("ClustersApi").list_clusters().results]


def test_documents_carry_the_cluster_that_they_are_in(unlabelled: Space, run: Any) -> None:
    found = unlabelled.documents(NAME)
    assert {value(each, "cluster_id") for each in found} == {each.cluster_id for each in run.centroids}
    assert all(value(each, "cluster_label") for each in found)


def test_a_named_cluster_becomes_a_node_that_labels_the_next_upload(unlabelled: Space, run: Any) -> None:
    names = {each.cluster_id: f"kind {number}" for number, each in enumerate(run.centroids)}
    executions = unlabelled.api("ClusterExecutionsApi")
    named = executions.patch_execution_labels_clusters_id_run(
        run.cluster_id, run.run_id, model("PatchExecutionLabelsRequest", {"labels": names})
    )
    assert named is not None
    groups = unlabelled.api("ClustersApi").get_cluster_groups(run.cluster_id).groups
    assert {group.cluster_id: group.label for group in groups} == names
    request = {"taxonomy_name": "found", "cluster_run": {"cluster_id": run.cluster_id, "run_id": run.run_id}}
    made = unlabelled.api("TaxonomiesApi").create_taxonomy_from_documents_taxonomies(
        model("CreateTaxonomyFromDocumentsRequest", request)
    )
    assert made.taxonomy_created
    applications = [{"taxonomy_id": made.taxonomy_id, "execution_mode": "materialize"}]
    unlabelled.api("CollectionsApi").update_collection(NAME, {"taxonomy_applications": applications})
    uploaded = unlabelled.upload(NAME, "fish")
    found = unlabelled.documents(NAME)
    fish = next(each for each in found if object_of(each) == uploaded)
    twins = {value(each, "cluster_id") for each in found if value(each, "cluster_id")}
    assert value(fish, "found_label") in names.values()
    assert len(twins) == 2


def test_a_run_is_named_exported_and_deleted_with_its_cluster(unlabelled: Space, run: Any) -> None:
    executions = unlabelled.api("ClusterExecutionsApi")
    request = model("PatchExecutionRunNameRequest", {"run_name": "first look"})
    executions.patch_execution_run_name_clusters(run.cluster_id, run.run_id, request)
    listed = executions.list_cluster_executions(run.cluster_id)
    assert [each.run_name for each in listed.results] == ["first look"]
    answer = executions.export_cluster_execution_id_run_without_preload_content(
        run.cluster_id, run.run_id, format="csv"
    )
    rows = list(csv.DictReader(answer.data.decode().splitlines()))
    assert len({row["document_id"] for row in rows if row["document_id"]}) == run.num_points
    history = unlabelled.api("AnalyticsClustersApi").get_execution_history_analytics_clusters(run.cluster_id)
    assert history is not None
    unlabelled.api("ClustersApi").delete_cluster(run.cluster_id)
    with pytest.raises(NotFoundException):
        unlabelled.api("ClustersApi").get_cluster(run.cluster_id)
