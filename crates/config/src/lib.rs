//! The configuration file, `wardgate.toml`.
//!
//! [`Config::load`] reads a file, [`Config::parse`] a text. Every mistake is found at once, as a
//! [`Problem`] with its place, what was expected and what may have been meant.
//! [`Config::check_surroundings`] looks whether the files and environment variables that it names
//! are there. [`SETTINGS`] is the table that all of this is done by; [`template`] writes a
//! commented file from it.
//!
//! Secrets are not in the file: it names where they are kept, as a [`SecretSource`], which
//! [`SecretSource::read`] makes a [`Secret`] of.
//!
//! ```
//! use config::{Config, IntakeKind};
//!
//! let text = r#"
//! [[intake]]
//! name = "acme"
//! kind = "okta"
//! base_url = "https://acme.okta.com"
//! token_env = "OKTA_TOKEN"
//! "#;
//! let config = Config::parse(text, "wardgate.toml").map_err(|problems| format!("{problems:?}"))?;
//! assert_eq!(config.server.listen.port(), 8611);
//! let IntakeKind::Okta(okta) = &config.intakes[0].kind else { return Err("no okta".into()) };
//! assert_eq!(okta.frequency.as_secs(), 60);
//!
//! let problems = Config::parse("[server]\nlisten = 8611\nport = 1", "wardgate.toml").unwrap_err();
//! let lines: Vec<String> = problems.iter().map(|problem| problem.to_string()).collect();
//! assert_eq!(
//!     lines[0],
//!     "wardgate.toml:2:10: error: server.listen: expected an address and port such as \
//!      \"127.0.0.1:8611\", found 8611"
//! );
//! assert_eq!(lines[1], "wardgate.toml:3:1: error: server.port: there is no such setting");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assemble;
mod model;
mod problem;
mod reader;
mod secret;
mod settings;
mod suggest;
mod surroundings;
mod template;
mod value;

#[cfg(test)]
mod tests;

pub use model::{
    Config, Credential, DefaultRole, Effort, EventHookIntake, FileSink, From, HeaderValue, Intake,
    IntakeKind, Level, Log, LogFormat, LogLevel, OAuth, Oidc, OktaIntake, Rules, Server, Sink,
    SinkKind, Start, Store, Tls, WebhookFormat, WebhookSink, WebhookUrl,
};
pub use problem::{Problem, Severity};
pub use secret::{Secret, SecretError, SecretSource};
pub use settings::{Kind, Need, SETTINGS, Section, Setting};
pub use template::template;
