"""Asking the taxonomy service, which runs them, whether stages are right."""

from collections.abc import Sequence
from typing import Any

import orjson

from likeness.taxonomy.v1 import taxonomy_pb2
from services.common.errors import InvalidArgumentError
from services.common.grpc.client import call
from services.gateway.kit.dependencies import Gateway


async def check_stages(gateway: Gateway, stages: Sequence[dict[str, Any]]) -> None:
    """Asks the taxonomy service."""
    request = taxonomy_pb2.CheckRetrieverRequest(stages_json=orjson.dumps(stages).decode())
    try:
        await call(gateway.taxonomy.CheckRetriever, request, seconds=gateway.settings.rpc_timeout)
    except InvalidArgumentError as error:
        raise in_body(error) from error


def in_body(error: InvalidArgumentError) -> InvalidArgumentError:
    """The same error, its path seen from the request: `stages.0.config` is `body.stages.0.config`."""
    path = error.details.get("path", "stages")
    path = path if path.startswith(("body.", "query.")) else f"body.{path}"
    details = {name: value for name, value in error.details.items() if name != "path"}
    return InvalidArgumentError(error.message, reason=error.reason, path=path, **details)
