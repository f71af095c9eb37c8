"""Ratios, and the tables that people read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# Name in the report, title, unit.
FIGURES = (
    ("prove_s", "proving alone", "s"),
    ("files_to_proof_s", "from files to the proof", "s"),
    ("prove_peak_mb", "peak memory, proving", "MB"),
    ("setup_s", "making keys", "s"),
    ("setup_peak_mb", "peak memory, making keys", "MB"),
    ("proof_bytes", "proof", "B"),
    ("vk_bytes", "verifying key", "B"),
    ("pk_bytes", "proving key, stored", "B"),
    ("prover_bytes", "all that a prover stores", "B"),
    ("verify_s", "verifying", "s"),
)
# The figure that a step gives first: if the step took too long, its limit is a lower bound of it.
BOUNDED = {"ezkl setup": ("setup_s",), "ezkl prove": ("prove_s", "files_to_proof_s")}


def ratios(ezkl: dict[str, Any], verilens: dict[str, Any]) -> dict[str, float | None]:
    """ezkl / Verilens for each figure that both have; none where Verilens has 0."""
    both: dict[str, float | None] = {}
    for name, _, _ in FIGURES:
        theirs, ours = ezkl.get(name), verilens.get(name)
        if theirs is not None and ours is not None:
            both[name] = round(theirs / ours, 2) if ours else None
    return both


def at_least(figures: dict[str, Any], name: str) -> float | None:
    """The lower bound of a figure whose step was stopped for its time."""
    stopped = figures.get("stopped")
    if stopped and stopped.get("limit_s") and name in BOUNDED.get(stopped["step"], ()):
        return float(stopped["limit_s"])
    return None


def number(value: float, unit: str) -> str:
    if unit == "B":
        return f"{value:,.0f}"
    if unit == "MB" or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def cell(figures: dict[str, Any], name: str, unit: str) -> str:
    if (value := figures.get(name)) is not None:
        return "none" if name == "pk_bytes" and value == 0 else f"{number(value, unit)} {unit}"
    if (bound := at_least(figures, name)) is not None:
        return f"> {number(bound, unit)} {unit}"
    return "–"


def ratio_cell(ezkl: dict[str, Any], verilens: dict[str, Any], name: str) -> str:
    ours = verilens.get(name)
    if not ours:
        return "–"
    if (theirs := ezkl.get(name)) is not None:
        return f"{theirs / ours:.2g}×" if theirs / ours < 10 else f"{theirs / ours:,.0f}×"
    if (bound := at_least(ezkl, name)) is not None:
        return f"> {bound / ours:,.0f}×"
    return "–"


def accuracy_cell(figures: dict[str, Any]) -> str:
    found = figures.get("accuracy")
    if found is None:
        return "–"
    return f"{found['worst_share_of_span']:.2%}, {'same' if found['same_choice'] else 'ANOTHER'} choice"


def markdown(rows: Iterable[list[str]]) -> str:
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def of_model(model: dict[str, Any]) -> str:
    """One table for a model: a column for each system and setting, and ratios."""
    if "failed" in model:
        return f"{model['name']}: {model['failed']}"
    verilens = model.get("verilens")
    settings: dict[str, dict[str, Any]] = model.get("ezkl", {})
    head = [model["name"]] + [f"ezkl, {name}" for name in settings]
    if verilens is not None:
        head += ["Verilens"] + [f"ratio, {name}" for name in settings]

    def row(title: str, cells: list[str], last: list[str]) -> list[str]:
        return [title, *cells, *(last if verilens is not None else [])]

    everyone = [*settings.values(), *([verilens] if verilens is not None else [])]
    none = ["–"] * len(settings)
    rows = [head]
    rows.append(
        [
            "rows, worst error",
            *[f"2^{f['k']}, {accuracy_cell(f)}" if "k" in f else "–" for f in everyone],
            *(none if verilens is not None else []),
        ]
    )
    for name, title, unit in FIGURES:
        cells = [cell(figures, name, unit) for figures in everyone]
        last = [ratio_cell(figures, verilens, name) for figures in settings.values()] if verilens is not None else []
        rows.append([title, *cells, *last])
    text = markdown(rows)
    for name, figures in [*((f"ezkl, {n}", f) for n, f in settings.items()), ("Verilens", verilens or {})]:
        if stopped := figures.get("stopped"):
            text += f"\n{name}: {stopped['step']} {stopped['why']}"
        if other := figures.get("same_circuit_as"):
            text += f"\n{name}: the same circuit as {other}"
    return text


STATEMENTS = """\
ezkl proves: I know an input for which this model gives this output.
Verilens proves more: an issuer of a given set signed that input for this holder, not before a given time; the nullifier is
right for holder and scope; and this model gives this output for it. Hashing the input and checking the signature are within
its figures. Of ezkl's settings `hashed` comes nearest: its proof names the input's hash, but nobody signed it."""


def of_report(report: dict[str, Any]) -> str:
    machine, versions = report["machine"], report["versions"]
    names = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    parts = [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:.0f} GB, {machine['system']}; "
        f"{report['threads']} threads; load {machine['load_before']:.1f} before, {machine['load_after']:.1f} after\n{names}",
        *(of_model(model) for model in report["models"]),
    ]
    if any(model.get("verilens") is not None for model in report["models"]):
        parts.append(STATEMENTS)
    return "\n\n".join(parts)
