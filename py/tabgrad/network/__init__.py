"""What a network is, as data: its specification and grammar, the names and first values of its weights, their files.

    spec = {"kind": "cnn", "stages": ["conv5x8", "pool", "dense64"]}
    [stage.shape for stage in stages(spec)]              # [(8, 24, 24), (8, 12, 12), (64,), (10,)]
    save_safetensors(draw_weights({"layers.0.weight": (784, 10)}, seed=1))

NumPy only. It runs no network and knows no engine.
"""

from .activations import ACTIVATIONS, Activation
from .definitions import own_optimizer
from .safetensors import WeightsError, load_safetensors, read_header, save_safetensors
from .source import CODE, MAX_SOURCE_BYTES, Description, LayerRow, SourceError, check_source, is_written, mentions
from .stages import (
    CLASSES,
    CNN_STAGES,
    FEATURE_STAGES,
    FROZEN_STAGES,
    IMAGE_SHAPE,
    STAGE_KINDS,
    Spec,
    Stage,
    StageKind,
    classes_of,
    classes_part,
    frozen_names,
    parse_stages,
    spec_of,
    spec_shapes,
    stage_shapes,
    stages,
)
from .weights import (
    INPUT_MEAN,
    TRAINING_STATE,
    TRANSPOSED,
    Tensors,
    check_shapes,
    draw_weights,
    fold_mean,
    initial_state,
    is_trained,
    is_transposed,
    parameter_count,
    shapes_of,
    training_state_for,
    unfold_mean,
    weights_for,
)

__all__ = [
    "ACTIVATIONS",
    "CLASSES",
    "CNN_STAGES",
    "CODE",
    "FEATURE_STAGES",
    "FROZEN_STAGES",
    "IMAGE_SHAPE",
    "INPUT_MEAN",
    "MAX_SOURCE_BYTES",
    "STAGE_KINDS",
    "TRAINING_STATE",
    "TRANSPOSED",
    "Activation",
    "Description",
    "LayerRow",
    "SourceError",
    "Spec",
    "Stage",
    "StageKind",
    "Tensors",
    "WeightsError",
    "check_shapes",
    "check_source",
    "classes_of",
    "classes_part",
    "draw_weights",
    "fold_mean",
    "frozen_names",
    "initial_state",
    "is_trained",
    "is_transposed",
    "is_written",
    "load_safetensors",
    "mentions",
    "own_optimizer",
    "parameter_count",
    "parse_stages",
    "read_header",
    "save_safetensors",
    "shapes_of",
    "spec_of",
    "spec_shapes",
    "stage_shapes",
    "stages",
    "threefry",
    "training_state_for",
    "unfold_mean",
    "weights_for",
]
