"""Other engines on the same networks, for comparison: ONNX Runtime Web, TensorFlow.js, tinygrad on clang."""
