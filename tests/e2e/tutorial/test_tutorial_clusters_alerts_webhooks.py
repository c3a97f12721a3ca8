"""The tutorial's sections on clusters, alerts and webhooks, call by call, with the bodies that it prints.

Each fixture is a step and rests on the one before; each test looks at what a step has brought about.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook

from services.common.ids import new_id
from tests.e2e.api import Api, JsonObject
from tests.e2e.webhook_receiver import Receiver, receiving
from tests.support.media.pictures import data_uri, noise_jpeg, photos
from tests.support.running_stack import Stack
from tests.support.tutorial import clusters_alerts_webhooks, option_a
from tests.support.tutorial.option_a import upload_body
from tests.support.waiting import wait_for

KINDS, OF_EACH = ("fish", "windmill", "hammer"), 6
NOTIFY, FIRED = "/webhook", "/alert"
BUCKET = "/buckets/products_unified"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def space(stack: Stack) -> Iterator[Api]:
    """A namespace of its own, for the tutorial's names are taken in the default one."""
    name = new_id("notify").lower()
    made = Api(stack.url, stack.key).post("/namespaces", {"namespace_name": name})
    client = Api(stack.url, stack.key, namespace=made["namespace_id"])
    yield client
    client.client.close()


@pytest.fixture(scope="module")
def webhook(space: Api, receiver: Receiver) -> JsonObject:
    """Set Up Webhooks."""
    body = clusters_alerts_webhooks.CREATE_WEBHOOK.replace(clusters_alerts_webhooks.RECEIVER, receiver.url + NOTIFY)
    return space.post("/organizations/webhooks", body)


@pytest.fixture(scope="module")
def uploads(space: Api, webhook: JsonObject) -> list[str]:
    """Unlabelled photos of a few kinds in the tutorial's collection; the ids of their objects."""
    assert webhook["is_active"]
    space.post("/buckets", option_a.CREATE_BUCKET)
    space.post("/retrievers", option_a.CREATE_RETRIEVER)
    space.post("/collections", option_a.CREATE_COLLECTION)
    chosen = [photo for kind in KINDS for photo in photos(kind)[:OF_EACH]]
    bodies = [upload_body(data_uri(photo.read_bytes())) for photo in chosen]
    ids = [str(space.post(f"{BUCKET}/objects", body)["object_id"]) for body in bodies]
    for object_id in ids:
        assert space.processed("products_unified", object_id)["status"] == "COMPLETED"
    return ids


@pytest.fixture(scope="module")
def cluster(space: Api, uploads: list[str]) -> JsonObject:
    """Discover Clusters: created, then executed until its task has ended."""
    assert uploads
    made = space.post("/clusters", clusters_alerts_webhooks.CREATE_CLUSTER)
    task = space.post(f"/clusters/{made['cluster_id']}/execute", "{}")
    space.completed_task(task["task_id"])
    return made


@pytest.fixture(scope="module")
def alert(space: Api, receiver: Receiver, uploads: list[str]) -> JsonObject:
    """Set Up Alerts: a retriever of what has no label, then an alert on it."""
    assert uploads
    retriever = space.post("/retrievers", clusters_alerts_webhooks.CREATE_RETRIEVER_OF_UNLABELED)
    body = clusters_alerts_webhooks.CREATE_ALERT.replace(clusters_alerts_webhooks.RECEIVER, receiver.url + FIRED)
    return space.post("/alerts", body.replace("ret_unlabeled", retriever["retriever_id"]))


def labelled(space: Api, object_id: str, label: str = "Fish") -> None:
    space.patch(f"{BUCKET}/objects/{object_id}", {"metadata": {"product_label": label}})


def of(object_id: str, event_type: str, content: JsonObject) -> bool:
    return bool(content["event_type"] == event_type and content["subject"]["id"] == object_id)


def test_creating_a_cluster_runs_nothing(space: Api, uploads: list[str]) -> None:
    assert uploads
    other = json.loads(clusters_alerts_webhooks.CREATE_CLUSTER) | {"cluster_name": "not-run"}
    made = space.post("/clusters", other)
    assert made["input_collections"] == [space.get("/collections/products_unified")["collection_id"]]
    assert made.get("last_run_id") is None
    space.get(f"/clusters/{made['cluster_id']}/executions", status=404)


def test_clusters_reveal_the_kinds_that_nobody_has_labelled(
    space: Api, uploads: list[str], cluster: JsonObject
) -> None:
    run = space.get(f"/clusters/{cluster['cluster_id']}/executions")
    assert run["status"] == "completed"
    assert run["num_points"] == len(uploads)
    groups = space.get(f"/clusters/{cluster['cluster_id']}/groups")["groups"]
    assert run["num_clusters"] == len([group for group in groups if group["cluster_id"] != "-1"]) >= 1
    assert all(group["label"] for group in groups)


