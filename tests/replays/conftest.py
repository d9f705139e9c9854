"""The lab's images, made once; a machine that cannot fetch Debian packages cannot record."""

import pytest

from rtml.errors import RtmlError
from rtml.replays.recorder import images_of_the_lab


@pytest.fixture(scope="session")
def lab_images() -> None:
    """Make the images, or skip with the reason."""
    try:
        images_of_the_lab(lambda _: None)
    except RtmlError as error:
        pytest.skip(f"cannot record here: {error}")
