"""What things cost, a file a subject (`make bench`).

Absolute times mean little on a shared machine. A ratio of two things measured alternately in one
process means much. A subject has `TABLES`, and `LARGE` for what takes minutes: title → a function
that measures one row, and the arguments of every row. Each row is measured in a fresh process.
"""
