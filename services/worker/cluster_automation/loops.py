"""What is done again and again for clusters that run by themselves."""

from services.common.database.pool import Pool
from services.worker.cluster_automation.changes import Changes
from services.worker.cluster_automation.starting import Starter
from services.worker.loops import Loop

SECONDS_BETWEEN = 0.5


def automation_loops(pool: Pool) -> tuple[Loop, ...]:
    """Following the events, and starting what is due."""
    return (
        Loop(name="cluster changes", step=Changes(pool).step, seconds=SECONDS_BETWEEN),
        Loop(name="cluster starts", step=Starter(pool).step, seconds=SECONDS_BETWEEN),
    )
