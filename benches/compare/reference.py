"""What the float model says about the sample, by ONNX Runtime; and the sample as arrays, for calibration.

Run by compare.py within the virtual environment. Writes INPUT.npy for each input into --arrays, and --result, a JSON file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--arrays", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    a = parser.parse_args()
    session = onnxruntime.InferenceSession(str(a.model), providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    data = json.loads(a.input.read_text())["input_data"]
    if len(data) != len(inputs):
        raise SystemExit(f"{a.input}: {len(data)} inputs, the model has {len(inputs)}")
    arrays = {}
    for tensor, values in zip(inputs, data, strict=True):
        # A dimension without a number is the batch.
        shape = [size if isinstance(size, int) else 1 for size in tensor.shape]
        arrays[tensor.name] = np.array(values, dtype=np.float32).reshape(shape)
    a.arrays.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(a.arrays / f"{name}.npy", array)
    outputs = session.run(None, arrays)
    a.result.write_text(json.dumps({"outputs": [[float(v) for v in np.ravel(output)] for output in outputs]}))


if __name__ == "__main__":
    main()
