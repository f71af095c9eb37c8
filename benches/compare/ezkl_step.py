"""One step of ezkl, in this process alone; run by compare.py within the virtual environment.

The result goes to FOLDER/STEP.result.json: ezkl writes what it likes to standard output.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezkl


class Taken(logging.Handler):
    """Reads from ezkl's log how long proving took, without reading keys."""

    seconds: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        found = re.fullmatch(r"proof took ([0-9]+(?:\.[0-9]+)?)", record.getMessage().strip())
        if found:
            self.seconds = float(found[1])


def settings(a: argparse.Namespace) -> dict[str, Any]:
    run_args = ezkl.PyRunArgs()
    run_args.input_visibility = a.input_visibility
    run_args.output_visibility = "public"
    run_args.param_visibility = "fixed"
    if a.decomp_base:
        run_args.decomp_base = a.decomp_base
    if a.decomp_legs:
        run_args.decomp_legs = a.decomp_legs
    path = str(a.folder / "settings.json")
    done(ezkl.gen_settings(str(a.model), path, py_run_args=run_args))
    scales = None if a.scale is None else [a.scale]
    done(ezkl.calibrate_settings(str(a.input), str(a.model), path, a.target, scales=scales))
    chosen = json.loads(Path(path).read_text())
    kept = (
        "input_visibility",
        "input_scale",
        "param_scale",
        "scale_rebase_multiplier",
        "decomp_base",
        "decomp_legs",
        "num_inner_cols",
    )
    return {
        "k": chosen["run_args"]["logrows"],
        "rows": chosen["num_rows"],
        "assignments": chosen["total_assignments"],
        **{name: chosen["run_args"][name] for name in kept},
    }


def compile_circuit(a: argparse.Namespace) -> dict[str, Any]:
    done(ezkl.compile_circuit(str(a.model), str(a.folder / "model.compiled"), str(a.folder / "settings.json")))
    return {}


def srs(a: argparse.Namespace) -> dict[str, Any]:
    part = a.srs.with_suffix(".part")
    ezkl.gen_srs(str(part), a.k)
    part.rename(a.srs)
    return {}


def setup(a: argparse.Namespace) -> dict[str, Any]:
    f = a.folder
    return timed(
        lambda: done(
            ezkl.setup(str(f / "model.compiled"), str(f / "verifying.key"), str(f / "proving.key"), str(a.srs))
        )
    )


def witness(a: argparse.Namespace) -> dict[str, Any]:
    path = a.folder / "witness.json"
    result = timed(lambda: ezkl.gen_witness(str(a.input), str(a.folder / "model.compiled"), str(path)))
    outputs = json.loads(path.read_text())["pretty_elements"]["rescaled_outputs"]
    return {**result, "outputs": [[float(value) for value in output] for output in outputs]}


def prove(a: argparse.Namespace) -> dict[str, Any]:
    taken = Taken()
    log = logging.getLogger("ezkl.pfsys")
    log.setLevel(logging.INFO)
    log.addHandler(taken)
    f = a.folder
    result = timed(
        lambda: ezkl.prove(
            str(f / "witness.json"), str(f / "model.compiled"), str(f / "proving.key"), str(f / "proof"), str(a.srs)
        )
    )
    proof = json.loads((f / "proof").read_text())
    return {**result, "proof_s": taken.seconds, "proof_bytes": len(proof["proof"])}


def verify(a: argparse.Namespace) -> dict[str, Any]:
    f = a.folder
    return timed(
        lambda: done(ezkl.verify(str(f / "proof"), str(f / "settings.json"), str(f / "verifying.key"), str(a.srs)))
    )


def nothing(_: argparse.Namespace) -> dict[str, Any]:
    """Only imports ezkl: what every other step's memory begins with."""
    return {}


STEPS = {
    "nothing": nothing,
    "settings": settings,
    "compile": compile_circuit,
    "srs": srs,
    "setup": setup,
    "witness": witness,
    "prove": prove,
    "verify": verify,
}


def done(answer: object) -> None:
    if answer is not True:
        raise SystemExit(f"ezkl answered {answer!r}")


def timed(call: Callable[[], object]) -> dict[str, Any]:
    start = time.perf_counter()
    call()
    return {"call_s": time.perf_counter() - start}


def die_first() -> None:
    """If memory runs out, this process ends and not what else runs on the machine (Linux)."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--input", type=Path)
    parser.add_argument("--srs", type=Path)
    parser.add_argument("--k", type=int)
    parser.add_argument("--target", default="resources")
    parser.add_argument("--input-visibility", default="private")
    parser.add_argument("--decomp-base", type=int)
    parser.add_argument("--decomp-legs", type=int)
    parser.add_argument("--scale", type=int)
    a = parser.parse_args()
    die_first()
    result = STEPS[a.step](a)
    (a.folder / f"{a.step}.result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
