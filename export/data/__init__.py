"""Readers of labelled photos, and the teacher that labels unlabelled ones."""
