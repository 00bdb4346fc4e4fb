//! The file that `config init` writes.

use std::fmt::Write;

use crate::settings::{Kind, Need, Section, Setting, settings};

/// The most columns of a comment.
const WIDTH: usize = 98;

/// A configuration with every setting commented out: it means the defaults. Settings stand behind
/// `#` without a space, words behind `# `.
#[must_use]
pub fn template() -> String {
    let mut text = String::from(
        "# Wardgate's configuration. What is commented out shows its default, or an example where\n\
         # there is none. `wardgate config check` finds mistakes.\n\
         #\n\
         # Durations: \"30s\", \"15m\", \"1h\", \"7d\". Sizes: \"500 GB\", \"100 MiB\".\n\
         # A variable such as WARDGATE__SERVER__LISTEN overrides the setting of that name; intakes,\n\
         # sinks and feeds are only set here.\n",
    );
    let sections = Section::ALL.into_iter();
    for section in sections.filter(|section| {
        !matches!(
            section,
            Section::Intake | Section::OAuth | Section::Sink | Section::Feed | Section::Oidc
        )
    }) {
        text.push('\n');
        comment(&mut text, section.doc());
        if section != Section::Root {
            line(&mut text, section.heading());
        }
        for setting in settings(section) {
            write_setting(&mut text, setting, "#");
        }
    }
    text.push('\n');
    comment(&mut text, Section::Intake.doc());
    comment(&mut text, "This one follows an Okta organisation.");
    example(&mut text, Section::Intake, "okta", "acme");
    text.push('\n');
    comment(&mut text, "An application that signs in with a private key, instead of an API token.");
    line(&mut text, &format!("#{}", Section::OAuth.heading()));
    for setting in settings(Section::OAuth) {
        write_setting(&mut text, setting, "#");
    }
    text.push('\n');
    comment(&mut text, "This one is pushed to.");
    example(&mut text, Section::Intake, "http", "shipper");
    text.push('\n');
    comment(&mut text, "This one is called by Okta's event hooks.");
    example(&mut text, Section::Intake, "event_hook", "acme-hook");
    for (kind, name, words) in [
        ("stdout", "terminal", "This one is the standard output."),
        ("file", "archive", "This one is a file."),
        ("webhook", "soc", "This one is posted to."),
    ] {
        text.push('\n');
        if kind == "stdout" {
            comment(&mut text, Section::Sink.doc());
        }
        comment(&mut text, words);
        example(&mut text, Section::Sink, kind, name);
    }
    text.push('\n');
    comment(&mut text, Section::Feed.doc());
    comment(&mut text, "This one is a TAXII server.");
    example(&mut text, Section::Feed, "taxii", "acme-taxii");
    text.push('\n');
    comment(&mut text, "This one is a file on another server; `stix` and `list` are alike.");
    example(&mut text, Section::Feed, "csv", "partners");
    text.push('\n');
    comment(&mut text, Section::Oidc.doc());
    line(&mut text, &format!("#{}", Section::Oidc.heading()));
    for setting in settings(Section::Oidc) {
        write_setting(&mut text, setting, "#");
    }
    text
}

/// A table of a kind, commented out. What all kinds have is explained once.
fn example(text: &mut String, section: Section, kind: &'static str, name: &str) {
    line(text, &format!("#{}", section.heading()));
    let is_first = matches!(kind, "okta" | "stdout" | "taxii");
    for setting in settings(section).filter(|one| one.is_for(Some(kind))) {
        match setting.name {
            "name" | "kind" => {
                if is_first {
                    comment(text, setting.doc);
                }
                let value = if setting.name == "name" { name } else { kind };
                line(text, &format!("#{} = \"{value}\"", setting.name));
            }
            // It has a table of its own.
            _ if matches!(setting.kind, Kind::Table(_)) => {}
            _ if is_first || !setting.kinds.is_empty() => write_setting(text, setting, "#"),
            _ => {}
        }
    }
}

fn write_setting(text: &mut String, setting: &Setting, mark: &str) {
    let words = match setting.kind {
        Kind::Choice(words) if setting.name != "kind" => {
            format!("{} One of {}.", setting.doc, words.join(", "))
        }
        _ => setting.doc.to_owned(),
    };
    let first = group(setting).and_then(|mark| first_of(setting, mark));
    let words = match first {
        Some(first) => format!("{words} Instead of `{first}`."),
        None => words,
    };
    comment(text, &words);
    line(text, &format!("{mark}{} = {}", setting.name, setting.template_value()));
}

fn group(setting: &Setting) -> Option<&'static str> {
    match setting.need {
        Need::OneOf(group) | Need::AtMostOneOf(group) => Some(group),
        _ => None,
    }
}

/// The setting that this one stands in for.
fn first_of(setting: &Setting, mark: &str) -> Option<&'static str> {
    let is_in = |one: &&Setting| one.kinds == setting.kinds && group(one) == Some(mark);
    let first = settings(setting.section).find(is_in)?;
    (first.name != setting.name).then_some(first.name)
}

impl Setting {
    /// The default, or an example where there is none; in TOML.
    #[must_use]
    pub const fn template_value(&self) -> &'static str {
        match self.need {
            Need::Default(value) => value,
            _ => self.example,
        }
    }

    /// The setting that it stands in for, such as `token_env` for `token_file`.
    #[must_use]
    pub fn instead_of(&self) -> Option<&'static str> {
        group(self).and_then(|mark| first_of(self, mark))
    }
}

fn line(text: &mut String, content: &str) {
    text.push_str(content);
    text.push('\n');
}

fn comment(text: &mut String, words: &str) {
    let mut width = WIDTH + 1;
    for word in words.split(' ') {
        let is_new = width + 1 + word.chars().count() > WIDTH;
        if is_new {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push('#');
            width = 1;
        }
        width += 1 + word.chars().count();
        // Writing to a text cannot fail.
        let _ = write!(text, " {word}");
    }
    text.push('\n');
}
