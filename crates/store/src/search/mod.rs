//! Search over the stored events: from any process, while another one writes.

mod budget;
mod collect;
mod column;
mod days;
mod dictionary;
mod field;
mod follow;
mod measure;
mod network;
mod plan;
mod searcher;
mod sightings;
mod terms;
mod values;

pub use follow::Follower;
pub use measure::Measured;
pub use plan::{abilities, check, check_countable, check_measurable};
pub use searcher::{
    Counts, Found, Histogram, Hit, Page, Request, SearchError, Searcher, Selection, Sighting,
    Stats, Unreadable, ValueCounts,
};
pub use values::{Accepts, IndexedValue};
