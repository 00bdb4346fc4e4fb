//! Alerts: what was found, and what people do about it.

mod change;
mod export;
mod filter;
mod list;
mod one;
mod similar;
pub(super) mod summary;
mod tail;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;

pub(super) use similar::Verdicts;

pub(super) fn routes() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::facets))
        .routes(routes!(export::export))
        .routes(routes!(tail::tail))
        .routes(routes!(change::bulk))
        .routes(routes!(one::one, change::change))
        .routes(routes!(change::comment))
        .routes(routes!(one::history))
        .routes(routes!(similar::similar))
}
