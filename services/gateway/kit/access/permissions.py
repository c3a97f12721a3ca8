"""What a key may do: one permission for each method and route, everywhere or in some namespaces alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

READ, WRITE, DELETE, ADMIN = "read", "write", "delete", "admin"
EVERYTHING = frozenset({READ, WRITE, DELETE, ADMIN})
ROLES: Mapping[str, frozenset[str]] = {
    "admin": EVERYTHING,
    "member": frozenset({READ, WRITE, DELETE}),
    "viewer": frozenset({READ}),
}
OPERATIONS: Mapping[str, str] = {
    "read_data": READ,
    "write_data": WRITE,
    "delete_data": DELETE,
    "manage_permissions": ADMIN,
}
BY_METHOD: Mapping[str, str] = {"GET": READ, "HEAD": READ, "OPTIONS": READ, "DELETE": DELETE}
ADMINISTRATION = ("/organizations/users", "/organizations/users/")
QUESTIONS = (
    *("/list", "/list/batch", "/batch-get", "/search", "/distinct", "/aggregate", "/count", "/explain"),
    *("/typeahead", "/stats/batch", "/score", "/schema/validate", "/import/infer", "/import/validate-mapping"),
)
RUNNERS = ("/retrievers", "/taxonomies")
DELETIONS = ("/objects/bulk-soft-delete",)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Restricts a key to the namespaces whose id or name matches `pattern` (`*` and `?`), with these permissions.

    With a `namespace_id` it is for this one alone, whatever others are called.
    """

    pattern: str
    permissions: frozenset[str]
    namespace_id: str | None = None

    def covers(self, namespace_id: str, name: str) -> bool:
        """Whether it is for this namespace."""
        if self.namespace_id is not None:
            return self.namespace_id == namespace_id
        return any(fnmatchcase(text, self.pattern) for text in (namespace_id, name))


@dataclass(frozen=True, kw_only=True)
class CallerKey:
    """The key of a request; `namespaces` is None for a key that may use all of them."""

    key_id: str
    name: str
    user_email: str | None
    permissions: frozenset[str]
    namespaces: Mapping[str, frozenset[str]] | None
    rate_limit: int | None
    allowed_origins: tuple[str, ...]
    expires_at: datetime | None

    def may(self, permission: str, namespace_id: str | None = None) -> bool:
        """Whether the key allows this, in this namespace where one is named; `admin` includes the others."""
        granted = self.permissions
        if namespace_id is not None and self.namespaces is not None:
            granted &= self.namespaces.get(namespace_id, frozenset())
        return permission in granted or ADMIN in granted

    def accepts(self, origin: str) -> bool:
        """Whether a page of this origin may use the key; requests without an Origin are no browser's."""
        return not origin or not self.allowed_origins or any(fnmatchcase(origin, each) for each in self.allowed_origins)


def needed(method: str, path: str) -> str:
    """The permission that a route asks for; `path` is its template without the version."""
    if path.startswith(ADMINISTRATION) or (path == "/organizations" and method != "GET"):
        return ADMIN
    if method in BY_METHOD:
        return BY_METHOD[method]
    if path.endswith(DELETIONS):
        return DELETE
    return READ if method == "POST" and _only_asks(path) else WRITE


def _only_asks(path: str) -> bool:
    return path.endswith(QUESTIONS) or (path.startswith(RUNNERS) and "/execute" in path)


def reach(scopes: Iterable[Scope], namespaces: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Namespace id -> what the scopes allow there, of namespaces given as (id, name)."""
    listed = list(scopes)
    found: dict[str, frozenset[str]] = {}
    for namespace_id, name in namespaces:
        matching = [each for each in listed if each.covers(namespace_id, name)]
        if matching:
            found[namespace_id] = frozenset().union(*(each.permissions for each in matching))
    return found
