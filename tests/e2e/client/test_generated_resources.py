"""Retrievers, taxonomies, namespaces, keys and the catalogue through the generated classes."""

import time
from typing import Any

import pytest
from mixpeek.exceptions import ApiException, NotFoundException

from tests.e2e.client.mixpeek_namespace import KINDS, Space, model, value
from tests.support.media.pictures import data_uri, photos
from tests.support.tutorial.option_a import LABEL, SLOT, bucket_body
from tests.support.waiting import wait_for

NAME = "resources"
RETRIEVER = f"{NAME}_classifier"
EMAIL = "ann@example.com"


@pytest.fixture(scope="module")
def labelled(space: Space) -> Space:
    """A collection with one labelled photo of each kind."""
    space.create_unified(NAME)
    for kind in KINDS:
        space.upload(NAME, kind, fields={LABEL: kind})
    return space


def photo(kind: str, number: int = 0) -> str:
    """A sample photo as a data URI."""
    return data_uri(photos(kind)[number].read_bytes())


def test_a_retriever_s_life(labelled: Space) -> None:
    api = labelled.api("RetrieversApi")
    clone = api.clone_retriever(RETRIEVER, model("CloneRetrieverRequest", {"retriever_name": "copy"})).retriever
    patched = api.patch_retriever(clone.retriever_id, model("PatchRetrieverRequest", {"description": "a copy"}))
    assert patched.retriever.description == "a copy"
    assert api.get_retriever("copy").stages[0].stage_name == "labeled_filter"
    assert {each.retriever_name for each in api.list_retrievers().results} >= {RETRIEVER, "copy"}
    api.delete_retriever("copy")
    with pytest.raises(NotFoundException):
        api.get_retriever("copy")


def test_executions_rank_explain_and_are_remembered(labelled: Space) -> None:
    api = labelled.api("RetrieversApi")
    request = {"inputs": {"query_image": photo("fish")}, "limit": 3}
    executed = api.execute_retriever(RETRIEVER, model("ExecuteRetrieverRequest", request), return_presigned_urls=True)
    assert [each[LABEL] for each in executed.documents] == ["fish"]
    assert executed.documents[0]["score"] == pytest.approx(1, abs=0.01)
    assert set(executed.stage_statistics.stages) == {"labeled_filter", "image_match"}
    plan = api.explain_retriever_execution_id_execute(RETRIEVER, model("ExplainRetrieverRequest", {"inputs": {}}))
    assert [each.stage_name for each in plan.execution_plan] == ["labeled_filter", "image_match"]
    history = wait_for(
        lambda: api.list_executions_retrievers(RETRIEVER),
        lambda found: executed.execution_id in [each.execution_id for each in found.results],
    )
    assert history.pagination is not None
    assert api.get_execution_retrievers(RETRIEVER, executed.execution_id).execution_id == executed.execution_id


def test_several_queries_at_once(labelled: Space) -> None:
    queries = [{"inputs": {"query_image": photo(kind)}} for kind in KINDS]
    answers = labelled.api("RetrieversApi").execute_batch_retrievers(
        RETRIEVER, model("ExecuteBatchRequest", {"queries": queries})
    )
    found = [each["documents"][0][LABEL] for each in answers["results"]]
    assert found == list(KINDS)


def test_stages_that_are_nowhere_stored(labelled: Space) -> None:
    labels = {"AND": [{"field": LABEL, "operator": "in", "value": ["fish", "bird"]}]}
    stages = [
        stage("some", "filter", "attribute_filter", {"conditions": labels}),
        stage("sorted", "sort", "sort_attribute", {"field": LABEL, "direction": "desc"}),
        stage("few", "reduce", "limit", {"limit": 1}),
    ]
    request = model("AdhocExecuteRequest", {"collection_identifiers": [NAME], "stages": stages, "inputs": {}})
    answer = labelled.api("AdhocRetrieversApi").execute_adhoc_retriever(request)
    assert [each[LABEL] for each in answer["documents"]] == ["fish"]


def test_one_shot_search_by_an_image(labelled: Space) -> None:
    request = {
        "collection_identifiers": [NAME],
        "query": {"input_mode": "url", "url": photo("bird")},
        "feature_uri": SLOT,
        "top_k": 2,
    }
    answer = labelled.client._request("POST", "/features/search", body=request)
    assert next(iter(answer.get("results") or answer["documents"]))[LABEL] == "bird"


