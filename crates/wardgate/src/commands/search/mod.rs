//! `wardgate search`: stored events, and how many there are.

mod counts;

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use store::search::{Follower, Request, Searcher};

use crate::cli::{DONE, FAILED};
use crate::stored::{Fields, Form, Output, SelectArgs, parse_duration, say_unreadable};
use crate::term::say::say;

/// How many events are printed when nothing is said.
const EVENTS: usize = 100;
/// How many values are counted when nothing is said.
const VALUES: usize = 20;
/// How long to wait before looking for new events again.
const PAUSE: Duration = Duration::from_millis(500);
/// How many events are printed between two looks.
const AT_A_TIME: usize = 10_000;

/// Search the stored events.
///
/// It can run while wardgate run writes. Events can be found some seconds after they are stored.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate search 'user.name:ada* AND event.outcome:failure' --since 7d\n  \
    wardgate search 'source.ip:198.51.100.0/24' --format ndjson | jq .event.action\n  \
    wardgate search '\"policy evaluation\" NOT okta.system.outcome.result:ALLOW'\n  \
    wardgate search 'event.action:user.session.start' --count-by source.geo.country_name\n  \
    wardgate search 'event.outcome:failure' --since 2d --histogram 1h\n  \
    wardgate search 'okta.system.severity:ERROR' --follow\n\n\
    Exit status: 0 done, 2 something could not be searched.")]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// The most events, or values with --count-by. Default: 100 events, 20 values.
    #[arg(long, value_name = "N", conflicts_with = "all")]
    limit: Option<usize>,
    /// All of them, however many there are.
    #[arg(long)]
    all: bool,
    /// The earliest first. Default: the latest.
    #[arg(long)]
    oldest_first: bool,
    /// Wait for events, and print them as they are stored.
    #[arg(long, conflicts_with_all = ["limit", "all", "oldest_first", "count", "count_by", "histogram", "until"])]
    follow: bool,
    /// Print how many there are.
    #[arg(long, conflicts_with_all = ["count_by", "histogram"])]
    count: bool,
    /// Print how many there are with each value of a field.
    #[arg(long, value_name = "FIELD", conflicts_with = "histogram")]
    count_by: Option<String>,
    /// Print how many there were in each hour (1h), day (1d) or other length of time.
    #[arg(long, value_name = "LENGTH", value_parser = parse_duration)]
    histogram: Option<Duration>,
    /// How to print them. Default: a table on a terminal, NDJSON otherwise.
    #[arg(long, value_enum, help_heading = "Output")]
    format: Option<Form>,
    /// Only these fields, such as @timestamp,user.name,source.ip.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Output")]
    fields: Vec<String>,
    /// Give up after this time; with --all and --follow there is none.
    #[arg(long, value_name = "LENGTH", value_parser = parse_duration, default_value = "60s")]
    timeout: Duration,
}

/// Runs the command.
pub(crate) fn run(args: &SearchArgs) -> Result<u8> {
    let select = &args.select;
    let query = select.query()?.root;
    let searcher = select.open()?;
    let form = args.format.unwrap_or(match io::stdout().is_terminal() {
        true => Form::Table,
        false => Form::Ndjson,
    });
    let time_limit = Some(args.timeout).filter(|_| !args.all);
    let selection = select.selection(&query, time_limit);
    let explain = |error| select.explain(error);
    let mut out = anstream::stdout().lock();
    if args.count {
        let counts = searcher.count(&selection).map_err(explain)?;
        counts::number(&mut out, form, counts.events)?;
        return Ok(status(say_unreadable(&counts.unreadable)));
    }
    if let Some(field) = &args.count_by {
        let top = if args.all { usize::MAX } else { args.limit.unwrap_or(VALUES) };
        let counts = searcher.count_by(&selection, field, top);
        let counts = counts.map_err(|error| counts::explain(select, field, error))?;
        counts::by_value(&mut out, form, field, &counts)?;
        return Ok(status(say_unreadable(&counts.unreadable)));
    }
    if let Some(interval) = args.histogram {
        let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        let histogram = searcher.histogram(&selection, interval).map_err(explain)?;
        counts::by_time(&mut out, form, interval, &histogram)?;
        return Ok(status(say_unreadable(&histogram.unreadable)));
    }
    let fields = (!args.fields.is_empty()).then(|| Fields::named(&args.fields)).transpose()?;
    let mut output = Output::new(out, form, fields);
    if args.follow {
        return follow(args, &searcher, &query, &mut output);
    }
    let limit = if args.all { usize::MAX } else { args.limit.unwrap_or(EVENTS) };
    let request = Request { selection, limit, newest_first: !args.oldest_first, after: None };
    let mut failure = None;
    let found = searcher.for_each(&request, |hit| match output.event(&hit) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    });
    let found = found.map_err(explain)?;
    if let Some(error) = failure {
        return Err(error.into());
    }
    output.finish()?;
    if form == Form::Table {
        match found.events {
            0 => say("nothing found"),
            events if found.is_cut => {
                say(&format!(
                    "the first {events}: --limit or --all prints more, --count counts them"
                ));
            }
            _ => {}
        }
    }
    Ok(status(say_unreadable(&found.unreadable)))
}

fn status(is_whole: bool) -> u8 {
    if is_whole { DONE } else { FAILED }
}

/// Prints events as they are stored, until somebody ends it.
fn follow<W: Write>(
    args: &SearchArgs,
    searcher: &Searcher,
    query: &query::Node,
    output: &mut Output<W>,
) -> Result<u8> {
    let explain = |error| args.select.explain(error);
    let mut follower = Follower::new(searcher).map_err(explain)?;
    let mut told = Vec::new();
    loop {
        // The query is asked anew, so that its dates mean the time of now.
        let selection = args.select.selection(query, None);
        let (hits, unreadable) = follower.next(searcher, &selection, AT_A_TIME).map_err(explain)?;
        for hit in &hits {
            output.event(hit)?;
        }
        output.flush()?;
        if unreadable != told {
            say_unreadable(&unreadable);
            told = unreadable;
        }
        if hits.len() < AT_A_TIME {
            std::thread::sleep(PAUSE);
        }
    }
}
