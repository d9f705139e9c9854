"""Lineage, binaries and destinations once more, written plainly in pandas: groupby, merge, map.

The yardstick for speed, and a second opinion: a test holds that both give the same numbers.
"""
