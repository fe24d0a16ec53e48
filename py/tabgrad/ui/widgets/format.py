"""How numbers are written on the page: shares, signed numbers, amounts, times. Knows no document and no network."""

from __future__ import annotations

import math
from collections.abc import Sequence

MINUS, NBSP = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"
#: An accuracy on fewer images than MNIST's test images is shown with its 95 % interval.
MANY_IMAGES = 10_000
#: An interval narrower than this needs a decimal.
_NARROW = 0.04


def percent(share: float, decimals: int = 0) -> str:
    """A share in 0..1 that no line break takes apart: `percent(0.9753, 2)` is "97.53 %"."""
    return f"{100 * share:.{decimals}f}{NBSP}%"


def confidence(probability: float) -> str:
    """A probability in 0..1, with one decimal near 0 and 1, where it tells: 0.42 is "42 %", 0.996 is "99.6 %".

    So "100 %" stands for 0.9995 and more, and "0 %" for less than 0.001.
    """
    near_an_end = 0.001 <= probability < 0.1 or 0.99 <= probability < 0.9995
    return percent(probability, 1 if near_an_end else 0)


def interval_95(low: float, high: float) -> str:
    """A 95 % interval of a share: "95 % interval 40 % to 89 %"."""
    return f"{percent(0.95)} interval {percent(low)} to {percent(high)}"


def with_interval(accuracy: float, interval: Sequence[float], images: int) -> str:
    """An accuracy, with its 95 % interval (low, high) unless it is of many images: among few, 100 % says little.

    0.9753 of 10,000 is "97.53 %"; 0.8 with (0.6, 0.92) of 20 is "80.00 % (95 % interval 60 to 92 %)".
    """
    if images >= MANY_IMAGES:
        return percent(accuracy, 2)
    return f"{percent(accuracy, 2)} ({percent(0.95)} interval {ends(interval)})"


def ends(interval: Sequence[float]) -> str:
    """The ends of an interval (low, high) of a share: "60 to 92 %"."""
    low, high = interval
    decimals = 1 if high - low < _NARROW else 0
    return f"{100 * low:.{decimals}f} to {percent(high, decimals)}"


def signed(value: float, decimals: int = 2) -> str:
    """A number with its sign, and none on what rounds to 0: "+1.50", "\N{MINUS SIGN}0.25", "0.00"."""
    text = f"{abs(value):.{decimals}f}"
    sign = "" if float(text) == 0 else "+" if value > 0 else MINUS
    return sign + text


def rounded_to_sum(parts: Sequence[float], total: float, decimals: int = 2) -> list[float]:
    """`parts`, rounded so that as printed they add up to `total` as printed: -0.004 and -1.524 are 0 and -1.53.

    Each part is rounded down or up, those closest to the next step up (the largest remainder method), and a part of 0
    stays 0. `total` is their sum, exact but for small errors of arithmetic.
    """
    scale = 10**decimals
    exact = [part * scale for part in parts]
    down = [math.floor(value) for value in exact]
    missing = round(total * scale) - sum(down)
    order = sorted(range(len(exact)), key=lambda i: down[i] - exact[i])
    # A total that is a little off can ask for more than one step each, or for a step down.
    whole, more = divmod(missing, len(exact)) if exact else (0, 0)
    steps = [whole] * len(exact)
    for i in order[:more]:
        steps[i] += 1
    return [(value + step) / scale for value, step in zip(down, steps, strict=True)]


def amount(value: float, unit: str = "") -> str:
    """A count of operations or bytes in three digits: "950", "12.3 k"; with the unit "B", "4.5 MB"."""
    for prefix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {prefix}{unit}"
    return f"{value:.0f} {unit}".strip()


def milliseconds(time_ms: float, is_bound: bool = False) -> str:
    """A time in milliseconds: "0.35 ms" below 1 ms, else "12.3 ms"; "< 100 ms" if only a bound is known."""
    if is_bound:
        return f"< {time_ms:.3g} ms"
    return f"{time_ms:.{2 if time_ms < 1 else 1}f} ms"


def short_time(time_ms: float, is_bound: bool = False) -> str:
    """A time of at most a few milliseconds in three digits of the unit that fits: "35.1 ns", "12.3 µs", "4.56 ms".

    If only a bound is known: "< 9.16 µs".
    """
    if is_bound:
        return f"< {short_time(time_ms)}"
    for unit, size_ms in (("ms", 1.0), ("\N{MICRO SIGN}s", 1e-3)):
        if time_ms >= 0.9995 * size_ms:
            return f"{time_ms / size_ms:.3g} {unit}"
    return f"{time_ms * 1e6:.3g} ns"


def duration(time_s: float) -> str:
    """A time that a person waits: "0.8 s", "12 s", "3 min 05 s"."""
    if time_s < 10:
        return f"{time_s:.1f} s"
    if time_s < 60:
        return f"{time_s:.0f} s"
    return f"{time_s // 60:.0f} min {time_s % 60:02.0f} s"
