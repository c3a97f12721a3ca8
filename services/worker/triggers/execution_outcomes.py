"""Hears how executions of triggers ended, from their tasks."""

from services.common.database.pool import Pool
from services.common.database.tasks.create_task import OPEN
from services.common.database.triggers.executions import end
from services.common.triggers.after_execution import FAILED

AT_ONCE = 50
ENDED = """
    SELECT x.trigger_id, x.execution_id, t.status, t.error FROM trigger_executions x LEFT JOIN tasks t USING (task_id)
    WHERE x.ended_at IS NULL AND (t.task_id IS NULL OR t.status <> ALL($1)) ORDER BY x.row_key LIMIT $2"""
LOCK = "SELECT * FROM triggers WHERE trigger_id = $1 FOR UPDATE"
LOST = "Its task is gone."


class Outcomes:
    """The step of a loop."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def step(self) -> bool:
        """Writes down what has ended; whether there may be more."""
        rows = await self._pool.fetch(ENDED, list(OPEN), AT_ONCE)
        for row in rows:
            async with self._pool.acquire() as connection, connection.transaction():
                trigger = await connection.fetchrow(LOCK, row["trigger_id"])
                if trigger is not None:
                    status, error = (row["status"], row["error"]) if row["status"] else (FAILED, LOST)
                    await end(connection, trigger, row["execution_id"], status, error)
        return len(rows) == AT_ONCE
