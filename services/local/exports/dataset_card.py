"""The data set's card: what is in it, who labelled it, how it was divided, what was left out. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from services.local.exports.export_request import Wanted
from services.local.exports.survey import Survey

WORDS = {"human": "a person", "import": "came with the data", "auto": "a machine", "nobody": "no label"}
CONFIGS: Mapping[str, str] = {"csv": "data.csv", "jsonl": "data.jsonl"}
SPLIT_WORDS = frozenset(
    {*("train", "training", "validation", "valid", "dev", "val", "test", "testing", "eval", "evaluation")}
)


def card(wanted: Wanted, survey: Survey, splits: Sequence[str | None], warnings: Sequence[str], now: datetime) -> str:
    """README.md; the licence is the owner's to fill in."""
    return "\n".join((*_head(wanted), *_body(wanted, survey, splits, warnings, now))) + "\n"


def _head(wanted: Wanted) -> Iterator[str]:
    """What Hugging Face reads: which file is the data where it would not find it by itself."""
    if wanted.format in CONFIGS:
        yield from ("---", "configs:", "- config_name: default", f"  data_files: {CONFIGS[wanted.format]}", "---", "")


def _body(
    wanted: Wanted, survey: Survey, splits: Sequence[str | None], warnings: Sequence[str], now: datetime
) -> Iterator[str]:
    yield from (f"# {wanted.collection}", "")
    yield f"{len(splits)} documents, exported by Likeness on {now.astimezone(UTC):%Y-%m-%d} as {wanted.format}."
    yield from ("", "Licence: (fill in)", "", "## Labels", "", f"Field `{survey.label_field}`.", "")
    yield from _counts(survey, splits, tuple(wanted.splits))
    yield from ("", "## Who set them", "", "| who | documents |", "|---|---|")
    yield from (f"| {WORDS[who]} | {count} |" for who, count in survey.set_by.most_common())
    if survey.models:
        yield from (
            "",
            f"Models: {', '.join(sorted(survey.models))}. Taxonomies: {', '.join(sorted(survey.taxonomies))}.",
        )
        yield f"Thresholds: {', '.join(f'{each:g}' for each in sorted(survey.thresholds)) or 'none'}."
    yield from ("", _chosen(wanted), *_divided(wanted))
    if survey.skipped:
        yield from ("", "## Left out", "", "| why | documents |", "|---|---|")
        reasons = Counter(reason.partition(":")[0] for _, reason in survey.skipped)
        yield from (f"| {_cell(reason)} | {count} |" for reason, count in reasons.most_common())
        yield from ("", "Each of them stands in `skipped.csv`.")
    if warnings:
        yield from ("", "## Mind", "", *(f"- {each}" for each in warnings))


def _counts(survey: Survey, splits: Sequence[str | None], names: Sequence[str]) -> Iterator[str]:
    counts = Counter(zip(survey.labels, splits, strict=True))
    columns: Sequence[str | None] = names or (None,)
    yield f"| label | {' | '.join(name or 'documents' for name in columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for label in sorted(set(survey.labels)):
        told = " | ".join(str(counts[label, name]) for name in columns)
        yield f"| {_cell(label) if label else '(none)'} | {told} |"


def _chosen(wanted: Wanted) -> str:
    if wanted.human_only:
        return "Only labels that a person set, or that came with the data."
    least = f" of a confidence of at least {wanted.least_confidence:g}" if wanted.least_confidence else ""
    return f"Labels of people, of imports, and of machines{least}."


def _divided(wanted: Wanted) -> Iterator[str]:
    if wanted.splits:
        told = ", ".join(f"{name} {share:g}" for name, share in wanted.splits.items())
        yield ""
        yield f"Divided label by label ({told}), by content: the same set is divided the same way again."
        yield "Copies, near copies and what came of one object are on one side."


def warnings_of(wanted: Wanted, survey: Survey, splits: Sequence[str | None]) -> list[str]:
    """What whoever reads the set should know."""
    found = []
    labels = sorted(set(survey.labels) - {""})
    seen = set(zip(survey.labels, splits, strict=True))
    for name in wanted.splits:
        missing = [label for label in labels if (label, name) not in seen]
        if missing:
            found.append(
                f"{name} has nothing of {len(missing)} labels, such as '{missing[0]}': they have too few documents."
            )
    if wanted.format == "folder":
        found += _folder_warnings(labels, wanted)
    return found


def _folder_warnings(labels: Sequence[str], wanted: Wanted) -> Iterator[str]:
    if any(wanted.separator in label for label in labels):
        yield "Labels of several parts are folders in folders: torchvision reads the outermost; parquet keeps all."
    if not wanted.splits and (taken := [label for label in labels if label.lower() in SPLIT_WORDS]):
        yield f"Hugging Face takes the folder '{taken[0]}' for a split; parquet does not have this trouble."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
