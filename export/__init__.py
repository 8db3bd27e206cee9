"""Towers, training, evaluation and ONNX export; needs PyTorch and is never needed to search."""
