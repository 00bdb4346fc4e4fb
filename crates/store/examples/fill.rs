//! Fills a data folder with simulated events, as fast as that goes.
//!
//! `cargo run --release -p store --example fill -- FOLDER EVENTS [DAYS]`

#![allow(clippy::unwrap_used, clippy::string_slice, reason = "an example")]

use std::sync::Arc;
use std::time::Instant;

use ecs::{Arrival, Context, Organization, Record, Timestamp};
use okta::LogEvent;
use store::{Options, Origin, Prepared, Writer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("expected a folder")?;
    let events: u64 = arguments.next().ok_or("expected a number of events")?.parse()?;
    let days: Option<u32> = arguments.next().map(|days| days.parse()).transpose()?;
    let mut scenario = sim::Scenario::new(events, 1);
    scenario.days = days;
    let (sender, batches) = std::sync::mpsc::sync_channel::<(Vec<u8>, Vec<(u32, u32)>)>(8);
    std::thread::spawn(move || {
        let mut simulation = scenario.simulate().unwrap();
        let mut text = Vec::new();
        let mut spans = Vec::new();
        while let Some(event) = simulation.next_event() {
            let start = text.len() as u32;
            text.extend_from_slice(event.json());
            spans.push((start, text.len() as u32));
            if spans.len() == 1000 {
                sender.send((std::mem::take(&mut text), std::mem::take(&mut spans))).unwrap();
            }
        }
        sender.send((text, spans)).unwrap();
    });
    let options = Options { retention_days: None, ..Options::default() };
    let mut writer = Writer::open(folder.as_ref(), options)?;
    let organization = Organization { id: Some("00o1".to_owned()), name: None };
    let origin = Arc::new(Origin::new("fill", &organization));
    let mut context = Context::new(organization);
    let (begun, mut stored, mut bytes) = (Instant::now(), 0, 0);
    let mut preparing = std::time::Duration::ZERO;
    let mut committing = std::time::Duration::ZERO;
    for (text, spans) in batches {
        let text = String::from_utf8(text)?;
        bytes += text.len();
        let from = Instant::now();
        let received = Timestamp::now();
        let mut batch = Prepared::new(Arc::clone(&origin), received);
        for (start, end) in spans {
            context.reset();
            let event = LogEvent::parse(&text[start as usize..end as usize])?;
            let arrival = Arrival { ingested: Some(received), repaired: false };
            batch.event(&Record::new(&event, &context, arrival), false);
        }
        let batch = batch.finish();
        preparing += from.elapsed();
        let from = Instant::now();
        stored += writer.commit(&mut [batch])?.iter().map(|one| one.stored).sum::<usize>();
        committing += from.elapsed();
        writer.tidy(received)?;
    }
    let taken = begun.elapsed();
    println!(
        "{stored} events ({bytes} bytes) committed in {taken:?}: preparing {preparing:?}, committing {committing:?}"
    );
    writer.flush();
    let taken = begun.elapsed();
    println!("searchable in {taken:?}: {:.0}/s", stored as f64 / taken.as_secs_f64());
    drop(writer);
    println!("closed in {:?}", begun.elapsed());
    Ok(())
}
