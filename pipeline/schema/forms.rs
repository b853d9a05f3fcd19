//! What a text of the YAML looks like, for the editor that it is typed in: patterns for the JSON Schemas, each with what
//! is said where one is not met. They let through whatever the checks of `config` let through: those have the last word.

use schemars::Schema;
use serde_json::{Map, Value, json};

/// A name of ours, as `config::suggest::is_name` has it.
const NAME: &str = "[a-z][a-z0-9_]{0,63}";
const NAMES_ARE: &str = "A name is lower-case letters, digits and underscores, and starts with a letter.";
/// A number as `config::amount` reads it.
const AMOUNT: &str = r"([0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|[0-9]+/[0-9]+)";

/// Puts a pattern on a text, or on the texts of a list.
fn form(schema: &mut Schema, pattern: String, said: &str) {
    let items = schema.get("items").is_some();
    let Some(whole) = schema.as_object_mut() else { return };
    let text = if items { whole.get_mut("items").and_then(Value::as_object_mut) } else { Some(whole) };
    if let Some(text) = text {
        text.insert("pattern".into(), pattern.into());
        text.insert("errorMessage".into(), said.into());
    }
}

/// A name, or a list of names.
pub fn name(schema: &mut Schema) {
    form(schema, format!("^{NAME}$"), NAMES_ARE);
}

/// A mapping whose keys are names.
pub fn named(schema: &mut Schema) {
    let names = json!({ "pattern": format!("^{NAME}$"), "errorMessage": NAMES_ARE });
    schema.insert("propertyNames".into(), names);
}

/// A column of a table.
pub fn table_column(schema: &mut Schema) {
    form(schema, format!(r"^{NAME}\.{NAME}$"), "Write the table and its column, as in `contacts.minutes`.");
}

/// A table, or a column of it.
pub fn table_or_column(schema: &mut Schema) {
    form(schema, format!(r"^{NAME}(\.{NAME})?$"), "Write a table, or a table and its column: `organisations.places`.");
}

/// A calendar quarter.
pub fn quarter(schema: &mut Schema) {
    form(schema, "^[0-9]{4}-Q[1-4]$".into(), "Write a year and a calendar quarter, as in `2026-Q3`.");
}

/// A day.
pub fn day(schema: &mut Schema) {
    form(schema, "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$".into(), "Write the day as in `2027-06-30`.");
}

/// An exact amount. Without quotes it is the same amount.
pub fn amount(schema: &mut Schema) {
    let said = "Write the amount in quotes, as \"0.25\", \"1/4\" or \"1e-7\".";
    form(schema, format!("^{AMOUNT}$"), said);
    schema.insert("type".into(), json!(["string", "number", "null"]));
    schema.insert("exclusiveMinimum".into(), 0.into());
}

/// A share.
pub fn percent(schema: &mut Schema) {
    form(schema, format!("^{AMOUNT} *%$"), "Write the share with a percent sign, as in \"5%\".");
}

/// A share, or no limit.
pub fn percent_or_never(schema: &mut Schema) {
    let said = "Write a share with a percent sign, as in \"100%\", or `never`.";
    form(schema, format!("^({AMOUNT} *%|never)$"), said);
}

/// Bands, each with the areas over which it was ranked.
pub fn bands(schema: &mut Schema) {
    named(schema);
    let scope = format!("^ *(country|within +{NAME}) *$");
    let scope = json!({
        "type": "string",
        "pattern": scope,
        "errorMessage": "Write `country`, or `within` and an area level, as in `within health_board`.",
        "examples": ["country", "within health_board"],
    });
    schema.insert("additionalProperties".into(), scope);
}

/// A colour.
pub fn colour(schema: &mut Schema) {
    form(schema, "^#[0-9A-Fa-f]{6}$".into(), "Write six hexadecimal digits after a #, in quotes, as in \"#3F3685\".");
}

/// An address for e-mail.
pub fn email(schema: &mut Schema) {
    form(schema, "^[^@]+@[^@]+$".into(), "Write a name, @ and a host, as in links@board.example.");
}

/// The address of a page.
pub fn page(schema: &mut Schema) {
    form(schema, "^https://.".into(), "Write the address of a page: it starts with https://.");
}

/// The heading of a published column.
pub fn heading(schema: &mut Schema) {
    form(schema, "^[A-Za-z][A-Za-z0-9]{0,63}$".into(), "A heading is letters and digits, as in `SIMDQuintile`.");
}

/// The shape of a code.
pub fn shape_of_code(schema: &mut Schema) {
    form(schema, "#".into(), "Write `#` for each digit and `@` for each capital letter, as in `S01######`.");
}

/// Exactly one of these keys is given.
pub fn exactly_one(keys: &[&str]) -> Value {
    keys.iter().map(|key| json!({ "required": [key] })).collect()
}

/// The keys of which exactly one is given, where a schema says so.
pub fn one_of(schema: &Map<String, Value>) -> Option<Vec<&str>> {
    let only = |branch: &Value| branch.as_object().is_some_and(|it| it.len() == 1 && it.contains_key("required"));
    let branches = schema.get("oneOf")?.as_array().filter(|branches| branches.iter().all(only))?;
    Some(branches.iter().filter_map(|branch| branch["required"][0].as_str()).collect())
}
