"""Networks that read a 28×28 image of a digit: LeNet-5 and MLPs."""

import numpy as np
from onnx import TensorProto

from data import DIGITS, Array, augment, digits, to_bytes, upscale
from export import Example, GraphBuilder, classified
from nn import Conv, Dense, Flatten, Layer, MaxPool, Network, Relu, fit, softmax_loss

SIDE = 28


def _unit(image: Array) -> Array:
    """Bytes as the model's first nodes turn them into floats."""
    return image.astype(np.float32) * np.float32(1 / 255)


def _train(
    name: str, rng: np.random.Generator, network: Network, shape: list[int], epochs: int, rate: float
) -> Example:
    """Trains on augmented digits; `shape` is that of the model's input."""
    split = digits()
    # The network reads [n, height, width, channels]; with one channel that is ONNX' order of the same bytes.
    reads = (-1, SIDE, SIDE, 1) if len(shape) == 4 else (-1, SIDE * SIDE)

    def rows() -> tuple[Array, Array]:
        return _unit(to_bytes(augment(rng, split.train_x, SIDE))).reshape(reads), split.train_y

    fit(rng, network, softmax_loss, rows, epochs=epochs, batch=32, rate=rate)

    graph = GraphBuilder()
    network.emit(graph, graph.bytes_to_unit("image"))
    test_x = to_bytes(upscale(split.test_x, SIDE)).reshape(-1, *shape[1:])
    return Example(
        model=graph.build(name, ("image", TensorProto.UINT8, shape), [("logits", TensorProto.FLOAT, [1, 10])]),
        calibrate=to_bytes(upscale(split.train_x, SIDE)).reshape(-1, *shape[1:]),
        test_x=test_x,
        test_y=split.test_y,
        expected={"logits": network.forward(_unit(test_x).reshape(reads))},
        score=classified("logits"),
        parameters=network.size(),
        data=f"{DIGITS}; bilinear to {SIDE}×{SIDE} bytes, in training turned, stretched, sheared and moved at random",
        training=f"Adam, {epochs} epochs, batch 32, rate {rate} falling to 0",
    )


def lenet5() -> Example:
    """LeNet-5 with ReLU and maxima."""
    rng = np.random.default_rng(5)
    network = Network(
        [
            Conv(rng, "conv1", 1, 6, 5, pad=2),
            Relu("relu1"),
            MaxPool("pool1"),
            Conv(rng, "conv2", 6, 16, 5),
            Relu("relu2"),
            MaxPool("pool2"),
            Flatten("flat"),
            Dense(rng, "fc1", 400, 120),
            Relu("relu3"),
            Dense(rng, "fc2", 120, 84),
            Relu("relu4"),
            Dense(rng, "logits", 84, 10),
        ]
    )
    return _train("lenet5", rng, network, [1, 1, SIDE, SIDE], epochs=20, rate=2e-3)


def _mlp(name: str, hidden: list[int], epochs: int, rate: float) -> Example:
    rng = np.random.default_rng(6)
    layers: list[Layer] = []
    width = SIDE * SIDE
    for i, outputs in enumerate(hidden, 1):
        layers += [Dense(rng, f"fc{i}", width, outputs), Relu(f"relu{i}")]
        width = outputs
    layers.append(Dense(rng, "logits", width, 10))
    return _train(name, rng, Network(layers), [1, SIDE * SIDE], epochs, rate)


def mlp_784_128_10() -> Example:
    """A small MLP."""
    return _mlp("mlp_784_128_10", [128], epochs=40, rate=2e-3)


def mlp_1m() -> Example:
    """An MLP of a million parameters."""
    return _mlp("mlp_1m", [904, 320], epochs=12, rate=1e-3)


def mlp_2m() -> Example:
    """An MLP of two million parameters."""
    return _mlp("mlp_2m", [1400, 640], epochs=12, rate=1e-3)
