"""The bare tokenizers + onnxruntime loop that text_extractor is measured against, run as a process of its own.

`python -m tests.performance.bare_texts MODEL_FOLDER TEXTS` prints the texts per second of the fastest of three forms:
a single-threaded session per core with one text at a time, the same with sorted batches of 8, and one session with all
cores and sorted batches of 8.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

from services.extractor.manifest import MANIFEST, TextManifest
from tests.performance.texts import texts

CORES = len(os.sched_getaffinity(0))
BATCH = 8
WARM = 8
TRIAL = 128


class Bare:
    """A tokenizer and a session, without anything around them."""

    def __init__(self, folder: Path, threads: int) -> None:
        manifest = TextManifest.model_validate_json((folder / MANIFEST).read_bytes())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        file = folder / manifest.file
        self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / manifest.input.tokenizer))
        self._tokenizer.enable_truncation(manifest.input.max_tokens)
        self._tokenizer.no_padding()
        self._inputs = [each.name for each in self._session.get_inputs()]
        self._output = manifest.output

    def tokenise(self, text: str) -> Encoding:
        """The tokens of a text."""
        return self._tokenizer.encode(text)

    def embed(self, batch: Sequence[Encoding]) -> None:
        """Pads to the longest, infers, takes the mean over the tokens and brings it to unit norm."""
        ids = np.zeros((len(batch), max(len(each.ids) for each in batch)), np.int64)
        mask = np.zeros_like(ids)
        for row, each in enumerate(batch):
            ids[row, : len(each.ids)] = each.ids
            mask[row, : len(each.ids)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run([self._output], {name: feed[name] for name in self._inputs})[0]
        mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        mean /= np.linalg.norm(mean, axis=1, keepdims=True)

    def run(self, contents: Sequence[str], size: int) -> None:
        """Embeds all of them, in batches of texts of like length."""
        tokens = sorted((self.tokenise(text) for text in contents), key=lambda each: len(each.ids))
        for start in range(0, len(tokens), size):
            self.embed(tokens[start : start + size])


def rate(run: Callable[[Sequence[str]], None], contents: Sequence[str]) -> float:
    """Texts per second, after a few to warm up."""
    run(contents[:WARM])
    started = time.perf_counter()
    run(contents)
    return len(contents) / (time.perf_counter() - started)


def per_core(folder: Path, contents: Sequence[str], size: int) -> float:
    """A thread and a single-threaded session per core."""
    bare = [Bare(folder, 1) for _ in range(CORES)]

    def run(given: Sequence[str]) -> None:
        with ThreadPoolExecutor(CORES) as pool:
            list(pool.map(lambda number: bare[number].run(given[number::CORES], size), range(CORES)))

    return rate(run, contents)


def together(folder: Path, contents: Sequence[str]) -> float:
    """One session with all cores."""
    bare = Bare(folder, CORES)
    return rate(lambda given: bare.run(given, BATCH), contents)


def main() -> None:
    """Prints the rate of the form that is fastest on a few of the texts; the three of the trial go to stderr."""
    folder, contents = Path(sys.argv[1]), texts(int(sys.argv[2]))
    forms: dict[str, Callable[[Sequence[str]], float]] = {
        "one at a time": lambda given: per_core(folder, given, 1),
        "batches": lambda given: per_core(folder, given, BATCH),
        "one session": lambda given: together(folder, given),
    }
    trial = {name: form(contents[:TRIAL]) for name, form in forms.items()}
    print(", ".join(f"{name} {found:.1f}" for name, found in trial.items()), file=sys.stderr)
    print(forms[max(trial, key=lambda name: trial[name])](contents))


if __name__ == "__main__":
    main()