def test_a_native_taxonomy_from_creation_to_retroactive_labels(labelled: Space) -> None:
    taxonomies = labelled.api("TaxonomiesApi")
    config = {
        "taxonomy_type": "flat",
        "retriever_id": RETRIEVER,
        "input_mappings": [{"input_key": "query_image", "source_type": "blob", "path": "image_url"}],
        "source_collection": {
            "collection_id": NAME, "enrichment_fields": [{"field_path": LABEL, "target_field": "kind"}]
        },
    }  # fmt: skip
    taxonomy = taxonomies.create_taxonomy_taxonomies(
        model("CreateTaxonomyRequest", {"taxonomy_name": "kinds", "config": config})
    )
    assert taxonomies.get_taxonomy_taxonomies("kinds").taxonomy_id == taxonomy.taxonomy_id
    assert "kinds" in [each.taxonomy_name for each in taxonomies.list_taxonomies_0().results]
    patch = model("PatchTaxonomyRequest", {"description": "of things"})
    assert taxonomies.patch_taxonomy_taxonomies("kinds", patch).description == "of things"
    clone = taxonomies.clone_taxonomy_taxonomies("kinds", model("CloneTaxonomyRequest", {"taxonomy_name": "kinds2"}))
    assert clone is not None
    taxonomies.delete_taxonomy_taxonomies("kinds2")
    bucket = {"bucket_name": "other", "bucket_schema": bucket_body("other")["bucket_schema"]}
    labelled.api("BucketsApi").create_bucket(model("BucketCreateRequest", bucket))
    collection = {
        "collection_name": "other",
        "source": {"type": "bucket", "bucket_ids": ["other"]},
        "feature_extractor": {
            "feature_extractor_name": "image_extractor", "version": "v1", "input_mappings": {"image": "image_url"}
        },
    }  # fmt: skip
    collections = labelled.api("CollectionsApi")
    collections.create_collection(model("CreateCollectionRequest", collection))
    labelled.upload("other", "fish")
    applications = [{"taxonomy_id": taxonomy.taxonomy_id, "execution_mode": "materialize"}]
    collections.update_collection("other", {"taxonomy_applications": applications})
    applied = labelled.api("CollectionTaxonomiesApi").apply_taxonomy_to_collection(
        "other", model("ApplyTaxonomyRequest", {"taxonomy_id": taxonomy.taxonomy_id, "batch_size": 100})
    )
    assert labelled.task(applied.task_id).status.value == "COMPLETED"
    (document,) = labelled.documents("other")
    assert value(document, "kind") == "fish"
    labelled.upload("other", "bird")
    assert [value(each, "kind") for each in labelled.documents("other")] == ["fish", "bird"]


def test_a_taxonomy_grows_from_documents(labelled: Space) -> None:
    documents = labelled.documents(NAME)
    refs = [{"collection_id": each.collection_id, "document_id": each.document_id} for each in documents]
    taxonomies = labelled.api("TaxonomiesApi")
    request = {"taxonomy_name": "grown", "node_label": "tool", "documents": refs[:1]}
    made = taxonomies.create_taxonomy_from_documents_taxonomies(model("CreateTaxonomyFromDocumentsRequest", request))
    assert (made.taxonomy_created, made.documents_used, made.node_label) == (True, 1, "tool")
    node = model("CreateNodeFromDocumentsRequest", {"node_label": "animal", "documents": refs[1:]})
    added = taxonomies.create_taxonomy_node_from_documents_taxonomies("grown", node)
    assert (added.documents_used, added.node_label) == (2, "animal")


def test_namespaces(labelled: Space) -> None:
    api = labelled.api("NamespacesApi")
    made = api.create_namespace(model("CreateNamespaceRequest", {"namespace_name": "by_generated"}))
    patched = api.patch_namespace(made.namespace_id, model("PatchNamespaceRequest", {"description": "d"}))
    assert patched.description == "d"
    assert api.get_namespace("by_generated").namespace_id == made.namespace_id
    assert api.get_namespace_stats(labelled.namespace).document_count >= 3
    assert made.namespace_id in [each.namespace_id for each in api.list_namespaces().results]
    deleted = api.delete_namespace(made.namespace_id)
    assert labelled.task(deleted["task_id"]).status.value == "COMPLETED"


def test_keys_are_made_used_changed_rotated_and_ended(labelled: Space) -> None:
    users = labelled.api("OrganizationUsersApi")
    users.create_user_organizations(model("UserCreateRequest", {"email": EMAIL, "user_name": "Ann"}))
    keys = labelled.api("OrganizationAPIKeysApi")
    made = keys.create_key_organizations_users_email(EMAIL, model("APIKeyCreateRequest", {"name": "notebook"}))
    mine = Space(labelled.url, made.key, labelled.namespace)
    assert mine.api("AccountApi").whoami_me().key.name == "notebook"
    rotated = keys.rotate_key_organizations_users_email_name(EMAIL, "notebook")
    assert Space(labelled.url, rotated.key).api("AccountApi").whoami_me().organization_id
    keys.delete_key_organizations_users_email_name(EMAIL, "notebook")
    wait_for(lambda: refused(Space(labelled.url, rotated.key)), lambda ended: ended)


def refused(space: Space) -> bool:
    """Whether the key is no longer accepted."""
    try:
        space.api("AccountApi").whoami_me()
    except ApiException as error:
        return bool(error.status == 401)
    time.sleep(0.2)
    return False


def test_what_needs_no_key_needs_none(labelled: Space) -> None:
    anybody = Space(labelled.url, "")
    stages = {each.stage_id for each in anybody.api("RetrieverStagesApi").list_stages_retrievers()}
    assert {"attribute_filter", "feature_search", "taxonomy_enrich", "document_enrich"} <= stages
    extractors = anybody.api("FeatureExtractorsApi").list_feature_extractors()
    names = {each.feature_extractor_name for each in extractors}
    assert names >= {"image_extractor", "face_identity_extractor", "text_extractor", "passthrough_extractor"}
    assert anybody.api("FeaturesApi").discover_features() is not None
    assert anybody.api("DiscoveryApi").get_all_discovery() is not None
    assert anybody.api("HealthApi").healthcheck_health() is not None
    assert anybody.api("HealthApi").liveness_health() is not None


def stage(name: str, kind: str, stage_id: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """One stage of a retriever."""
    return {"stage_name": name, "stage_type": kind, "config": {"stage_id": stage_id, "parameters": parameters}}
