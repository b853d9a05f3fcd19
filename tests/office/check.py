"""Checks the workbooks of a pack with the programs that readers use.

    python tests/office/check.py PACK [--no-office]

PACK is a published folder with CSV, ODS and XLSX. Needs openpyxl, odfpy and pandas, and LibreOffice's `soffice` unless
`--no-office` is given. Ends with 1 where a rule is broken, and says which, in which file and sheet.
"""

import csv
import math
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pandas

MARK = re.compile(r"\[note (\d+)\]")
SYMBOL = re.compile(r"\[(?:low|r|u|x|z)\]")
FAULTS = []


def must(holds, where, what):
    """Notes a fault where something does not hold."""
    if not holds:
        FAULTS.append(f"{where}: {what}")


# --- What is in a workbook, in whatever format: its sheets as rows of text and numbers, without what is empty. ---


def read(path):
    """A workbook's sheets by name, by pandas: rows without the empty cells at their ends."""
    engine = "odf" if path.suffix == ".ods" else "openpyxl"
    frames = pandas.read_excel(path, engine=engine, sheet_name=None, header=None, keep_default_na=False, dtype=object)
    return {name: [trimmed(row) for row in frame.itertuples(index=False)] for name, frame in frames.items()}


def trimmed(row):
    cells = [None if cell == "" or cell is None or (isinstance(cell, float) and math.isnan(cell)) else cell for cell in row]
    while cells and cells[-1] is None:
        cells.pop()
    return [float(cell) if isinstance(cell, (int, float)) and not isinstance(cell, bool) else cell for cell in cells]


def heading_row(rows):
    """The row of a table's headings: the first that is wider than one cell."""
    return next((at for at, row in enumerate(rows) if len(row) > 1), None)


# --- 1. The same values in both formats, and those of the CSV. ---


def figures_of(path):
    """A level's figures by set of dimensions, in the order of its CSV.

    Gives, by the tuple of headings: a list of (figure, labels, rows), the rows as (value, lower, upper, symbols).
    """
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    columns = list(table[0])
    headings = [it for it in columns[1:] if it + "QF" in columns and it != "Value"]
    blocks = {}
    for row in table:
        by = tuple(it for it in headings[1:] if row[it] != "All")
        labels, rows = blocks.setdefault((by, row["Figure"]), ([], []))
        labels.append(tuple(row[it] for it in (headings[0], *by)))
        rows.append((row["Value"], row["Lower95"], row["Upper95"], row["ValueQF"]))
    found = {}
    for (by, figure), (labels, rows) in blocks.items():
        found.setdefault((by, tuple(labels)), []).append((figure, rows))
    return found


def compare_with_csv(where, rows, tables):
    """A table sheet must be one of the CSV's sets of figures, cell for cell."""
    first = heading_row(rows)
    headings, body = rows[first], rows[first + 1 :]
    for (by, labels), figures in tables.items():
        width = 2 + len(by)
        if len(labels) != len(body) or not headings_fit(headings[width:], figures):
            continue
        if [row[0] for row in body] == [label[0] for label in labels] and same_words(body, labels):
            for at, (row, label) in enumerate(zip(body, labels)):
                compare_row(f"{where}, row {first + at + 2}", headings[width:], row[width:], figures, at)
            return (by, labels)
    must(False, where, "no set of figures of the CSV is this table")
    return None


def headings_fit(headings, figures):
    """How many figures the headings speak of: each has one heading that names no limit and no symbols."""
    ends = (": lower 95%", ": upper 95%", ": symbols")
    return sum(not re.sub(r" \(\d+\)$", "", it).endswith(ends) for it in headings) == len(figures)


def same_words(body, labels):
    """Each code has one label, and each label one code."""
    for column in range(1, len(labels[0])):
        pairs = {(label[column], row[column + 1]) for row, label in zip(body, labels)}
        if len(pairs) != len({code for code, _ in pairs}) or len(pairs) != len({word for _, word in pairs}):
            return False
        if any(code.isdigit() and not str(word).startswith(code) for code, word in pairs):
            return False
    return True


