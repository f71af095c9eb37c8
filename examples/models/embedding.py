"""A network that turns a colour image into a vector: images of the same kind have vectors that point the same way."""

import numpy as np
from onnx import TensorProto

from data import DIGITS, Array, augment, colour, digits, to_bytes, upscale
from export import Example, GraphBuilder, Outputs
from nn import BatchNorm, Conv, Dense, GlobalAveragePool, Layer, Network, Parameter, Relu, UnitLength, fit, softmax_loss

SIDE = 32
LENGTH = 128
TEST_ROWS = 200
EPOCHS = 45
SHARPNESS = np.float32(16)
MARGIN = np.float32(0.2)


def _separable(rng: np.random.Generator, name: str, inputs: int, outputs: int, stride: int) -> list[Layer]:
    """A depthwise 3×3 convolution, then one over the channels, each with ReLU."""
    return [
        Conv(rng, f"{name}.depthwise", inputs, None, 3, stride, pad=1),
        BatchNorm(inputs),
        Relu(f"{name}.relu1"),
        Conv(rng, f"{name}.pointwise", inputs, outputs, 1),
        BatchNorm(outputs),
        Relu(f"{name}.relu2"),
    ]


class CosineLoss:
    """Softmax over the cosines to one learnt direction a class, with a margin. Not part of the written model."""

    def __init__(self, rng: np.random.Generator, classes: int) -> None:
        self.directions = Parameter(rng.normal(0, 1, (classes, LENGTH)))
        self.unit = UnitLength("directions")

    def __call__(self, vectors: Array, labels: Array) -> tuple[float, Array]:
        directions = self.unit.forward(self.directions.value)
        cosines = vectors @ directions.T
        cosines[np.arange(len(labels)), labels] -= MARGIN
        loss, grad = softmax_loss(SHARPNESS * cosines, labels)
        self.directions.grad = self.unit.backward(SHARPNESS * grad.T @ vectors)
        return loss, SHARPNESS * grad @ directions


def _unit(image: Array) -> Array:
    """Bytes as the model's first nodes turn them into floats, channels last."""
    return image.transpose(0, 2, 3, 1).astype(np.float32) * np.float32(1 / 255)


def _pairs(vectors: Array, labels: Array) -> tuple[Array, Array]:
    """The cosine of every pair, and whether both are of one class."""
    first, second = np.triu_indices(len(vectors), 1)
    return (vectors @ vectors.T)[first, second], labels[first] == labels[second]


def _accepted(cosines: Array, same: Array, threshold: float) -> tuple[float, float]:
    """The shares of same and of different pairs that the threshold accepts."""
    return float((cosines[same] > threshold).mean()), float((cosines[~same] > threshold).mean())


def embedding_cnn() -> Example:
    """A depthwise-separable CNN from 3×32×32 bytes to a vector of 128 numbers and length 1."""
    rng = np.random.default_rng(7)
    split = digits()
    network = Network(
        [
            Conv(rng, "stem", 3, 16, 3, 2, pad=1),
            BatchNorm(16),
            Relu("stem.relu"),
            *_separable(rng, "block1", 16, 32, 1),
            *_separable(rng, "block2", 32, 64, 2),
            *_separable(rng, "block3", 64, 128, 2),
            *_separable(rng, "block4", 128, 128, 1),
            GlobalAveragePool("pool"),
            Dense(rng, "head", 128, LENGTH),
            UnitLength("embedding"),
        ]
    )
    loss = CosineLoss(rng, 10)
    network.parameters.append(loss.directions)

    def rows() -> tuple[Array, Array]:
        return _unit(to_bytes(colour(rng, augment(rng, split.train_x, SIDE)))), split.train_y

    fit(rng, network, loss, rows, epochs=EPOCHS, batch=32, rate=5e-3, decay=1e-4)
    network = network.folded()

    train_x = to_bytes(colour(rng, upscale(split.train_x, SIDE)))
    test_x = to_bytes(colour(rng, upscale(split.test_x[:TEST_ROWS], SIDE)))
    cosines, same = _pairs(network.forward(_unit(train_x)), split.train_y)
    candidates = np.arange(-1, 1, 0.01)
    rates = [_accepted(cosines, same, threshold) for threshold in candidates.tolist()]
    threshold = round(float(candidates[np.argmax([right - wrong for right, wrong in rates])]), 2)

    def measure(outputs: Outputs, y: Array) -> dict[str, object]:
        cosines, same = _pairs(outputs["embedding"], y)
        right, wrong = _accepted(cosines, same, threshold)
        return {
            "accuracy": round((right + 1 - wrong) / 2, 4),
            "measure": "same digit or not, by the cosine of two embeddings, over all pairs of test samples; "
            "mean of the accuracies on same and on different pairs",
            "same_accepted": round(right, 4),
            "different_accepted": round(wrong, 4),
            "threshold": threshold,
        }

    graph = GraphBuilder()
    network.emit(graph, graph.bytes_to_unit("image"))
    return Example(
        model=graph.build(
            "embedding_cnn",
            ("image", TensorProto.UINT8, [1, 3, SIDE, SIDE]),
            [("embedding", TensorProto.FLOAT, [1, LENGTH])],
        ),
        calibrate=train_x,
        test_x=test_x,
        test_y=split.test_y[:TEST_ROWS],
        expected={"embedding": network.forward(_unit(test_x))},
        score=measure,
        parameters=network.size(),
        data=f"{DIGITS}, of which the test uses {TEST_ROWS}; bilinear to {SIDE}×{SIDE} bytes in three channels "
        "with random colours of ground and digit, in training also turned, stretched, sheared and moved at random",
        training=f"Adam, {EPOCHS} epochs, batch 32, rate 0.005 falling to 0, L2 0.0001, normalised by batch "
        "(folded into the convolutions); softmax over cosines to ten learnt directions (factor 16, margin 0.2), "
        "which are not part of the model; the threshold is the best on the training images",
    )
