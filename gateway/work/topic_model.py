"""Learns from a desk's own mails which words mean much the same, with the extra `topic`.

Latent semantic analysis: the few directions in which the words of many mails vary together. It
takes seconds and a library of 200 MB, so it runs in a worker thread, in the background, and its
result is a plain value: judging a mail needs no library.
"""

from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Final

from gateway.desk.meaning import Meaning
from gateway.desk.words import own_text, stems

DIRECTIONS: Final = 100
FEWEST_MAILS: Final = 200
"""With fewer mails the directions are those of single mails, and worth nothing."""


def learn_meaning(texts: Iterable[str]) -> Meaning | None:
    """What the words of `texts` (one mail each, quotes and all) mean beside each other.

    None where the texts are too few. Raises ImportError where the extra `topic` is missing. The
    same texts in the same order give the same result.
    """
    # These take seconds and are not always there: only who learns pays for them.
    from sklearn.decomposition import TruncatedSVD  # noqa: PLC0415 - see above
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - see above

    mails = [stems(own_text(text)) for text in texts]
    holding = Counter(stem for mail in mails for stem in set(mail))
    known = sorted(stem for stem, count in holding.items() if count > 1)
    if len(mails) < FEWEST_MAILS or len(known) <= DIRECTIONS:
        return None
    table = TfidfVectorizer(analyzer=list, vocabulary=known, sublinear_tf=True)
    found = TruncatedSVD(DIRECTIONS, random_state=0).fit(table.fit_transform(mails))
    weighted = (found.components_ * table.idf_).T
    return Meaning(
        vectors={stem: array("f", row.tolist()) for stem, row in zip(known, weighted, strict=True)}
    )
