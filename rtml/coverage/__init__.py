"""What a capture covers: who was seen and when, what is missing, and what can be found in it."""

from __future__ import annotations

from rtml.coverage.covered import Coverage, coverage_of

__all__ = ["Coverage", "coverage_of"]
