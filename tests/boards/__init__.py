"""Leaderboards over many data sets."""
