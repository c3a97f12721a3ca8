"""Parts of a whole, as answers say them."""


def share(count: int, total: int) -> float:
    """Between 0 and 1, four digits; 0 of nothing is 0."""
    return round(count / total, 4) if total else 0.0


def percentage(count: int, total: int) -> float:
    """Of a hundred, two digits; 0 of nothing is 0."""
    return round(100 * count / total, 2) if total else 0.0
