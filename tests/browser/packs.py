#!/usr/bin/env python3
"""Makes the packs that are looked at from outside: python3 packs.py SMIRR FOLDER

    FOLDER/demo/     three quarters of the demo, in every format
    FOLDER/hostile/  a small board whose name, areas, files and reports' words all try to run a script

Each is a board's own folder, as `out/demo/` is: `published/`, `work/`, and a ledger. FOLDER must be new.
"""

import csv
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
EVERY_FORMAT = "formats: [html, ods, xlsx, csv, parquet]"
# Each would stop the page with a dialogue if it were taken for markup; within 100 characters, as a board's name must be.
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>'\"><svg onload=alert(3)>{{ 7 * 7 }}"
CLOSING = "</title></style></script></svg><script>alert(4)</script>"
# As a part of a path.
FOLDER_NAME = "46221<img src=x onerror=alert(5)>"


def once(pattern: str, by: str, text: str) -> str:
    """Replaces the one line that fits: a demo that has changed must not leave a test that tests nothing."""
    text, count = re.subn(pattern, lambda _: by, text, flags=re.MULTILINE)
    if count != 1:
        raise SystemExit(f"packs.py: {count} lines of configs/demo.yaml fit {pattern!r}, and not 1")
    return text


def board(folder: Path) -> str:
    """The demo's YAML, with its output in another folder."""
    text = (REPOSITORY / "configs/demo.yaml").read_text()
    text = once(r"^root: \S+", f"root: {quoted(str(REPOSITORY))}", text)
    text = once(r"^  formats: .*$", f"  {EVERY_FORMAT}", text)
    return text.replace("out/demo/", f"{folder}/")


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def run(smirr: Path, *arguments: str) -> None:
    """Runs smirr; its tables are of no interest here, what it complains of is."""
    subprocess.run([smirr, *arguments, "--quiet"], check=True, stdout=subprocess.DEVNULL, timeout=600)


def demo(smirr: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    config = folder / "demo.yaml"
    config.write_text(board(folder))
    run(smirr, "run", str(config), "--since", "2026-Q1")


def hostile(smirr: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    extracts = folder / "extracts/2026-Q3"
    run(smirr, "synth", str(extracts), "--patients", "8000", "--activity", "4", "--dirt", "0.02")
    first = sorted((extracts / "practices").iterdir())[0]
    first.rename(first.with_name(FOLDER_NAME))
    spoil_names(extracts / "public/data_zones.csv")
    spoil_names(extracts / "public/organisations.csv")
    for report in (REPOSITORY / "reports").glob("*.yaml"):
        text = re.sub(r"^(title:) .*$", lambda it: f"{it[1]} {quoted(CLOSING)}", report.read_text(), flags=re.MULTILINE)
        text = re.sub(
            r"^( +label:) (.+)$", lambda it: f"{it[1]} {quoted(it[2] + ' ' + MARKUP)}", text, flags=re.MULTILINE
        )
        (folder / "reports").mkdir(exist_ok=True)
        (folder / "reports" / report.name).write_text(text)
    text = once(r"^board: .*$", f"board: {quoted(MARKUP)}", board(folder))
    text = once(r"^root: .*$", f"root: {quoted(str(REPOSITORY))}\nreports_folder: {folder}/reports", text)
    text = once(r"^fictional:\n(?:  .*\n)+", "", text)
    config = folder / "hostile.yaml"
    config.write_text(text)
    run(smirr, "key", "new", str(folder / "demo.key"))
    run(smirr, "run", str(config))


def spoil_names(path: Path) -> None:
    """Puts markup into every column of names."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for column in row:
            if (column == "name" or column.endswith("_name")) and row[column]:
                row[column] = f"{row[column]} {MARKUP}"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    smirr, folder = (Path(it).resolve() for it in sys.argv[1:])
    demo(smirr, folder / "demo")
    hostile(smirr, folder / "hostile")


if __name__ == "__main__":
    main()
