"""Ensembles of trees: read from XGBoost, LightGBM and scikit-learn, explained, written as ONNX."""
