#!/usr/bin/env python3
"""Times smirr on a fictional nation: extracts made once, then a cold store and a warm one.

    cargo build --release
    python3 tests/bench/national.py                       # 5.5 million patients, 13.0 million rows
    python3 tests/bench/national.py --patients 200000     # a quick look
    python3 tests/bench/national.py --times-ten           # 130 million rows as well

Prints Markdown. Needs Python 3.11 or later on Linux and nothing else; where the package `duckdb` can be imported,
DuckDB answers the same questions from the same files, on as many threads, without any privacy.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
QUARTER = "2026-Q3"
DIRT = 0.02
SEED = 1
TABLES = ["patients", "practitioners", "referrals", "contacts", "onward_referrals"]
# Bytes of extracts a row, and bytes of disk for each of those: the extracts, the store, and what a join may spill.
ROW_BYTES = 65
ROOM = 2.2

CONFIG = """\
board: NHS Strathmirr
quarter: {quarter}
root: {folder}
schemas: {repository}/schemas
reports_folder: {repository}/reports
sources:
{sources}
pseudonyms:
  key: {{ file: board.key }}
  project: strathmirr-bench
geography:
  levels: [health_board, hscp]
  bands: {{ simd_quintile: country }}
privacy:
  loss: {{ rho: "0.25", delta: "1e-7" }}
  ledger: ledger.sqlite
reports: [reach, bridge]
work: work
publish: {{ to: published, formats: [csv, parquet] }}
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=REPOSITORY / "out" / "bench", help="where extracts and stores go")
    parser.add_argument("--binary", type=Path, help="the smirr to time; the release build unless said")
    parser.add_argument("--patients", type=int, default=5_500_000)
    parser.add_argument("--activity", type=float, default=13.58, help="13.58 makes 2.36 rows for each patient")
    parser.add_argument("--threads", type=int, default=2, help="for smirr and DuckDB alike")
    parser.add_argument("--memory", type=int, help="smirr's --memory, in MiB")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="run each N times and show the best")
    parser.add_argument("--times-ten", action="store_true", help="then ten times the patients")
    parser.add_argument("--no-duckdb", action="store_true", help="smirr alone")
    parser.add_argument("--duckdb-child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.repeat < 1 or options.threads < 1:
        parser.error("--repeat and --threads are at least 1")
    if options.binary is None:
        options.binary = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "release" / "smirr"
    options.work = options.work.resolve()
    options.binary = options.binary.resolve()
    return options


class Finished:
    """What a process printed and used."""

    def __init__(self, words, log):
        began = time.monotonic()
        with open(log, "wb") as errors:
            process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=errors)
            output = process.stdout.read()
            # wait4, because it alone tells what this one process used; Popen must then not wait for it again.
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stdout.close()
        self.seconds = time.monotonic() - began
        self.processor = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024
        if process.returncode != 0:
            text = Path(log).read_text(encoding="utf-8", errors="replace")
            sys.exit(f"{words[0]} ended with exit code {process.returncode}:\n{text[-4000:]}")
        self.printed = json.loads(output)


def folder_of(options, patients):
    return options.work / f"{patients}-patients-{options.activity:g}"


def ask_for_room(options, sizes):
    """Stops before anything is made, not when the disk is full."""
    needed = 0
    for patients in sizes:
        rows = patients * (1 + 0.1 * options.activity)
        there = (folder_of(options, patients) / "made.json").exists()
        needed += rows * ROW_BYTES * (ROOM - 1 if there else ROOM)
    options.work.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(options.work).free
    if free < needed:
        has = f"{options.work} has {free / 1e9:.0f} GB"
        sys.exit(f"This needs about {needed / 1e9:.0f} GB of disk; {has}. Nothing was made.")