def compare_row(where, headings, cells, figures, at):
    plain = [re.sub(r" \(\d+\)$", "", it) for it in headings]
    place = 0
    for figure, rows in figures:
        value, lower, upper, symbols = rows[at]
        shown = " ".join(f"[{it}]" for it in symbols.split())
        expected = [value]
        after = plain[place + 1 :]
        if after and after[0].endswith(": lower 95%"):
            expected += [lower, upper]
        for text in expected:
            cell = cells[place]
            must(cell == (float(text) if text else shown), where, f"{figure} is {cell!r}, and {text or shown!r} in the CSV")
            place += 1
        if place < len(plain) and plain[place].endswith(": symbols"):
            must(cells[place] == (shown or "none"), where, f"{figure} has {cells[place]!r}, and {shown!r} in the CSV")
            place += 1
        else:
            must(not shown, where, f"{figure} has no column for its symbol {shown}")
    must(place == len(cells), where, f"{len(cells) - place} cells are no figure of the CSV")


def check_values(pack, report, books):
    ods, xlsx = books
    must(list(ods) == list(xlsx), report, "the formats have other sheets")
    for name in ods:
        must(ods[name] == xlsx.get(name), f"{report}, {name}", "the formats differ")
    tables = {}
    for path in sorted(pack.glob(f"{report}-*.csv")):
        if not path.stem.endswith("-series"):
            for key, figures in figures_of(path).items():
                tables[(path.stem, *key)] = figures
    seen = set()
    for name, rows in ods.items():
        if name.startswith("Table_"):
            found = compare_with_csv(f"{report}, {name}", rows, {key[1:]: it for key, it in tables.items()})
            seen.add(found)
    left = [row[1] for row in ods["Contents"] if row[0] == "Not in this workbook"]
    missing = [key for key in tables if key[1:] not in seen and not any(f"{key[0]}.csv" in it for it in left)]
    must(not missing, report, f"{len(missing)} tables of the CSV are in no sheet: {[key[:2] for key in missing]}")


# --- 2. The checklist, on the files as they are. ---


def check_rules(where, sheets):
    names = list(sheets)
    must(names[:4] == ["Cover", "Contents", "Notes", "Symbols"], where, f"begins with {names[:4]}")
    must(len({it.lower() for it in names}) == len(names), where, "two sheets have one name")
    for name, rows in sheets.items():
        here = f"{where}, {name}"
        must(len(name) <= 31 and re.fullmatch(r"\w+", name), here, "the name is not plain or short")
        must(rows and len(rows[0]) == 1 and rows[0][0], here, "A1 holds no title")
        must(all(None not in row and row for row in rows), here, "a cell or row is blank")
        first = heading_row(rows)
        must((first is None) == (name == "Cover"), here, "there is no one table")
        if first is not None:
            headings = rows[first]
            must(len({str(it).lower() for it in headings}) == len(headings), here, "two headings are alike")
            must(all(len(row) == len(headings) for row in rows[first:]), here, "a row is not as wide as the headings")
            must(len(rows) > first + 1, here, "the table has no rows")
    text = lambda name: " ".join(str(cell) for row in sheets[name] for cell in row)
    marked = {it for name in names if name != "Notes" for it in MARK.findall(text(name))}
    listed = [MARK.fullmatch(str(row[0])).group(1) for row in sheets["Notes"][heading_row(sheets["Notes"]) + 1 :]]
    must(listed == [str(at + 1) for at in range(len(listed))], where, "the notes are not numbered in order")
    must(marked == set(listed), where, f"notes {marked ^ set(listed)} are referred to or listed, and not both")
    symbols = {it for name in names if name.startswith("Table_") for it in SYMBOL.findall(text(name))}
    must(symbols <= {str(row[0]) for row in sheets["Symbols"]}, where, "a symbol is not explained")
    rows = {row[0]: row[2] for row in sheets["Contents"][heading_row(sheets["Contents"]) + 1 :]}
    for name in names[2:]:
        must(rows.get(name) == len(sheets[name]) - heading_row(sheets[name]) - 1, f"{where}, Contents", f"{name} is not as listed")


