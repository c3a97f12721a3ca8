"""Labels whose evidence changed where nobody waited for an answer: a task is made for them."""

from services.common.database.pool import Pool
from services.common.database.taxonomies.decide_again import decide_waiting
from services.worker.kit.loops import Loop

SECONDS_BETWEEN = 1.0
MOST = 10_000


class Corrections:
    """Looks for them again and again."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def step(self) -> bool:
        """One look; whether there may be more."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await decide_waiting(connection, MOST) == MOST


def correction_loops(pool: Pool) -> tuple[Loop, ...]:
    """What the worker repeats for them."""
    return (Loop(name="corrections", step=Corrections(pool).step, seconds=SECONDS_BETWEEN),)
