"""The window: what a person sees of Photolex."""
