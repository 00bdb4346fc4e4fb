//! Reads an NDJSON file and parses every line into a typed event, and nothing else:
//! `floor okta FILE` with Wardgate's own reader, `floor sonic FILE` with sonic-rs and serde.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader};

use serde::Deserialize;

type Text<'a> = Option<Cow<'a, str>>;

/// Declares a struct that serde fills with borrowed strings.
macro_rules! object {
    ($name:ident { $($field:ident: $kind:ty,)* }) => {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        #[allow(dead_code)]
        struct $name<'a> { $( #[serde(borrow)] $field: $kind, )* }
    };
}

object!(Actor { id: Text<'a>, r#type: Text<'a>, alternate_id: Text<'a>, display_name: Text<'a>, });
object!(UserAgent { raw_user_agent: Text<'a>, os: Text<'a>, browser: Text<'a>, });
object!(Geo { city: Text<'a>, state: Text<'a>, country: Text<'a>, postal_code: Text<'a>,
    geolocation: Option<sonic_rs::LazyValue<'a>>, });
object!(Client { id: Text<'a>, zone: Text<'a>, device: Text<'a>, ip_address: Text<'a>,
    user_agent: Option<UserAgent<'a>>, geographical_context: Option<Geo<'a>>, });
object!(Issuer { id: Text<'a>, r#type: Text<'a>, });
object!(Authentication { authentication_provider: Text<'a>, credential_provider: Text<'a>,
    credential_type: Text<'a>, issuer: Option<Issuer<'a>>, interface: Text<'a>,
    external_session_id: Text<'a>, root_session_id: Text<'a>, });
object!(Security { as_number: Option<sonic_rs::LazyValue<'a>>, as_org: Text<'a>, isp: Text<'a>,
    domain: Text<'a>, is_proxy: Option<sonic_rs::LazyValue<'a>>, });
object!(Outcome { result: Text<'a>, reason: Text<'a>, });
object!(Transaction { id: Text<'a>, r#type: Text<'a>, detail: Option<sonic_rs::LazyValue<'a>>, });
object!(Debug { debug_data: Option<sonic_rs::LazyValue<'a>>, });
object!(Request { ip_chain: Option<sonic_rs::LazyValue<'a>>, });
object!(Event { uuid: Text<'a>, published: Text<'a>, event_type: Text<'a>,
    legacy_event_type: Text<'a>, version: Text<'a>, severity: Text<'a>, display_message: Text<'a>,
    actor: Option<Actor<'a>>, client: Option<Client<'a>>,
    device: Option<sonic_rs::LazyValue<'a>>,
    authentication_context: Option<Authentication<'a>>, security_context: Option<Security<'a>>,
    outcome: Option<Outcome<'a>>, target: Option<Vec<Actor<'a>>>,
    transaction: Option<Transaction<'a>>, debug_context: Option<Debug<'a>>,
    request: Option<Request<'a>>, });

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [which, path] = arguments.as_slice() else {
        return Err("usage: floor okta|sonic FILE".into());
    };
    let mut reader = BufReader::with_capacity(1 << 19, File::open(path)?);
    let mut line = String::new();
    let mut events = 0_u64;
    while reader.read_line(&mut line)? > 0 {
        events += match which.as_str() {
            "okta" => u64::from(okta::LogEvent::parse(&line).is_ok()),
            _ => u64::from(sonic_rs::from_str::<Event<'_>>(&line).is_ok_and(|e| e.uuid.is_some())),
        };
        line.clear();
    }
    println!("{events}");
    Ok(())
}
