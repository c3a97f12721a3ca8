"""What a channel's template makes of an event; where it fails, the default is sent and the delivery says so."""

import asyncio
from collections.abc import Callable
from typing import Any

from services.common.errors import LikenessError
from services.common.templates import render
from services.worker.webhooks.channels.default_body import MOST_BYTES, encoded
from services.worker.webhooks.channels.response_outcome import shortened
from services.worker.webhooks.delivery_types import JsonObject


async def rendered(
    template: Any, body: JsonObject, name: str, read: Callable[[Any], Any] = lambda value: value
) -> tuple[Any, str | None]:
    """The template's value as `read` understands it, or None and why it cannot be used.

    It is rendered beside the loop: a template may take its time. `read` raises ValueError.
    """
    try:
        value = read(await asyncio.to_thread(render, template, body, name))
        if len(encoded(value)) > MOST_BYTES:
            return None, f"{name}: it becomes longer than {MOST_BYTES} bytes. The default was sent."
    except LikenessError as error:
        return None, shortened(f"{error.message} The default was sent.")
    except (TypeError, ValueError) as error:
        return None, shortened(f"{name}: it does not give what can be sent: {error}. The default was sent.")
    return value, None
