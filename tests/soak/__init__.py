"""Fuzzers of every reader: `make soak` gives each a million inputs made from samples.

An input follows from seed, target and number alone, so a fault is repeated by naming them
(`tests/soak/kept.txt` has those that found something; `test_kept.py` runs them again).
"""
