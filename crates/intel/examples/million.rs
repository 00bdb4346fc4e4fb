//! Reads indicators from files, and says what the set of them takes: time and memory. With
//! `--generate N`, writes N as CSV to the standard output instead.
//!
//! ```sh
//! cargo run --release -p intel --example million -- --generate 1000000 > million.csv
//! cargo run --release -p intel --example million -- million.csv
//! ```

#![allow(clippy::print_stdout, reason = "it is what it is for")]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::time::Instant;

use intel::{Builder, Feed, read};

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
    let (before, _) = memory();
    let begun = Instant::now();
    let mut builder = Builder::default();
    let (mut used, mut dropped) = (0, 0);
    for path in &args {
        let reading = read(File::open(path)?, &Feed::named(path), &mut |indicator| {
            dropped += u64::from(!builder.add(&indicator));
        });
        used += reading.used;
    }
    let set = builder.build();
    let took = begun.elapsed();
    let (after, most) = memory();
    println!("indicators {used}, {dropped} of them left out");
    println!("seconds {:.2}", took.as_secs_f64());
    println!("set {} KiB", set.bytes() / 1024);
    println!("resident {} KiB before, {after} KiB after, {most} KiB at the most", before);
    Ok(())
}
