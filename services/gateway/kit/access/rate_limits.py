"""How many requests a minute each key may make; counted by this process alone, so N gateways allow N times as many."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

WINDOW_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """Where a key stands: `reset` is in seconds from now, when `remaining` grows again."""

    limit: int
    remaining: int
    reset: int
    is_exceeded: bool

    def headers(self) -> dict[str, str]:
        """As every answer shows it."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
            "X-RateLimit-Window": str(WINDOW_SECONDS),
        }


class RateLimits:
    """A moving window of a minute for each key."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def hit(self, key_id: str, per_minute: int) -> Allowance:
        """Counts one request of a key."""
        item = RateLimitItemPerMinute(per_minute)
        granted = await self._limiter.hit(item, key_id)
        window = await self._limiter.get_window_stats(item, key_id)
        reset = max(1, math.ceil(window.reset_time - time.time()))
        return Allowance(limit=per_minute, remaining=window.remaining, reset=reset, is_exceeded=not granted)
