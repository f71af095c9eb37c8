"""Writes a trained model and its data as files, and measures the ONNX file with an executor of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

OPSET = 17
IR_VERSION = 8
CALIBRATION_ROWS = 64
NONLINEAR = {"Relu", "MaxPool", "ReduceL2", "Greater"}
NONLINEAR_OF_TENSORS = {"Mul", "Div"}
"""These are linear where one side is a constant."""

Array = NDArray[Any]
Outputs = dict[str, Array]
Port = tuple[str, int, list[int]]
"""Name, element type and shape of an input or output."""


@dataclass
class Example:
    """A trained model with the data that goes with it."""

    model: onnx.ModelProto
    calibrate: Array
    """Training rows, as the model reads them."""
    test_x: Array
    test_y: Array
    expected: Outputs
    """Outputs on `test_x` as the training code computes them: the ONNX file must agree."""
    score: Callable[[Outputs, Array], dict[str, Any]]
    """Accuracy from the ONNX file's outputs on `test_x` and from `test_y`."""
    parameters: int
    data: str
    training: str


class GraphBuilder:
    """An ONNX graph under construction. A tensor has the name of the node that makes it."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: ArrayLike) -> str:
        """Adds a float32 initialiser."""
        self.constants.append(numpy_helper.from_array(np.array(value, np.float32, order="C"), name))
        return name

    def node(self, op: str, name: str, inputs: list[str], **attributes: Any) -> str:
        """Adds a node with one output."""
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def scaler(self, x: str, mean: Array, scale: Array) -> str:
        """(x − mean) / scale"""
        centred = self.node("Sub", "centred", [x, self.constant("mean", mean)])
        return self.node("Div", "scaled", [centred, self.constant("scale", scale)])

    def bytes_to_unit(self, x: str) -> str:
        """Bytes 0…255 as floats 0…1."""
        number = self.node("Cast", "pixels", [x], to=TensorProto.FLOAT)
        return self.node("Mul", "unit", [number, self.constant("byte", 1 / 255)])

    def build(self, name: str, reads: Port, outputs: list[Port]) -> onnx.ModelProto:
        """The model, checked."""
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(*reads)],
            [helper.make_tensor_value_info(*output) for output in outputs],
            self.constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="verilens", ir_version=IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def run(model: onnx.ModelProto, x: Array) -> Outputs:
    """The model's outputs for each row of x, one row at a time, by ONNX' reference evaluator."""
    session = ReferenceEvaluator(model)
    name = model.graph.input[0].name
    rows = [session.run(None, {name: x[i : i + 1]}) for i in range(len(x))]
    columns = zip(*rows, strict=True)
    return {output.name: np.concatenate(values) for output, values in zip(model.graph.output, columns, strict=True)}


def activations(model: onnx.ModelProto) -> dict[str, int]:
    """How many values each nonlinear node makes, for one input."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in [*inferred.value_info, *inferred.output]
    }
    constants = {constant.name for constant in inferred.initializer}
    nonlinear = [
        node
        for node in inferred.node
        if node.op_type in NONLINEAR or (node.op_type in NONLINEAR_OF_TENSORS and constants.isdisjoint(node.input))
    ]
    return {node.name: int(np.prod(shapes[node.output[0]])) for node in nonlinear}


def classified(output: str) -> Callable[[Outputs, Array], dict[str, Any]]:
    """Scores a classifier: how often the largest value of the output is at the label."""

    def score(outputs: Outputs, y: Array) -> dict[str, Any]:
        right = outputs[output].argmax(axis=1) == y
        return {"accuracy": round(float(right.mean()), 4), "measure": "share of test samples whose class is right"}

    return score


def save(folder: Path, example: Example) -> dict[str, Any]:
    """Writes model.onnx, calibrate/x.npy, test/x.npy, test/y.npy and accuracy.json; returns what accuracy.json says."""
    outputs = run(example.model, example.test_x)
    for name, values in example.expected.items():
        np.testing.assert_allclose(outputs[name], values, rtol=1e-3, atol=1e-4, err_msg=f"{folder.name}: {name}")

    facts = {
        **example.score(outputs, example.test_y),
        "samples": len(example.test_x),
        "executor": "onnx.reference.ReferenceEvaluator, float32",
        "parameters": example.parameters,
        "activations": activations(example.model),
        "data": example.data,
        "training": example.training,
    }
    for part in ("calibrate", "test"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(example.model.SerializeToString(deterministic=True))
    np.save(folder / "calibrate" / "x.npy", np.ascontiguousarray(example.calibrate[:CALIBRATION_ROWS]))
    np.save(folder / "test" / "x.npy", np.ascontiguousarray(example.test_x))
    np.save(folder / "test" / "y.npy", example.test_y.astype(np.uint8))
    (folder / "accuracy.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return facts
