"""Correlations: rules over several events, as joins over the whole capture.

One file each: a function from a capture to the events that complete the sequence, and beside it,
under the same name, what it stands for and its examples. To add one, write both and name it here.
"""

from rtml.rules.correlations.contract import Correlation, Step, correlation
from rtml.rules.correlations.discovery_burst import DISCOVERY_BURST
from rtml.rules.correlations.downloaded_then_executed import DOWNLOADED_THEN_EXECUTED
from rtml.rules.correlations.elevation_to_root import ELEVATION_TO_ROOT
from rtml.rules.correlations.new_binary_executed import NEW_BINARY_EXECUTED
from rtml.rules.correlations.new_library_loaded import NEW_LIBRARY_LOADED
from rtml.rules.correlations.port_scan import PORT_SCAN
from rtml.rules.correlations.preload_loaded import PRELOAD_LOADED
from rtml.rules.correlations.reverse_shell_interactive import REVERSE_SHELL_INTERACTIVE
from rtml.rules.correlations.reverse_shell_on_socket import REVERSE_SHELL_ON_SOCKET
from rtml.rules.correlations.service_writes_script import SERVICE_WRITES_SCRIPT
from rtml.rules.correlations.setuid_file_executed import SETUID_FILE_EXECUTED
from rtml.rules.correlations.shell_under_service import SHELL_UNDER_SERVICE

__all__ = ["CORRELATIONS", "Correlation", "Step", "correlation"]

CORRELATIONS: tuple[Correlation, ...] = (
    NEW_BINARY_EXECUTED,
    NEW_LIBRARY_LOADED,
    PRELOAD_LOADED,
    REVERSE_SHELL_ON_SOCKET,
    REVERSE_SHELL_INTERACTIVE,
    SHELL_UNDER_SERVICE,
    SERVICE_WRITES_SCRIPT,
    ELEVATION_TO_ROOT,
    SETUID_FILE_EXECUTED,
    DOWNLOADED_THEN_EXECUTED,
    DISCOVERY_BURST,
    PORT_SCAN,
)
"""All correlations; they come with the pack ``container``."""
