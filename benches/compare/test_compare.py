"""Tests of what needs neither ezkl nor Verilens: python3 -m unittest discover benches/compare"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, ClassVar

import table
import verilens_side
from compare import failures
from ezkl_side import Context
from measure import Process, Stopped, accuracy, repeat, run

# A program with Verilens' command line that writes files of known sizes and proves nothing.
PROGRAM = """#!{python}
import json, pathlib, sys
words = sys.argv[1:]
def after(flag):
    return words[words.index(flag) + 1]
if words[:2] == ["model", "import"]:
    pathlib.Path(after("-o")).write_bytes(bytes(100))
    print("output y: worst error 1.000e-2 (0.50 % of its range), mean 1e-3, agreement 100.00 %; "
          "with the inputs' rounding 2.000e-2, agreement 100.00 %")
elif words[0] == "estimate":
    print("rows             1,000 of 2^11")
elif words[:2] == ["srs", "generate"]:
    assert after("--k") == "11" and "--insecure-for-tests" in words
    pathlib.Path(after("-o")).write_bytes(bytes(1000))
elif words[0] == "setup":
    pathlib.Path(after("-o")).mkdir(exist_ok=True)
    (pathlib.Path(after("-o")) / "verifying.vlk").write_bytes(bytes(7))
elif words[0] == "bench":
    case = dict(prove_s=0.5, prove_runs_s=[0.4, 0.5, 0.6], keygen_s=0.25, proof_bytes=3000, verify_ms=3.0, prove_peak_rss_mb=50.0)
    print(json.dumps(dict(cases=[case])))
else:
    sys.exit(2)
