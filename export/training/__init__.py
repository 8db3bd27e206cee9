"""Training of the compact towers: resumable, mixed precision, on a CPU or a GPU."""
