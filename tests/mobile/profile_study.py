"""Times of iris proofs by several builds of the library: `tests/mobile/profile-study` calls this."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ONE = """
import asyncio, json, os, resource, time
from datetime import datetime, timezone
from pathlib import Path
import verilens as vl

files = Path(os.environ["VERILENS_FIXTURES"])
read = lambda name: (files / name).read_bytes()
prover = vl.Prover(vl.Model.open(str(files / "model.vlm"), read("model.digest")), vl.Srs.load(read("srs.bin")), vl.ProverOptions())
asyncio.run(prover.prepare(None, None))
request = vl.ProofRequest(
    capture=vl.Capture.decode(read("capture.vlc")),
    holder=vl.Holder.restore(read("holder.vlh")),
    issuers=vl.IssuerSet.parse(read("issuers.json").decode()),
    scope=vl.word_from_text("study"),
    signal=vl.word_from_text("study"),
    not_before=datetime(1970, 1, 1, tzinfo=timezone.utc),
)
times = []
for _ in range(3):
    user, wall = resource.getrusage(resource.RUSAGE_SELF).ru_utime, time.monotonic()
    proof = asyncio.run(prover.prove(request, None, None))
    times.append((time.monotonic() - wall, resource.getrusage(resource.RUSAGE_SELF).ru_utime - user))
vl.Verifier(asyncio.run(prover.verifying_key())).verify(proof)
print(json.dumps(times[1:]))
"""

work, rounds, levels = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
found = {level: [] for level in levels}
for turn in range(rounds):
    # In turn, and not always in the same order.
    for level in levels[turn % len(levels) :] + levels[: turn % len(levels)]:
        environment = {**os.environ, "PYTHONPATH": str(work / level)}
        done = subprocess.run([sys.executable, "-c", ONE], env=environment, check=True, capture_output=True)
        found[level] += json.loads(done.stdout)
print(f"{os.cpu_count()} cores, {2 * rounds} proofs a level, the first of each process left out; medians")
first = [statistics.median(column) for column in zip(*found[levels[0]])]
for level in levels:
    wall, user = (statistics.median(column) for column in zip(*found[level]))
    print(f"opt-level {level}: {wall:.2f} s, {user:.2f} s of user CPU; {wall / first[0]:.3f} and {user / first[1]:.3f} of opt-level {levels[0]}")
