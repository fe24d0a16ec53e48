"""Writes our networks as ONNX files (opset 13) for ONNX Runtime Web, with only as much of protobuf as that needs.

Formats: https://protobuf.dev/programming-guides/encoding/ and https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.network import IMAGE_SHAPE, stages

FLOAT, INT64 = 1, 7  # TensorProto.DataType
ATTRIBUTE_INT, ATTRIBUTE_INTS = 2, 7  # AttributeProto.AttributeType
IR_VERSION, OPSET = 8, 13

Weights = Mapping[str, NDArray[Any]]


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, value: int | bytes | str) -> bytes:
    """One protobuf field: a number as a varint, text and bytes with their length in front."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, value: NDArray[Any]) -> bytes:
    kind = INT64 if value.dtype == np.int64 else FLOAT
    return b"".join(_field(1, n) for n in value.shape) + _field(2, kind) + _field(8, name) + _field(9, value.tobytes())


def _value_info(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_field(1, _field(1, n)) for n in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, FLOAT) + _field(2, dims)))


class Graph:
    """A chain of nodes: each takes the output of the one before."""

    def __init__(self, weights: Weights) -> None:
        self.weights, self.nodes, self.last = weights, list[bytes](), "x"
        self.constants: dict[str, NDArray[Any]] = {}

    def add(self, op: str, *inputs: str, **attributes: int | list[int]) -> None:
        """Append a node. `inputs` come after the last output; `attributes` are named as in ONNX."""
        output = f"v{len(self.nodes)}"
        out = b"".join(_field(1, name) for name in (self.last, *inputs)) + _field(2, output) + _field(4, op)
        for name, value in attributes.items():
            if isinstance(value, int):
                content = _field(3, value) + _field(20, ATTRIBUTE_INT)
            else:
                content = b"".join(_field(8, n) for n in value) + _field(20, ATTRIBUTE_INTS)
            out += _field(5, _field(1, name) + content)
        self.nodes.append(out)
        self.last = output

    def model(self) -> bytes:
        """The ONNX file. Its input `x` is float32 (1, 784), its only output the logits, float32 (1, 10)."""
        graph = b"".join(_field(1, node) for node in self.nodes) + _field(2, "tabgrad")
        graph += b"".join(_field(5, _tensor(k, v)) for k, v in {**self.weights, **self.constants}.items())
        graph += _field(11, _value_info("x", (1, 784))) + _field(12, _value_info(self.last, (1, 10)))
        return _field(1, IR_VERSION) + _field(8, _field(1, "") + _field(2, OPSET)) + _field(7, graph)


def onnx_model(spec: Mapping[str, Any], weights: Weights) -> bytes:
    """The network of `spec` (see tabgrad.model) with ReLU, as an ONNX file."""
    graph = Graph(weights)
    flat = spec["kind"] == "mlp"
    if not flat:
        graph.constants = {"image": np.array([1, *IMAGE_SHAPE], np.int64)}
        graph.add("Reshape", "image")
    for stage in stages(spec):
        if stage.kind == "conv":
            size, _, padding = stage.numbers
            graph.add("Conv", stage.weight, kernel_shape=[size, size], pads=[padding] * 4)
            norm = stage.name.replace("convs", "norms")
            parts = ("weight", "bias", "running_mean", "running_var")
            graph.add("BatchNormalization", *(f"{norm}.{part}" for part in parts))
        elif stage.kind == "pool":
            graph.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
            continue
        elif stage.kind != "dense":
            raise ValueError(f"The comparison cannot write a stage of the kind {stage.kind!r} yet.")
        else:
            if not flat:
                graph.add("Flatten", axis=1)
                flat = True
            graph.add("Gemm", stage.weight, stage.bias)
        if stage.tap:
            graph.add("Relu")
    return graph.model()
