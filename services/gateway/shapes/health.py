"""Health."""

from typing import Literal

from services.gateway.shapes.base import Answer


class Health(Answer):
    """Whether each part works."""

    status: Literal["healthy", "unhealthy"]
    services: dict[str, Literal["ok", "unavailable"]]


class Liveness(Answer):
    """This process lives."""

    status: Literal["alive"] = "alive"
