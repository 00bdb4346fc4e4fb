//! `wardgate token`: API tokens.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use config::{Config, IntakeKind};
use ecs::Timestamp;
use serde_json::json;
use server::access::{Role, TokenRole, make_token};
use store::{Database, NewToken, Token};

use super::listing::{self, DataArgs, Format};
use super::user::BY;
use crate::cli::DONE;
use crate::term::say::say;

const DAY: i64 = 24 * 3600 * 1000;

/// Make, list and revoke API tokens.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate token create soar --role analyst --days 30\n  \
    wardgate token create forwarder --role intake --intake acme\n  \
    wardgate token list\n  \
    wardgate token revoke 3\n\n\
    A token is shown once, when it is made; what is kept is its SHA-256 digest. Send it as\n\
    Authorization: Bearer TOKEN. Changes hold at once, also for a wardgate that runs.")]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
    #[command(flatten)]
    place: DataArgs,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token, and print it. It cannot be shown again.
    Create(CreateArgs),
    /// List tokens, revoked ones included.
    List {
        /// How to print them. Default: a table on a terminal, NDJSON otherwise.
        #[arg(long)]
        format: Option<Format>,
    },
    /// Revoke tokens: from then on nothing can be done with them.
    Revoke {
        /// Their numbers, see wardgate token list.
        #[arg(required = true)]
        ids: Vec<i64>,
    },
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// What it is called, such as who will use it.
    name: String,
    /// What its holder may do: viewer, analyst, admin, or intake to push events.
    #[arg(long, value_parser = ["viewer", "analyst", "admin", "intake"])]
    role: String,
    /// The intake to push to, for the role intake.
    #[arg(long, value_name = "NAME", required_if_eq("role", "intake"))]
    intake: Option<String>,
    /// For how many days it is valid.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
}

/// Runs the command.
pub(crate) fn run(args: &TokenArgs) -> Result<u8> {
    match &args.command {
        TokenCommand::Create(wanted) => create(&args.place, wanted)?,
        TokenCommand::List { format } => {
            list(&Database::open(&args.place.folder()?)?.tokens(None)?, *format)?;
        }
        TokenCommand::Revoke { ids } => revoke(&Database::open(&args.place.folder()?)?, ids)?,
    }
    Ok(DONE)
}

fn create(place: &DataArgs, wanted: &CreateArgs) -> Result<()> {
    let role = match (wanted.role.parse::<Role>(), &wanted.intake) {
        (Ok(role), None) => TokenRole::Role(role),
        (Ok(_), Some(_)) => bail!("--intake is for the role intake only"),
        (Err(_), intake) => {
            let intake = intake.clone().context("expected --intake with the role intake")?;
            if let Some(config) = place.config()? {
                check_intake(&config, &intake)?;
            }
            TokenRole::Intake(intake)
        }
    };
    if wanted.name.trim().is_empty()
        || wanted.name.chars().count() > 100
        || wanted.name.chars().any(char::is_control)
    {
        bail!("expected a name of 1 to 100 characters");
    }
    let (token, digest) = make_token()?;
    // Before the first run there is no data folder yet.
    let database = Database::create(&place.folder()?)?;
    let now = Timestamp::now();
    let expires = Timestamp(now.0 + i64::from(wanted.days) * DAY);
    let new = NewToken {
        name: &wanted.name,
        digest: digest.as_bytes(),
        role: &role,
        owner: None,
        expires,
    };
    let id = database.add_token(now, BY, &new)?;
    let mut out = io::stdout().lock();
    // A token that nobody has seen is of no use to anybody.
    if let Err(error) = writeln!(out, "{token}").and_then(|()| out.flush()) {
        database.revoke_token(now, BY, id, None)?;
        return Err(error).context("the token is revoked again: it cannot be shown");
    }
    say(&format!("token {id}, valid until {expires}: keep it now, it cannot be shown again"));
    Ok(())
}

/// Refuses a token for an intake that nothing can be pushed to.
fn check_intake(config: &Config, name: &str) -> Result<()> {
    let of_http = config.intakes.iter().filter(|intake| intake.kind == IntakeKind::Http);
    let names: Vec<&str> = of_http.map(|intake| intake.name.as_str()).collect();
    if names.contains(&name) {
        return Ok(());
    }
    if names.is_empty() {
        bail!("there is no intake of kind \"http\" in the configuration");
    }
    bail!("there is no http intake '{name}': expected {}", names.join(" or "))
}

fn list(tokens: &[Token], format: Option<Format>) -> Result<()> {
    let items: Vec<_> = tokens
        .iter()
        .map(|token| {
            let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
            let role = match token.role.intake() {
                Some(intake) => format!("intake {intake}"),
                None => token.role.name().to_owned(),
            };
            let owner = token.owner.as_ref().map(|(_, name)| name.clone());
            let cells = [
                token.id.to_string(),
                token.name.clone(),
                role,
                owner.clone().unwrap_or_default(),
                token.expires.to_string(),
                text(token.last_used).unwrap_or_default(),
                text(token.revoked).unwrap_or_default(),
            ];
            let document = json!({
                "id": token.id,
                "name": token.name,
                "role": token.role.name(),
                "intake": token.role.intake(),
                "owner": owner,
                "created": token.created.to_string(),
                "expires": token.expires.to_string(),
                "last_used": text(token.last_used),
                "revoked": text(token.revoked),
            });
            (cells, document)
        })
        .collect();
    if tokens.is_empty() {
        say("no tokens, make one with wardgate token create");
    }
    let heading = ["id", "name", "role", "owner", "expires", "last used", "revoked"];
    listing::print(format, heading, &items)
}

fn revoke(database: &Database, ids: &[i64]) -> Result<()> {
    let known = database.tokens(None)?;
    if let Some(id) = ids.iter().find(|id| known.iter().all(|token| token.id != **id)) {
        bail!("there is no token {id}, see wardgate token list");
    }
    for id in ids {
        if database.revoke_token(Timestamp::now(), BY, *id, None)? {
            say(&format!("token {id} is revoked"));
        } else {
            say(&format!("token {id} had been revoked before"));
        }
    }
    Ok(())
}
