//! YAML put into a file as the book's reader does it: keys that are there are replaced, others come at the end. The rest
//! of the file, comments included, stays as it was.

/// A key at one depth, with the comments above it and all that is below it.
struct Item {
    key: String,
    above: String,
    text: String,
}

/// The file with `fragment` in it. Where both have keys below one key, in lines of their own, the same goes for those.
pub fn merged(file: &str, fragment: &str) -> String {
    let (mut items, rest) = items(file);
    let (new, tail) = self::items(fragment);
    for item in new {
        let Some(old) = items.iter_mut().find(|old| old.key == item.key) else {
            items.push(item);
            continue;
        };
        old.text = match (below(&old.text), below(&item.text)) {
            (Some((head, old)), Some((_, new))) => format!("{head}\n{}", merged(old, new)),
            _ => item.text,
        };
        if !item.above.is_empty() {
            old.above = item.above;
        }
    }
    let items = items.into_iter().map(|item| item.above + &item.text).collect::<String>();
    items + &rest + &tail
}

/// The keys at the depth of the first of them, and the comments after the last.
fn items(text: &str) -> (Vec<Item>, String) {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_note = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let depth = text.lines().find(|line| !is_note(line)).map_or(0, indent);
    let (mut items, mut above) = (Vec::<Item>::new(), String::new());
    for line in text.lines() {
        let key = line.trim_start().split(':').next().unwrap_or_default();
        if is_note(line) {
            above = format!("{above}{line}\n");
        } else if indent(line) == depth && !line.trim_start().starts_with('-') {
            let above = std::mem::take(&mut above);
            items.push(Item { key: key.to_owned(), above, text: format!("{line}\n") });
        } else if let Some(item) = items.last_mut() {
            item.text = format!("{}{}{line}\n", item.text, std::mem::take(&mut above));
        }
    }
    (items, above)
}

/// The line of a key, and the keys in lines of their own below it.
fn below(text: &str) -> Option<(&str, &str)> {
    let (head, rest) = text.split_once('\n')?;
    let value = head.split_once(':')?.1;
    let value = value.split(" #").next().unwrap_or_default().trim();
    let first = rest.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    (value.is_empty() && !first.starts_with('-')).then_some((head, rest))
}
