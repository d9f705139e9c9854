"""Sigma's rule files, by way of pySigma, and our own packs, which are Sigma files."""
