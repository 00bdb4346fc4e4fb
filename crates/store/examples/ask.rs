//! Times searches in one process, again and again, and prints the times as JSON.
//!
//! `cargo run --release -p store --example ask -- FOLDER RUNS LAST [ACTOR]`
//!
//! `LAST` is the day behind the seven that are searched. Without `ACTOR`, the tenth most active
//! one of these days is taken.

use std::ops::ControlFlow;
use std::time::Instant;

use ecs::Timestamp;
use query::{Node, parse};
use serde_json::json;
use store::search::{Request, Searcher, Selection};

const WEEK: i64 = 7 * 86_400_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("expected a folder")?;
    let runs: usize = arguments.next().ok_or("expected a number of runs")?.parse()?;
    let last = arguments.next().ok_or("expected a day")?;
    let until = Timestamp::parse(&format!("{last}T00:00:00.000Z")).ok_or("expected a day")?;
    let since = Timestamp(until.0 - WEEK);
    let opened = Instant::now();
    let searcher = Searcher::open(folder.as_ref())?;
    let people = parse("okta.system.actor.type:User")?.root;
    let actor = match arguments.next() {
        Some(actor) => actor,
        None => {
            let week =
                Selection { since: Some(since), until: Some(until), ..Selection::new(&people) };
            let field = "okta.system.actor.alternate_id";
            let most = searcher.count_by(&week, field, 10)?.values;
            most.last().ok_or("nobody did anything")?.0.clone()
        }
    };
    let first = opened.elapsed();
    let by_actor = parse(&format!("okta.system.actor.alternate_id:\"{actor}\""))?.root;
    let selection =
        Selection { since: Some(since), until: Some(until), ..Selection::new(&by_actor) };
    let (mut events, mut bytes) = (0, 0);
    let mut of_actor = Vec::new();
    for _ in 0..=runs {
        (events, bytes) = (0, 0);
        let begun = Instant::now();
        let selection = selection.clone();
        let request = Request { selection, limit: 1_000, newest_first: true, after: None };
        searcher.for_each(&request, |hit| {
            events += 1;
            bytes += hit.raw.len();
            ControlFlow::Continue(())
        })?;
        of_actor.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let all = Node::all();
    let mut by_country = Vec::new();
    let mut countries = Vec::new();
    for _ in 0..=runs {
        let begun = Instant::now();
        let field = "source.geo.country_name";
        countries = searcher.count_by(&Selection::new(&all), field, usize::MAX)?.values;
        by_country.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    // The first of each is not warm.
    let result = json!({
        "actor": actor,
        "first_ms": first.as_secs_f64() * 1e3,
        "events": events,
        "bytes": bytes,
        "of_actor_ms": of_actor.get(1..),
        "by_country_ms": by_country.get(1..),
        "countries": countries,
    });
    println!("{result}");
    Ok(())
}
