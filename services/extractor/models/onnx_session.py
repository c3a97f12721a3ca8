"""onnxruntime sessions: which providers, how many threads."""

from pathlib import Path

import onnxruntime
import structlog

PREFERRED = ("CUDAExecutionProvider", "CPUExecutionProvider")
CPU = "CPUExecutionProvider"
log = structlog.get_logger()


def open_session(file: Path, *, unpacks: bool = False) -> onnxruntime.InferenceSession:
    """Opens a network with one thread per run: on CPUs several runs at once beat one run on all cores by a fifth.

    With `unpacks`, weights that lie in the file in 8 bits are unpacked now, and not in every run.
    """
    options = session_options()
    if unpacks:
        options.add_session_config_entry("session.disable_quant_qdq", "1")
    wanted = preferred_providers()
    session = onnxruntime.InferenceSession(str(file), options, providers=wanted)
    log.info("session.opened", file=str(file), wanted=wanted, providers=session.get_providers())
    return session


def session_options() -> onnxruntime.SessionOptions:
    """One thread per run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return options


def preferred_providers() -> list[str]:
    """An accelerator if there is one, then the CPU."""
    available = onnxruntime.get_available_providers()
    return [provider for provider in PREFERRED if provider in available]
