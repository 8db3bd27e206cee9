"""What was found for a word: the regions that may show it, by the content they are on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.rows import Evidence


@dataclass(frozen=True, slots=True)
class Match:
    """A region that may show a word.

    ``probability``: that it shows the word and looks as was asked. ``shown``: that it shows it.
    """

    word: str
    evidence: Evidence
    similarity: float
    probability: float
    shown: float

    @property
    def order(self) -> tuple[float, int]:
        """Best first; equals by their place in the catalogue."""
        return -self.probability, self.evidence.region_id


@dataclass(slots=True)
class Matches:
    """A word's candidates by content, best first.

    ``unseen``: what any other content scores. ``is_cut``: there are more than were looked at.
    """

    by_content: dict[int, list[Match]] = field(default_factory=dict)
    unseen: float = 0.0
    is_cut: bool = False

    def add(self, matches: Iterable[Match]) -> None:
        touched: set[int] = set()
        for match in matches:
            content_id = match.evidence.content_id
            self.by_content.setdefault(content_id, []).append(match)
            touched.add(content_id)
        for content_id in touched:
            self.by_content[content_id].sort(key=lambda match: match.order)

    def better_than(self, probability: float) -> int:
        """How many contents show the word more surely than that."""
        return sum(found[0].probability > probability for found in self.by_content.values())
