//! Reads indicators from a file, and says what the set of them takes: time and memory. With a file
//! of events, one a line, also what it takes to look for them in each. With `--generate N`, writes N
//! indicators as CSV to the standard output instead.
//!
//! ```sh
//! cargo run --release -p intel --example million -- --generate 1000000 > million.csv
//! cargo run --release -p intel --example million -- million.csv log.ndjson
//! ```

#![allow(clippy::print_stdout, reason = "it is what it is for")]

use std::fs::{self, File};
use std::io::{BufWriter, Write};

use intel::{Builder, Feed, IndicatorSet, Period, Seen, read};

/// What the process takes in memory, in KiB: now, and at the most so far.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    };
    (number("VmRSS:"), number("VmHWM:"))
}

/// A number that looks like chance, the same each time.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^= mixed >> 30;
    mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}

/// As feeds have them: mostly addresses and domains, some networks and URLs, all with an id, a
/// validity and a confidence, some with a description of their own.
fn generate(count: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    writeln!(out, "id,type,value,valid_from,valid_until,confidence,tlp,labels,description")?;
    for number in 0..count {
        let chance = mix(number);
        let [a, b, c, d, e, f, g, _] = chance.to_be_bytes();
        let (kind, value) = match number % 20 {
            0..9 => ("ip", format!("{}.{b}.{c}.{d}", 11 + a % 80)),
            9 => ("ip", format!("{}.{b}.{c}.0/{}", 100 + a % 60, 20 + d % 5)),
            10 => ("ip", format!("2a{a:02x}:{b:02x}{c:02x}:{d:02x}{e:02x}::{f:x}")),
            11..17 => {
                ("domain", format!("{:x}.{}.example{}.net", chance >> 24, number % 997, g % 7))
            }
            17..19 => {
                ("url", format!("https://{:x}.evil{}.net/{:x}/login.php", chance >> 40, g, chance))
            }
            _ => ("email", format!("m{:x}@{:x}.example", chance, chance >> 48)),
        };
        let about = match number % 4 {
            0 => format!("Seen in campaign {} by sensor {}", chance % 100_000, chance % 977),
            _ => "Reported by several members".to_owned(),
        };
        writeln!(
            out,
            "indicator--{:08x}-{:04x}-4{:03x}-8{:03x}-{number:012x},{kind},{value},\
             2026-{:02}-01T00:00:00Z,2027-{:02}-01T00:00:00Z,{},amber,phishing;malicious-activity,{about}",
            chance >> 32,
            chance >> 16 & 0xffff,
            chance >> 4 & 0xfff,
            chance & 0xfff,
            1 + number % 9,
            1 + chance % 9,
            20 + chance % 80,
        )?;
    }
    out.flush()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [option, count] = args.as_slice()
        && option == "--generate"
    {
        return Ok(generate(count.parse()?)?);
    }
    let [indicators, events @ ..] = args.as_slice() else {
        return Err("expected a file of indicators".into());
    };
    let (before, _) = memory();
    let begun = cpu();
    let mut builder = Builder::default();
    let mut dropped = 0;
    let reading = read(File::open(indicators)?, &Feed::named("million"), &mut |indicator| {
        dropped += u64::from(!builder.add(&indicator));
    });
    let set = builder.build();
    let took = cpu() - begun;
    let (after, most) = memory();
    println!("indicators       {}, {dropped} of them left out", reading.used);
    println!("processor time   {took:.2} s");
    println!("the set          {} MiB", set.bytes() >> 20);
    println!(
        "resident memory  {} MiB before, {} after, {} at the most",
        before >> 10,
        after >> 10,
        most >> 10
    );
    for path in events {
        look(&set, &fs::read_to_string(path)?)?;
    }
    Ok(())
}

/// Says what it takes to read each event, and to look for indicators in it.
fn look(set: &IndicatorSet, text: &str) -> Result<(), Box<dyn std::error::Error>> {
    const ROUNDS: u32 = 20;
    let context = ecs::Context::default();
    let (mut count, mut found, mut seen) = (0_u64, 0_u64, Seen::default());
    let mut times = [0.0; 2];
    for (with, time) in times.iter_mut().enumerate() {
        let begun = cpu();
        for line in (0..ROUNDS).flat_map(|_| text.lines()) {
            let event = okta::LogEvent::parse(line)?;
            let record = ecs::Record::new(&event, &context, ecs::Arrival::default());
            count += 1;
            if with == 1 {
                found += set.find_next(&record, Period::Stream, &mut seen).len() as u64;
            } else {
                found += u64::from(record.time().is_none());
            }
        }
        *time = cpu() - begun;
    }
    let each = 2e6 / count as f64;
    let [without, with] = times.map(|time| time * each);
    println!("each event       {without:.2} µs to read, {:.2} µs to look in", with - without);
    println!(
        "found            {} in {} events",
        found / u64::from(ROUNDS),
        count / 2 / u64::from(ROUNDS)
    );
    Ok(())
}

/// How many seconds the processor has worked for the process.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let numbers: Vec<f64> =
        behind.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
    // In hundredths, on every Linux there is.
    numbers.iter().sum::<f64>() / 100.0
}
