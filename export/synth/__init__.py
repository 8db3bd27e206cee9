"""Scene text drawn by program: strings, lettering, word crops and whole scenes with their quads."""
