"""Splicing: recorded attacks laid into benign time of other containers, with exact labels."""
