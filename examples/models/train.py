"""Trains the example models and writes each as NAME/model.onnx with calibration and test data."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_limits

from digits import lenet5, mlp_1m, mlp_2m, mlp_784_128_10
from embedding import embedding_cnn
from export import Example, save
from tabular import diagnosis_mlp, fraud, logistic, trees

MODELS: dict[str, Callable[[], Example]] = {
    train.__name__: train
    for train in (
        logistic,
        diagnosis_mlp,
        trees,
        fraud,
        lenet5,
        embedding_cnn,
        mlp_784_128_10,
        mlp_1m,
        mlp_2m,
    )
}
OUT = Path(__file__).resolve().parents[2] / "target" / "models"


def main() -> None:
    """Reads the command line, trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"models to train: {', '.join(MODELS)} (default: all)")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to (default: target/models)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in MODELS]
    if unknown:
        parser.error(f"no model is called {', '.join(unknown)}; there are {', '.join(MODELS)}")

    # One thread: sums in the same order whatever the number of cores.
    with threadpool_limits(limits=1):
        for name in arguments.names or MODELS:
            print(name, flush=True)
            start = time.monotonic()
            facts = save(arguments.out / name, MODELS[name]())
            print(
                f"  accuracy {facts['accuracy']} on {facts['samples']} samples, {facts['parameters']} parameters, "
                f"{time.monotonic() - start:.1f} s; written to {arguments.out / name}",
                flush=True,
            )


if __name__ == "__main__":
    main()
