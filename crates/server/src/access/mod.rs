//! Who may do what over HTTP.
//!
//! [`ROUTES`] is the one table of routes and what each [`Need`]s; the gate, a layer over the whole
//! router, refuses whatever the table does not allow, and a route that is not in the table at all.
//! A handler is told who calls it by the extractor [`Caller`].

mod caller;
mod gate;
mod table;

pub use caller::{Caller, Credential};
pub(crate) use gate::gate;
pub use store::{NoRole, Role};
pub use table::{Need, ROUTES, Route, need};

/// The content security policy of the UI's page: its own files only, no inline code or style, no
/// frame, and no other site to talk to.
pub const UI_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
