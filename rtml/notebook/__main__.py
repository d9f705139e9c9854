"""``python -m rtml.notebook notebooks/02-hunt.ipynb``: run notebooks, keep their outputs."""

from __future__ import annotations

import sys
from pathlib import Path

from rtml.errors import RtmlError
from rtml.notebook.execute import execute_file


def main(names: list[str]) -> int:
    """Run each notebook in place; 1 when one fails, 2 when none is named."""
    if not names:
        sys.stderr.write("usage: python -m rtml.notebook NOTEBOOK.ipynb ...\n")
        return 2
    for name in names:
        try:
            execute_file(Path(name))
        except (RtmlError, OSError) as error:
            sys.stderr.write(f"{name}: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
