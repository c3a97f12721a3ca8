"""The calls of the `mixpeek` client that are not served: why, and what to use instead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

PARAMETER = re.compile(r"\{[^}]*\}")
EVERY = "*"


@dataclass(frozen=True)
class UnservedCall:
    """One matter that is left out; `paths` are its paths under /v1, `instead` a whole sentence.

    A path may begin with a method; `{}` stands for one segment, and a path ending in `/*` for all below it as well.
    """

    what: str
    paths: tuple[str, ...]
    why: str
    instead: str

    @cached_property
    def _patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple(_pattern(path) for path in self.paths)

    def covers(self, method: str, path: str) -> bool:
        """Whether a call, whose path is without /v1, is one of these."""
        return any(allowed in (EVERY, method) and pattern.fullmatch(path) for allowed, pattern in self._patterns)


def _pattern(path: str) -> tuple[str, re.Pattern[str]]:
    method, _, place = path.rpartition(" ")
    below = place.endswith("/*")
    parts = [re.escape(part) for part in PARAMETER.split(place.removesuffix("/*"))]
    return method or EVERY, re.compile("[^/]+".join(parts) + ("(/.*)?" if below else ""))


def unserved_call(method: str, path: str) -> UnservedCall | None:
    """What is said of a call that is not served; None for one that the client does not have either."""
    place = path.removeprefix("/v1").rstrip("/")
    return next((each for each in UNSERVED_CALLS if each.covers(method, place)), None)


def table() -> Iterator[str]:
    """The rows of the table of docs/contract.md."""
    for each in UNSERVED_CALLS:
        paths = ", ".join(f"`{path}`" for path in each.paths)
        yield f"| {each.what} | {paths} | {each.why} | {each.instead} |"


UNSERVED_CALLS = (
    UnservedCall(
        "Synchronisation of buckets with other stores",
        (
            "/buckets/{}/syncs/*",
            "/buckets/{}/source-adapter/*",
            "/organizations/connections/*",
            "/analytics/buckets/{}/sync-comparison",
            "/analytics/buckets/{}/sync-performance",
        ),
        "nothing is fetched behind its user's back",
        "Upload objects whose blobs are URLs or s3:// addresses; their bytes are mirrored once.",
    ),
    UnservedCall(
        "Access control per document",
        ("/collections/{}/documents/{}/acl",),
        "it is no part of labelling",
        "Give each party a namespace and keys with scopes: POST /organizations/users/{email}/api-keys.",
    ),
    UnservedCall(
        "Storage tiers and schemas of collections",
        ("/collections/{}/lifecycle", "/collections/{}/sync-schema"),
        "all documents are stored alike, and the schema follows the bucket by itself",
        "GET /collections/{c} shows the schema.",
    ),
    UnservedCall(
        "Tiers and prices of batches",
        ("/buckets/{}/batches/{}/tiers/*", "/buckets/{}/batches/{}/estimate-cost"),
        "our batches have one tier, and no price",
        "Use POST /buckets/{b}/batches/{id}/retry or POST /buckets/{b}/batches/{id}/cancel; "
        "GET /buckets/{b}/batches/{id}/diagnose says what failed.",
    ),
    UnservedCall(
        "Prices, credits, invoices",
        (
            "/organizations/billing/*",
            "/organizations/credits",
            "/organizations/infrastructure/*",
            "/billing/*",
            "/analytics/usage/summary",
            "/organizations/usage",
            "/organizations/api-keys/{}/usage/*",
        ),
        "a self-hosted server has no prices",
        "GET /namespaces/{n}/stats and GET /analytics/namespaces/summary count what is stored and done.",
    ),
    UnservedCall(
        "Alerts of the whole organization",
        ("/organizations/alerts/*",),
        "an alert watches the namespace that it is in",
        "Use POST /alerts in each namespace.",
    ),
    UnservedCall(
        "Audit log of the organization",
        ("/organizations/audit/*",),
        "not kept apart from the events",
        "GET /events is a feed of every change.",
    ),
    UnservedCall(
        "Requests of data subjects",
        ("/organizations/dsar/*",),
        "the database is yours",
        "Delete objects with DELETE /buckets/{b}/objects/{id}, or a whole namespace with DELETE /namespaces/{n}.",
    ),
    UnservedCall(
        "Secrets and targets of the organization",
        ("/organizations/secrets/*", "/organizations/targets"),
        "no stage calls other services",
        "Secrets of webhooks and alerts are set with their channels and stored encrypted.",
    ),
    UnservedCall(
        "Performance of the hosted engine",
        (
            "/analytics/performance/*",
            "/analytics/retrievers/{}/cache-performance",
            "/analytics/retrievers/{}/signals",
            "/analytics/retrievers/{}/analyze-tuning",
        ),
        "these figures describe the hosted service's engine, caches and searchers",
        "Use GET /analytics/retrievers/{r}/performance, POST /retrievers/{r}/evaluations and GET /health/deep.",
    ),
    UnservedCall(
        "Indexes of fields",
        (
            "/analytics/indexes/*",
            "/analytics/namespaces/indexes/*",
            "/analytics/namespaces/fields/*",
            "/analytics/namespaces/queries/slow",
        ),
        "one index covers every field, so that nobody has to learn which fields need one",
        "Nothing has to be done: every field can be filtered and sorted.",
    ),
    UnservedCall(
        "Benchmarks, interactions, keys and publishing of retrievers",
        (
            "/retrievers/benchmarks/*",
            "/retrievers/interactions/*",
            "/retrievers/{}/evaluations/generate-from-interactions",
            "/retrievers/{}/api-keys/*",
            "/retrievers/{}/publish/*",
            "/retrievers/publish/*",
            "/retrievers/published",
            "/public/retrievers/*",
        ),
        "retrievers are for labelling; searchers are not recorded, and nothing is published",
        "Compare retrievers with POST /retrievers/{r}/evaluations; keys of a user can be limited to reading.",
    ),
    UnservedCall(
        "Steps of taxonomies over time",
        ("/taxonomies/{}/analytics/*",),
        "labels are no steps of a process",
        "GET /analytics/taxonomies/{t}/assignments, GET /analytics/taxonomies/{t}/confidence and "
        "GET /analytics/taxonomies/{t}/false-positives tell of labels.",
    ),
    UnservedCall(
        "Templates and scaffolds",
        ("/templates/*", "/public/templates/*"),
        "a resource is made from its JSON in one call",
        "Clone with POST /collections/{c}/clone, POST /retrievers/{r}/clone or POST /taxonomies/{t}/clone.",
    ),
    UnservedCall(
        "Manifests",
        ("/manifest/*", "/discovery/schema"),
        "there are no manifests: resources are made one by one",
        "Read a resource with GET and make it elsewhere with POST; /openapi.json has the schemas.",
    ),
    UnservedCall(
        "Cloning, migrating, snapshots of namespaces",
        ("/namespaces/{}/clone", "/namespaces/migrations/*", "/namespaces/{}/snapshots/*"),
        "PostgreSQL does it",
        "Dump the database and copy the blob store; the index rebuilds itself.",
    ),
    UnservedCall(
        "Namespaces of vectors alone",
        (
            "/namespaces/standalone",
            "/namespaces/{}/promote/*",
            "GET /namespaces/{}/documents/{}",
            "/namespaces/{}/documents/upsert",
        ),
        "every vector is made by the extractor that its collection names, so that labels can be explained",
        "Upload objects to a bucket.",
    ),
    UnservedCall(
        "Models and extractors of your own through REST",
        (
            "/models/*",
            "/namespaces/{}/models/*",
            "/inference",
            "GET /extractors",
            "/extractors/install",
            "/extractors/submissions/*",
            "/extractors/{}/publish",
            "/public/extractors/*",
        ),
        "models are files of the operator's, not of a caller's",
        "Put models into the models folder (docs/models.md); GET /collections/features/extractors lists them.",
    ),
    UnservedCall(
        "Agents and search over resources",
        ("/agents/*", "/resources/search", "/onboarding/*", "/quickstart/*"),
        "nothing here converses",
        "Each kind of resource has a list with search, such as POST /retrievers/list.",
    ),
    UnservedCall(
        "Apps and marketplace",
        ("/apps/*", "/public/apps/*", "/marketplace/*"),
        "they belong to the hosted service's shop",
        "Run your program beside Likeness, with a key of its own.",
    ),
    UnservedCall(
        "Notifications, support, sign-up",
        ("/notifications/*", "/public/notifications/*", "/support/*", "/signup/*"),
        "they belong to the hosted service's customers",
        "Webhooks and alerts notify: POST /organizations/webhooks, POST /alerts.",
    ),
)
