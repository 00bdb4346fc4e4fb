//! Those whom an OpenID Connect provider vouches for: what they are called here, and what they
//! may do.

use oidc::{Claims, Provider};
use serde_json::Value;
use store::Role;

use super::check_name;

pub use oidc::SettingsError as ExternalError;

/// A provider, and what is made of what it says.
#[derive(Clone, Debug)]
pub struct ExternalSettings {
    /// The provider.
    pub provider: oidc::Settings,
    /// What people know it by, for the button.
    pub name: String,
    /// The claim with the name of the account.
    pub name_claim: String,
    /// Who may do what.
    pub roles: RoleMap,
}

/// Who may do what, by the values of a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleMap {
    /// The claim, such as `groups`: a text or a list of them.
    pub claim: String,
    /// The values for each role; the highest that holds counts.
    pub values: Vec<(Role, Vec<String>)>,
    /// The role of those with none of the values; without it they are not let in.
    pub otherwise: Option<Role>,
}

impl RoleMap {
    /// The role of somebody with these claims.
    fn role(&self, claims: &Claims) -> Option<Role> {
        let held: Vec<&str> = match claims.get(&self.claim) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let granted = self
            .values
            .iter()
            .filter(|(_, values)| values.iter().any(|value| held.contains(&value.as_str())))
            .map(|(role, _)| *role);
        granted.max().or(self.otherwise)
    }
}

#[derive(Debug)]
pub(super) struct External {
    pub(super) provider: Provider,
    name: String,
    name_claim: String,
    roles: RoleMap,
}

/// Why somebody whom the provider vouches for cannot come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotMapped {
    /// The claim with the name is missing, or no name for an account.
    Name,
    /// None of the roles is for them.
    Role,
}

impl External {
    pub(super) fn new(settings: ExternalSettings) -> Result<Self, ExternalError> {
        let ExternalSettings { mut provider, name, name_claim, roles } = settings;
        provider.claims = vec![name_claim.clone()];
        if !roles.claim.is_empty() {
            provider.claims.push(roles.claim.clone());
        }
        Ok(Self { provider: Provider::new(provider)?, name, name_claim, roles })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What somebody with these claims is called here, and what they may do.
    pub(super) fn map(&self, claims: &Claims) -> Result<(String, Role), NotMapped> {
        let role = self.roles.role(claims).ok_or(NotMapped::Role)?;
        let name = claims.get(&self.name_claim).and_then(Value::as_str);
        let name = name.filter(|name| check_name(name).is_ok()).ok_or(NotMapped::Name)?;
        Ok((name.to_owned(), role))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_highest_role_that_holds_counts() {
        let mut map = RoleMap {
            claim: "groups".to_owned(),
            values: vec![
                (Role::Viewer, vec!["everyone".into()]),
                (Role::Admin, vec!["sec-leads".into(), "sec-admins".into()]),
                (Role::Analyst, vec!["soc".into()]),
            ],
            otherwise: None,
        };
        let role = |map: &RoleMap, value: Value| {
            map.role(json!({"groups": value, "other": "soc"}).as_object().unwrap())
        };
        assert_eq!(role(&map, json!(["everyone", "soc"])), Some(Role::Analyst));
        assert_eq!(role(&map, json!(["sec-admins", "everyone"])), Some(Role::Admin));
        assert_eq!(role(&map, json!("soc")), Some(Role::Analyst));
        for none in
            [json!([]), json!(["SOC"]), json!(["soc "]), json!(7), json!(null), json!([["soc"]])]
        {
            assert_eq!(role(&map, none), None);
        }
        map.otherwise = Some(Role::Viewer);
        assert_eq!(role(&map, json!([])), Some(Role::Viewer));
        assert_eq!(role(&map, json!(["soc"])), Some(Role::Analyst));
    }
}
