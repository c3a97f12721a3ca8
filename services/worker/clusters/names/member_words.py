"""What the members of groups say of them: labels that they carry, words that they share. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import log1p
from typing import Any

from icu4py.breakers import WordBreaker

from services.common.extractors.passthrough import lookup
from services.common.labels.label_values import label_value

# Longer values are texts, not labels.
LONGEST_LABEL = 60
LONGEST_TEXT = 2_000
SHORTEST_WORD = 3
# A word that stands for a group is in this share of its members at least.
LEAST_SHARE = 0.15
MOST_KEYWORDS = 5
LABEL_WORDS = 3

Fields = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Member:
    """A document of a group: its fields, and which of them are labels."""

    document_id: str
    fields: Fields
    label_fields: tuple[str, ...] = ()


def shared_label(members: Sequence[Member], paths: Sequence[str]) -> str | None:
    """The value that most of those agree on that have one, in the first field where there is such a value."""
    for path in paths:
        votes = Counter(label for member in members if (label := label_in(lookup(member.fields, path))))
        if votes and (best := votes.most_common(1)[0])[1] * 2 > votes.total():
            return best[0]
    return None


def label_in(value: Any) -> str | None:
    """The value as a label; None for what is no label, such as a text, an address or a list of several things."""
    if isinstance(value, list) and len(value) == 1:
        return label_in(value[0])
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = " ".join(str(label_value(value) or "").split())
    return text if text and len(text) <= LONGEST_LABEL and not _is_address(text) else None


def word_counts(members: Iterable[Member], paths: Sequence[str]) -> Counter[str]:
    """In how many of the members each word is; without paths, the words of all their texts count."""
    counts: Counter[str] = Counter()
    for member in members:
        values = [lookup(member.fields, path) for path in paths] if paths else list(member.fields.values())
        counts.update({word for value in values for text in texts_in(value) for word in words_of(text)})
    return counts


def telling_words(counts: Sequence[Counter[str]], sizes: Sequence[int]) -> list[tuple[str, ...]]:
    """For each group the words that are in many of its members and in few of the others', the best first."""
    everywhere: Counter[str] = Counter()
    for each in counts:
        everywhere.update(each)
    average = everywhere.total() / max(len(counts), 1)
    return [_telling(each, size, everywhere, average) for each, size in zip(counts, sizes, strict=True)]


def _telling(counts: Counter[str], size: int, everywhere: Counter[str], average: float) -> tuple[str, ...]:
    """Class-based tf-idf: how often here, by how seldom at large."""
    least = 1 if size == 1 else max(2, round(size * LEAST_SHARE))
    weights = {
        word: count / size * log1p(average / everywhere[word]) for word, count in counts.items() if count >= least
    }
    return tuple(sorted(weights, key=lambda word: (-weights[word], word))[:MOST_KEYWORDS])


def label_of_words(words: Sequence[str]) -> str | None:
    """A label made of the first words; None where there are none."""
    return ", ".join(words[:LABEL_WORDS]).capitalize() or None


def texts_in(value: Any) -> Iterator[str]:
    """The texts of a value, those inside lists too, without addresses."""
    if isinstance(value, str) and not _is_address(value):
        yield value[:LONGEST_TEXT]
    elif isinstance(value, list):
        for item in value[:100]:
            yield from texts_in(item)


def words_of(text: str) -> Iterator[str]:
    """The words of a text in any script, in small letters, without numbers and those that say nothing."""
    for piece in WordBreaker(text, "und"):
        word = piece.strip().lower()
        shortest = SHORTEST_WORD if word.isascii() else SHORTEST_WORD - 1
        if len(word) >= shortest and any(map(str.isalpha, word)) and word not in _empty_words():
            yield word


@cache
def _empty_words() -> frozenset[str]:
    """What says nothing even of a single group, where no other shows that everybody says it."""
    return frozenset((resources.files(__package__ or "") / "empty_words.txt").read_text().split())


def _is_address(text: str) -> bool:
    return "://" in text or text.startswith(("data:", "/v1/", "www."))
