//! Who may come in, as the configuration has it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use config::{Config, DefaultRole};
use server::access::{Access, ExternalSettings, Role, RoleMap, SETUP_TIME, Settings};

/// Where browsers come back to from a provider.
const CALLBACK: &str = "/api/v1/oidc/callback";

/// The accounts of the data folder at `root`, for a server that listens at `address`.
pub(super) fn open(config: &Config, root: &Path, address: SocketAddr) -> Result<Arc<Access>> {
    let server = &config.server;
    let settings = Settings {
        is_tls: server.tls.is_some(),
        public_url: server.public_url.clone(),
        session_idle: server.session_idle,
        session_lifetime: server.session_lifetime,
        trusted_proxies: server.trusted_proxies.clone(),
        ..Settings::default()
    };
    let access = Access::open(root, settings)?;
    let Some(oidc) = &config.oidc else { return Ok(Arc::new(access)) };
    let secret = oidc.client_secret.clone();
    let provider = oidc::Settings {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: secret.map(|source| -> oidc::ReadSecret {
            // Read each time it is needed: it may have been exchanged.
            Arc::new(move || {
                let secret = source.read().map_err(|error| error.to_string())?;
                Ok(secret.expose().to_owned())
            })
        }),
        redirect_uri: format!("{}{CALLBACK}", address_for_people(config, address)),
        scopes: oidc.scopes.clone(),
        claims: Vec::new(),
        ca_file: oidc.ca_file.clone(),
    };
    let roles = RoleMap {
        claim: oidc.role_claim.clone(),
        values: vec![
            (Role::Admin, oidc.admin.clone()),
            (Role::Analyst, oidc.analyst.clone()),
            (Role::Viewer, oidc.viewer.clone()),
        ],
        otherwise: match oidc.default_role {
            DefaultRole::None => None,
            DefaultRole::Viewer => Some(Role::Viewer),
            DefaultRole::Analyst => Some(Role::Analyst),
            DefaultRole::Admin => Some(Role::Admin),
        },
    };
    let (name, name_claim) = (oidc.name.clone(), oidc.name_claim.clone());
    let external = ExternalSettings { provider, name, name_claim, roles };
    Ok(Arc::new(access.external(external).context("oidc")?))
}

/// The address that people use, without a slash at the end.
fn address_for_people(config: &Config, address: SocketAddr) -> String {
    if let Some(url) = &config.server.public_url {
        return url.clone();
    }
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    if address.ip().is_unspecified() {
        return format!("{scheme}://localhost:{}", address.port());
    }
    format!("{scheme}://{address}")
}

/// What whoever has started it for the first time has to do, if nobody has an account yet.
pub(super) fn setup_link(
    access: &Access,
    config: &Config,
    address: SocketAddr,
) -> Result<Option<String>> {
    let token = access.offer_setup()?;
    let address = address_for_people(config, address);
    Ok(token.map(|token| {
        let minutes = SETUP_TIME.as_secs() / 60;
        format!(
            "Open this link to make the first account; it can be used once, within {minutes} \
             minutes:\n{address}/setup#token={token}"
        )
    }))
}
