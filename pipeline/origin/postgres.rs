//! A table or a query of PostgreSQL, asked in one read-only transaction that sees one state of the data.
//!
//! **Invariant**: as long as the data have not changed, the answer is the same, letter for letter and row for row: it is
//! cast to text by the server under fixed settings, and ordered by every column, byte by byte. Otherwise a replay would
//! count as new data, and pay again.
//! **Invariant 8**: no word of the server is repeated: its errors may quote a row, and those of connecting hold the
//! address. Each kind of trouble, told by its code, has words of ours.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_table_providers::sql::db_connection_pool::StaticPasswordProvider;
use datafusion_table_providers::sql::db_connection_pool::dbconnection::postgresconn::PostgresConnection;
use datafusion_table_providers::sql::db_connection_pool::postgrespool::{self, PostgresConnectionPool};
use datafusion_table_providers::util::secrets::to_secret_map;
use tokio::runtime::{Builder, Runtime};

use super::delivery::{Content, Delivery, Query, Rows};
use super::dsn;
use crate::config::plan::{Asked, Postgres, Sheet};
use crate::error::{Error, Result};
use crate::secret;

/// Rows that are asked for at once: what is in memory of an answer of any length. Larger than a part that waits in memory.
const ROWS: usize = 1 << 16;

/// One state of the data, read only, under settings that decide how values are spelt. A query that takes longer than half
/// an hour before its next rows is stopped by the server; a lock is waited for a minute.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601';
    SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex';
    SET LOCAL statement_timeout = '30min'; SET LOCAL lock_timeout = '1min';
    SET LOCAL idle_in_transaction_session_timeout = 0";

/// Adds the one delivery: what the server answers.
pub(super) fn find(postgres: &Postgres, table: &str, found: &mut Vec<Delivery>) {
    let name = match &postgres.asked {
        Asked::Table { .. } => postgres.to_string(),
        Asked::Query(_) => format!("{postgres} for {table}"),
    };
    let content = Content::Query(Arc::new(Server { name: name.clone(), postgres: postgres.clone() }));
    found.push(Delivery { shown: name.clone(), name, bytes: 0, sheet: Sheet::default(), content });
}

/// A server to ask.
struct Server {
    /// How errors name it.
    name: String,
    postgres: Postgres,
}

impl Query for Server {
    fn ask(&self) -> Result<Rows> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|_| Error::System("the system gave no thread for the connection".into()))?;
        let mut answer = Answer { name: self.name.clone(), open: None, schema: Arc::new(Schema::empty()), runtime };
        let (connection, names) = answer.runtime.block_on(self.begin())?;
        answer.open = Some(connection);
        let field = |number: usize| Field::new(format!("c{number}"), DataType::Utf8, true);
        answer.schema = Arc::new(Schema::new((1..=names.len()).map(field).collect::<Vec<_>>()));
        Ok(Rows { names, batches: Box::new(answer) })
    }
}

impl Server {
    /// A connection on which the rows can be fetched, and the names of their columns.
    async fn begin(&self) -> Result<(PostgresConnection, Vec<String>)> {
        let connection = self.connect().await?;
        let wrong = |code: Option<&str>| trouble(&self.name, code);
        let client = &connection.conn;
        client.batch_execute(BEGIN).await.map_err(|e| wrong(e.code().map(|code| code.code())))?;
        let asked = match &self.postgres.asked {
            Asked::Table { schema, name } => {
                let place = schema.iter().chain([name]).map(|part| quoted(part)).collect::<Vec<_>>();
                format!("SELECT * FROM {}", place.join("."))
            }
            // Its last line may be a comment.
            Asked::Query(text) => format!("{}\n", text.trim().trim_end_matches(';')),
        };
        let prepared = client.prepare(&asked).await.map_err(|e| wrong(e.code().map(|code| code.code())))?;
        let names = prepared.columns().iter().map(|column| column.name().to_owned()).collect::<Vec<_>>();
        if names.is_empty() {
            return Err(Error::Input(format!("{}: the answer has no column", self.name)));
        }
        let declared = cursor(&asked, names.len());
        client.batch_execute(&declared).await.map_err(|e| wrong(e.code().map(|code| code.code())))?;
        Ok((connection, names))
    }

    async fn connect(&self) -> Result<PostgresConnection> {
        let (text, what) =
            secret::read(&self.postgres.connection, "connection string").map_err(|error| match error {
                Error::Input(why) => Error::Input(format!("{}: {why}", self.name)),
                other => other,
            })?;
        let address =
            dsn::parse(&text).map_err(|why| Error::Input(format!("{}: {what} cannot be used: {why}", self.name)))?;
        let words = HashMap::from([
            ("connection_string".to_owned(), format!("{}application_name=smirr keepalives_idle=60", address.words)),
            ("connection_pool_size".to_owned(), "1".to_owned()),
        ]);
        let words = to_secret_map(words);
        let pool = match address.password {
            Some(password) => {
                let provider = Arc::new(StaticPasswordProvider::new(password.as_str().into()));
                PostgresConnectionPool::new_with_password_provider(words, provider).await
            }
            None => PostgresConnectionPool::new(words).await,
        };
        let connection = match pool {
            Ok(pool) => pool.connect_direct().await,
            Err(error) => Err(error),
        };
        connection.map_err(|error| self.no_connection(&error, &what))
    }

