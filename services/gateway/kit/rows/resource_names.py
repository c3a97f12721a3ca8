"""Names of resources: finding what a field of a request names, and the error for a name that is taken."""

import asyncpg

from services.common.database.find_resources import get_row
from services.common.database.pool import Executor
from services.common.errors import AlreadyExistsError, NotFoundError


async def named(db: Executor, kind: str, namespace_id: str, identifier: str, path: str) -> asyncpg.Record:
    """The row of what the field at `path` names; NotFoundError names both."""
    try:
        return await get_row(db, kind, namespace_id, identifier)
    except NotFoundError as error:
        message = f"{path}: no {kind} '{identifier}' in this namespace."
        raise NotFoundError(message, resource=kind, id=identifier, path=path) from error


def name_taken(resource: str, name: str) -> AlreadyExistsError:
    """The error for a name that another resource of the kind has."""
    article = "An" if resource[0] in "aeiou" else "A"
    return AlreadyExistsError(f"{article} {resource} named '{name}' exists already.", resource=resource, name=name)
