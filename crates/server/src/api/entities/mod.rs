//! Entities: users, addresses, sessions, applications and devices, and what is known of each.

mod kind;
mod list;
mod one;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;

pub(super) fn routes() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(one::one))
}
