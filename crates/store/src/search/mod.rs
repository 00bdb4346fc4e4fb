//! Search over the stored events: from any process, while another one writes.

mod budget;
mod collect;
mod column;
mod days;
mod field;
mod follow;
mod network;
mod plan;
mod searcher;
mod terms;
mod values;

pub use follow::Follower;
pub use searcher::{
    Counts, Found, Histogram, Hit, Page, Request, SearchError, Searcher, Selection, Unreadable,
    ValueCounts,
};
pub use values::{Accepts, IndexedValue};
