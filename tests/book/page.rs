//! A page of the book, taken apart: what a reader types, what they put into a file, and where links lead.
//!
//! A block of YAML belongs to the file that the paragraph above it names last, in backquotes, before its colon. What the
//! test must know besides stands in a comment above the block, which no reader sees: `ends with 12` for the exit code of
//! the last command, or of the check that follows YAML; `not run: REASON`.

/// What a reader does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Types a command, and sees this.
    Command {
        /// As typed, continued lines joined.
        typed: String,
        /// The lines shown under it; none where the book shows nothing.
        shown: Vec<String>,
    },
    /// Puts YAML into a file.
    Yaml {
        /// The file, from the folder that the reader is in.
        file: String,
        /// The keys that are new, or take the place of what is there.
        text: String,
    },
}

/// One step, and where the page has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The line on the page, from 1.
    pub line: usize,
    /// What the reader does.
    pub step: Step,
    /// How it ends: 0 unless the page says otherwise.
    pub code: i32,
    /// Why a test leaves it out, where it does.
    pub not_run: Option<String>,
}

/// The steps of a page, in order.
///
/// # Errors
/// The line and what is wrong with it: a block of an unknown kind, YAML that names no file, a block that never ends.
pub fn steps(page: &str) -> Result<Vec<Placed>, String> {
    let lines = page.lines().collect::<Vec<_>>();
    let (mut steps, mut paragraph, mut comment, mut at) = (Vec::new(), String::new(), "", 0);
    while at < lines.len() {
        let line = lines[at];
        if let Some(kind) = line.strip_prefix("```") {
            let block = lines[at + 1..].iter().take_while(|line| !line.starts_with("```")).copied().collect::<Vec<_>>();
            let end = at + 1 + block.len();
            if end == lines.len() {
                return Err(format!("line {}: the block never ends", at + 1));
            }
            steps.extend(block_steps(kind, &block, &paragraph, comment, at + 1)?);
            (paragraph, comment, at) = (String::new(), "", end);
        } else if let Some(inside) = line.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")) {
            comment = inside.trim();
        } else if line.trim().is_empty() {
            if lines.get(at + 1).is_some_and(|next| !next.starts_with("```") && !next.starts_with("<!--")) {
                paragraph.clear();
            }
        } else {
            paragraph = format!("{paragraph}{line} ");
        }
        at += 1;
    }
    Ok(steps)
}

fn block_steps(kind: &str, block: &[&str], paragraph: &str, comment: &str, line: usize) -> Result<Vec<Placed>, String> {
    let not_run = comment.strip_prefix("not run:").map(|reason| reason.trim().to_owned());
    let code = match comment.strip_prefix("ends with ").map(str::parse) {
        None if comment.is_empty() || not_run.is_some() => 0,
        Some(Ok(code)) => code,
        _ => return Err(format!("line {line}: `{comment}` says nothing that the test knows")),
    };
    let placed = |step, code, line| Placed { line, step, code, not_run: not_run.clone() };
    match kind {
        "yaml" => {
            let file = file_of(paragraph).ok_or(format!("line {line}: no file is named above the YAML"))?;
            Ok(vec![placed(Step::Yaml { file, text: block.join("\n") + "\n" }, code, line)])
        }
        "console" => {
            let commands = commands(block, line)?;
            let last = commands.len() - 1;
            let codes = (0..=last).map(|at| if at == last { code } else { 0 });
            Ok(commands.into_iter().zip(codes).map(|((step, line), code)| placed(step, code, line)).collect())
        }
        other => Err(format!("line {line}: a block is `yaml` or `console`, and not `{other}`")),
    }
}

/// What stands in the last backquotes of a paragraph that ends with a colon.
fn file_of(paragraph: &str) -> Option<String> {
    let paragraph = paragraph.trim_end().strip_suffix(':')?;
    let last = paragraph.split('`').skip(1).step_by(2).last()?;
    last.ends_with(".yaml").then(|| last.to_owned())
}

fn commands(block: &[&str], line: usize) -> Result<Vec<(Step, usize)>, String> {
    let mut steps = Vec::<(Step, usize)>::new();
    let mut continues = false;
    for (at, text) in block.iter().enumerate() {
        match (text.strip_prefix("$ "), steps.last_mut()) {
            (None, Some((Step::Command { typed, .. }, _))) if continues => {
                *typed = format!("{} {}", typed.trim_end_matches('\\').trim_end(), text.trim_start());
            }
            (Some(typed), _) => {
                steps.push((Step::Command { typed: typed.to_owned(), shown: Vec::new() }, line + 1 + at));
            }
            (None, Some((Step::Command { shown, .. }, _))) => shown.push((*text).to_owned()),
            _ => return Err(format!("line {}: output of no command", line + 1 + at)),
        }
        let typed = matches!(steps.last(), Some((Step::Command { shown, .. }, _)) if shown.is_empty());
        continues = typed && text.ends_with('\\');
    }
    if steps.is_empty() { Err(format!("line {line}: a block without a command")) } else { Ok(steps) }
}

/// Where the links of a page lead, in order; those in blocks are none.
pub fn links(page: &str) -> Vec<String> {
    let prose = page.split("```").step_by(2).collect::<String>();
    let ends = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    ends.map(|(link, _)| link.to_owned()).collect()
}

/// The anchors of a page's headings, as mdBook and forges make them.
pub fn anchors(page: &str) -> Vec<String> {
    let prose = page.split("```").step_by(2).collect::<String>();
    let headings = prose.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || "-_".contains(c) => Some(c.to_ascii_lowercase()),
        _ => None,
    };
    headings.map(|heading| heading.chars().filter_map(kept).collect()).collect()
}
