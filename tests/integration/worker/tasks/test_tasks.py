"""Tasks end in one of their states, whatever becomes of their handler."""

import asyncio

import pytest

from services.common.database.evaluations import EVALUATION
from services.common.database.pool import Pool
from services.common.database.tasks.create_task import NewTask, TaskJob, create_task, request_cancel
from services.common.errors import NotFoundError, UnavailableError
from services.worker.kit.task import Done, Handler, Task
from services.worker.tasks.runner import TaskRunner

ATTEMPTS = 3


async def new_task(pool: Pool) -> str:
    """A task of the kind `work`, as a gateway stores it."""
    async with pool.acquire() as connection, connection.transaction():
        new = NewTask(kind="work", task_type="materialize", namespace_id=None, inputs={"rows": 3})
        return await create_task(connection, new)


async def evaluation(pool: Pool) -> str:
    """A task that runs a retriever."""
    async with pool.acquire() as connection, connection.transaction():
        inputs = {"evaluation_id": "eval_1", "retriever_id": "ret_1"}
        new = NewTask(kind=EVALUATION, task_type="api_evaluations_run", namespace_id="ns_1", inputs=inputs)
        return await create_task(connection, new)


async def row_of(pool: Pool, task_id: str) -> dict[str, object]:
    row = await pool.fetchrow("SELECT * FROM tasks WHERE task_id = $1", task_id)
    assert row is not None
    return dict(row)


def runner(pool: Pool, handler: Handler) -> TaskRunner:
    return TaskRunner(pool, {"work": handler}, max_attempts=ATTEMPTS, retry_base=0.01)


async def test_a_task_that_works_ends_completed_with_its_progress_and_outputs(pool: Pool) -> None:
    async def work(task: Task) -> Done:
        await task.progress(done=2)
        await task.progress(done=task.inputs["rows"])
        return Done(outputs={"rows": 3})

    task_id = await new_task(pool)
    assert await runner(pool, work).run(TaskJob(task_id=task_id)) is None
    row = await row_of(pool, task_id)
    assert (row["status"], row["additional_data"], row["outputs"]) == ("COMPLETED", {"done": 3}, {"rows": 3})


async def test_a_second_run_goes_on_from_the_progress_of_the_first(pool: Pool) -> None:
    async def work(task: Task) -> Done:
        if "done" not in task.additional_data:
            await task.progress(done=1)
            raise RuntimeError("the worker stumbles")
        return Done(outputs=task.additional_data, had_errors=True)

    task_id = await new_task(pool)
    assert await runner(pool, work).run(TaskJob(task_id=task_id)) is not None
    assert await runner(pool, work).run(TaskJob(task_id=task_id)) is None
    row = await row_of(pool, task_id)
    assert (row["status"], row["outputs"]) == ("COMPLETED_WITH_ERRORS", {"done": 1})


async def test_a_fault_of_ours_is_tried_a_bounded_number_of_times(pool: Pool) -> None:
    async def work(_: Task) -> Done:
        raise ZeroDivisionError

    task_id = await new_task(pool)
    delays = [await runner(pool, work).run(TaskJob(task_id=task_id)) for _ in range(ATTEMPTS)]
    assert [delay is None for delay in delays] == [False, False, True]
    row = await row_of(pool, task_id)
    assert row["status"] == "FAILED"
    assert "ZeroDivisionError" in str(row["error"])


@pytest.mark.parametrize(
    ("error", "status", "attempts"),
    [(NotFoundError.of("collection", "col_x"), "FAILED", 1), (UnavailableError("away"), "IN_PROGRESS", 0)],
)
async def test_an_answer_is_final_and_an_outage_costs_nothing(
    pool: Pool, error: Exception, status: str, attempts: int
) -> None:
    async def work(_: Task) -> Done:
        raise error

    task_id = await new_task(pool)
    await runner(pool, work).run(TaskJob(task_id=task_id))
    row = await row_of(pool, task_id)
    assert (row["status"], row["attempts"]) == (status, attempts)


async def test_a_running_task_stops_where_it_reports_progress(pool: Pool) -> None:
    async def work(task: Task) -> Done:
        await request_cancel(pool, task.task_id)
        await task.progress(done=1)
        raise AssertionError("it went on")

    task_id = await new_task(pool)
    assert await runner(pool, work).run(TaskJob(task_id=task_id)) is None
    row = await row_of(pool, task_id)
    assert (row["status"], row["additional_data"]) == ("CANCELED", {"done": 1})


async def test_a_task_that_waits_is_canceled_at_once_and_never_runs(pool: Pool) -> None:
    async def work(_: Task) -> Done:
        raise AssertionError("it ran")

    task_id = await new_task(pool)
    assert await request_cancel(pool, task_id) == "CANCELED"
    assert await runner(pool, work).run(TaskJob(task_id=task_id)) is None


async def test_a_drained_worker_gives_the_attempt_back(pool: Pool) -> None:
    gate = asyncio.Event()

    async def work(_: Task) -> Done:
        gate.set()
        await asyncio.sleep(600)
        return Done(outputs={})

    task_id = await new_task(pool)
    running = asyncio.create_task(runner(pool, work).run(TaskJob(task_id=task_id)))
    await gate.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    row = await row_of(pool, task_id)
    assert (row["status"], row["attempts"]) == ("IN_PROGRESS", 0)


@pytest.mark.parametrize(
    ("fault", "event_type"),
    [(None, "resource.executed"), (NotFoundError.of("retriever", "ret_1"), "resource.execution_failed")],
)
async def test_what_a_task_ran_is_told_once_however_often_it_runs(
    pool: Pool, fault: Exception | None, event_type: str
) -> None:
    async def work(_: Task) -> Done:
        if fault is not None:
            raise fault
        return Done(outputs={})

    task_id = await evaluation(pool)
    for _ in range(2):
        await TaskRunner(pool, {EVALUATION: work}, max_attempts=1, retry_base=0.01).run(TaskJob(task_id=task_id))
    [event] = await pool.fetch("SELECT * FROM events")
    assert (event["event_type"], event["subject_type"], event["subject_id"]) == (event_type, "retriever", "ret_1")
    assert (event["payload"]["task_id"], event["payload"]["evaluation_id"]) == (task_id, "eval_1")
