"""sample, deduplicate, group_by and unwind: fewer documents, or more of the same."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from services.taxonomy.domain import MOST_ARRANGED, Shuffled, State, Unfetched
from services.taxonomy.stage_parameters import Parameters, invalid
from services.taxonomy.stages.algorithms.duplicates_and_groups import OUTPUT_MODES, Deduplicate, Group, Unwind
from services.taxonomy.stages.algorithms.stratified_sample import STRATEGIES, Sample
from services.taxonomy.stages.base.candidates import ListStage, arranged, fetched
from services.taxonomy.stages.base.stage import Execution, Stage

LARGEST_SEED = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleStage:
    """Draws a sample; before any search it is drawn from every document that passes, by the database."""

    name: str
    sample: Sample
    feature_uris: ClassVar[tuple[str, ...]] = ()

    async def run(self, state: State, execution: Execution) -> State:
        """The sample of each list."""
        if not isinstance(state, Unfetched):
            return await arranged(state, execution, self.sample)
        seed = secrets.token_hex(8) if self.sample.seed is None else str(self.sample.seed)
        shuffled = replace(state, order=Shuffled(seed))
        if not self.sample.stratify_by:
            return await fetched(shuffled, execution, limit=self.sample.count)
        return await arranged(shuffled, execution, self.sample)


def parse_sample(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """count (size, n), strategy (method), stratify_by, min_per_stratum, seed, preserve_top_k."""
    given = Parameters(raw, path)
    strategy = given.choice("strategy", "method", allowed=STRATEGIES, default="random")
    stratify_by = given.field("stratify_by", default="") if strategy == "stratified" else ""
    if strategy == "stratified" and not stratify_by:
        raise invalid("must name the field that a stratified sample keeps the shares of.", f"{path}.stratify_by")
    seed = given.whole("seed", "random_seed", default=-LARGEST_SEED - 1, low=-LARGEST_SEED, high=LARGEST_SEED)
    sample = Sample(
        count=given.whole("count", "size", "n", default=10, high=1000),
        stratify_by=stratify_by,
        min_per_stratum=given.whole("min_per_stratum", default=1, low=0, high=1000),
        seed=None if seed < -LARGEST_SEED else seed,
        preserve=given.whole("preserve_top_k", default=0, low=0, high=MOST_ARRANGED),
    )
    return SampleStage(name=name, sample=sample)


def parse_deduplicate(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """strategy, fields (field), keep."""
    given = Parameters(raw, path)
    fields = given.fields("fields", "field")
    strategy = given.choice("strategy", allowed=("field", "content"), default="field" if fields else "content")
    if strategy == "field" and not fields:
        raise invalid("must name the fields in which duplicates agree.", f"{path}.fields")
    keep = given.choice("keep", allowed=("first", "last"), default="first")
    return ListStage(name=name, arrange=Deduplicate(fields=fields, keep_last=keep == "last"))


def parse_group_by(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """group_by_field (field, group_by), max_per_group, output_mode, limit."""
    return ListStage(name=name, arrange=grouping(Parameters(raw, path), max_per_group=10, most=1000, limit=0))


def grouping(given: Parameters, *, max_per_group: int, most: int, limit: int) -> Group:
    """How to group; the numbers are the defaults and the most that a group may keep."""
    return Group(
        field=given.field("group_by_field", "field", "group_by", default="source_object_id"),
        max_per_group=given.whole("max_per_group", default=max_per_group, high=most),
        output_mode=given.choice("output_mode", allowed=OUTPUT_MODES, default="all"),
        limit=given.whole("limit", "max_groups", default=limit, high=1000),
    )


def parse_unwind(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """field (unwind_field), output_field, preserve_null_and_empty."""
    given = Parameters(raw, path)
    field = given.field("field", "unwind_field")
    unwind = Unwind(
        field=field,
        output_field=given.field("output_field", default=field),
        keep_empty=given.flag("preserve_null_and_empty", default=False),
    )
    return ListStage(name=name, arrange=unwind)
