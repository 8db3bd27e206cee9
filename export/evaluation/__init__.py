"""Measures a pack on labelled photos, through the engine and beside an OCR program."""
