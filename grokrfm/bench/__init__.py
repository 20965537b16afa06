"""Benchmarks, one subject per file (`make bench`).

Absolute times depend on the load of a shared machine; ratios of two times measured alternately in
one process do not. A subject has `TABLES`, and `LARGE` for those that take minutes: title → a
function that measures one row, and the arguments of every row. Each row has a fresh process.
"""
