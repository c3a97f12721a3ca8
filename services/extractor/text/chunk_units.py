"""Text cut into the units that a chunk counts in, with nothing lost: joined, the units are the text. Pure.

ICU knows characters (grapheme clusters), words and sentences of every script; markdown-it knows which `#` is a heading.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from icu4py.breakers import CharacterBreaker, SentenceBreaker, WordBreaker
from markdown_it import MarkdownIt

# The keyword keeps "Mr. Smith" in one sentence.
SENTENCES = "@ss=standard"
# As Markdown knows them: Python's own splitlines ends lines at more characters.
LINES = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
PARAGRAPH_ENDS = re.compile(r"\n(?:[^\S\n]*\n)+")

Split = Callable[[str, str], Sequence[str]]


def characters(text: str, language: str) -> Sequence[str]:
    """Grapheme clusters: what a reader calls a character."""
    return list(CharacterBreaker(text, language))


def words(text: str, language: str) -> Sequence[str]:
    """Words, each with the spaces and punctuation that follow it."""
    return _attach(list(WordBreaker(text, language)), lambda piece: any(map(str.isalnum, piece)))


def sentences(text: str, language: str) -> Sequence[str]:
    """Sentences, each with the blank lines that follow it."""
    return _attach(list(SentenceBreaker(text, language + SENTENCES)), lambda piece: not piece.isspace())


def paragraphs(text: str, _: str) -> Sequence[str]:
    """What blank lines part, each with those that follow it."""
    return _joined(text, [match.end() for match in PARAGRAPH_ENDS.finditer(text)])


def sections(text: str, _: str) -> Sequence[str]:
    """Markdown: a heading and all under it up to the next heading of any level."""
    lines = LINES.findall(text)
    tokens = MarkdownIt().disable("inline").parse(text)
    headings = [token.map[0] for token in tokens if token.type == "heading_open" and token.level == 0 and token.map]
    return _joined(lines, headings)


def page(text: str, _: str) -> Sequence[str]:
    """The page itself."""
    return [text] if text else []


SPLITS: Mapping[str, Split] = {
    "characters": characters,
    "words": words,
    "sentences": sentences,
    "paragraphs": paragraphs,
    "pages": page,
    "markdown": sections,
}


def _attach(pieces: Sequence[str], begins: Callable[[str], bool]) -> Sequence[str]:
    """Joins what begins no unit to the unit before it; what comes before the first belongs to the first."""
    units: list[list[str]] = []
    begun = True
    for piece in pieces:
        if units and (not begun or not begins(piece)):
            units[-1].append(piece)
            begun = begun or begins(piece)
        else:
            units.append([piece])
            begun = begins(piece)
    return ["".join(unit) for unit in units]


def _joined(pieces: Sequence[str], starts: Sequence[int]) -> Sequence[str]:
    """Units that begin at the pieces of these numbers, and one before them if there is something."""
    bounds = pairwise([0, *starts, len(pieces)])
    return [unit for first, last in bounds if (unit := "".join(pieces[first:last]))]
