"""What is done again and again for triggers."""

from services.common.database.pool import Pool
from services.worker.kit.loops import Loop
from services.worker.triggers.event_counter import Counter
from services.worker.triggers.execution_outcomes import Outcomes
from services.worker.triggers.scheduler import Scheduler

SECONDS_BETWEEN = 0.5
# A condition that takes long to measure keeps no other trigger waiting.
LANES = 2


def trigger_loops(pool: Pool) -> tuple[Loop, ...]:
    """Counting events, firing what is due, hearing how it ended."""
    scheduler = Scheduler(pool)
    names = (f"trigger schedule-{number}" for number in range(LANES))
    return (
        Loop(name="trigger events", step=Counter(pool).step, seconds=SECONDS_BETWEEN),
        *(Loop(name=name, step=scheduler.step, seconds=SECONDS_BETWEEN) for name in names),
        Loop(name="trigger outcomes", step=Outcomes(pool).step, seconds=SECONDS_BETWEEN),
    )
