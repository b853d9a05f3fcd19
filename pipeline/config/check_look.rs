//! How pages look, held against what readers need; and the files that pages are made of.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Needs;
use super::check_board::Board;
use super::look::{Colour, Contact, Look, READABLE};
use super::plan::{Fictional, Level};
use super::suggest::{advice, quote};

impl Board<'_> {
    /// Logo, colours and templates.
    pub fn look(&mut self) -> Look {
        let yaml = &self.yaml.publish.look;
        let usual = Look::default();
        let logo = yaml.logo.as_ref().map(|path| self.places.root.join(path));
        if let Some(logo) = &logo
            && let Err((fault, help)) = picture(logo)
        {
            self.complain(&["publish", "look", "logo"], fault, Some(help));
        }
        let templates = yaml.templates.as_ref().map(|path| self.places.root.join(path));
        if templates.as_ref().is_some_and(|folder| !folder.is_dir()) {
            self.complain(&["publish", "look", "templates"], "no such folder", None);
        }
        let colour = self.colour("colour", yaml.colour.as_deref(), usual.colour);
        let accent = self.colour("accent", yaml.accent.as_deref(), usual.accent);
        Look { logo, colour, accent, templates }
    }

    fn colour(&mut self, key: &str, text: Option<&str>, usual: Colour) -> Colour {
        let Some(text) = text else {
            // `colour: #3F3685` is a key with a comment.
            if self.document.root.find(&["publish", "look"]).get(key).is_some() {
                let help = "in quotes, as in \"#3F3685\": a # begins a comment".to_string();
                self.complain(&["publish", "look", key], "no colour is given", Some(help));
            }
            return usual;
        };
        let Some(colour) = Colour::parse(text) else {
            let help = "six hexadecimal digits after a #, as in \"#3F3685\"".to_string();
            self.complain(&["publish", "look", key], &format!("{} is no colour", quote(text)), Some(help));
            return usual;
        };
        let contrast = colour.contrast(Colour::WHITE);
        if contrast < READABLE {
            let message = format!("{text} is too pale to be read: its contrast with white is {contrast:.1} to 1");
            let help = format!("WCAG 2.2 AA asks for {READABLE} to 1: take a darker shade");
            self.complain(&["publish", "look", key], &message, Some(help));
        }
        colour
    }

    /// Whom readers may ask: what pages link to must be what it says.
    pub fn contact(&mut self) -> Contact {
        let contact = self.yaml.publish.contact.clone();
        let plain = |text: &str| !text.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"'".contains(c));
        let mail = |text: &str| {
            let (name, host) = text.split_once('@').unwrap_or_default();
            plain(text) && ![name, host].iter().any(|it| it.is_empty() || it.contains([':', '@', '?', '&']))
        };
        if contact.email.as_ref().is_some_and(|it| !mail(it)) {
            let help = "a name, @ and a host, as in links@board.example".to_string();
            self.complain(&["publish", "contact", "email"], "no address for e-mail", Some(help));
        }
        let page = |text: &str| plain(text) && text.strip_prefix("https://").is_some_and(|it| !it.is_empty());
        if contact.url.as_ref().is_some_and(|it| !page(it)) {
            self.complain(&["publish", "contact", "url"], "no address of a page: it starts with https://", None);
        }
        contact
    }

    /// Files of boundaries, by level. A fictional board's are made with its extracts.
    pub fn boundaries(&mut self, levels: &[Level], fictional: Option<&Fictional>) -> Vec<(usize, PathBuf)> {
        let mut found = Vec::new();
        for (name, path) in &self.yaml.geography.boundaries {
            let place = ["geography", "boundaries", name.as_str()];
            let Some(level) = levels.iter().position(|level| level.name == *name) else {
                let help = advice(name, levels.iter().map(|level| level.name.as_str()));
                self.complain(&place, &format!("{} is no level of this board", quote(name)), help);
                continue;
            };
            let path = self.places.root.join(self.in_quarter(&place, path));
            let is_made = fictional.is_some_and(|it| path.starts_with(&it.folder));
            let may_lack = is_made || self.reported.is_none() || self.needs == Needs::Nothing;
            if !may_lack && !path.is_file() {
                self.complain(&place, "no such file", Some("paths start from the board's `root`".into()));
            }
            found.push((level, path));
        }
        found
    }
}

/// The largest logo, in bytes: every page holds it whole, three letters a byte.
const LARGEST_LOGO: u64 = 200_000;

/// Whether a file is a picture that pages can hold; why not, and what to do.
fn picture(path: &Path) -> Result<(), (&'static str, String)> {
    let usual = || "an SVG or PNG file; paths start from the board's `root`".to_string();
    let mut text = Vec::new();
    // Asked first: what is no plain file, opening would wait for.
    if !path.is_file() {
        return Err(("no picture is there", usual()));
    }
    let file = File::open(path).map_err(|_| ("this picture cannot be read", usual()))?;
    file.take(LARGEST_LOGO + 1).read_to_end(&mut text).map_err(|_| ("this picture cannot be read", usual()))?;
    let is_kind = match path.extension().and_then(|it| it.to_str()) {
        Some("png") => text.starts_with(b"\x89PNG\r\n\x1a\n"),
        Some("svg") => {
            std::str::from_utf8(&text).is_ok_and(|text| text.contains("<svg")) || text.len() as u64 > LARGEST_LOGO
        }
        _ => return Err(("the name of a logo ends in .svg or .png", usual())),
    };
    match text.len() as u64 > LARGEST_LOGO {
        _ if !is_kind => Err(("this is not the picture that its name says", usual())),
        true => Err(("this picture is too large: every page holds it", format!("at most {LARGEST_LOGO} bytes"))),
        false => Ok(()),
    }
}
