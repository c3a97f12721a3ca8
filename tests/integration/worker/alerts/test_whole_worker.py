"""Alerts as a whole worker looks at them: from an upload to the receiver, and through the death of the worker."""

from services.common.database.pool import Pool
from tests.integration.worker.alerts.alert_bench import alert_bench, taxonomy_at
from tests.integration.worker.bench import Bench
from tests.integration.worker.processes import start_worker
from tests.integration.worker.webhooks.receivers import receiving
from tests.support.waiting import until

SWEEP_SECONDS = 3600.0
RPC_SECONDS = 3.0


async def has_document(pool: Pool, object_id: str) -> bool:
    found: bool = await pool.fetchval("SELECT EXISTS (SELECT FROM documents WHERE object_id = $1)", object_id)
    return found


async def test_every_rise_reaches_the_receiver_though_the_worker_is_killed_in_between(bench: Bench) -> None:
    local = {"fetch_allow": "127.0.0.0/8", "alert_sweep_seconds": SWEEP_SECONDS, "rpc_timeout": RPC_SECONDS}
    bench.settings = bench.settings.model_copy(update=local)
    await bench.pool.execute("DELETE FROM taxonomies")
    async with (
        receiving() as receiver,
        bench.services(taxonomy=False),
        taxonomy_at(bench.settings),
        alert_bench(bench) as alerts,
    ):
        channel = {"channel_type": "webhook", "config": {"url": receiver.url}}
        config = {"channels": [channel], "include_matches": True, "include_scores": True}
        await alerts.retriever()
        alert_id = await alerts.alert(notification_config=config)

        async def is_quiet() -> bool:
            return not (await alerts.state(alert_id))["is_raised"]

        async def were_told(rises: int) -> bool:
            return len(set(receiver.event_ids)) == rises

        async with bench.worker():
            first = await bench.upload(b"first")
            await until(lambda: were_told(1))
            await alerts.label(first, "shoe")
            await until(is_quiet)
        worker = await start_worker(bench.settings)
        second = await bench.upload(b"second")
        await until(lambda: has_document(bench.pool, second))
        worker.kill()
        await worker.wait()
        async with bench.worker():
            await until(lambda: were_told(2))
        assert len(await alerts.fired(alert_id)) == 2
        assert {call.json["event_type"] for call in receiver.calls} == {"alert.triggered"}
