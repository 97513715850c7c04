"""Quantities as people read them."""


def size(octets: float) -> str:
    """A size in decimal units: 999 B, 1.2 kB, 340 MB."""
    value, unit = float(octets), "B"
    for bigger in ("kB", "MB", "GB", "TB", "PB"):
        # 999.5 would be shown as 1000
        if abs(value) < 999.5:  # noqa: PLR2004 - as said above
            break
        value, unit = value / 1000, bigger
    digits = 1 if unit != "B" and abs(value) < 9.95 else 0  # noqa: PLR2004 - one digit below 10, none above
    return f"{value:.{digits}f} {unit}"
