"""Users; every one of these routes takes a key with the permission `admin`."""

from typing import Annotated

from fastapi import Query

from services.gateway.kit.context import Caller
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.shapes import Deleted
from services.gateway.organization.users import store
from services.gateway.organization.users.shapes import User, UserCreate, UserList, UserPatch, UserQuery, to_user

router = routes_of("Users", "/organizations/users")


@router.post("")
async def create_user(form: UserCreate, gateway: Caller) -> User:
    """Creates a user, who can then own keys."""
    return to_user(await store.create_user(gateway.pool, form.model_dump()))


@router.get("")
async def list_users(gateway: Caller, query: Annotated[UserQuery, Query()]) -> UserList:
    """Lists users, oldest first."""
    rows = await store.list_users(gateway.pool, query.role, query.status, query.limit, query.skip)
    return UserList(results=[to_user(row) for row in rows], skip=query.skip, limit=query.limit)


@router.get("/{user_email}")
async def get_user(user_email: str, gateway: Caller) -> User:
    """One user."""
    return to_user(await store.get_user(gateway.pool, user_email))


@router.patch("/{user_email}")
async def update_user(user_email: str, form: UserPatch, gateway: Caller) -> User:
    """Changes what is given; keys follow at once."""
    row = await store.update_user(gateway.pool, user_email, form.model_dump(exclude_none=True))
    gateway.keys.forget()
    return to_user(row)


@router.delete("/{user_email}")
async def delete_user(user_email: str, gateway: Caller) -> Deleted:
    """Deletes a user with all their keys."""
    await store.delete_user(gateway.pool, user_email)
    gateway.keys.forget()
    return Deleted(message=f"Deleted user {user_email}.")
