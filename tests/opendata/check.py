"""Holds a pack against public validators and readers: `python check.py PACK`.

Needs csvw and frictionless; pandas and pyarrow where they are there. Opens no address. Ends with `N passed, M failed`,
and with another exit code than 0 where anything failed.
"""

import csv
import json
import pathlib
import re
import sys
import warnings

FIXED = ["Figure", "Value", "ValueQF", "Lower95", "Upper95", "Unbiased", "StandardError"]
# A number, or a range of numbers, may be below zero.
RANGE = re.compile("-[0-9][0-9A-Za-z .-]*")
NUMBERS = ["Value", "Lower95", "Upper95", "Unbiased", "StandardError"]


def csvw_is_valid(pack):
    """The W3C metadata describe the CSV files: types, keys and references."""
    from csvw import CSVW

    listed = {table["url"] for table in json.loads((pack / "csv-metadata.json").read_text())["tables"]}
    missing = {path.name for path in pack.glob("*.csv")} - listed
    assert not missing, f"csv-metadata.json says nothing of {sorted(missing)}"
    described = CSVW(str(pack / "csv-metadata.json"), validate=True)
    assert described.is_valid, "; ".join(str(it.message) for it in described.warnings[:5]) or "it is not valid"


def data_package_is_valid(pack):
    """The data package's files have their sizes and hashes; its tables their types, keys and references."""
    import frictionless

    package = json.loads((pack / "datapackage.json").read_text())
    listed = {resource["path"] for resource in package["resources"]}
    tables = {path.name for ending in ("csv", "parquet") for path in pack.glob(f"*.{ending}")}
    assert listed == tables, f"datapackage.json and the folder differ by {sorted(listed ^ tables)}"
    report = frictionless.validate(str(pack / "datapackage.json"))
    faults = [f"{task.place}: {error.message}" for task in report.tasks for error in task.errors]
    faults += [error.message for error in report.errors]
    assert report.valid, "; ".join(faults[:5])


def tables(pack):
    """The tables of figures, without lists of codes: each as its path, headings and rows."""
    lists = {path.name for path in pack.glob("codes-*.csv") if path.open().readline().count(",") < 6}
    for path in sorted(pack.glob("*.csv")):
        if path.name not in lists:
            with path.open(newline="", encoding="utf-8") as file:
                heading, *rows = csv.reader(file, strict=True)
            yield path, heading, rows


def text_is_plain(pack):
    """UTF-8 without a mark, lines that end in LF, as many fields in each as headings, and no text that would run."""
    checked = 0
    for path in sorted(pack.glob("*.csv")):
        data = path.read_bytes()
        assert not data.startswith(b"\xef\xbb\xbf"), f"{path.name} begins with a byte-order mark"
        assert data.endswith(b"\n") and b"\r" not in data, f"{path.name} has other line ends than LF"
        with path.open(newline="", encoding="utf-8") as file:
            heading, *rows = csv.reader(file, strict=True)
        for number, row in enumerate(rows, 2):
            assert len(row) == len(heading), f"{path.name}, row {number}: {len(row)} fields, {len(heading)} headings"
            for name, text in zip(heading, row):
                starts = text[:1] in ("=", "+", "@", "\t") or (text[:1] == "-" and not RANGE.fullmatch(text))
                assert not starts, f"{path.name}, row {number}: {name} begins with {text[0]!r}"
        checked += 1
    assert checked, "there is no CSV"


def qualifiers_and_order_hold(pack):
    """`d` stands beside `All` alone, a blank value has its reason, and rows are sorted as documented: by quarter; then
    figure by figure, totals before parts; of each, areas slowest, in one order."""
    for path, heading, rows in tables(pack):
        assert heading[-7:] == FIXED and heading[0] == "Quarter", f"{path.name} has other columns"
        labels = range(1, len(heading) - 7, 2)
        value, mark = heading.index("Value"), heading.index("ValueQF")
        areas, area_order = {}, {}
        last, seen = None, set()
        for number, row in enumerate(rows, 2):
            where = f"{path.name}, row {number}"
            for at in labels:
                assert (row[at + 1] == "d") == (row[at] == "All"), f"{where}: {heading[at]} and its qualifier disagree"
            assert row[value] or {"x", "z"} & set(row[mark].split()), f"{where}: a blank without a reason"
            quarter = row[0]
            assert last is None or quarter >= last, f"{where}: quarters are out of order"
            last = quarter
            by = tuple(row[at] != "All" for at in labels[1:])
            block = (quarter, row[-7], by)
            place = area_order.setdefault(quarter, {}).setdefault(row[1], len(area_order[quarter]))
            if block not in areas:
                # A new block: it has not been left before.
                assert block not in seen, f"{where}: a figure comes twice"
            assert place >= areas.get(block, 0), f"{where}: areas are out of order"
            areas[block] = place
            seen.add(block)
        for quarter, order in area_order.items():
            codes = [code for code in order if code != "unknown"]
            assert codes == sorted(codes), f"{path.name}: areas of {quarter} are not sorted by code"


def parquet_is_the_same(pack):
    """pandas and pyarrow read the same values and types from CSV and Parquet, and Parquet has no statistics."""
    import pandas
    import pyarrow.parquet

    files = sorted(pack.glob("*.parquet"))
    assert files, "there is no Parquet"
    for path in files:
        read = pyarrow.parquet.ParquetFile(path)
        for group in range(read.metadata.num_row_groups):
            for column in range(read.metadata.num_columns):
                chunk = read.metadata.row_group(group).column(column)
                assert not chunk.is_stats_set, f"{path.name} has statistics of {chunk.path_in_schema}"
        types = {field.name: str(field.type) for field in read.schema_arrow}
        expected = {name: "double" if name in NUMBERS else "string" for name in types}
        assert types == expected, f"{path.name} has other types: {types}"
        beside = path.with_suffix(".csv")
        if beside.exists():
            texts = {name: str for name in types if name not in NUMBERS}
            text = pandas.read_csv(beside, dtype={**texts, **dict.fromkeys(NUMBERS, float)}, keep_default_na=False,
                                   na_values={name: [""] for name in NUMBERS})
            table = read.read().to_pydict()
            for name in types:
                ours = [None if value != value else value for value in text[name].tolist()]
                assert ours == table[name], f"{path.name} and {beside.name} differ in {name}"


def main():
    pack = pathlib.Path(sys.argv[1])
    passed = failed = 0
    for check in (csvw_is_valid, data_package_is_valid, text_is_plain, qualifiers_and_order_hold, parquet_is_the_same):
        name = check.__name__.replace("_", " ")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(pack)
        except ImportError as missing:
            needed = check in (csvw_is_valid, data_package_is_valid)
            failed += needed
            print(f"{'failed' if needed else 'skipped'}: {name}: {missing.name} is not installed")
        except Exception as fault:  # Validators raise many kinds: each is a failure in words.
            failed += 1
            print(f"failed: {name}: {fault or type(fault).__name__}")
        else:
            passed += 1
            print(f"passed: {name}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
