"""Neural networks in plain numpy: layers that run, learn and write themselves as ONNX nodes.

Images are [n, height, width, channels]."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from export import GraphBuilder

Array = NDArray[Any]


def channel_sums(x: Array) -> Array:
    """Sums over all axes but the last."""
    flat = x.reshape(-1, x.shape[-1])
    return np.ones(len(flat), x.dtype) @ flat


class Parameter:
    """A tensor that is learnt, its gradient, and Adam's two moments."""

    def __init__(self, value: Array) -> None:
        self.value = value.astype(np.float32)
        self.grad = np.zeros_like(self.value)
        self.mean = np.zeros_like(self.value)
        self.square = np.zeros_like(self.value)


class Layer(Protocol):
    """One step of a network."""

    parameters: list[Parameter]

    def forward(self, x: Array) -> Array:
        """The layer's output; remembers what `backward` needs."""

    def backward(self, grad: Array) -> Array:
        """Sets the parameters' gradients; returns the input's."""

    def emit(self, graph: GraphBuilder, x: str) -> str:
        """Adds the layer to an ONNX graph; returns the name of its output."""


class Dense:
    """x · weight + bias"""

    def __init__(self, rng: np.random.Generator, name: str, inputs: int, outputs: int) -> None:
        self.name = name
        self.weight = Parameter(rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs)))
        self.bias = Parameter(np.zeros(outputs))
        self.parameters = [self.weight, self.bias]

    def forward(self, x: Array) -> Array:
        self.x = x
        return x @ self.weight.value + self.bias.value

    def backward(self, grad: Array) -> Array:
        self.weight.grad = self.x.T @ grad
        self.bias.grad = grad.sum(0)
        return grad @ self.weight.value.T

    def emit(self, graph: GraphBuilder, x: str) -> str:
        weight = graph.constant(f"{self.name}.weight", self.weight.value.T)
        bias = graph.constant(f"{self.name}.bias", self.bias.value)
        return graph.node("Gemm", self.name, [x, weight, bias], transB=1)


class Relu:
    """max(x, 0)"""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parameters: list[Parameter] = []

    def forward(self, x: Array) -> Array:
        self.positive = x > 0
        return x * self.positive

    def backward(self, grad: Array) -> Array:
        return grad * self.positive

    def emit(self, graph: GraphBuilder, x: str) -> str:
        return graph.node("Relu", self.name, [x])


