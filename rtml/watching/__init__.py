"""Watching: a log that grows, judged as it comes; models and rules tell what a batch over all of it would."""
