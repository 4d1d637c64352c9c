"""Check digits of barcodes (GS1 General Specifications, section 7.9)."""

GTIN_LENGTHS = (8, 12, 13, 14)


def is_wrong_barcode(barcode: str) -> bool:
    """Tell whether digits of a GTIN's length end in the wrong check digit; codes of other kinds have none."""
    if not (barcode.isascii() and barcode.isdigit() and len(barcode) in GTIN_LENGTHS):
        return False
    return check_digit(barcode[:-1]) != int(barcode[-1])


def check_digit(body: str) -> int:
    """Give the check digit for the digits before it: weights 3 and 1 alternate from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -total % 10