def check_xlsx(path):
    where = path.name
    book = openpyxl.load_workbook(path)
    must(book.active.title == "Cover", where, "the first sheet is not the active one")
    core = book.properties
    must(core.title and core.creator and core.language, where, "title, author or language is missing")
    must(not book.vba_archive, where, "there are macros")
    cells = [cell for row in book["Contents"].iter_rows() for cell in row if cell.hyperlink]
    linked = {cell.hyperlink.location for cell in cells if cell.hyperlink.location == f"{cell.value}!A1"}
    for sheet in book.worksheets:
        here = f"{where}, {sheet.title}"
        must(not sheet.merged_cells.ranges, here, "cells are merged")
        must(sheet.freeze_panes is None, here, "panes are frozen")
        must(not sheet.auto_filter.ref, here, "there is a filter")
        must(not sheet._images and not sheet._charts, here, "there is an image")
        must(sheet.sheet_state == "visible", here, "the sheet is hidden")
        must(not any(it.hidden for it in [*sheet.row_dimensions.values(), *sheet.column_dimensions.values()]), here, "rows or columns are hidden")
        must(sheet["A1"].font.b, here, "the title is not bold")
        if sheet.title == "Cover":
            continue
        must(sheet.title == "Contents" or f"{sheet.title}!A1" in linked, here, "Contents do not lead to it")
        must(len(sheet.tables) == 1, here, "there is no one table object")
        for table in sheet.tables.values():
            must(table.headerRowCount in (None, 1) and table.autoFilter is None, here, "the table has a filter or no headings")
            area = [row for row in sheet[table.ref]]
            must(table.ref.split(":")[1] == sheet.dimensions.split(":")[1], here, "the table does not end the sheet")
            must([it.value for it in area[0]] == [it.name for it in table.tableColumns], here, "the headings are not those of the table")
            must(all(it.font.b and it.alignment.wrap_text for it in area[0]), here, "a heading is not bold or does not wrap")
            lines = [sheet.cell(row, 1) for row in range(1, area[0][0].row)]
            must(not any(it.alignment.wrap_text for it in lines), here, "a line above the table wraps into its first column")
        for row in sheet.iter_rows():
            for cell in row:
                must(cell.data_type != "f", f"{here}, {cell.coordinate}", "there is a formula")
                font = cell.value is None or (cell.font.name == "Arial" and cell.font.sz >= 12)
                must(font, f"{here}, {cell.coordinate}", "the font is not Arial 12")


OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"


def check_ods(path):
    where = path.name
    with zipfile.ZipFile(path) as archive:
        must(archive.infolist()[0].filename == "mimetype", where, "the first file is not `mimetype`")
        must(not any("Basic" in it or "Pictures" in it for it in archive.namelist()), where, "there are macros or images")
        content = ElementTree.fromstring(archive.read("content.xml"))
        meta = archive.read("meta.xml").decode()
        styles = archive.read("styles.xml").decode()
    for name in ("dc:title", "dc:creator", "meta:initial-creator", "dc:language"):
        must(re.search(f"<{name}>[^<]+</{name}>", meta), where, f"{name} is missing")
    must('style:font-name="Arial" fo:font-size="12pt"' in styles, where, "the font is not Arial 12")
    table, office, text = (OFFICE % it for it in ("table", "office", "text"))
    ranges = {it.get(f"{table}name") for it in content.iter(f"{table}database-range")}
    links = {it.get("{http://www.w3.org/1999/xlink}href") for it in content.iter(f"{text}a")}
    for sheet in content.iter(f"{table}table"):
        name = sheet.get(f"{table}name")
        here = f"{where}, {name}"
        headers = sheet.findall(f"{table}table-header-rows")
        must(len(headers) == (name != "Cover"), here, "there is no one row that is marked as headings")
        must(name in ("Cover", "Contents") or f"#{name}.A1" in links, here, "Contents do not lead to it")
        must(name == "Cover" or f"{name}_data" in ranges, here, "the table is not marked")
        for element in sheet.iter():
            spanned = [key for key in element.attrib if "spanned" in key or key.endswith(("}formula", "}visibility"))]
            must(not spanned, here, f"there is {spanned}")
            if element.tag == f"{table}table-cell":
                must(element.get(f"{office}value-type"), here, "a cell is blank")


