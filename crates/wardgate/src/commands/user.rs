//! `wardgate user`: accounts.

use std::io::{self, BufRead, IsTerminal, Read};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use ecs::Timestamp;
use serde_json::json;
use server::access::{Role, check_name, check_password, hash_password};
use store::{Database, User, UserChange};

use super::listing::{self, DataArgs, Format};
use crate::cli::DONE;
use crate::term::say::say;

/// Who the audit log says it was.
pub(crate) const BY: &str = "command line";

/// The longest line that a password is read from.
const LONGEST_LINE: u64 = 4096;

/// Make, list and change the accounts of those who may come in.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate user add anna --role admin\n  \
    wardgate user list\n  \
    wardgate user role ben analyst\n  \
    wardgate user password ben < new-password\n  \
    wardgate user disable ben\n\n\
    A password is asked for on a terminal, and read from the first line of the standard input\n\
    otherwise. Changes hold at once, also for a wardgate that runs; who has another role or\n\
    password has to sign in again.")]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
    #[command(flatten)]
    place: DataArgs,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make an account.
    Add {
        /// Its name: letters, digits and . _ @ + -
        name: String,
        /// What they may do: viewer, analyst or admin.
        #[arg(long)]
        role: Role,
    },
    /// List accounts.
    List {
        /// How to print them. Default: a table on a terminal, NDJSON otherwise.
        #[arg(long)]
        format: Option<Format>,
    },
    /// Change what somebody may do.
    Role {
        /// Whose.
        name: String,
        /// What they may do from now on: viewer, analyst or admin.
        role: Role,
    },
    /// Let somebody in no more: sessions and API tokens end at once.
    Disable {
        /// Whom.
        name: String,
    },
    /// Let somebody in again.
    Enable {
        /// Whom.
        name: String,
    },
    /// Change a password.
    Password {
        /// Whose.
        name: String,
    },
}

/// Runs the command.
pub(crate) fn run(args: &UserArgs) -> Result<u8> {
    let folder = args.place.folder()?;
    let change = |name: &str, change: UserChange| {
        let database = Database::open(&folder)?;
        let user = named(&database, name)?;
        database.change_user(Timestamp::now(), BY, user.id, &change)?.map_err(|why| anyhow!(why))
    };
    match &args.command {
        UserCommand::Add { name, role } => {
            check_name(name)?;
            // Before the first run there is no data folder yet.
            let database = Database::create(&folder)?;
            if database.account(name)?.is_some() {
                bail!("there is a user {name} already, see wardgate user list");
            }
            let hash = new_password(name)?;
            let added = database.add_user(Timestamp::now(), BY, name, *role, &hash)?;
            added.map_err(|why| anyhow!(why))?;
            say(&format!("{name} can sign in as {role}"));
        }
        UserCommand::List { format } => list(&Database::open(&folder)?.users()?, *format)?,
        UserCommand::Role { name, role } => {
            change(name, UserChange { role: Some(*role), ..UserChange::default() })?;
            say(&format!("{name} is {role}"));
        }
        UserCommand::Disable { name } => {
            change(name, UserChange { disabled: Some(true), ..UserChange::default() })?;
            say(&format!("{name} cannot come in any more"));
        }
        UserCommand::Enable { name } => {
            change(name, UserChange { disabled: Some(false), ..UserChange::default() })?;
            say(&format!("{name} can come in again"));
        }
        UserCommand::Password { name } => {
            // Whether there is such a user is said before the password is asked for.
            named(&Database::open(&folder)?, name)?;
            let hash = new_password(name)?;
            change(name, UserChange { password: Some(hash), ..UserChange::default() })?;
            say(&format!("{name} has another password"));
        }
    }
    Ok(DONE)
}

fn named(database: &Database, name: &str) -> Result<User> {
    let account = database.account(name)?;
    let account =
        account.with_context(|| format!("there is no user {name}, see wardgate user list"))?;
    Ok(account.user)
}

fn list(users: &[User], format: Option<Format>) -> Result<()> {
    let items: Vec<_> = users
        .iter()
        .map(|user| {
            let last = user.last_sign_in.map(|time| time.to_string());
            let state = if user.disabled.is_some() { "disabled" } else { "enabled" };
            let by = if user.is_external { "OpenID Connect" } else { "password" };
            let cells = [
                user.name.clone(),
                user.role.to_string(),
                state.to_owned(),
                by.to_owned(),
                last.clone().unwrap_or_default(),
            ];
            let document = json!({
                "name": user.name,
                "role": user.role,
                "disabled": user.disabled.map(|time| time.to_string()),
                "oidc": user.is_external,
                "created": user.created.to_string(),
                "last_sign_in": last,
            });
            (cells, document)
        })
        .collect();
    if users.is_empty() {
        say("no users: make one with wardgate user add, or use the link that wardgate run prints");
    }
    listing::print(format, ["name", "role", "state", "signs in by", "last sign-in"], &items)
}

/// The hash of a password that is typed twice, or comes by the standard input.
fn new_password(name: &str) -> Result<String> {
    let password = if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ")?;
        check_password(&password, name)?;
        if rpassword::prompt_password("Again: ")? != password {
            bail!("that was another password");
        }
        password
    } else {
        let mut line = String::new();
        io::stdin().lock().take(LONGEST_LINE).read_line(&mut line)?;
        let password = line.trim_end_matches(['\r', '\n']).to_owned();
        check_password(&password, name)?;
        password
    };
    Ok(hash_password(&password)?)
}
