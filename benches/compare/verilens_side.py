"""Verilens on one model, through its command line, each step a process of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ezkl_side import Context
from measure import Process, Stopped, cost, repeat, run


def measure(context: Context, program: Path, arrays: Path, folder: Path, *, lean: bool) -> dict[str, Any]:
    """Figures of Verilens. `arrays` holds the sample, NAME.npy for each input."""
    figures: dict[str, Any] = {"lean": lean, "stopped": None}
    try:
        steps_of(context, program, arrays, folder, figures)
    except Stopped as stopped:
        context.say(f"  {stopped}")
        figures["stopped"] = stopped.told()
    return figures


def steps_of(context: Context, program: Path, arrays: Path, folder: Path, figures: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    def step(name: str, *arguments: str | Path) -> Process:
        return run(
            f"verilens {name}",
            [program, *arguments],
            log=folder / f"{name.replace(' ', '-')}.log",
            limit_s=context.limit_s,
            environment=context.environment,
        )

    bundle = folder / "model.vlm"
    context.say("  import and calibration")
    schema = f"bench/{context.name}/v1"
    imported = step(
        "model import", "model", "import", context.model, "--schema", schema, "--calibrate", arrays, "-o", bundle
    )
    figures["import_s"] = round(imported.wall_s, 3)
    figures["import_says"] = imported.stdout
    figures["accuracy"] = told_accuracy(imported.stdout, context.expected)

    estimated = step("estimate", "estimate", bundle, "--output", "revealed")
    rows = re.search(r"2\^(\d+)", estimated.stdout)
    if rows is None:
        raise Stopped("verilens estimate", "names no power of two of rows")
    figures["k"] = int(rows[1])
    figures["estimate_says"] = estimated.stdout

    srs = context.cache / f"verilens-{rows[1]}.srs"
    if not srs.exists():
        context.say(f"  reference string for 2^{rows[1]} rows, for tests only (kept for the next time)")
        part = srs.with_suffix(".part")
        step("srs generate", "srs", "generate", "--k", rows[1], "--insecure-for-tests", "-o", part)
        part.rename(srs)

    context.say("  keys")
    keys = folder / "keys"

    def setup() -> tuple[Process, None]:
        return step("setup", "setup", bundle, "--srs", srs, "--output", "revealed", "-o", keys), None

    made = [process for process, _ in repeat(context.runs, context.slow_s, setup)]
    figures |= cost("setup", made)
    figures["setup_s"] = figures["setup_process_s"]
    figures["vk_bytes"] = (keys / "verifying.vlk").stat().st_size
    # It is derived from the model and the reference string whenever it is needed.
    figures["pk_bytes"] = 0
    figures["prover_bytes"] = bundle.stat().st_size + srs.stat().st_size + figures["vk_bytes"]

    context.say("  proof")
    # It makes a reference string, issuer, holder and a signed capture of random bytes, and one process derives keys and proves.
    arguments = ["--lean"] if figures["lean"] else []
    bench = step(
        "bench", "bench", "--model", bundle, "--output", "revealed", "--json", "--runs", str(context.runs), *arguments
    )
    told = parse(bench.stdout)
    figures["bench"] = told
    figures["prove_s"] = told["prove_s"]
    figures["prove_all_s"] = told.get("prove_runs_s", [told["prove_s"]])
    figures["prove_runs"] = len(figures["prove_all_s"])
    # While proving, with keys in memory: as the process of ezkl that reads its keys and proves.
    if (peak := told.get("prove_peak_rss_mb") or told.get("peak_rss_mb")) is not None:
        figures["prove_peak_mb"] = peak
    figures["files_to_proof_s"] = round(told["keygen_s"] + told["prove_s"], 3)
    figures["proof_bytes"] = told["proof_bytes"]
    if "verify_ms" in told:
        figures["verify_s"] = round(told["verify_ms"] / 1e3, 4)


def told_accuracy(says: str, expected: list[list[float]]) -> dict[str, Any] | None:
    """What the import says of its integers against the float model that sees the sample as given, in the form of `accuracy`."""
    found = re.findall(
        r"^output .*; with the inputs' rounding ([0-9.e+-]+)(?:, agreement ([0-9.]+) %)?$", says, re.MULTILINE
    )
    if len(found) != len(expected):
        return None
    spans = [max(output) - min(output) or 1.0 for output in expected]
    return {
        "worst_share_of_span": max(float(worst) / span for (worst, _), span in zip(found, spans, strict=True)),
        "same_choice": all(float(agreement or 100) == 100 for _, agreement in found),
    }


def parse(text: str) -> dict[str, Any]:
    """The one case of what `bench --json` prints."""
    wanted = ("prove_s", "proof_bytes", "keygen_s")
    try:
        told = json.loads(text)
    except json.JSONDecodeError as error:
        raise Stopped("verilens bench", f"printed no JSON: {error}") from error
    cases = told.get("cases") if isinstance(told, dict) else None
    if not isinstance(cases, list) or len(cases) != 1 or not isinstance(cases[0], dict):
        raise Stopped("verilens bench", "expected one object with a list `cases` of one")
    if missing := [name for name in wanted if name not in cases[0]]:
        raise Stopped("verilens bench", f"its case lacks {', '.join(missing)}")
    return dict(cases[0])
