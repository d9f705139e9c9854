"""Settings of auditd and laurel for one sitting: both write into its folder, and nowhere else."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_settings"]

_AUDITD = """local_events = yes
write_logs = yes
log_file = {folder}/audit.log
log_format = RAW
log_group = root
flush = NONE
max_log_file = 4000
max_log_file_action = IGNORE
num_logs = 0
name_format = NONE
plugin_dir = {folder}/plugins.d
q_depth = 90000
overflow_action = IGNORE
space_left = 100
space_left_action = IGNORE
admin_space_left = 50
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
"""

_PLUGIN = """active = yes
direction = out
type = always
format = string
path = {laurel}
args = -c {folder}/laurel.toml
"""

_LAUREL = """directory = "{folder}"
[auditlog]
file = "laurel.jsonl"
size = 4000000000
generations = 1
[transform]
execve-argv = ["array"]
[translate]
universal = true
[enrich]
execve-env = []
container = true
"""


def write_settings(folder: Path, laurel: str) -> None:
    """Write the settings of auditd, of its plugin ``laurel`` (the program's path), and of laurel itself.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_settings(folder, "/usr/sbin/laurel")
    >>> sorted(path.name for path in folder.rglob("*.*") if path.is_file())
    ['auditd.conf', 'laurel.conf', 'laurel.toml']
    """
    plugins = folder / "plugins.d"
    plugins.mkdir(mode=0o750)
    texts = {
        folder / "auditd.conf": _AUDITD.format(folder=folder),
        plugins / "laurel.conf": _PLUGIN.format(laurel=laurel, folder=folder),
        folder / "laurel.toml": _LAUREL.format(folder=folder),
    }
    for path, text in texts.items():
        path.write_text(text, "utf-8")
        path.chmod(0o640)
