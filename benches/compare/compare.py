"""Proves the same ONNX models with ezkl and with Verilens, on this machine in one run, and prints what each needed and the ratios.

In every case the input is private, the model is public and fixed, the output is revealed. README.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import ezkl_side
import table
import verilens_side
from ezkl_side import SETTINGS, Context
from measure import Stopped, accuracy, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODELS = HERE / "models"


def target() -> Path:
    # As cargo takes it: relative to where this is called.
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def arguments() -> argparse.Namespace:
    names = sorted(path.stem for path in MODELS.glob("*.onnx"))
    parser = argparse.ArgumentParser(
        prog="benches/compare/run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="ezkl settings:\n"
        + "\n".join(f"  {name:<12} {setting.what}" for name, setting in SETTINGS.items())
        + "\n\nexamples:\n  benches/compare/run\n  benches/compare/run --models bc_mlp --ezkl default,accuracy,tuned,hashed --runs 5\n"
        "  benches/compare/run --show target/compare/report.json\n\n"
        "exit status: 0 done (steps that hit the time limit included), 1 something failed to run, 2 usage",
    )

    def some(what: str, known: list[str], text: str) -> list[str]:
        chosen = [word for word in text.split(",") if word]
        if unknown := [word for word in chosen if word not in known]:
            raise argparse.ArgumentTypeError(f"{what} {', '.join(unknown)}: there are {', '.join(known)}")
        return chosen

    def positive(text: str) -> int:
        if not text.isdecimal() or int(text) < 1:
            raise argparse.ArgumentTypeError("expected a number above 0")
        return int(text)

    systems = ["ezkl", "verilens"]
    parser.add_argument(
        "--models",
        type=lambda t: some("model", names, t),
        default=names,
        metavar="A,B",
        help=f"of {MODELS.relative_to(ROOT)} (default: {','.join(names)})",
    )
    parser.add_argument(
        "--systems",
        type=lambda t: some("system", systems, t),
        default=systems,
        metavar="A,B",
        help="default: ezkl,verilens",
    )
    parser.add_argument(
        "--ezkl",
        type=lambda t: some("setting", list(SETTINGS), t),
        default=["default", "tuned"],
        metavar="A,B",
        help="ezkl's settings, listed below (default: default,tuned)",
    )
    parser.add_argument(
        "--runs", type=positive, default=3, metavar="N", help="keys and proofs made; the median counts (default: 3)"
    )
    parser.add_argument(
        "--slow", type=positive, default=60, metavar="SECONDS", help="what takes longer is run once (default: 60)"
    )
    parser.add_argument(
        "--limit",
        type=positive,
        default=900,
        metavar="SECONDS",
        help="for each step; what takes longer is ended and said to have (default: 900)",
    )
    parser.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        default=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        help="of both systems (default: the cores that this process may use)",
    )
    parser.add_argument(
        "--cached",
        action="store_true",
        help="Verilens keeps what is the same in every proof: faster, more memory; default: as `verilens prove` does",
    )
    parser.add_argument("--verilens", type=Path, metavar="PROGRAM", help="default: built with cargo from this tree")
    parser.add_argument("--keep", action="store_true", help="keep each step's files and logs, proving keys left out")
    parser.add_argument(
        "--report",
        type=Path,
        default=target() / "compare" / "report.json",
        metavar="FILE",
        help="JSON with every figure (default: target/compare/report.json)",
    )
    parser.add_argument(
        "--show", type=Path, metavar="FILE", help="print the tables of a report that was made before, run nothing"
    )
    return parser.parse_args()


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def build() -> Path:
    say("building verilens")
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target())}
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "verilens"], cwd=ROOT, env=environment, check=True)
    return target() / "release" / "verilens"


def machine() -> dict[str, Any]:
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions(program: Path | None, systems: list[str]) -> dict[str, str | None]:
    def of(command: list[str | Path]) -> str | None:
        try:
            answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return answer.stdout.strip()

    def installed(package: str) -> str | None:
        try:
            return version(package)
        except PackageNotFoundError:
            return None

    told = of([program, "--version"]) if program else None
    return {
        "verilens": told.removeprefix("verilens ") if told else None,
        "commit": of(["git", "describe", "--always", "--dirty", "--exclude", "*"]) if "verilens" in systems else None,
        "ezkl": installed("ezkl"),
        "onnxruntime": installed("onnxruntime"),
        "python": platform.python_version(),
    }


def one_model(name: str, options: argparse.Namespace, program: Path | None) -> dict[str, Any]:
    folder = target() / "compare" / "work" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    cache = target() / "compare" / "srs"
    cache.mkdir(parents=True, exist_ok=True)
    environment = {"RAYON_NUM_THREADS": str(options.threads)}
    onnx, sample = MODELS / f"{name}.onnx", MODELS / f"{name}.input.json"
    data = onnx.read_bytes()
    model: dict[str, Any] = {"name": name, "onnx_bytes": len(data), "onnx_sha256": hashlib.sha256(data).hexdigest()}

    say(f"{name}: the float model")
    arrays, reference = folder / "samples", folder / "reference.json"
    command: list[str | Path] = [sys.executable, HERE / "reference.py", "--model", onnx, "--input", sample]
    command += ["--arrays", arrays, "--result", reference]
    run("reference", command, log=folder / "reference.log", limit_s=options.limit, environment=environment)
    expected = json.loads(reference.read_text())["outputs"]
    model["float_outputs"] = expected

    context = Context(
        name=name,
        model=onnx,
        sample=sample,
        expected=expected,
        folder=folder,
        cache=cache,
        runs=options.runs,
        slow_s=options.slow,
        limit_s=options.limit,
        environment=environment,
        say=say,
    )
    if "ezkl" in options.systems:
        model["ezkl"] = {}
        for setting in options.ezkl:
            say(f"{name}: ezkl, {setting}: {SETTINGS[setting].what}")
            known = list(model["ezkl"].items())
            model["ezkl"][setting] = ezkl_side.measure(context, SETTINGS[setting], folder / f"ezkl-{setting}", known)
    if program is not None:
        say(f"{name}: Verilens")
        model["verilens"] = verilens_side.measure(
            context, program, arrays, folder / "verilens", lean=not options.cached
        )

    for figures in model.get("ezkl", {}).values():
        figures["accuracy"] = accuracy(figures.get("outputs"), expected)
    if "verilens" in model:
        model["ratios"] = {s: table.ratios(figures, model["verilens"]) for s, figures in model.get("ezkl", {}).items()}
    if not options.keep and not failures(model):
        shutil.rmtree(folder)
    return model


def failures(model: dict[str, Any]) -> list[str]:
    """What failed to run. A step that took too long is a result and no failure."""
    all_figures = [*model.get("ezkl", {}).values(), *([model["verilens"]] if model.get("verilens") else [])]
    stopped = [figures["stopped"] for figures in all_figures if figures.get("stopped")]
    found = [f"{model['name']}: {s['step']}: {s['why']}" for s in stopped if s["limit_s"] is None]
    return found + ([f"{model['name']}: {model['failed']}"] if "failed" in model else [])


def main() -> int:
    options = arguments()
    if options.show:
        print(table.of_report(json.loads(options.show.read_text())))
        return 0
    program = None
    if "verilens" in options.systems:
        program = options.verilens.resolve() if options.verilens else build()
    report: dict[str, Any] = {
        "format": 1,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine(),
        "threads": options.threads,
        "runs": options.runs,
        "limit_s": options.limit,
        "versions": versions(program, options.systems),
        "models": [],
    }
    failed: list[str] = []
    for name in options.models:
        try:
            model = one_model(name, options, program)
        except Stopped as stopped:
            model = {"name": name, "failed": str(stopped)}
        report["models"].append(model)
        failed += failures(model)
        report["machine"]["load_after"] = round(os.getloadavg()[0], 2)
        # After each model: an interrupted run keeps what it has.
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(json.dumps(report, indent=1) + "\n")
    print(table.of_report(report))
    say(f"every figure: {options.report}")
    for line in failed:
        say(f"failed: {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