class Conv:
    """Convolution with a square kernel; depthwise (one kernel a channel) if `outputs` is not given."""

    def __init__(
        self,
        rng: np.random.Generator,
        name: str,
        inputs: int,
        outputs: int | None,
        kernel: int,
        stride: int = 1,
        pad: int = 0,
    ) -> None:
        self.name, self.kernel, self.stride, self.pad = name, kernel, stride, pad
        self.depthwise = outputs is None
        fan_in = kernel * kernel * (1 if outputs is None else inputs)
        shape = (kernel, kernel, inputs) if outputs is None else (kernel, kernel, inputs, outputs)
        self.weight = Parameter(rng.normal(0, np.sqrt(2 / fan_in), shape))
        self.bias = Parameter(np.zeros(shape[-1]))
        self.parameters = [self.weight, self.bias]

    def _shifts(self, padded: Array, shape: tuple[int, int]) -> Iterator[tuple[int, int, Array]]:
        """For each place of the kernel, the view of the padded image that it meets."""
        s = self.stride
        for i in range(self.kernel):
            for j in range(self.kernel):
                yield i, j, padded[:, i : i + s * shape[0] : s, j : j + s * shape[1] : s]

    def forward(self, x: Array) -> Array:
        p = self.pad
        self.padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
        h, w = ((side - self.kernel) // self.stride + 1 for side in self.padded.shape[1:3])
        n = len(x)
        if self.depthwise:
            out = np.zeros((n, h, w, x.shape[3]), np.float32)
            for i, j, part in self._shifts(self.padded, (h, w)):
                out += part * self.weight.value[i, j]
        else:
            parts = [part for _, _, part in self._shifts(self.padded, (h, w))]
            self.columns = np.concatenate(parts, axis=3).reshape(n * h * w, -1)
            out = (self.columns @ self.weight.value.reshape(self.columns.shape[1], -1)).reshape(n, h, w, -1)
        return out + self.bias.value

    def backward(self, grad: Array) -> Array:
        n, h, w, outputs = grad.shape
        back = np.zeros_like(self.padded)
        flat = grad.reshape(-1, outputs)
        self.bias.grad = channel_sums(grad)
        if self.depthwise:
            self.weight.grad = np.empty_like(self.weight.value)
            for i, j, part in self._shifts(self.padded, (h, w)):
                self.weight.grad[i, j] = channel_sums(part * grad)
            for i, j, part in self._shifts(back, (h, w)):
                part += grad * self.weight.value[i, j]
        else:
            weight = self.weight.value.reshape(self.columns.shape[1], -1)
            self.weight.grad = (self.columns.T @ flat).reshape(self.weight.value.shape)
            columns = (flat @ weight.T).reshape(n, h, w, self.kernel, self.kernel, -1)
            for i, j, part in self._shifts(back, (h, w)):
                part += columns[:, :, :, i, j]
        return back[:, self.pad : back.shape[1] - self.pad, self.pad : back.shape[2] - self.pad]

    def emit(self, graph: GraphBuilder, x: str) -> str:
        kernels = self.weight.value[:, :, None] if self.depthwise else self.weight.value
        weight = graph.constant(f"{self.name}.weight", kernels.transpose(3, 2, 0, 1))
        bias = graph.constant(f"{self.name}.bias", self.bias.value)
        return graph.node(
            "Conv",
            self.name,
            [x, weight, bias],
            kernel_shape=[self.kernel] * 2,
            strides=[self.stride] * 2,
            pads=[self.pad] * 4,
            group=len(self.bias.value) if self.depthwise else 1,
        )


class BatchNorm:
    """Each channel less its mean, over its deviation, in the batch.

    For training only: `Network.folded` moves it into the convolution."""

    def __init__(self, channels: int) -> None:
        self.gain = Parameter(np.ones(channels))
        self.offset = Parameter(np.zeros(channels))
        self.parameters = [self.gain, self.offset]
        self.mean = np.zeros(channels, np.float32)
        self.variance = np.ones(channels, np.float32)

    def forward(self, x: Array) -> Array:
        count = np.float32(x.size // x.shape[-1])
        mean = channel_sums(x) / count
        centred = x - mean
        variance = channel_sums(centred * centred) / count
        self.mean += np.float32(0.05) * (mean - self.mean)
        self.variance += np.float32(0.05) * (variance - self.variance)
        self.factor = 1 / np.sqrt(variance + np.float32(1e-5))
        self.scaled = centred * self.factor
        return self.scaled * self.gain.value + self.offset.value

    def backward(self, grad: Array) -> Array:
        self.offset.grad = channel_sums(grad)
        self.gain.grad = channel_sums(grad * self.scaled)
        count = np.float32(grad.size // grad.shape[-1])
        centred = grad - self.offset.grad / count - self.scaled * (self.gain.grad / count)
        return centred * (self.gain.value * self.factor)

    def emit(self, graph: GraphBuilder, x: str) -> str:
        raise TypeError("fold the network first")


class MaxPool:
    """The largest of each 2×2 square."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parameters: list[Parameter] = []

    def forward(self, x: Array) -> Array:
        n, h, w, c = x.shape
        squares = x.reshape(n, h // 2, 2, w // 2, 2, c)
        out = squares.max((2, 4), keepdims=True)
        self.share = (squares == out).astype(np.float32)
        self.share /= self.share.sum((2, 4), keepdims=True)
        return out[:, :, 0, :, 0]

    def backward(self, grad: Array) -> Array:
        n, h, w, c = grad.shape
        return (self.share * grad[:, :, None, :, None]).reshape(n, h * 2, w * 2, c)

    def emit(self, graph: GraphBuilder, x: str) -> str:
        return graph.node("MaxPool", self.name, [x], kernel_shape=[2, 2], strides=[2, 2])


class GlobalAveragePool:
    """The mean of each channel: [n, h, w, c] to [n, c]."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parameters: list[Parameter] = []

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x.mean((1, 2))

    def backward(self, grad: Array) -> Array:
        _, h, w, _ = self.shape
        return np.broadcast_to(grad[:, None, None] / np.float32(h * w), self.shape)

    def emit(self, graph: GraphBuilder, x: str) -> str:
        return graph.node("Flatten", f"{self.name}.flat", [graph.node("GlobalAveragePool", self.name, [x])], axis=1)


class Flatten:
    """[n, h, w, c] to [n, c·h·w], in ONNX' order: channel, row, column."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parameters: list[Parameter] = []

    def forward(self, x: Array) -> Array:
        n, h, w, c = x.shape
        self.shape = (n, c, h, w)
        return x.transpose(0, 3, 1, 2).reshape(n, -1)

    def backward(self, grad: Array) -> Array:
        return grad.reshape(self.shape).transpose(0, 2, 3, 1)

    def emit(self, graph: GraphBuilder, x: str) -> str:
        return graph.node("Flatten", self.name, [x], axis=1)


class UnitLength:
    """x / |x|"""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parameters: list[Parameter] = []

    def forward(self, x: Array) -> Array:
        self.length = np.sqrt((x * x).sum(1, keepdims=True))
        self.out = x / self.length
        return self.out

    def backward(self, grad: Array) -> Array:
        return (grad - self.out * (grad * self.out).sum(1, keepdims=True)) / self.length

    def emit(self, graph: GraphBuilder, x: str) -> str:
        length = graph.node("ReduceL2", f"{self.name}.length", [x], axes=[1], keepdims=1)
        return graph.node("Div", self.name, [x, length])


class Network:
    """Layers one after another."""

    def __init__(self, layers: list[Layer]) -> None:
        self.layers = layers
        self.parameters = [parameter for layer in layers for parameter in layer.parameters]

    def forward(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad: Array) -> None:
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def emit(self, graph: GraphBuilder, x: str) -> str:
        for layer in self.layers:
            x = layer.emit(graph, x)
        return x

    def folded(self) -> "Network":
        """The same network for use: each normalisation, by its running statistics, is in the convolution before it."""
        layers: list[Layer] = []
        for layer in self.layers:
            if isinstance(layer, BatchNorm):
                conv = copy.deepcopy(layers.pop())
                assert isinstance(conv, Conv)
                factor = layer.gain.value / np.sqrt(layer.variance + np.float32(1e-5))
                conv.weight.value = conv.weight.value * factor
                conv.bias.value = (conv.bias.value - layer.mean) * factor + layer.offset.value
                layer = conv
            layers.append(layer)
        return Network(layers)

    def size(self) -> int:
        """The number of learnt values."""
        return sum(parameter.value.size for parameter in self.parameters)


def softmax_loss(logits: Array, labels: Array) -> tuple[float, Array]:
    """Mean cross entropy and its gradient."""
    exp = np.exp(logits - logits.max(1, keepdims=True))
    p = exp / exp.sum(1, keepdims=True)
    rows = np.arange(len(labels))
    loss = float(-np.log(p[rows, labels] + 1e-12).mean())
    p[rows, labels] -= 1
    return loss, p / np.float32(len(labels))


def fit(
    rng: np.random.Generator,
    network: Network,
    loss: Callable[[Array, Array], tuple[float, Array]],
    rows: Callable[[], tuple[Array, Array]],
    epochs: int,
    batch: int,
    rate: float,
    decay: float = 0.0,
) -> None:
    """Adam with a rate that falls to 0 along a cosine.

    `rows` gives inputs and targets, anew for each epoch; `loss` takes the network's output and the targets, and gives
    the loss and its gradient."""
    step = 0
    for epoch in range(epochs):
        x, y = rows()
        order = rng.permutation(len(x))
        total = 0.0
        for start in range(0, len(x), batch):
            part = order[start : start + batch]
            value, grad = loss(network.forward(x[part]), y[part])
            total += value * len(part)
            network.backward(grad)
            step += 1
            now = rate * 0.5 * (1 + np.cos(np.pi * (epoch + start / len(x)) / epochs))
            for parameter in network.parameters:
                _adam(parameter, step, now, decay)
        if (epoch + 1) % max(1, epochs // 4) == 0:
            print(f"  epoch {epoch + 1}/{epochs}: loss {total / len(x):.4f}", flush=True)


def _adam(parameter: Parameter, step: int, rate: float, decay: float) -> None:
    grad = parameter.grad + np.float32(decay) * parameter.value
    parameter.mean += np.float32(0.1) * (grad - parameter.mean)
    parameter.square += np.float32(0.001) * (grad * grad - parameter.square)
    size = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    parameter.value -= np.float32(size) * parameter.mean / (np.sqrt(parameter.square) + np.float32(1e-8))
