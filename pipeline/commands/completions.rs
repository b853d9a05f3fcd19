//! `smirr completions`: what a shell needs to complete the command line.

use clap::Args;
use clap_complete::Shell;
use serde_json::json;

use smirr::error::{Error, Result};

use super::{help, print};

#[derive(Args)]
pub struct CompletionsArguments {
    /// Whose script.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// [`Error::System`] where it cannot be written.
pub fn run(arguments: &CompletionsArguments, as_json: bool) -> Result<()> {
    let script = script(arguments.shell)?;
    print(&match as_json {
        true => format!("{}\n", json!({ "shell": arguments.shell.to_string(), "script": script })),
        false => script,
    })
}

/// clap's script offers options to whoever has typed nothing yet, and then no file: but what follows most commands is the
/// board's YAML.
const FILES_FIRST: &str = r#"
_smirr_files_first() {
    local word words=()
    _smirr "$@"
    [[ "$2" == -* ]] && return
    for word in "${COMPREPLY[@]}"; do
        [[ "${word}" == -* ]] || words+=("${word}")
    done
    COMPREPLY=("${words[@]}")
}
complete -F _smirr_files_first -o bashdefault -o default smirr
"#;

fn script(shell: Shell) -> Result<String> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut help::command(), "smirr", &mut bytes);
    if shell == Shell::Bash {
        bytes.extend_from_slice(FILES_FIRST.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| Error::System("the script is not text; please report it".into()))
}
