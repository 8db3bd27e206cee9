"""Towers of few weights whose answers vary from place to place, as trained ones' do."""

from __future__ import annotations

from torch import nn


def enliven(model: nn.Module) -> None:
    """Let batch normalisation do something to every channel."""
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            nn.init.normal_(norm.running_mean, std=0.1)
            nn.init.uniform_(norm.running_var, 0.05, 0.5)
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, std=0.3)
