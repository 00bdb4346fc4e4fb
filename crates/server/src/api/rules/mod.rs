//! Rules: which there are, on and off, exceptions, coverage, and how one does on stored events.

mod book;
mod coverage;
mod dry_run;
mod exceptions;
mod list;
mod one;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;

pub use book::{ActiveRules, Reload, ReloadRequests, RuleBook};
#[cfg(test)]
pub(crate) use exceptions::of_stored;

pub(super) fn routes() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(dry_run::dry_run))
        .routes(routes!(one::one, one::switch))
        .routes(routes!(exceptions::list, exceptions::add))
        .routes(routes!(exceptions::delete))
        .routes(routes!(coverage::coverage))
        .routes(routes!(coverage::navigator))
}
