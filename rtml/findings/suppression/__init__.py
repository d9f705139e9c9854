"""Suppression: findings that somebody answers for are archived by rules, never dropped."""

from rtml.findings.suppression.archiving import Suppressed, archive_of, suppress
from rtml.findings.suppression.files import read_suppressions

__all__ = ["Suppressed", "archive_of", "read_suppressions", "suppress"]
