"""Whether two answers hold the same rows, whatever form they give a number."""

import datetime
import math


def differ(case, ours, theirs):
    """What differs, or None."""
    if case.rows is not None and len(ours) != case.rows:
        return f"datahall gave {len(ours)} rows, not {case.rows}"
    if len(ours) != len(theirs):
        return f"datahall gave {len(ours)} rows, the peer {len(theirs)}"
    left, right = [_plain(row) for row in ours], [_plain(row) for row in theirs]
    if not case.ordered:
        left, right = sorted(left, key=repr), sorted(right, key=repr)
    for one, other in zip(left, right):
        if one.keys() != other.keys() or not all(_same(one[key], other[key]) for key in one):
            return f"datahall {one}, the peer {other}"
    return None


def _plain(row):
    return {name: _value(value) for name, value in sorted(row.items())}


def _value(value):
    # One server's decimal is a text, the other's a number; both mean the number.
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, (bool, type(None))):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _same(one, other):
    if isinstance(one, float) and isinstance(other, float):
        # Averages of decimals are rounded at different digits.
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-6)
    return one == other
