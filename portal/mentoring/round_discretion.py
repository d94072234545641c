"""What may be told of a pair that is not one: a rule between two people must look like a poor match.

A reservation or a tie is nobody's business but its owner's, so wherever the secretariat looks, asks or tries, a pair that is
ruled out and a pair with little in common read the same: no figure, no offer, the same refusal, and neither is counted.
What can be seen by everyone (the same municipality, what the secretariat has excluded itself) is named.
"""

import matching

CANDIDATE = 45 * matching.UNITS_PER_POINT


def is_candidate(units: int | None) -> bool:
    """Whether the two have so much in common that the pair is shown, offered and spoken of."""
    return units is not None and units >= CANDIDATE
