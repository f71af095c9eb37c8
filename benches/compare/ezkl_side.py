"""ezkl on one model: settings, keys, proof, each step a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from measure import Process, Stopped, accuracy, cost, repeat, run

STEP = Path(__file__).with_name("ezkl_step.py")


@dataclass(frozen=True)
class Size:
    """Sizes that ezkl can be told; None leaves its own."""

    decomp_base: int | None = None
    decomp_legs: int | None = None
    scale: int | None = None


@dataclass(frozen=True)
class Setting:
    """What ezkl is told beyond its defaults."""

    what: str
    target: str = "resources"
    input_visibility: str = "private"
    sizes: tuple[Size, ...] = (Size(),)
    """Of several the one with the fewest rows counts, the earliest of equals, if it keeps to `MAX_ERROR`."""


# What Verilens' import aims at too: the largest error on the sample, as a share of the span of the outputs.
MAX_ERROR = 0.01
SMALL = (Size(), Size(1 << 10, 2), Size(1 << 9, 3), Size(1 << 9, 3, 7))
SETTINGS = {
    "default": Setting("as its documentation shows, calibrated for `resources`"),
    "accuracy": Setting("calibrated for `accuracy`", target="accuracy"),
    "tuned": Setting("`resources`; of four sizes of range table and scale the one with the fewest rows", sizes=SMALL),
    "hashed": Setting("`default`, and the input's Poseidon hash is public", input_visibility="hashed"),
    "tuned-hashed": Setting("`tuned`, and the input's Poseidon hash is public", input_visibility="hashed", sizes=SMALL),
}


@dataclass(frozen=True)
class Context:
    """What both systems are given."""

    name: str
    model: Path
    sample: Path
    expected: list[list[float]]
    """The float model's outputs for the sample."""
    folder: Path
    """For this model; may be deleted afterwards."""
    cache: Path
    """For what is the same in every run: reference strings."""
    runs: int
    slow_s: float
    limit_s: float
    environment: dict[str, str]
    say: Callable[[str], None]


class Steps:
    def __init__(self, context: Context, folder: Path) -> None:
        self.context = context
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, step: str, **arguments: object) -> tuple[Process, dict[str, Any]]:
        command: list[str | Path] = [sys.executable, STEP, step, "--folder", self.folder]
        for name, value in arguments.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        environment = {**self.context.environment, "EZKL_REPO_PATH": str(self.context.cache / "ezkl")}
        log = self.folder / f"{step}.log"
        process = run(f"ezkl {step}", command, log=log, limit_s=self.context.limit_s, environment=environment)
        return process, json.loads((self.folder / f"{step}.result.json").read_text())


def measure(
    context: Context, setting: Setting, folder: Path, known: Iterable[tuple[str, dict[str, Any]]] = ()
) -> dict[str, Any]:
    """Figures of ezkl. Of `known`, figures of other settings, those for the same circuit are given again."""
    figures: dict[str, Any] = {"setting": setting.what, "stopped": None}
    try:
        steps_of(context, setting, Steps(context, folder), figures, known)
    except Stopped as stopped:
        context.say(f"  {stopped}")
        figures["stopped"] = stopped.told()
    finally:
        (folder / "proving.key").unlink(missing_ok=True)  # up to gigabytes
    return figures


def choose(context: Context, setting: Setting, steps: Steps, figures: dict[str, Any]) -> dict[str, Any]:
    """Calibrates and compiles, for each size, and leaves the best one's files in the folder."""

    def make(size: Size) -> dict[str, Any]:
        arguments: dict[str, object] = {"target": setting.target, "input_visibility": setting.input_visibility}
        arguments |= {name: value for name, value in vars(size).items() if value is not None}
        process, circuit = steps.run("settings", model=context.model, input=context.sample, **arguments)
        figures["settings_s"] = round(figures.get("settings_s", 0.0) + process.wall_s, 3)
        process, _ = steps.run("compile", model=context.model)
        figures["compile_s"] = round(process.wall_s, 3)
        return circuit

    best, found, last = setting.sizes[0], make(setting.sizes[0]), setting.sizes[0]
    for size in setting.sizes[1:]:
        last = size
        try:
            circuit = make(size)
            if circuit["k"] >= found["k"]:
                continue
            _, witness = steps.run("witness", input=context.sample)
        except Stopped as stopped:
            context.say(f"  {size}: {stopped.why}")
            continue
        error = accuracy(witness["outputs"], context.expected)
        if error is not None and error["worst_share_of_span"] <= MAX_ERROR:
            best, found = size, circuit
    return found if best is last else make(best)


def steps_of(
    context: Context,
    setting: Setting,
    steps: Steps,
    figures: dict[str, Any],
    known: Iterable[tuple[str, dict[str, Any]]],
) -> None:
    folder = steps.folder
    nothing, _ = steps.run("nothing")
    figures["nothing_peak_mb"] = round(nothing.peak_mb, 1)

    context.say("  settings and calibration")
    circuit = choose(context, setting, steps, figures)
    figures["k"] = circuit["k"]
    figures["circuit"] = circuit
    for name, other in known:
        if other.get("circuit") == circuit:
            context.say(f"  the same circuit as {name}, not measured again")
            kept = ("setting", "settings_s", "compile_s", "nothing_peak_mb")
            figures |= {key: value for key, value in other.items() if key not in kept}
            figures["same_circuit_as"] = name
            return

    srs = context.cache / f"ezkl-{circuit['k']}.srs"
    if not srs.exists():
        context.say(f"  reference string for 2^{circuit['k']} rows, for tests only (kept for the next time)")
        steps.run("srs", srs=srs, k=circuit["k"])

    context.say("  keys")
    repeated = repeat(context.runs, context.slow_s, lambda: steps.run("setup", srs=srs))
    figures |= cost("setup", [p for p, _ in repeated])
    figures["setup_s"] = round(median(result["call_s"] for _, result in repeated), 3)
    figures["vk_bytes"] = (folder / "verifying.key").stat().st_size
    figures["pk_bytes"] = (folder / "proving.key").stat().st_size
    compiled = (folder / "model.compiled").stat().st_size
    figures["prover_bytes"] = figures["pk_bytes"] + compiled + srs.stat().st_size

    context.say("  witness and proof")
    witness, result = steps.run("witness", input=context.sample)
    figures["witness_s"] = round(result["call_s"], 3)
    figures["outputs"] = result["outputs"]
    figures |= cost("witness", [witness])
    repeated = repeat(context.runs, context.slow_s, lambda: steps.run("prove", srs=srs))
    figures |= cost("prove", [p for p, _ in repeated])
    results = [result for _, result in repeated]
    # Its own log says how long the proof took once keys are read; if it says nothing, the whole call counts.
    figures["prove_s"] = round(median(r["proof_s"] or r["call_s"] for r in results), 3)
    figures["prove_all_s"] = [round(r["proof_s"] or r["call_s"], 3) for r in results]
    call = median(r["call_s"] for r in results)
    figures["files_to_proof_s"] = round(figures["witness_s"] + call, 3)
    figures["proof_bytes"] = results[0]["proof_bytes"]

    _, result = steps.run("verify", srs=srs)
    figures["verify_s"] = round(result["call_s"], 4)
