"""Calls that torch refuses, by subject; `CASES` is the table of all of them."""

from tests.bad_calls import graphs, places, values
from tests.bad_calls.table import CASES

__all__ = ["CASES", "graphs", "places", "values"]
