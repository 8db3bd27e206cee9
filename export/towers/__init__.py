"""The towers as PyTorch modules."""
