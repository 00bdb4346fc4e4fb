//! Pushes simulated events as fast as they are taken, over some connections at a time, and says
//! how fast that was, as one line of JSON. `bench/intake` runs it.
//!
//! ```sh
//! cargo run --release -p server --example push -- 127.0.0.1:8612 wgi_bench 500000 8 lines
//! ```
//!
//! The arguments: where to, the intake key, how many events, how many connections, and how they
//! are sent: `lines` (`/plain/batch`) or `strings` (`/batch`). There are 500 events in a request.
//! Requests are made before the clock starts, and only the `uuid`s are changed for each, so that
//! this is not what is measured.

#![allow(clippy::expect_used, clippy::panic, reason = "an example that is of no use when it fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sim::Scenario;

/// Events in a request.
const BATCH: u64 = 500;
/// Requests that differ in more than their `uuid`s.
const REQUESTS: u64 = 16;

/// A request, with the places of its events' `uuid`s.
#[derive(Clone)]
struct Request {
    bytes: Vec<u8>,
    uuids: Vec<usize>,
}

/// What a connection has done.
#[derive(Default)]
struct Done {
    /// How long each request took that was taken.
    took: Vec<Duration>,
    /// Requests that were to come again.
    later: u64,
}

fn main() {
    let usage = "usage: push ADDRESS KEY EVENTS CONNECTIONS lines|strings";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, key, events, connections, form] = arguments.as_slice() else { panic!("{usage}") };
    let address: SocketAddr = address.parse().expect(usage);
    let events: u64 = events.parse().expect(usage);
    let connections: u64 = connections.parse().expect(usage);
    let requests = Arc::new(requests(key, form == "strings"));

    let next = Arc::new(AtomicU64::new(0));
    let batches = events.div_ceil(BATCH);
    // Those of another run are others.
    let first = jiff::Timestamp::now().as_second().unsigned_abs() << 24;
    let begun = Instant::now();
    let threads: Vec<_> = (0..connections)
        .map(|_| {
            let (next, requests) = (Arc::clone(&next), Arc::clone(&requests));
            thread::spawn(move || send(address, &requests, &next, batches, first))
        })
        .collect();
    let mut all = Done::default();
    for thread in threads {
        let done = thread.join().expect("a connection that is not broken");
        all.took.extend(done.took);
        all.later += done.later;
    }
    let seconds = begun.elapsed().as_secs_f64();

    all.took.sort_unstable();
    let quantile = |part: f64| {
        let index = (all.took.len() as f64 * part) as usize;
        all.took.get(index.min(all.took.len() - 1)).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    };
    let bytes: usize = requests.iter().map(|request| request.bytes.len()).sum();
    println!(
        "{{\"events\":{},\"seconds\":{seconds:.3},\"events_per_second\":{:.0},\"bytes_per_event\":{},\
         \"p50_ms\":{:.1},\"p99_ms\":{:.1},\"max_ms\":{:.1},\"later\":{}}}",
        batches * BATCH,
        (batches * BATCH) as f64 / seconds,
        bytes as u64 / (REQUESTS * BATCH),
        quantile(0.5),
        quantile(0.99),
        quantile(1.0),
        all.later,
    );
}

/// The requests that are sent, of events of the days before today.
fn requests(key: &str, strings: bool) -> Vec<Request> {
    let mut scenario = Scenario::new(BATCH * REQUESTS, 5);
    let days = jiff::SignedDuration::from_hours(24 * i64::from(scenario.day_count() + 1));
    scenario.start = jiff::Timestamp::now() - days;
    let mut simulation = scenario.simulate().expect("a scenario");
    let mut request = || {
        let mut body = Vec::new();
        let mut uuids = Vec::new();
        if strings {
            body.extend_from_slice(format!(r#"{{"intake_key":"{key}","jsons":["#).as_bytes());
        }
        for index in 0..BATCH {
            let event = simulation.next_event().expect("as many events as were asked for");
            let mut text = String::from_utf8(event.json().to_vec()).expect("JSON");
            if strings {
                text = serde_json::to_string(&text).expect("a string");
            }
            let place = text.find(event.uuid()).expect("an event has its uuid");
            if strings && index > 0 {
                body.push(b',');
            }
            uuids.push(body.len() + place);
            body.extend_from_slice(text.as_bytes());
            if !strings {
                body.push(b'\n');
            }
        }
        if strings {
            body.extend_from_slice(b"]}");
        }
        let path = if strings { "/batch" } else { "/plain/batch" };
        let key = if strings { String::new() } else { format!("X-SEKOIAIO-INTAKE-KEY: {key}\r\n") };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: wardgate\r\n{key}Content-Length: {}\r\n\r\n",
            body.len()
        );
        uuids.iter_mut().for_each(|place| *place += head.len());
        Request { bytes: [head.into_bytes(), body].concat(), uuids }
    };
    (0..REQUESTS).map(|_| request()).collect()
}

/// Sends batches until there are none left.
fn send(
    address: SocketAddr,
    requests: &[Request],
    next: &AtomicU64,
    batches: u64,
    first: u64,
) -> Done {
    let stream = TcpStream::connect(address).expect("a server");
    stream.set_nodelay(true).expect("a socket");
    let mut to = stream.try_clone().expect("a socket");
    let mut from = BufReader::new(stream);
    let mut done = Done::default();
    let mut requests = requests.to_vec();
    loop {
        let batch = next.fetch_add(1, Ordering::Relaxed);
        if batch >= batches {
            return done;
        }
        let request = requests.get_mut((batch % REQUESTS) as usize).expect("a request");
        for (place, number) in request.uuids.iter().zip(first + batch * BATCH..) {
            // The first 12 digits of 8-4-4-4-12.
            let digits = format!("{:08x}-{:04x}", (number >> 16) as u32, number as u16);
            let uuid = request.bytes.get_mut(*place..*place + digits.len());
            uuid.expect("a uuid").copy_from_slice(digits.as_bytes());
        }
        loop {
            let begun = Instant::now();
            to.write_all(&request.bytes).expect("a connection");
            match answer(&mut from) {
                200 => {
                    done.took.push(begun.elapsed());
                    break;
                }
                429 | 503 => {
                    done.later += 1;
                    thread::sleep(Duration::from_millis(50));
                }
                status => panic!("answered with {status}"),
            }
        }
    }
}

/// Reads an answer to its end; gives its status.
fn answer(from: &mut impl BufRead) -> u16 {
    let mut line = String::new();
    let mut next_line = |line: &mut String| {
        line.clear();
        from.read_line(line).expect("an answer");
    };
    next_line(&mut line);
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut length = 0;
    while line.trim() != "" {
        next_line(&mut line);
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
    }
    let count = std::io::copy(&mut from.take(length), &mut std::io::sink()).expect("a body");
    assert_eq!(count, length, "the answer breaks off");
    status.expect("a status")
}
