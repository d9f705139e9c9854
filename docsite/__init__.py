"""The documentation site: what mkdocs adds to ``docs/`` when it builds, and the picture of the README.

Pages that somebody wrote lie in ``docs/``; catalogues and the reference are made of what is registered, so
that a new feature, rule or sensor appears by itself (`docsite.hook`). Nothing here is part of ``rtml``.
"""
