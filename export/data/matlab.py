"""Reads the MATLAB and NumPy files that some benchmarks come in, without running anything."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from export.evaluation.sets import SetError

# What NumPy needs to make an array of plain objects again, under its old names and its new one.
_HARMLESS = {
    "numpy": {"ndarray", "dtype"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "_codecs": {"encode"},
}


def read_mat(file: Path) -> dict[str, Any]:
    """The variables of a MATLAB file. ``SetError`` when it is none."""
    from scipy.io import loadmat

    if not file.is_file():
        raise FileNotFoundError(file)
    try:
        return dict(loadmat(file))
    except Exception as error:  # SciPy raises what it likes: ValueError, TypeError, zlib.error, …
        raise SetError(f"{file} is damaged, or no MATLAB file: {error}.") from error


def strings(value: Any) -> list[str]:
    """Every text within nested cells, in their order."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, np.ndarray):
        return [text for part in value.ravel() for text in strings(part)]
    return []


class _Unpickler(pickle.Unpickler):
    """A pickle can name any function to be called; this one knows only what arrays need."""

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core.", "numpy._core.")
        if name not in _HARMLESS.get(module, ()):
            raise pickle.UnpicklingError(f"it would run {module}.{name}")
        return super().find_class(module, name)


def read_npy_object(file: Path) -> Any:
    """The one object of a ``.npy`` file. ``SetError`` when it is damaged or would run code."""
    try:
        with file.open("rb") as stream:
            version = np.lib.format.read_magic(stream)
            header = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                header = np.lib.format.read_array_header_2_0
            _, _, dtype = header(stream)
            if not dtype.hasobject:
                raise ValueError("it holds numbers")
            return _Unpickler(stream, encoding="latin1").load().item()
    except FileNotFoundError:
        raise
    except Exception as error:  # damaged pickles raise nearly anything
        raise SetError(f"{file} is damaged, or no NumPy file: {error}.") from error
