"""Rates of things measured in turn, and the ratios between them.

A machine's speed changes from minute to minute, so a number alone says nothing and no test depends on one.
What is compared is measured in the same round, one after the other, and a ratio is taken within each round.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median
from typing import Literal

import msgspec

Sample = Callable[[], Awaitable[float]]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table.

    Args:
        what: is measured.
        ours: in words, with its unit.
        reference: what it is compared with, in words.
        ratio: min, median and max over the rounds, in words.
        budget: in words; empty where there is none.
        met: whether the median keeps the budget; None without one.
    """

    what: str
    ours: str
    reference: str
    ratio: str
    budget: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """`ok`, `below`, or nothing."""
        return "" if self.met is None else "ok" if self.met else "below"


async def measure(samples: Mapping[str, Sample], rounds: int) -> dict[str, list[float]]:
    """Take each sample once a round, in turn, every other round backwards."""
    taken: dict[str, list[float]] = {name: [] for name in samples}
    for number in range(rounds):
        order = list(samples.items())
        for name, sample in order if number % 2 == 0 else reversed(order):
            taken[name].append(await sample())
    return taken


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Write a median with its smallest and largest: `0.61 (0.58-0.66)`."""
    low, middle, high = min(values), median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def ratios(ours: Sequence[float], reference: Sequence[float]) -> list[float]:
    """Divide round by round."""
    return [one / other for one, other in zip(ours, reference, strict=True)]


def rate_line(
    what: str,
    ours: Sequence[float],
    reference: Sequence[float],
    name: str,
    *,
    unit: str = "/s",
    at_least: float | None = None,
    extra: str = "",
) -> Line:
    """Compare two rates; more is better."""
    found = ratios(ours, reference)
    return Line(
        what=what,
        ours=f"{median(ours):,.0f}{unit}{extra}",
        reference=f"{name} {median(reference):,.0f}{unit}",
        ratio=spread(found),
        budget=f">= {at_least}" if at_least is not None else "",
        met=None if at_least is None else median(found) >= at_least,
    )


def cost_line(
    what: str,
    ours: Sequence[float],
    reference: Sequence[float],
    name: str,
    *,
    at_most: float | None,
    kind: Literal["difference", "ratio"],
    unit: str = "us",
) -> Line:
    """Compare two costs; less is better. A difference is in the same unit, a ratio has none."""
    if kind == "ratio":
        found, words = ratios(ours, reference), ""
    else:
        found, words = [one - other for one, other in zip(ours, reference, strict=True)], f" {unit} more"
    return Line(
        what=what,
        ours=f"{median(ours):,.1f} {unit}",
        reference=f"{name} {median(reference):,.1f} {unit}",
        ratio=spread(found) + words,
        budget="" if at_most is None else f"<= {at_most:g}{words.removesuffix(' more')}",
        met=None if at_most is None else median(found) <= at_most,
    )


def table(lines: Sequence[Line]) -> str:
    """Write the lines as a plain text table."""
    rows = [("what", "ours", "reference", "ratio (min-max)", "budget", "verdict")]
    rows += [(line.what, line.ours, line.reference, line.ratio, line.budget, line.verdict) for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([text[0], "  ".join("-" * width for width in widths), *text[1:]])
