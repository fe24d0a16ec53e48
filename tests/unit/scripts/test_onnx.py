"""The ONNX files of our networks, read back field by field. Each benchmark checks that their logits equal ours."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from scripts.bench.peers.onnx import onnx_model


def fields(data: bytes) -> list[tuple[int, Any]]:
    """(number, value) of each protobuf field: an int or bytes."""
    out: list[tuple[int, Any]] = []
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        length = varint()
        if key & 7 == 0:
            out.append((key >> 3, length))
        else:
            assert key & 7 == 2
            out.append((key >> 3, data[at : at + length]))
            at += length
    assert at == len(data)
    return out


def values(data: bytes, number: int) -> list[Any]:
    return [value for n, value in fields(data) if n == number]


def test_a_network_becomes_a_chain_of_nodes_with_its_weights() -> None:
    rng = np.random.default_rng(0)
    shapes = {
        "convs.0.weight": (2, 1, 5, 5),
        **{f"norms.0.{part}": (2,) for part in ("weight", "bias", "running_mean", "running_var")},
        "layers.0.weight": (288, 200),
        "layers.0.bias": (200,),
        "layers.1.weight": (200, 10),
        "layers.1.bias": (10,),
    }
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    (graph,) = values(onnx_model({"kind": "cnn", "stages": ["conv5x2", "pool", "dense200"]}, weights), 7)
    nodes = values(graph, 1)
    assert [values(node, 4)[0].decode() for node in nodes] == [
        *("Reshape", "Conv", "BatchNormalization", "Relu", "MaxPool", "Flatten", "Gemm", "Relu", "Gemm")
    ]
    for before, after in itertools.pairwise(nodes):
        assert values(before, 2) == values(after, 1)[:1]
    tensors = {values(t, 8)[0].decode(): t for t in values(graph, 5)}
    assert tensors.keys() == {*weights, "image"}
    for name, value in weights.items():
        assert tuple(values(tensors[name], 1)) == value.shape
        assert values(tensors[name], 9) == [value.tobytes()]


def test_an_mlp_without_hidden_layers_is_one_node() -> None:
    weights = {"layers.0.weight": np.ones((784, 10), np.float32), "layers.0.bias": np.ones(10, np.float32)}
    (graph,) = values(onnx_model({"kind": "mlp", "hidden": []}, weights), 7)
    (node,) = values(graph, 1)
    assert [name.decode() for name in values(node, 1)] == ["x", "layers.0.weight", "layers.0.bias"]
    assert values(values(graph, 12)[0], 1) == values(node, 2)
