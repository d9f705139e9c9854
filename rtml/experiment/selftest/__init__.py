"""Mistakes that have fooled harnesses, planted by the program: each must be refused, said or paid for."""

from rtml.experiment.selftest.run import Result, selftest

__all__ = ["Result", "selftest"]
