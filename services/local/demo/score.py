"""How well a round of labelling went."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from services.local.demo.photos import Photo


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one photo: its label or None, how sure, and the name of the photo that decided."""

    object_id: str
    photo: Photo
    label: str | None
    confidence: float
    decided_by: str | None

    @property
    def right(self) -> bool:
        """Whether it was labelled as what it is."""
        return self.label == self.photo.kind


@dataclass(frozen=True, kw_only=True)
class Score:
    """Counts of one round, and the ratios that follow from them."""

    known: int
    known_labelled: int
    labelled: int
    right: int
    strangers: int
    strangers_unknown: int

    @property
    def coverage(self) -> float:
        """The part of the known kinds' photos that got a label."""
        return self.known_labelled / self.known if self.known else 0.0

    @property
    def accuracy(self) -> float:
        """The part of all labels given that is right; a label given to a stranger is wrong."""
        return self.right / self.labelled if self.labelled else 0.0


def score(outcomes: Sequence[Outcome], known: Collection[str]) -> Score:
    """The score of a round in which the kinds in `known` had examples."""
    familiar = [outcome for outcome in outcomes if outcome.photo.kind in known]
    strangers = [outcome for outcome in outcomes if outcome.photo.kind not in known]
    return Score(
        known=len(familiar),
        known_labelled=sum(outcome.label is not None for outcome in familiar),
        labelled=sum(outcome.label is not None for outcome in outcomes),
        right=sum(outcome.right for outcome in outcomes),
        strangers=len(strangers),
        strangers_unknown=sum(outcome.label is None for outcome in strangers),
    )
