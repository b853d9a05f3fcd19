//! How pages look, held against what readers need; and the files that pages are made of.

use std::path::PathBuf;

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
        if let Some(logo) = &logo {
            let is_picture = logo.extension().is_some_and(|it| ["svg", "png"].iter().any(|known| it == *known));
            if !is_picture || !logo.is_file() {
                let help = "an SVG or PNG file; paths start from the board's `root`".to_string();
                self.complain(&["publish", "look", "logo"], "no picture is there", Some(help));
            }
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
        let Some(text) = text else { return usual };
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
        if contact.email.as_ref().is_some_and(|it| !plain(it) || it.matches('@').count() != 1) {
            self.complain(&["publish", "contact", "email"], "no address for e-mail", None);
        }
        if contact.url.as_ref().is_some_and(|it| !plain(it) || !it.starts_with("https://")) {
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
            if !is_made && self.reported.is_some() && !path.is_file() {
                self.complain(&place, "no such file", Some("paths start from the board's `root`".into()));
            }
            found.push((level, path));
        }
        found
    }
}
