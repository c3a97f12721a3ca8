"""From vectors to the points that are clustered, and to the picture."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from services.common.errors import InvalidArgumentError
from services.worker.clusters.methods.catalog import Method
from services.worker.clusters.plan.cluster_plan import ClusterPlan, JsonObject
from services.worker.clusters.plan.parameters import Parameters
from services.worker.clusters.plan.progress import Progress
from services.worker.clusters.vectors.neighbours import Neighbours
from services.worker.clusters.vectors.points import Points
from services.worker.clusters.vectors.projections import (
    UMAP_POINTS,
    Layout,
    components,
    pca_step,
    tsne_step,
    umap,
    umap_step,
    whitening_step,
)
from services.worker.clusters.vectors.vectors import Matrix

# Density methods find nothing in 768 dimensions, nor in their principal components; in 10 of UMAP's they do.
WIDE = 32
REDUCED_TO = 10
STEPS_PATH = "vector_config.preprocessing_steps"
TSNE_POINTS = 10_000
PICTURE_MIN_DIST = 0.1
Step = Callable[[Neighbours, Parameters, Progress], Matrix]
STEPS: Mapping[str, Step] = MappingProxyType(
    {"umap": umap_step, "tsne": tsne_step, "pca": pca_step, "whitening": whitening_step}
)
LAYOUTS = ("umap", "tsne")


def check_steps(plan: ClusterPlan) -> None:
    """Refuses a step that there is not."""
    for number, step in enumerate(plan.preprocessing):
        if step.get("method", "umap") not in ("none", *STEPS):
            path = f"{STEPS_PATH}.{number}.method"
            raise InvalidArgumentError(f"{path} must be one of none, {', '.join(STEPS)}.", path=path)


def reduce(plan: ClusterPlan, method: Method, neighbours: Neighbours, progress: Progress) -> Points:
    """The points to cluster: the preprocessing asked for, or what the method cannot do without."""
    if plan.preprocessing:
        return _preprocessed(plan.preprocessing, neighbours, progress)
    count, dimensions = neighbours.matrix.shape
    parameters = Parameters(plan.parameters, STEPS_PATH)
    least = method.reduces_from
    if least is None or count < max(least, UMAP_POINTS) or dimensions <= WIDE or parameters.differs(method.distances):
        return Points(matrix=neighbours.matrix)
    progress.metrics |= {"reduced_by": "umap", "reduced_to": REDUCED_TO, "reduced_by_default": True}
    return Points(matrix=umap(neighbours, Layout(dimensions=REDUCED_TO)), reduced=True)


def picture(plan: ClusterPlan, points: Points, neighbours: Neighbours) -> Matrix | None:
    """Coordinates (n, 2 or 3): the points themselves if they are a layout of that size; None if none is wanted."""
    dimensions = plan.vis_n_components
    if dimensions is None:
        return None
    if points.reduced and points.matrix.shape[1] == dimensions:
        return points.matrix
    if len(points) < UMAP_POINTS:
        return components(neighbours.matrix, dimensions)
    return umap(neighbours, Layout(dimensions=dimensions, min_dist=PICTURE_MIN_DIST))


def _preprocessed(steps: tuple[JsonObject, ...], neighbours: Neighbours, progress: Progress) -> Points:
    reduced = False
    for number, step in enumerate(steps):
        name = step.get("method", "umap")
        if name != "none":
            matrix = STEPS[name](neighbours, Parameters(step, f"{STEPS_PATH}.{number}"), progress)
            neighbours, reduced = Neighbours(matrix), name in LAYOUTS
            progress.metrics |= {"reduced_by": name, "reduced_to": matrix.shape[1]}
    return Points(matrix=neighbours.matrix, reduced=reduced)


def most_points(plan: ClusterPlan, method: Method) -> int:
    """How many vectors can be reduced and clustered at once."""
    has_tsne = any(step.get("method") == "tsne" for step in plan.preprocessing)
    limits = (plan.sample_limit, method.most_points, TSNE_POINTS if has_tsne else None)
    return max(min(limit for limit in limits if limit is not None), 1)