def make_board(options, patients):
    """The extracts, the key and the YAML of a board of this size; what is there already is kept."""
    folder = folder_of(options, patients)
    extracts, made = folder / "extracts", folder / "made.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not made.exists():
        shutil.rmtree(extracts, ignore_errors=True)
        words = ["synth", extracts, "--patients", patients, "--activity", options.activity, "--files", "board"]
        words += ["--dirt", DIRT, "--seed", SEED, "--quarter", QUARTER, "--json"]
        synth = Finished([options.binary, *words], folder / "synth.log")
        made.write_text(json.dumps({**synth.printed, "seconds": synth.seconds}), encoding="utf-8")
    if not (folder / "board.key").exists():
        words = [options.binary, "--quiet", "key", "new", folder / "board.key"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    sources = [f"  {table}: extracts/boards/*/{table}.csv" for table in TABLES]
    sources.append("  attendances: extracts/organisations/*/attendances.csv")
    sources += [f"  {table}: extracts/public/{table}.csv" for table in ("organisations", "data_zones")]
    # JSON strings are YAML strings, whatever a path holds.
    text = CONFIG.format(
        quarter=QUARTER, folder=json.dumps(str(folder)), repository=REPOSITORY, sources="\n".join(sources)
    )
    (folder / "board.yaml").write_text(text, encoding="utf-8")
    return folder, json.loads(made.read_text(encoding="utf-8"))


def run_board(options, folder, warm):
    """One run. The ledger is always a fresh one: with the old one smirr would answer from it and measure nothing."""
    for part in folder.glob("ledger.sqlite*"):
        part.unlink()
    # The witness would find the new ledger to be another one, and refuse it.
    (folder / "work" / "ledger-witness.json").unlink(missing_ok=True)
    shutil.rmtree(folder / "published", ignore_errors=True)
    if not warm:
        shutil.rmtree(folder / "work", ignore_errors=True)
    words = ["run", folder / "board.yaml", "--json", "--threads", options.threads]
    if options.memory:
        words += ["--memory", options.memory]
    run = Finished([options.binary, *words], folder / ("warm.log" if warm else "cold.log"))
    run.printed = run.printed["runs"][0]
    replayed = [charge["report"] for charge in run.printed["charges"] if charge["replayed"]]
    if replayed:
        sys.exit(f"{', '.join(replayed)} came from a ledger that should have been empty: nothing was measured")
    return run


def best_of(options, what, once):
    runs = []
    for number in range(options.repeat):
        print(f"{what}, {number + 1} of {options.repeat}", file=sys.stderr)
        runs.append(once())
    return min(runs, key=lambda run: run.seconds), [run.seconds for run in runs]


def table(heading, rows):
    """A Markdown table; all but the first column are numbers."""
    lines = ["| " + " | ".join(heading) + " |", "|---|" + "---:|" * (len(heading) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def stage_rows(run):
    """Every stage, then what lies between them, then the whole."""
    rows, between = [], run.seconds
    for stage in run.printed["stages"]:
        count, seconds = stage["rows"], stage["seconds"]
        between -= seconds
        pace = f"{count / seconds:,.0f}" if count and seconds > 0 else ""
        rows.append([stage["stage"], f"{count:,}" if count else "", f"{seconds:.2f}", pace])
    rows.append(["between stages", "", f"{max(between, 0.0):.2f}", ""])
    return rows


def show(title, run, walls, rows):
    lines = stage_rows(run)
    lines.append(["**in all**", f"{rows:,}", f"**{run.seconds:.2f}**", f"{rows / run.seconds:,.0f}"])
    print(f"\n#### {title}\n\n{table(['Stage', 'Rows', 'Seconds', 'Rows a second'], lines)}\n")
    print(f"Peak memory {run.peak / 2**20:,.0f} MiB; {run.processor:.1f} seconds of processor time.", end="")
    print(f" Every run, in seconds: {', '.join(f'{wall:.2f}' for wall in walls)}." if len(walls) > 1 else "")


def published_totals(folder):
    """The people in each figure of the pack, over all HSCPs: with their noise, before anything is cut at 0."""
    totals = {}
    for report in ("reach", "bridge"):
        with open(folder / "published" / QUARTER / f"{report}-hscp.csv", newline="", encoding="utf-8") as pack:
            for row in csv.DictReader(pack):
                if row["Unbiased"]:
                    name = f"{report}.{row['Figure']}"
                    totals[name] = totals.get(name, 0) + int(row["Unbiased"])
    return totals


def compare(options, folder, cold, warm):
    """DuckDB in a process of its own, so that its memory is its own too."""
    words = [sys.executable, Path(__file__).resolve(), "--duckdb-child", folder, "--threads", options.threads]

    def once():
        finished = Finished(words, folder / "duckdb.log")
        # Python's own start and end are no part of DuckDB's time.
        finished.seconds = sum(finished.printed["seconds"].values())
        return finished

    duck, walls = best_of(options, "DuckDB", once)
    told = duck.printed
    rows = [[name, f"{seconds:.2f}"] for name, seconds in told["seconds"].items()]
    rows.append(["**in all**", f"**{duck.seconds:.2f}**"])
    print(f"\n#### DuckDB {told['version']} on the same files: no checks, no pseudonyms, no privacy\n")
    print(table(["Step", "Seconds"], rows))
    print(f"\nPeak memory {duck.peak / 2**20:,.0f} MiB; {duck.processor:.1f} seconds of processor time.", end="")
    print(f" Every run, in seconds: {', '.join(f'{wall:.2f}' for wall in walls)}." if len(walls) > 1 else "")
    cold_ratio, warm_ratio = cold.seconds / duck.seconds, warm.seconds / duck.seconds
    print(f"\nsmirr / DuckDB: {cold_ratio:.2f} with a cold store, {warm_ratio:.2f} with a warm one.")
    published = published_totals(folder)
    rows = [[name, f"{count:,}", f"{published[name]:,}"] for name, count in told["totals"].items()]
    print("\nThat both answer the same questions, up to faulty rows (which smirr sets aside or mends) and noise:\n")
    print(table(["People, summed over the cells", "DuckDB", "smirr"], rows))


def bench(options, patients):
    folder, made = make_board(options, patients)
    rows = sum(made["rows"].values())
    megabytes = f"{made['bytes'] / 1e6:,.0f} MB"
    print(f"\n### {patients:,} patients, {rows:,} rows, {megabytes} of CSV, {options.threads} threads\n")
    print(f"{DIRT:.0%} of the rows carry a fault. The files are in the system's cache where memory allows.")
    cold, walls = best_of(options, "cold store", lambda: run_board(options, folder, False))
    show("Cold store: every extract is checked, pseudonymised and stored", cold, walls, rows)
    warm, walls = best_of(options, "warm store", lambda: run_board(options, folder, True))
    show("Warm store: no extract has changed; all is measured again", warm, walls, rows)
    if not options.no_duckdb and has_duckdb():
        compare(options, folder, cold, warm)


def has_duckdb():
    """Asked of a process of its own: a loaded library would count toward the memory of every process started later."""
    found = subprocess.run([sys.executable, "-c", "import duckdb"], capture_output=True).returncode == 0
    if not found:
        print("\nThe Python package duckdb is not installed: no comparison.")
    return found


def main():
    options = arguments()
    if options.duckdb_child:
        import duck  # beside this file

        print(json.dumps(duck.answer(options.duckdb_child, options.threads)))
        return
    if not options.binary.is_file():
        sys.exit(f"{options.binary} is not there: cargo build --release")
    sizes = [options.patients] + ([10 * options.patients] if options.times_ten else [])
    ask_for_room(options, sizes)
    for patients in sizes:
        bench(options, patients)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