"""


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_python(self, text: str, limit_s: float = 30) -> Process:
        log = self.folder / "step.log"
        return run("step", [sys.executable, "-c", text], log=log, limit_s=limit_s, environment={"COMPARE_TEST": "yes"})


class Measure(Folder):
    def test_what_a_process_costs(self) -> None:
        held = 200_000_000
        text = f"import os; held = bytearray(b'x') * {held}; sum(range(10**6)); print(os.environ['COMPARE_TEST'])"
        process = self.run_python(text)
        self.assertEqual(process.stdout.strip(), "yes")
        self.assertGreater(process.peak_mb, held / 1e6)
        self.assertLess(process.peak_mb, held / 1e6 + 60)
        self.assertGreater(process.cpu_s, 0)
        self.assertGreater(process.wall_s, 0)

    def test_failures(self) -> None:
        with self.assertRaisesRegex(Stopped, "exit status 3: the reason") as caught:
            self.run_python("import sys; print('the reason', file=sys.stderr); sys.exit(3)")
        self.assertIsNone(caught.exception.limit_s)
        with self.assertRaisesRegex(Stopped, "was killed"):
            self.run_python("import os; os.kill(os.getpid(), 9)")

    def test_limit_ends_children_too(self) -> None:
        start = time.monotonic()
        pid = self.folder / "pid"
        text = f"import subprocess; c = subprocess.Popen(['sleep', '60']); open({str(pid)!r}, 'w').write(str(c.pid)); c.wait()"
        with self.assertRaisesRegex(Stopped, "did not finish within 1 s") as caught:
            self.run_python(text, limit_s=1)
        self.assertEqual(caught.exception.limit_s, 1)
        self.assertLess(time.monotonic() - start, 20)
        for _ in range(100):
            try:
                os.kill(int(pid.read_text()), 0)
                state = Path(f"/proc/{pid.read_text()}/stat")
                if state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    return
            except ProcessLookupError:
                return
            time.sleep(0.05)
        self.fail("a child is left")

    def test_slow_steps_run_once(self) -> None:
        def took(seconds: float) -> int:
            return len(repeat(3, 60, lambda: (Process(seconds, 0, 0, ""), None)))

        self.assertEqual([took(1), took(60), took(61)], [3, 3, 1])

    def test_accuracy(self) -> None:
        self.assertIsNone(accuracy(None, [[1.0, 2.0]]))
        self.assertIsNone(accuracy([[1.0]], [[1.0, 2.0]]))
        self.assertEqual(accuracy([[0.0, 4.5]], [[0.0, 5.0]]), {"worst_share_of_span": 0.1, "same_choice": True})
        self.assertEqual(accuracy([[2.0, 1.0]], [[1.0, 2.0]]), {"worst_share_of_span": 1.0, "same_choice": False})


class Verilens(Folder):
    def measure(self, program: str) -> dict[str, Any]:
        path = self.folder / "program"
        path.write_text(program.replace("{python}", sys.executable))
        path.chmod(0o755)
        (self.folder / "cache").mkdir()
        context = Context(
            name="m",
            model=self.folder / "m.onnx",
            sample=self.folder / "m.input.json",
            expected=[[0.0, 2.0]],
            folder=self.folder,
            cache=self.folder / "cache",
            runs=3,
            slow_s=60,
            limit_s=30,
            environment={},
            say=lambda _: None,
        )
        return verilens_side.measure(context, path, self.folder / "samples", self.folder / "verilens", lean=True)

    def test_figures(self) -> None:
        figures = self.measure(PROGRAM)
        self.assertIsNone(figures["stopped"])
        expected = {
            "k": 11,
            "prove_s": 0.5,
            "files_to_proof_s": 0.75,
            "prove_peak_mb": 50.0,
            "proof_bytes": 3000,
            "vk_bytes": 7,
            "pk_bytes": 0,
            "prover_bytes": 1107,
            "verify_s": 0.003,
            "setup_runs": 3,
            "accuracy": {"worst_share_of_span": 0.01, "same_choice": True},
        }
        self.assertEqual({name: figures[name] for name in expected}, expected)

    def test_a_bench_that_says_something_else(self) -> None:
        figures = self.measure(PROGRAM.replace("dict(cases=[case])", "case"))
        self.assertRegex(figures["stopped"]["why"], "cases")
        self.assertEqual(figures["vk_bytes"], 7)
        self.assertEqual(
            failures({"name": "m", "verilens": figures}),
            ["m: verilens bench: expected one object with a list `cases` of one"],
        )


class Table(unittest.TestCase):
    verilens: ClassVar[dict[str, object]] = {
        "k": 12,
        "prove_s": 0.5,
        "prove_peak_mb": 50.0,
        "vk_bytes": 100,
        "pk_bytes": 0,
        "stopped": None,
    }

    def test_ratios(self) -> None:
        ezkl = {"prove_s": 10.0, "prove_peak_mb": 400.0, "vk_bytes": 50, "pk_bytes": 10**8, "verify_s": 0.1}
        expected = {"prove_s": 20.0, "prove_peak_mb": 8.0, "vk_bytes": 0.5, "pk_bytes": None}
        self.assertEqual(table.ratios(ezkl, self.verilens), expected)

    def test_what_took_too_long_is_a_lower_bound(self) -> None:
        stopped: dict[str, Any] = {"step": "ezkl prove", "why": "did not finish within 900 s", "limit_s": 900.0}
        ezkl = {"k": 19, "pk_bytes": 10**9, "stopped": stopped}
        model = {"name": "m", "ezkl": {"default": ezkl}, "verilens": self.verilens}
        text = table.of_model(model)
        self.assertRegex(text, r"proving alone .*> 900 s .*> 1,800×")
        self.assertIn("ezkl, default: ezkl prove did not finish within 900 s", text)
        self.assertRegex(text, r"proving key, stored .*1,000,000,000 B .*none ")
        self.assertEqual(failures(model), [])
        stopped["limit_s"] = None
        self.assertEqual(len(failures(model)), 1)

    def test_a_report_of_one_system(self) -> None:
        machine = {"cpu": "c", "cores": 2, "memory_gb": 8.0, "system": "s", "load_before": 0.0, "load_after": 0.0}
        report = {
            "machine": machine,
            "threads": 2,
            "versions": {"ezkl": "1"},
            "models": [
                {"name": "m", "ezkl": {"default": {"k": 3, "stopped": None}}},
                {"name": "n", "failed": "reference: no"},
            ],
        }
        text = table.of_report(json.loads(json.dumps(report)))
        self.assertNotIn("Verilens", text)
        self.assertIn("n: reference: no", text)


if __name__ == "__main__":
    unittest.main()
