"""Names for the groups of a run: of documents in the database, with an endpoint and without."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from services.worker.clusters.names.namer import Namer
from services.worker.clusters.names.naming_request import GroupToName, Named, NamingRequest
from services.worker.kit.task import TaskCanceledError
from tests.integration.worker.bench import COLLECTION, LABEL, NAMESPACE, Bench
from tests.integration.worker.clusters.cluster_bench import add_documents, blobs
from tests.support.clusters.llm_endpoint import Llm, completion, running_llm, saying
from tests.support.tutorial.option_a import SLOT

MAPPED = {"enabled": True, "input_mappings": [{"source": "payload", "fields": ["text", "kind"]}]}


@pytest.fixture
async def llm() -> AsyncIterator[Llm]:
    async with running_llm() as running:
        yield running


def namer(bench: Bench, llm: Llm | None = None) -> Namer:
    changes = {} if llm is None else {"llm_url": llm.url, "llm_model": "small", "llm_timeout": 5.0}
    return Namer(pool=bench.pool, settings=bench.settings.model_copy(update=changes))


async def groups(bench: Bench, *fields: Mapping[str, Any]) -> list[GroupToName]:
    """One group of two documents for each of these fields, with texts of their own; group n lies along axis n."""
    made = []
    vectors = blobs(len(fields), groups=len(fields))
    for number, each in enumerate(fields):
        twin = {**each, "text": f"{each['text']} loudly"} if "text" in each else each
        ids = await add_documents(bench, [vectors[number]] * 2, fields=[each, twin])
        made.append(
            GroupToName(cluster_id=f"cl_{number}", number=number, members=ids, centroid=vectors[number].astype("<f4"))
        )
    return made


def request_of(made: list[GroupToName], labeling: Mapping[str, Any] | None = None) -> NamingRequest:
    return NamingRequest(
        namespace_id=NAMESPACE,
        collection_ids=[COLLECTION],
        groups=made,
        llm_labeling=labeling,
        feature_uri=SLOT,
        model="fake",
    )


def said(named: Named) -> list[tuple[str, str]]:
    return [(name.label, name.label_source) for name in named.names.values()]


async def test_without_an_endpoint_groups_are_called_by_what_is_known_of_their_members(bench: Bench) -> None:
    made = await groups(bench, {LABEL: "boot"}, {"kind": "lamp"}, {"text": "a bird that sings of trees"}, {})
    named = await namer(bench).name(request_of(made, MAPPED))
    assert said(named) == [
        ("boot", "members"),
        ("lamp", "members"),
        ("Bird, sings, trees", "words"),
        ("Cluster 3", "number"),
    ]
    assert named.errors == ("no endpoint is configured (LIKENESS_LLM_URL).",)
    assert set(named.names["cl_0"].representatives) == set(made[0].members)


async def test_a_group_that_nothing_is_known_of_is_called_by_the_nearest_labelled_document(bench: Bench) -> None:
    made = await groups(bench, {}, {})
    labelled = await add_documents(bench, [each.centroid for each in made], fields=[{LABEL: "cup"}, {LABEL: "axe"}])
    for document_id, label in zip(labelled, ("cup", "axe"), strict=True):
        labels = {LABEL: {"source": "human", "value": label}}
        await bench.pool.execute("UPDATE documents SET labels = $2 WHERE document_id = $1", document_id, labels)
    named = await namer(bench).name(request_of(made))
    assert said(named) == [("Similar to cup", "nearest"), ("Similar to axe", "nearest")]
    assert labelled[0] in str(named.names["cl_0"].summary)
    assert named.errors == ()


async def test_groups_are_not_called_by_what_clusters_wrote_into_their_members(bench: Bench, llm: Llm) -> None:
    written = {"cluster_id": "cl_0", "cluster_label": "Old name"}
    made = await groups(bench, {**written, "text": "a bird that sings"}, written)
    internal = {"clusters": {"clust_1": {"run_id": "run_1", "fields": written}}}
    await bench.pool.execute("UPDATE documents SET internal = $1", internal)
    assert said(await namer(bench).name(request_of(made))) == [("Bird, sings", "words"), ("Cluster 1", "number")]
    await namer(bench, llm).name(request_of(made, {"enabled": True}))
    assert len(llm.asked) == 1
    assert "Old name" not in str(llm.asked)


async def test_an_endpoint_names_groups_by_their_samples(bench: Bench, llm: Llm) -> None:
    def named_by_kind(body: dict[str, Any]) -> web.StreamResponse:
        return completion('{"label": "Lamps"}' if "lamp" in body["messages"][1]["content"] else '{"label": "Boots"}')

    llm.answers = [named_by_kind]
    made = await groups(bench, {"kind": "boot", "secret": "x"}, {"kind": "lamp"}, {"secret": "x"})
    named = await namer(bench, llm).name(request_of(made, MAPPED))
    assert said(named)[:2] == [("Boots", "llm"), ("Lamps", "llm")]
    assert named.names["cl_2"].label_source == "number"
    assert named.errors == ("cl_2: none of its documents has anything to go by.",)
    assert "secret" not in str(llm.asked)


async def test_an_endpoint_that_says_the_same_of_two_groups_is_asked_once_more(bench: Bench, llm: Llm) -> None:
    llm.answers = [saying('{"label": "Shoes"}')]
    made = await groups(bench, {"kind": "boot"}, {"kind": "sandal"})
    named = await namer(bench, llm).name(request_of(made, MAPPED))
    assert said(named) == [("Shoes", "llm"), ("Shoes 2", "llm")]
    assert len(llm.asked) == 3
    assert "Other groups have these labels" in llm.asked[-1]["messages"][1]["content"]


async def test_an_endpoint_that_fails_costs_no_group_its_name(bench: Bench, llm: Llm) -> None:
    llm.answers = [saying("no idea")]
    made = await groups(bench, {"kind": "boot"}, {"kind": "lamp"})
    named = await namer(bench, llm).name(request_of(made, MAPPED))
    assert said(named) == [("boot", "members"), ("lamp", "members")]
    assert named.errors == ("cl_0, cl_1: the answer is no JSON object.",)


async def test_documents_that_are_gone_and_empty_groups_have_names_all_the_same(bench: Bench) -> None:
    made = [
        GroupToName(cluster_id="cl_0", number=0, members=["doc_gone"], centroid=np.zeros(16)),
        GroupToName(cluster_id="cl_1", number=1, members=[]),
    ]
    assert said(await namer(bench).name(request_of(made))) == [("Cluster 0", "number"), ("Cluster 1", "number")]


async def test_a_run_that_is_canceled_does_not_wait_for_its_names(bench: Bench, llm: Llm) -> None:
    llm.seconds = 5.0
    made = await groups(bench, {"kind": "boot"})

    async def canceled() -> None:
        if llm.asked:
            raise TaskCanceledError

    with pytest.raises(TaskCanceledError):
        await namer(bench, llm).name(request_of(made, MAPPED), canceled)
