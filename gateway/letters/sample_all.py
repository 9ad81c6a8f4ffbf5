"""Every letter with its examples, in the order in which people meet them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.letters.sample import Build, Cases, Sample
from gateway.letters.sample_credit import CREDITS
from gateway.letters.sample_operator import OPERATOR
from gateway.letters.sample_price import ASSESSMENTS
from gateway.letters.sample_staff import STAFF
from gateway.letters.sample_ticket import TICKETS
from gateway.letters.sample_urgency import URGENCY


def _build(tables: Mapping[str, tuple[Build, Cases]]) -> dict[str, tuple[Sample, ...]]:
    return {name: build(name, cases) for name, (build, cases) in tables.items()}


CUSTOMER_SAMPLES: Final = MappingProxyType(_build(TICKETS | ASSESSMENTS | URGENCY | CREDITS))
STAFF_SAMPLES: Final = MappingProxyType(_build(STAFF | OPERATOR))
SAMPLES: Final = MappingProxyType({**CUSTOMER_SAMPLES, **STAFF_SAMPLES})
"""Samples by letter."""