    /// Why there is no connection. `what` is the connection string, by its place.
    fn no_connection(&self, error: &postgrespool::Error, what: &str) -> Error {
        use postgrespool::Error as E;
        let name = &self.name;
        let code = match error {
            E::PostgresConnectionError { source } | E::ConnectionPoolError { source } => {
                source.code().map(|code| code.code().to_owned())
            }
            E::InvalidUsernameOrPassword { .. } => Some("28P01".to_owned()),
            _ => None,
        };
        if let Some(code) = code {
            return trouble(name, Some(&code));
        }
        let why = match error {
            E::InvalidHostOrPortError { .. } => "no server answers at its host and port",
            E::InvalidRootCertPathError { .. } | E::FailedToReadCertError { .. } | E::FailedToLoadCertError { .. } => {
                "the file that its sslrootcert names holds no certificate, or is not there"
            }
            E::PostgresConnectionError { source } if source.to_string().starts_with("error performing TLS") => {
                "the server offers no TLS, or its certificate does not prove that it is the one; see sslmode"
            }
            _ => "the server is not there, or ends the connection before it begins",
        };
        Error::Input(format!("{name}: cannot connect by {what}: {why}"))
    }
}

/// The cursor over what is asked: all columns as text, in an order that only they decide.
fn cursor(asked: &str, columns: usize) -> String {
    let list = |one: &dyn Fn(usize) -> String| (1..=columns).map(one).collect::<Vec<_>>().join(", ");
    let names = list(&|column| format!("c{column}"));
    let texts = list(&|column| format!("c{column}::text COLLATE \"C\""));
    let order = list(&|column| column.to_string());
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "DECLARE smirr NO SCROLL CURSOR FOR SELECT {texts} FROM ({asked}) AS asked ({names}) ORDER BY {order}"
    );
    text
}

/// A name as it stands, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What the server's code says, in words of ours; `None` where the connection has ended without one.
fn trouble(name: &str, code: Option<&str>) -> Error {
    let why = match code {
        Some("28000" | "28P01") => "the server refuses the user, or the password",
        Some("3D000") => "the server has no such database",
        Some("42P01" | "3F000") => "there is no such table; is its schema missing? Write `table: schema.table`",
        Some("42703") => "the query names a column that is not there",
        Some("42501") => "this user may not read that; ask the database's owner for the right to SELECT",
        Some("57014") => "the server stopped the query: it took more than half an hour, or somebody cancelled it",
        Some("55P03") => "somebody else has locked the table for more than a minute; run again later",
        Some("25006") => "the query would write, and smirr only reads",
        Some("53300") => "the server has no connection to spare; run again later",
        Some(code) if code.starts_with("53") => "the server is out of memory or of room on its disk",
        Some(code) if code.starts_with("22") => "the server cannot compute a value that the query asks for",
        Some(code) if code.starts_with("42") => "the server does not understand the query; it must be one SELECT",
        Some(code) if code.starts_with("57P") || code.starts_with("08") => ENDED,
        Some(code) if code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            return Error::Input(format!(
                "{name}: the server refuses with the code {code}; see PostgreSQL's list of them"
            ));
        }
        Some(_) => "the server refuses",
        None => ENDED,
    };
    Error::Input(format!("{name}: {why}"))
}

/// Nothing of a half answer is kept.
const ENDED: &str = "the connection ended before the answer did; nothing of it was stored, so run again";

/// The rows that are still to come.
struct Answer {
    name: String,
    /// `None` once the last row has come, or none will.
    open: Option<PostgresConnection>,
    schema: SchemaRef,
    runtime: Runtime,
}

impl Answer {
    fn fetch(&mut self, connection: &PostgresConnection) -> Result<RecordBatch> {
        let fetch = format!("FETCH FORWARD {ROWS} FROM smirr");
        let rows = self.runtime.block_on(connection.conn.query(fetch.as_str(), &[]));
        let rows = rows.map_err(|e| trouble(&self.name, e.code().map(|code| code.code())))?;
        let no_text = || Error::Input(format!("{}: the server sent something other than text", self.name));
        let column = |at: usize| {
            let mut texts = StringBuilder::new();
            for row in &rows {
                texts.append_option(row.try_get::<_, Option<&str>>(at).map_err(|_| no_text())?);
            }
            Ok(Arc::new(texts.finish()) as ArrayRef)
        };
        let columns = (0..self.schema.fields().len()).map(column).collect::<Result<Vec<_>>>()?;
        RecordBatch::try_new(self.schema.clone(), columns).map_err(|_| no_text())
    }

    /// What ends a connection looks for the runtime that it began on.
    fn close(&self, connection: PostgresConnection) {
        let _inside = self.runtime.enter();
        drop(connection);
    }
}

impl Iterator for Answer {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let connection = self.open.take()?;
        let batch = self.fetch(&connection);
        match &batch {
            Ok(batch) if batch.num_rows() == ROWS => self.open = Some(connection),
            _ => self.close(connection),
        }
        // An answer without a row is an answer: its only batch is empty, and says nothing.
        batch.map(|batch| (batch.num_rows() > 0).then_some(batch)).transpose()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(connection) = self.open.take() {
            self.close(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_orders_by_every_column_and_names_are_quoted() {
        assert_eq!(quoted("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(
            cursor("SELECT * FROM \"t\"", 2),
            "DECLARE smirr NO SCROLL CURSOR FOR SELECT c1::text COLLATE \"C\", c2::text COLLATE \"C\" \
             FROM (SELECT * FROM \"t\") AS asked (c1, c2) ORDER BY 1, 2"
        );
    }

    #[test]
    fn a_code_is_told_in_words_of_ours() {
        let told = |code| trouble("postgres:t", code).to_string();
        assert!(told(Some("42501")).contains("may not read"));
        assert!(told(Some("22P02")).contains("cannot compute"));
        assert!(told(Some("57P01")).contains("nothing of it was stored"));
        assert!(told(Some("XX000")).contains("XX000"));
        assert!(!told(Some("a b c")).contains("a b c"));
    }
}
