"""Generates the gRPC stubs (package `likeness`) from protos/, into the folder given (default: the repository)."""

import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
BIN = Path(sys.executable).parent


def generate(target: Path) -> None:
    """Writes `<target>/likeness/**` with messages, services and their types."""
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    command = [f"-I{PROTOS}", f"-I{well_known}", f"--python_out={target}", f"--grpc_python_out={target}"]
    command += [f"--plugin=protoc-gen-{name}={BIN / f'protoc-gen-{name}'}" for name in ("mypy", "mypy_grpc")]
    command += [f"--mypy_out=quiet:{target}", f"--mypy_grpc_out=quiet,async_only:{target}"]
    if protoc.main(["protoc", *command, *sources]) != 0:
        raise SystemExit("protoc failed")
    add_packages(target / "likeness")


def add_packages(root: Path) -> None:
    """Makes every folder of stubs a typed package, and drops the empty service modules."""
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir() and path.name != "__pycache__")]:
        (folder / "__init__.py").touch()
    (root / "py.typed").touch()
    for stub in root.rglob("*_pb2_grpc.py"):
        if not stub.with_name(stub.name.replace("_grpc", "")).stem.endswith("_service_pb2"):
            stub.unlink()
            stub.with_suffix(".pyi").unlink(missing_ok=True)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
