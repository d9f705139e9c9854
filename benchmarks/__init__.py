"""Speed and memory, as ratios inside one run. Synthetic load is for load only, never for claims.

``python -m benchmarks --events 1e6`` generates a seeded capture, then measures, each in a process
of its own: import of every sensor format (real files, when ``../shared`` is there), the bare read
with pyarrow, features, scores, and the same three families in plain pandas.
"""
