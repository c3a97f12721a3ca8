"""Alerts, webhooks, triggers and the change feed through the generated classes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from mixpeek.exceptions import ApiException, NotFoundException
from standardwebhooks import Webhook

from services.common.ids import new_id
from tests.e2e.client.mixpeek_namespace import Space, model
from tests.e2e.webhook_receiver import Receiver, receiving
from tests.support.tutorial.option_a import LABEL
from tests.support.waiting import wait_for

NAME = "noticed"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def noticed(space: Space) -> Space:
    """An empty collection, and a retriever of what in it has no label."""
    space.create_unified(NAME)
    missing = {"field": LABEL, "operator": "exists", "value": False}
    stage = {
        "stage_name": "missing_label",
        "stage_type": "filter",
        "config": {"stage_id": "attribute_filter", "parameters": missing},
    }
    retriever = {"retriever_name": "unlabelled", "collection_identifiers": [NAME], "stages": [stage]}
    space.client.retrievers.create(**retriever)
    return space


def test_an_alert_from_its_creation_to_its_end(noticed: Space, receiver: Receiver) -> None:
    alerts = noticed.api("AlertsApi")
    channel = {"channel_type": "webhook", "config": {"url": f"{receiver.url}/alerts"}}
    request = {
        "name": "unknown",
        "source": "retriever",
        "retriever_id": "unlabelled",
        "trigger_on": "results",
        "notification_config": {"channels": [channel]},
    }
    made = alerts.create_alert(model("CreateAlertRequest", request))
    object_id = noticed.upload(NAME, "fish")
    told = receiver.wait("/alerts").content
    assert (told["alert_id"], told["match_count"]) == (made.alert_id, 1)
    results = wait_for(
        lambda: alerts.list_alert_executions(made.alert_id).results,
        lambda found: any(each.triggered and each.deliveries[0].status == "delivered" for each in found),
    )
    fired = next(each for each in results if each.triggered)
    assert alerts.get_execution_alerts(fired.execution_id).matches[0].score == 1.0
    assert object_id
    assert alerts.get_latest_result_alerts("unknown").alert_id == made.alert_id
    patched = alerts.patch_alert("unknown", {"enabled": False, "cooldown_seconds": 60})
    assert (patched.enabled, patched.cooldown_seconds) == (False, 60)
    assert [each.name for each in alerts.list_alerts().results] == ["unknown"]
    alerts.delete_alert("unknown")
    with pytest.raises(NotFoundException):
        alerts.get_alert(made.alert_id)


def test_a_webhook_from_its_creation_to_its_end(noticed: Space, receiver: Receiver) -> None:
    webhooks = noticed.api("WebhooksApi")
    name = new_id("hook")
    configs = {"url": f"{receiver.url}/{name}", "signing_secret": SECRET}
    request = {
        "webhook_name": name,
        "event_types": ["object.created"],
        "channels": [{"channel": "webhook", "configs": configs}],
    }
    made = webhooks.create_webhook_organizations(model("WebhookInput", request))
    object_id = noticed.upload(NAME, "bird")
    call = receiver.wait(f"/{name}", lambda content: content["subject"]["id"] == object_id)
    assert Webhook(SECRET).verify(call.body, call.headers)["event_type"] == "object.created"
    found = webhooks.get_webhook_organizations(name)
    assert found.channels[0].configs.actual_instance.signing_secret == "redacted"
    narrowed = model("WebhookInput", request | {"is_active": False})
    assert webhooks.update_webhook_organizations(made.webhook_id, narrowed).is_active is False
    listed = webhooks.list_webhooks_organizations(
        list_webhooks_request=model("ListWebhooksRequest", {"is_active": False})
    )
    assert made.webhook_id in [each.webhook_id for each in listed.results]
    webhooks.delete_webhook_organizations(name)
    with pytest.raises(NotFoundException):
        webhooks.get_webhook_organizations(made.webhook_id)


def test_an_unknown_event_type_is_refused(noticed: Space) -> None:
    body = {"webhook_name": new_id("hook"), "event_types": ["batch.completed"], "channels": []}
    with pytest.raises(Exception, match=r"event_types"):
        noticed.client._request("POST", "/organizations/webhooks", body=body)


def test_a_trigger_runs_a_retriever_now_and_remembers_it(noticed: Space) -> None:
    triggers = noticed.api("TriggersApi")
    request = {
        "name": "nightly",
        "action_type": "retriever_execution",
        "action_config": {"retriever_id": "unlabelled", "inputs": {}},
        "trigger_type": "cron",
        "schedule_config": {"cron_expression": "0 3 * * *", "timezone": "Europe/Berlin"},
    }
    made = triggers.create_trigger(model("SharedTriggersModelsCreateTriggerRequest", request))
    assert (made.status.value, made.is_overdue) == ("active", False)
    assert triggers.pause_trigger(made.trigger_id) is not None
    assert triggers.get_trigger(made.trigger_id).status.value == "paused"
    triggers.resume_trigger(made.trigger_id)
    triggers.execute_trigger_now(made.trigger_id)
    history = wait_for(
        lambda: triggers.get_trigger_history(made.trigger_id).executions,
        lambda found: [each.status for each in found] == ["COMPLETED"],
    )
    assert history[0].task_id
    assert [each.trigger_id for each in triggers.list_triggers_0().results] == [made.trigger_id]
    triggers.delete_trigger(made.trigger_id)
    with pytest.raises(NotFoundException):
        triggers.get_trigger(made.trigger_id)


def test_a_cron_expression_that_is_none_is_refused_by_name(noticed: Space) -> None:
    request = {
        "action_type": "retriever_execution",
        "action_config": {"retriever_id": "unlabelled"},
        "trigger_type": "cron",
        "schedule_config": {"cron_expression": "every day at three"},
    }
    with pytest.raises(ApiException) as refusal:
        noticed.api("TriggersApi").create_trigger(model("SharedTriggersModelsCreateTriggerRequest", request))
    assert "cron_expression" in json.dumps(json.loads(refusal.value.body))


def test_the_feed_is_followed_by_its_cursor(noticed: Space) -> None:
    events = noticed.api("EventsApi")
    first = events.list_events(limit=1, event_type="collection.created", namespace_id=noticed.namespace)
    assert [each.operation for each in first.results] == ["insert"]
    seen: list[Any] = []
    cursor, more = None, True
    while more:
        page = events.list_events(limit=3, cursor=cursor, namespace_id=noticed.namespace)
        seen += page.results
        cursor, more = page.next_cursor, page.has_more
    assert len({each.seq for each in seen}) == len(seen)
    assert "object.created" in {each.event_type for each in seen}
    noticed.upload(NAME, "wrench")
    later = wait_for(lambda: events.list_events(cursor=cursor, namespace_id=noticed.namespace).results, bool)
    assert not {each.seq for each in later} & {each.seq for each in seen}
