"""Deep models: recurrent networks, trained in plain NumPy and served as ONNX."""
