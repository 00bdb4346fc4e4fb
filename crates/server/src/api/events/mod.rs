//! Stored events: search, histogram, facets, one by one, in files and as they come.

mod aggregate;
mod count;
mod export;
mod one;
mod search;
pub(super) mod shape;
mod tail;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;

pub(super) use count::{buckets_over, count_parts, interval_for};
pub(super) use export::{attachment, chunks};

pub(super) fn routes() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::new()
        .routes(routes!(search::search))
        .routes(routes!(count::histogram))
        .routes(routes!(count::facets))
        .routes(routes!(aggregate::aggregate))
        .routes(routes!(export::export))
        .routes(routes!(tail::tail))
        .routes(routes!(one::one))
        .routes(routes!(one::around))
}
