"""Small inputs of each data set, in its documented format, every value invented here."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import polars as pl

from tests.conftest import LAB
from tests.samples import DATA

MAY = 1_620_720_000  # 2021-05-11, in seconds
START = 1_631_610_000  # 2021-09-14, when the recordings of a scenario begin
_FLOW = (
    "_source_@timestamp,_source_source_ip,_source_source_port,_source_destination_ip,"
    "_source_destination_port,_source_network_transport,_source_network_bytes,_source_event_duration,label"
)


def cdl(folder: Path) -> Path:
    """Two CVEs: 12 benign runs and 4 with an attack; the attack makes calls that the service never made."""
    for number, cve in enumerate(("CVE-2020-0001", "CVE-2020-0002")):
        counts(cve, number).write_parquet(folder / f"{cve}.parquet")
    return folder


def counts(cve: str, seed: int = 0, rows: int = 60) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    runs = [("benign", run) for run in range(1, 13)] + [("test", run) for run in range(1, 5)]
    tables = []
    for part, run in runs:
        length = rows * (3 if part == "test" else 1)
        attack = np.zeros(length, dtype=int)
        attack[100:110] = part == "test"
        table = {
            "part": [part] * length,
            "run": [run] * length,
            "timestamp": np.arange(length) * 100,
            "attack": attack,
            "read": draw.poisson(20, length),
            "write": draw.poisson(10, length),
            "ptrace": 40 * attack,
        }
        tables.append(pl.DataFrame(table))
    return pl.concat(tables)


def published(folder: Path, cves: Iterable[str] = ("CVE-2020-0001",)) -> Path:
    names = ("method", "cve", "run", "fp", "tp", "fn", "tn", "lead_s", "detected")
    rows = [("theirs", cve, run, 1, 5, 5, 99, 0.5, int(run < 4)) for cve in cves for run in range(1, 5)]
    pl.DataFrame(rows, schema=names, orient="row").write_csv(folder / "published_shil.csv")
    return folder


def flows(path: Path, start: int, number: int, malicious: int = 0) -> Path:
    lines = [_FLOW]
    for n in range(number):
        stamp = f"2021-05-{11 + n // 1440:02d}T{n // 60 % 24:02d}:{n % 60:02d}:{start:02d}.000Z"
        lines.append(
            f"{stamp},10.0.0.{n % 5},4{n % 1000:03d},10.0.1.1,80,tcp,{900 + n % 7},{10**6 + n},benign"
        )
    for n in range(malicious):
        stamp = f"2021-05-20T10:00:{n % 60:02d}.000Z"
        lines.append(f"{stamp},10.0.9.9,55555,10.0.1.{n % 200 + 2},{1000 + n},tcp,90,{10**3},malicious")
    path.write_text("\n".join(lines) + "\n")
    return path


def assuremoss(folder: Path) -> Path:
    flows(folder / "elastic_may2021_benign_data.csv", 0, 400)
    flows(folder / "elastic_may2021_malicious_data.csv", 30, 120, malicious=30)
    return folder


def recording(path: Path, exploit: float | None = None, seconds: int = 8, lines: Iterable[str] = ()) -> Path:
    """One recording as LID-DS 2021 packs it; the exploit calls what the service does not."""
    calls = []
    for second in range(seconds):
        attacked = exploit is not None and second >= exploit
        for n in range(10):
            at = (START + second) * 10**9 + n * 10**6
            name = "ptrace" if attacked and n > 4 else ("read" if n % 2 else "write")
            calls.append(f"{at} 33 4711 apache2 4711 {name} > fd=5 size=8192")
            calls.append(f"{at + 500} 33 4711 apache2 4711 {name} < res=10")
    attacks = [] if exploit is None else [{"absolute": START + exploit, "name": "step", "source": "x"}]
    facts = {
        "container": [{"ip": "172.17.0.2", "name": "victim", "role": "victim"}],
        "exploit": exploit is not None,
        "exploit_name": "default",
        "image": "victim",
        "recording_time": seconds,
        "time": {"container_ready": {"absolute": START, "source": "x"}, "exploit": attacks},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{path.stem}.sc", "\n".join([*calls, *lines]))
        archive.writestr(f"{path.stem}.json", json.dumps(facts))
        archive.writestr(f"{path.stem}.res", "timestamp,cpu_usage\n")
        archive.writestr(f"{path.stem}.pcap", b"")
    return path


def lid_ds(folder: Path) -> Path:
    scenario = folder / "CVE-2014-0160"
    for number in range(6):
        recording(scenario / "training" / f"calm_curie_{number}.zip")
        recording(scenario / "validation" / f"keen_noether_{number}.zip")
        recording(scenario / "test" / "normal" / f"mild_fermi_{number}.zip")
        recording(scenario / "test" / "normal_and_attack" / f"odd_gauss_{number}.zip", exploit=5)
    return folder


def adfa_ld(folder: Path) -> Path:
    draw = np.random.default_rng(3)

    def trace(place: Path, kinds: list[int]) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(" ".join(map(str, draw.choice(kinds, 80))) + " ")

    for number in range(30):
        trace(folder / "Training_Data_Master" / f"UTD-{number:04d}.txt", [3, 4, 5, 6, 168])
    for number in range(120):
        trace(folder / "Validation_Data_Master" / f"UVD-{number:04d}.txt", [3, 4, 5, 6, 168])
    for attack in range(1, 4):
        for number in range(5):
            place = folder / "Attack_Data_Master" / f"Adduser_{attack}" / f"UAD-{attack}-{number}.txt"
            trace(place, [3, 11, 120, 174])
    return folder


def beth(folder: Path) -> Path:
    for part in ("training", "validation", "testing"):
        with (DATA / "beth" / "processes.csv").open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        for number, row in enumerate(rows):
            row["sus"], row["evil"] = ("1", "1") if part == "testing" and number % 4 == 0 else ("0", "0")
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        (folder / f"labelled_{part}_data.csv").write_text(text.getvalue())
    return folder


def sysflow(folder: Path) -> Path:
    names = ("proc_mon.1531776682.sf", "proc_mon.1531776712.sf", "proc_mon.1531776742.sf")
    for name in names:
        shutil.copy(DATA / "sysflow" / "shop.sf", folder / name)
    rows = [(name, index, int(name == names[2] and index % 3 == 0)) for name in names for index in range(400)]
    table = pl.DataFrame(rows, schema=["file", "record_index", "attack"], orient="row")
    (folder / "labels").mkdir()
    table.write_csv(folder / "labels" / "lineage_labels.csv")
    return folder


def lab(folder: Path) -> Path:
    shutil.copytree(LAB / "capture", folder / "capture")
    shutil.copy(LAB / "labels.parquet", folder)
    return folder


def replays(folder: Path) -> Path:
    (folder / "sittings.json").write_text("[]")
    return lab(folder)


INPUTS: dict[str, Callable[[Path], Path]] = {
    "cdl": cdl,
    "assuremoss": assuremoss,
    "lid-ds-2021": lid_ds,
    "adfa-ld": adfa_ld,
    "beth": beth,
    "sysflow": sysflow,
    "lab-v1": lab,
    "replays-v1": replays,
}