def test_the_picture_of_a_cluster_places_every_document(space: Api, uploads: list[str], cluster: JsonObject) -> None:
    picture = space.get(f"/clusters/{cluster['cluster_id']}/visualization")
    assert len(picture["members"]) == picture["total_members"] == len(uploads)
    assert len({(point["x"], point["y"]) for point in picture["members"]}) == len(uploads)


def test_the_alert_tells_of_items_without_a_label_once(
    space: Api, receiver: Receiver, alert: JsonObject, uploads: list[str]
) -> None:
    told = receiver.wait(FIRED).content
    assert told["event_type"] == "alert.triggered"
    assert told["alert_id"] == alert["alert_id"]
    assert told["match_count"] == len(uploads)
    latest = wait_for(
        lambda: space.get(f"/alerts/{alert['alert_id']}/executions")["results"],
        lambda found: any(each["triggered"] and each["deliveries"][0]["status"] == "delivered" for each in found),
    )
    assert sum(each["triggered"] for each in latest) == 1
    assert space.get(f"/alerts/{alert['alert_id']}/results")["alert_id"] == alert["alert_id"]


def test_labelling_everything_ends_the_rise_and_a_new_unknown_item_is_told_of_again(
    space: Api, receiver: Receiver, alert: JsonObject, cluster: JsonObject, uploads: list[str]
) -> None:
    assert cluster
    receiver.wait(FIRED)
    for object_id in uploads:
        labelled(space, object_id)
    wait_for(
        lambda: space.get(f"/alerts/{alert['alert_id']}/results"),
        lambda latest: latest["match_count"] == 0 and not latest["triggered"],
    )
    noise = space.post(f"{BUCKET}/objects", upload_body(data_uri(noise_jpeg(6_000_001))))
    space.processed("products_unified", noise["object_id"])
    calls = wait_for(lambda: receiver.at(FIRED), lambda calls: len(calls) >= 2)
    assert [call.content["match_count"] for call in calls[1:]] == [1]


def test_the_webhook_tells_of_every_upload_and_of_every_label(
    space: Api, receiver: Receiver, webhook: JsonObject, uploads: list[str]
) -> None:
    for object_id in uploads:
        receiver.wait(NOTIFY, lambda content, wanted=object_id: of(wanted, "object.created", content))  # type: ignore[misc]
    labelled(space, uploads[0], "Trout")
    told = receiver.wait(NOTIFY, lambda content: of(uploads[0], "object.updated", content)).content
    assert told["event_id"]
    assert told["namespace_id"]
    assert told["occurred_at"]
    assert {call.content["event_type"] for call in receiver.at(NOTIFY)} <= set(webhook["event_types"])


def test_an_uploads_events_come_in_the_order_in_which_they_happened(
    receiver: Receiver, webhook: JsonObject, uploads: list[str]
) -> None:
    assert webhook
    receiver.wait(NOTIFY, lambda content: of(uploads[0], "object.updated", content))
    mine = [call.content for call in receiver.at(NOTIFY) if call.content["subject"]["id"] == uploads[0]]
    assert mine[0]["event_type"] == "object.created"
    assert [each["occurred_at"] for each in mine] == sorted(each["occurred_at"] for each in mine)
    assert len({each["event_id"] for each in mine}) == len(mine)


def test_a_receiver_verifies_signatures_with_the_standard_library_and_with_the_contract_s_header(
    space: Api, receiver: Receiver, uploads: list[str]
) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    configs = {"url": f"{receiver.url}/signed", "signing_secret": secret}
    body = {"webhook_name": "signed", "event_types": ["object.updated"]}
    made = space.post("/organizations/webhooks", {**body, "channels": [{"channel": "webhook", "configs": configs}]})
    assert made["channels"][0]["configs"]["signing_secret"] == "redacted"
    labelled(space, uploads[1], "Pike")
    call = receiver.wait("/signed", lambda content: of(uploads[1], "object.updated", content))
    assert Webhook(secret).verify(call.body, call.headers)["event_id"] == call.headers["webhook-id"]
    stamp, _, signature = call.headers["x-mixpeek-signature"].partition(",")
    signed = stamp.removeprefix("t=").encode() + b"." + call.body
    assert signature == "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def test_the_change_feed_holds_the_same_events(space: Api, receiver: Receiver, uploads: list[str]) -> None:
    told = receiver.wait(NOTIFY, lambda content: of(uploads[0], "object.created", content)).content
    found: list[JsonObject] = []
    cursor, more = "", True
    while more:
        page = space.get(f"/events?event_type=object.created&limit=5{cursor}")
        found += page["results"]
        cursor, more = f"&cursor={page['next_cursor']}", page["has_more"]
    assert told["event_id"] in {each["event_id"] for each in found}
    assert len({each["seq"] for each in found}) == len(found) >= len(uploads)
