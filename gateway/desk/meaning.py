"""Which words mean much the same at a desk, as directions in space learned from its own mails."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Words that stand in the same mails point the same way; unknown words point nowhere."""

    vectors: Mapping[str, Sequence[float]]
    """Stem → its direction, weighted by its rarity; all of one length."""

    def alike(self, one: Mapping[str, int], other: Mapping[str, int]) -> float:
        """Cosine (-1 to 1) between two texts, each stem → count; 0 where one says nothing."""
        first, second = self._sum(one), self._sum(other)
        product = sum(a * b for a, b in zip(first, second, strict=False))
        length = math.sqrt(sum(a * a for a in first) * sum(b * b for b in second))
        return product / length if length else 0.0

    def _sum(self, counts: Mapping[str, int]) -> Sequence[float]:
        total: Sequence[float] = ()
        for stem, count in counts.items():
            vector = self.vectors.get(stem)
            if vector is None:
                continue
            weight = 1 + math.log(count)
            total = (
                [a + weight * b for a, b in zip(total, vector, strict=True)]
                if total
                else [weight * b for b in vector]
            )
        return total
