"""From photos that nobody labelled to a named cluster, and from there to uploads that label themselves."""

from collections import Counter

import pytest

from tests.e2e.api import Api, JsonObject, object_of
from tests.support.media.pictures import data_uri, photos
from tests.support.tutorial.clusters_alerts_webhooks import CLUSTER
from tests.support.tutorial.option_a import bucket_body, collection_body, upload_body
from tests.support.waiting import wait_for

NAME = "found_kinds"
EACH = 8
# Of each kind, the place of a photo that comes later.
LATER = {"fish": 10, "hammer": 8, "windmill": 9}
KINDS = tuple(LATER)


@pytest.fixture(scope="module")
def kinds(api: Api) -> dict[str, str]:
    """A collection of photos without a label, which nothing labels; object id -> the kind that nobody told."""
    api.post("/buckets", bucket_body(NAME))
    body = collection_body(NAME)
    del body["taxonomy"]
    api.post("/collections", body)
    known: dict[str, str] = {}
    for kind in KINDS:
        for photo in photos(kind)[:EACH]:
            created = api.post(f"/buckets/{NAME}/objects", upload_body(data_uri(photo.read_bytes())))
            known[created["object_id"]] = kind
    assert {api.processed(NAME, object_id)["status"] for object_id in known} == {"COMPLETED"}
    return known


def documents(api: Api) -> list[JsonObject]:
    """All documents of the collection."""
    return list(api.get(f"/collections/{NAME}/documents?limit=1000")["results"])


def discover(api: Api) -> JsonObject:
    """The tutorial's call on these photos, run to its end; the execution."""
    enriching = {"cluster_name": NAME, "collection_ids": [f"col_{NAME}"], "enrich_source_collection": True}
    cluster = api.post("/clusters", {**CLUSTER, **enriching})
    task = api.post(f"/clusters/{cluster['cluster_id']}/execute", {})
    api.completed_task(task["task_id"])
    return api.get(f"/clusters/{cluster['cluster_id']}/executions")


def name_groups(api: Api, run: JsonObject, kinds: dict[str, str]) -> dict[str, str]:
    """Calls each group by the kind of most of its documents; group id -> name."""
    votes: dict[str, Counter[str]] = {}
    for document in documents(api):
        votes.setdefault(document["cluster_id"], Counter())[kinds[object_of(document)]] += 1
    names = {group: count.most_common(1)[0][0] for group, count in votes.items() if group != "-1"}
    assert set(names.values()) == set(KINDS), votes
    path = f"/clusters/{run['cluster_id']}/executions/{run['run_id']}/labels"
    assert api.patch(path, {"labels": names})["label_overrides"] == names
    return names


def test_unlabelled_photos_become_clusters_names_a_taxonomy_and_labels(api: Api, kinds: dict[str, str]) -> None:
    run = discover(api)
    assert (run["status"], run["num_points"]) == ("completed", len(kinds))
    assert run["llm_labeling_errors"] == ["no endpoint is configured (LIKENESS_LLM_URL)."]
    labels = [group["label"] for group in run["centroids"]]
    assert len(set(labels)) == run["num_clusters"]

    names = name_groups(api, run, kinds)
    groups = api.get(f"/clusters/{NAME}/groups")["groups"]
    assert {group["cluster_id"]: group["label"] for group in groups if group["cluster_id"] != "-1"} == names
    named = wait_for(
        lambda: documents(api),
        lambda found: {each["cluster_label"] for each in found if each["cluster_id"] != "-1"} == set(names.values()),
    )
    assert all(each["cluster_label"] == names.get(each["cluster_id"]) for each in named)

    source = {"cluster_id": run["cluster_id"], "run_id": run["run_id"]}
    promoted = api.post("/taxonomies/from-documents", {"taxonomy_name": NAME, "cluster_run": source})
    assert sorted(node["node_label"] for node in promoted["nodes"]) == sorted(names.values())

    applied = {
        "taxonomy_applications": [{"taxonomy_id": promoted["taxonomy_id"]}],
        "cluster_applications": [{"cluster_id": run["cluster_id"], "execution_mode": "on_ingest"}],
    }
    api.patch(f"/collections/{NAME}", applied)
    for kind, place in LATER.items():
        photo = data_uri(photos(kind)[place].read_bytes())
        created = api.post(f"/buckets/{NAME}/objects", upload_body(photo))
        assert api.processed(NAME, created["object_id"])["status"] == "COMPLETED"
        assert api.document_of(NAME, created["object_id"])[f"{NAME}_label"] == kind
        until_assigned(api, created["object_id"])


def until_assigned(api: Api, object_id: str) -> None:
    """Returns when the document of an object says in which group it is, if only in none."""
    wait_for(lambda: api.document_of(NAME, object_id), lambda found: found.get("cluster_id") is not None)
