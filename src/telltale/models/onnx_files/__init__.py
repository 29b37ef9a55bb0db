"""ONNX files: checked before anything runs them, tried apart, written, and served on one thread."""
