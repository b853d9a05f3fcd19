"""The questions of the two reports as bare SQL in DuckDB: what they cost without checks, pseudonyms or privacy."""

import time

# The quarter of the bench, July to September 2026.
FIRST, LAST = "DATE '2026-07-01'", "DATE '2026-09-30'"

# Faulty rows are kept where they can be read: DuckDB's reader sets aside only what does not parse at all.
LOAD = """
CREATE TABLE {table} AS SELECT {columns} FROM read_csv('{folder}/extracts/{files}', header = true, all_varchar = true,
    delim = ',', quote = '"', escape = '"', new_line = '\\n', ignore_errors = true, null_padding = true,
    strict_mode = false, union_by_name = true)
"""
PERSON = "nullif(lpad(trim(chi), 10, '0'), '') AS person"


def day(column):
    """ISO days, or days first, as the extracts have them."""
    return f"coalesce(try_cast({column} AS DATE), try_strptime({column}, '%d/%m/%Y')::DATE) AS {column}"


TABLES = {
    "patients": ("boards/*/patients.csv", f"{PERSON}, data_zone, {day('registered_on')}, {day('deregistered_on')}"),
    "referrals": ("boards/*/referrals.csv", f"{PERSON}, {day('referred_on')}, reason, status"),
    "contacts": ("boards/*/contacts.csv", f"{PERSON}, {day('contacted_on')}, attended"),
    "onward_referrals": ("boards/*/onward_referrals.csv", f"{PERSON}, onward_id, {day('made_on')}"),
    "attendances": (
        "organisations/*/attendances.csv",
        f"{PERSON}, onward_id, {day('first_attended_on')}, try_cast(sessions AS INTEGER) AS sessions",
    ),
    "data_zones": ("public/data_zones.csv", "data_zone, hscp, health_board, simd_quintile"),
}

# One row a person: the latest registration that holds on the quarter's last day, and where that person lives.
PEOPLE = f"""
CREATE TABLE people AS
SELECT p.person, z.hscp, z.simd_quintile FROM (
    SELECT person, arg_max(data_zone, registered_on) AS data_zone FROM patients
    WHERE person IS NOT NULL AND registered_on <= {LAST} AND (deregistered_on IS NULL OR deregistered_on > {LAST})
    GROUP BY person
) AS p LEFT JOIN data_zones AS z ON trim(p.data_zone) = z.data_zone
"""


def people_by_area(rows, also=""):
    """Distinct people of `rows` by HSCP and quintile; whoever is not registered counts under `unknown`."""
    return f"""
    SELECT coalesce(hscp, 'unknown'), coalesce(simd_quintile, 'unknown'){also}, count(DISTINCT r.person) AS people
    FROM ({rows}) AS r LEFT JOIN people AS p ON r.person = p.person WHERE r.person IS NOT NULL GROUP BY ALL
    """


def between(column):
    return f"{column} BETWEEN {FIRST} AND {LAST}"


REFERRED = f"SELECT person, reason FROM referrals WHERE {between('referred_on')} AND status <> 'declined'"
# Where an organisation holds no CHI number, the token of the onward referral leads to the person.
ATTENDED = f"""
    SELECT coalesce(a.person, o.person) AS person FROM attendances AS a
    LEFT JOIN onward_referrals AS o ON a.person IS NULL AND a.onward_id = o.onward_id
    WHERE {between('a.first_attended_on')} AND a.sessions > 0
"""
REPORTS = {
    "reach": {
        "registered": people_by_area("SELECT person FROM people"),
        "referred": people_by_area(REFERRED, ", reason"),
    },
    "bridge": {
        "referred": people_by_area(REFERRED),
        "engaged": people_by_area(f"SELECT person FROM contacts WHERE {between('contacted_on')} AND attended = 'yes'"),
        "referred_onward": people_by_area(f"SELECT person FROM onward_referrals WHERE {between('made_on')}"),
        "attended": people_by_area(ATTENDED),
    },
}


def answer(folder, threads):
    """Loads the extracts and answers both reports; seconds by step, and people by figure. What memory has no room for
    goes to `spill` in the board's folder."""
    import duckdb

    database = duckdb.connect(config={"threads": threads, "temp_directory": str(folder / "spill")})
    seconds, totals = {}, {}
    began = time.monotonic()
    for table, (files, columns) in TABLES.items():
        database.execute(LOAD.format(table=table, columns=columns, files=files, folder=str(folder).replace("'", "''")))
    seconds["read the CSV"] = time.monotonic() - began
    began = time.monotonic()
    database.execute(PEOPLE)
    seconds["one row a person"] = time.monotonic() - began
    for report, figures in REPORTS.items():
        began = time.monotonic()
        for figure, sql in figures.items():
            totals[f"{report}.{figure}"] = sum(row[-1] for row in database.execute(sql).fetchall())
        seconds[report] = time.monotonic() - began
    return {"version": duckdb.__version__, "seconds": seconds, "totals": totals}
