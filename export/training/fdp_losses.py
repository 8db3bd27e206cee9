"""What FDP is trained by: contrast, distracted queries and focus, one to one to one."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from export.towers.fdp import FDP
from export.training.fdp_samples import Batch

_HARD: Final = 3  # negatives for each positive of the score map
_EXCLUDED: Final = -1e4  # the logit of what is no wrong answer


def contrast(images: Tensor, words: Tensor, scale: Tensor, shows: Tensor) -> Tensor:
    """Symmetric cross-entropy of unit embeddings (B, d), each of B samples against the others.

    ``shows`` (B, B): the photo of one sample shows the word of the other; if so, neither is a wrong
    answer to the other.
    """
    own = torch.eye(len(shows), dtype=torch.bool, device=shows.device)
    logits = (scale * images @ words.T).masked_fill(shows & ~own, _EXCLUDED)
    right = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def distraction(images: Tensor, texts: Tensor, scale: Tensor, truth: Tensor) -> Tensor:
    """Divergence from ``truth`` (B, 5) of what photos (B, d) choose of five texts (B, 5, d)."""
    chosen = (scale * torch.einsum("bd,bnd->bn", images, texts)).log_softmax(1)
    return F.kl_div(chosen, truth, reduction="batchmean")


def focus(logits: Tensor, maps: Tensor) -> Tensor:
    """Balanced cross-entropy of score maps (B, h, w) with ``maps_of`` (B, 2, h, w).

    Of the negatives only the hardest count, three for each positive over the whole batch. A cell
    that a kernel covers in part is as much of either. 0 where there is no kernel.
    """
    positive, negative = maps[:, 0] * maps[:, 1], (1 - maps[:, 0]) * maps[:, 1]
    count = positive.sum()
    hardest = min(int(_HARD * count), int((negative > 0).sum()))
    wrong = (F.softplus(logits) * negative).flatten().topk(hardest).values
    right = F.softplus(-logits) * positive
    return (right.sum() + wrong.sum()) / (count + hardest + 1e-6)


def losses(model: FDP, features: Tensor, maps: Tensor, batch: Batch) -> dict[str, Tensor]:
    """The three losses of a batch from the trunk's features (B, C, h, w); the paper adds them."""
    device = features.device
    embeddings, logits = model.embed_features(features)
    images = F.normalize(embeddings, dim=1)
    texts = model.encode_words(batch.tokens.to(device), batch.kinds.to(device))
    chosen = F.normalize(texts, dim=1)[batch.texts.to(device)]
    scale = model.logit_scale.exp()
    return {
        "contrast": contrast(images, chosen[:, 0], scale, batch.shows.to(device)),
        "distract": distraction(images, chosen, scale, batch.truth.to(device)),
        "focus": focus(logits, maps),
    }
