//! Kinds of entities, and the fields that name them.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::fields::quoted;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum EntityKind {
    User,
    Address,
    Session,
    App,
    Device,
}

impl EntityKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Address => "address",
            Self::Session => "session",
            Self::App => "app",
            Self::Device => "device",
        }
    }

    /// The fields that may hold its id or name.
    pub(super) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::User => &[
                "user.name",
                "user.id",
                "user.target.name",
                "user.target.id",
                "okta.system.actor.alternate_id",
                "okta.system.actor.id",
            ],
            Self::Address => &["source.ip"],
            Self::Session => &["okta.system.authentication_context.external_session_id"],
            Self::App => &["okta.system.target.display_name", "okta.system.target.id"],
            Self::Device => &["okta.system.device.id", "okta.system.device.name"],
        }
    }

    /// The field whose values lists are made of.
    pub(super) const fn main_field(self) -> &'static str {
        match self {
            Self::User => "user.name",
            Self::Address => "source.ip",
            Self::Session => "okta.system.authentication_context.external_session_id",
            Self::App => "okta.system.target.display_name",
            Self::Device => "okta.system.device.id",
        }
    }

    /// What events of this kind have beside their field.
    pub(super) const fn condition(self) -> Option<&'static str> {
        match self {
            Self::App => Some("okta.system.target.type:AppInstance"),
            _ => None,
        }
    }

    /// The query that finds all events of an entity.
    pub(super) fn query(self, id: &str) -> String {
        let value = quoted(id);
        let fields: Vec<String> =
            self.fields().iter().map(|field| format!("{field}:{value}")).collect();
        let named = fields.join(" OR ");
        match self.condition() {
            Some(condition) => format!("{condition} AND ({named})"),
            None if fields.len() == 1 => named,
            None => format!("({named})"),
        }
    }
}