# --- 3. LibreOffice opens and saves each without loss. ---


def office(folder, path, to):
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", to]
    out = folder / f"{path.suffix[1:]}-{to}"
    done = subprocess.run([*command, "--outdir", out, path], capture_output=True, timeout=180, check=False)
    made = out / f"{path.stem}.{to}"
    must(made.exists(), path.name, f"LibreOffice makes no {to} of it: {done.stderr.decode(errors='replace').strip()}")
    return made if made.exists() else None


def properties(path):
    """Title, author and language."""
    with zipfile.ZipFile(path) as archive:
        name = "meta.xml" if path.suffix == ".ods" else "docProps/core.xml"
        text = archive.read(name).decode()
    author = "meta:initial-creator" if path.suffix == ".ods" else "dc:creator"
    return [(re.search(f"<{it}>([^<]*)</{it}>", text) or [None, None])[1] for it in ("dc:title", author, "dc:language")]


def headed(path):
    """The sheets that have a table with marked headings."""
    if path.suffix == ".xlsx":
        return {sheet.title for sheet in openpyxl.load_workbook(path).worksheets if sheet.tables}
    with zipfile.ZipFile(path) as archive:
        content = ElementTree.fromstring(archive.read("content.xml"))
    table = OFFICE % "table"
    sheets = [it for it in content.iter(f"{table}table") if it.find(f".//{table}table-header-rows") is not None]
    return {it.get(f"{table}name") for it in sheets}


def check_office(path, sheets):
    with tempfile.TemporaryDirectory() as folder:
        for to in ("ods", "xlsx"):
            made = office(Path(folder), path, to)
            if made is None:
                continue
            where = f"{path.name}, saved as {to} by LibreOffice"
            found = read(made)
            must(list(found) == list(sheets), where, "sheets are lost")
            for name in sheets:
                must(found.get(name) == sheets[name], f"{where}, {name}", "cells are lost or changed")
            must(properties(made) == properties(path), where, f"has the properties {properties(made)}")
            must(headed(made) == headed(path), where, f"headings are lost in {headed(path) ^ headed(made)}")


def main(arguments):
    warnings.filterwarnings("ignore", category=FutureWarning)
    pack, with_office = Path(arguments[0]), "--no-office" not in arguments
    reports = sorted(path.stem for path in pack.glob("*.ods"))
    must(reports and reports == sorted(path.stem for path in pack.glob("*.xlsx")), pack, "not each report has both workbooks")
    if with_office and not shutil.which("soffice"):
        sys.exit("soffice is not there; install LibreOffice, or leave it out with --no-office")
    for report in reports:
        paths = [pack / f"{report}.{ending}" for ending in ("ods", "xlsx")]
        books = [read(path) for path in paths]
        check_values(pack, report, books)
        for path, sheets in zip(paths, books):
            check_rules(path.name, sheets)
            (check_ods if path.suffix == ".ods" else check_xlsx)(path)
            if with_office:
                check_office(path, sheets)
    for fault in FAULTS[:50]:
        print(fault)
    print(f"{len(reports)} reports, {len(FAULTS)} faults")
    return 1 if FAULTS else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
