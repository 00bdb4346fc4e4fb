//! Values of settings: from TOML to types.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use toml::de::DeValue;
use url::{Host, Url};

use crate::model::{HeaderValue, Start};
use crate::secret::SecretSource;
use crate::settings::{Kind, OKTA_KEEPS};
use crate::suggest::suggest;

/// A value that fits its setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Switch(bool),
    Number(u32),
    Duration(Duration),
    Size(u64),
    /// Names, texts, words, addresses.
    Text(String),
    Texts(Vec<String>),
    Path(PathBuf),
    Paths(Vec<PathBuf>),
    Listen(SocketAddr),
    Headers(Vec<(String, HeaderValue)>),
    Start(Start),
    Backfill(Option<Duration>),
}

/// Why a value does not fit. It holds nothing of a value that could be a secret.
#[derive(Debug)]
pub(crate) struct Misfit {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Misfit {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Reads a value of any type but tables.
pub(crate) fn read(kind: Kind, value: &DeValue<'_>) -> Result<Value, Misfit> {
    let unexpected = || {
        let found = if may_be_secret(kind) { kind_of(value).to_owned() } else { show(value) };
        Misfit::new(format!("expected {}, found {found}", kind.expected()))
    };
    match (kind, value) {
        (Kind::Switch, DeValue::Boolean(is_on)) => Ok(Value::Switch(*is_on)),
        (Kind::Switch, DeValue::String(text)) if matches!(&**text, "true" | "false") => {
            Err(unexpected().help(format!("write {text} without quotes")))
        }
        (Kind::Number(least, most), DeValue::Integer(_)) => integer(value)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (least..=most).contains(number))
            .map(Value::Number)
            .ok_or_else(unexpected),
        (Kind::Number(..), DeValue::String(text)) if text.parse::<u32>().is_ok() => {
            Err(unexpected().help(format!("write {text} without quotes")))
        }
        (Kind::Duration(least, most), DeValue::String(text)) => match duration(text) {
            Some(ms) if (least..=most).contains(&ms) => {
                Ok(Value::Duration(Duration::from_millis(ms)))
            }
            Some(_) => Err(unexpected()),
            None => Err(unexpected().help(UNITS)),
        },
        (Kind::Duration(..), DeValue::Integer(_)) => {
            Err(unexpected().help(format!("say the unit: \"{}s\" for seconds", show(value))))
        }
        (Kind::Size, DeValue::String(text)) => match size(text) {
            Some(bytes) => Ok(Value::Size(bytes)),
            None => Err(unexpected().help("units are B, kB, MB, GB, TB, KiB, MiB, GiB and TiB")),
        },
        (Kind::Size, DeValue::Integer(_)) => {
            Err(unexpected().help(format!("say the unit: \"{} B\" for bytes", show(value))))
        }
        (Kind::Name, DeValue::String(text)) => {
            if is_name(text) {
                return Ok(Value::Text(text.to_string()));
            }
            let fitting: String = text.to_lowercase().chars().take(64).map(fit_name).collect();
            let misfit = unexpected();
            Err(if text.is_empty() {
                misfit
            } else {
                misfit.help(format!("such as \"{fitting}\""))
            })
        }
        (Kind::Text(most), DeValue::String(text)) => {
            let is_fit = !text.trim().is_empty()
                && text.chars().count() <= most
                && !text.chars().any(char::is_control);
            if is_fit { Ok(Value::Text(text.to_string())) } else { Err(unexpected()) }
        }
        (Kind::Keywords, DeValue::String(text)) => {
            let mut words = text.split_whitespace().peekable();
            let is_fit = words.peek().is_some() && words.all(|word| word.chars().count() <= 40);
            if is_fit { Ok(Value::Text(text.to_string())) } else { Err(unexpected()) }
        }
        (Kind::Path | Kind::File | Kind::SecretFile, DeValue::String(text)) => {
            path(text).map(Value::Path).ok_or_else(unexpected)
        }
        (Kind::SecretEnv, DeValue::String(text)) => {
            if is_variable(text) {
                return Ok(Value::Text(text.to_string()));
            }
            Err(unexpected().help("the secret itself does not belong here"))
        }
        (Kind::Texts, DeValue::Array(_)) => {
            texts(value, |text| (!text.trim().is_empty()).then(|| text.to_owned()))
                .map(Value::Texts)
                .ok_or_else(unexpected)
        }
        (Kind::Files, DeValue::Array(_)) => {
            texts(value, path).map(Value::Paths).ok_or_else(unexpected)
        }
        (Kind::Texts | Kind::Files, DeValue::String(_)) => {
            Err(unexpected().help(format!("write [{}]", show(value))))
        }
        (Kind::Choice(words), DeValue::String(text)) => {
            if words.contains(&&**text) {
                return Ok(Value::Text(text.to_string()));
            }
            let mut misfit = unexpected();
            misfit.help = suggest(text, words.iter().copied());
            Err(misfit)
        }
        (Kind::OrgUrl, DeValue::String(text)) => organization(text).map(Value::Text),
        (Kind::SecureUrl, DeValue::String(text)) => secure(text).map(Value::Text),
        (Kind::WebhookUrl, DeValue::String(text)) => {
            webhook(text).map(|url| Value::Text(url.into()))
        }
        (Kind::Listen, DeValue::String(text)) => listen(text).map(Value::Listen).ok_or_else(|| {
            match text.strip_prefix(':').map(|port| port.parse::<u16>()) {
                Some(Ok(port)) => unexpected().help(format!("\"0.0.0.0:{port}\" is every address")),
                _ => unexpected(),
            }
        }),
        (Kind::HeaderName, DeValue::String(text)) => {
            if !is_header(text) {
                return Err(unexpected());
            }
            Ok(Value::Text(text.to_ascii_lowercase()))
        }
        (Kind::Headers, DeValue::Table(_)) => headers(value).map(Value::Headers),
        (Kind::Start, DeValue::String(_) | DeValue::Datetime(_)) => {
            start(value).map(Value::Start).ok_or_else(unexpected)
        }
        (Kind::Backfill, DeValue::Boolean(false)) => Ok(Value::Backfill(None)),
        (Kind::Backfill, DeValue::Boolean(true)) => {
            Ok(Value::Backfill(Some(Duration::from_millis(OKTA_KEEPS))))
        }
        (Kind::Backfill, DeValue::String(text)) => match duration(text) {
            Some(ms) if (1..=OKTA_KEEPS).contains(&ms) => {
                Ok(Value::Backfill(Some(Duration::from_millis(ms))))
            }
            _ => Err(unexpected()),
        },
        _ => Err(unexpected()),
    }
}

const UNITS: &str = "units are ms, s, m, h, d and w";

const fn may_be_secret(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::SecretEnv | Kind::SecretFile | Kind::WebhookUrl | Kind::SecureUrl | Kind::Headers
    )
}

/// A value in a message, cut.
fn show(value: &DeValue<'_>) -> String {
    const MOST: usize = 60;
    let text = match value {
        DeValue::String(text) => format!("{:?}", text.chars().take(MOST).collect::<String>()),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(is_on) => is_on.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) | DeValue::Table(_) => return kind_of(value).to_owned(),
    };
    text.chars().take(MOST + 2).collect()
}

/// What a value is.
pub(crate) const fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text that is none",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Milliseconds of a duration such as `90s` or `1h 30m`.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    loop {
        let digits = rest.find(|one: char| !one.is_ascii_digit())?;
        let (number, behind) = rest.split_at_checked(digits)?;
        let behind = behind.trim_start();
        let letters = behind.find(|one: char| !one.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(letters)?;
        let unit = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = behind.trim_start();
        if rest.is_empty() {
            return Some(total);
        }
    }
}

/// Bytes of a size such as `500 GB`.
pub(crate) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    if text == "0" {
        return Some(0);
    }
    let digits = text.find(|one: char| !one.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let unit: u64 = match &*unit.trim_start().to_ascii_lowercase() {
        "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|one| fit_name(one) == one)
}

const fn fit_name(one: char) -> char {
    if matches!(one, 'a'..='z' | '0'..='9' | '_' | '-') { one } else { '-' }
}

fn is_variable(text: &str) -> bool {
    let is_fit = |one: char| one.is_ascii_alphanumeric() || one == '_';
    text.len() <= 200
        && text.chars().all(is_fit)
        && !text.starts_with(|one: char| one.is_ascii_digit())
        && !text.is_empty()
}

fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty() && !text.contains('\0')).then(|| text.into())
}

fn texts<T>(value: &DeValue<'_>, fit: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.get_ref().as_str().and_then(&fit)).collect()
}

/// The name of an HTTP header, as RFC 9110 has it.
fn is_header(text: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=200).contains(&text.len()) && text.bytes().all(is_fit)
}

fn listen(text: &str) -> Option<SocketAddr> {
    if let Some(port) = text.strip_prefix("localhost:") {
        return Some(SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?)));
    }
    text.parse().ok()
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// The address of an organisation: https, or http to this machine.
fn organization(text: &str) -> Result<String, Misfit> {
    let expected = Kind::OrgUrl.expected();
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() => url,
        _ => {
            // It may be anything, a token with an address behind it as well.
            let misfit = Misfit::new(format!("expected {expected}"));
            let with_scheme = format!("https://{text}");
            let is_host = text.contains('.') && !text.contains(['/', ':', '@', ' ']);
            let is_url = is_host && Url::parse(&with_scheme).is_ok();
            return Err(if is_url {
                misfit.help(format!("did you mean \"{with_scheme}\"?"))
            } else {
                misfit
            });
        }
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Misfit::new("expected an address without a user or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Misfit::new(format!("expected {expected}, without what follows ? or #")));
    }
    let origin = url.origin().ascii_serialization();
    if url.path().starts_with("/api") || url.path().starts_with("/oauth2") {
        return Err(Misfit::new(format!("expected {expected}, without the path of an API"))
            .help(format!("write \"{origin}\"")));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return Err(Misfit::new("expected https, since http would show the token to others"));
        }
        _ => return Err(Misfit::new(format!("expected {expected}"))),
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// An address that secrets may be sent to, as it is written: https, or http to this machine.
fn secure(text: &str) -> Result<String, Misfit> {
    let expected = Kind::SecureUrl.expected();
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() => url,
        _ => return Err(Misfit::new(format!("expected {expected}"))),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Misfit::new("expected an address without a user or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Misfit::new(format!("expected {expected}, without what follows ? or #")));
    }
    match url.scheme() {
        "https" => Ok(text.to_owned()),
        "http" if is_loopback(&url) => Ok(text.to_owned()),
        "http" => Err(Misfit::new("expected https, since http would show passwords to others")),
        _ => Err(Misfit::new(format!("expected {expected}"))),
    }
}

/// The address of a webhook, also when it is kept elsewhere.
fn webhook(text: &str) -> Result<Url, Misfit> {
    let expected = Kind::WebhookUrl.expected();
    match Url::parse(text) {
        Ok(url) if url.has_host() && matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err(Misfit::new(format!("expected {expected}"))),
    }
}

/// Whether a header of this name is likely to hold a secret.
fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts = ["auth", "token", "secret", "cookie", "password", "key", "credential"];
    parts.iter().any(|part| name.contains(part))
}

fn headers(value: &DeValue<'_>) -> Result<Vec<(String, HeaderValue)>, Misfit> {
    const OURS: [&str; 4] = ["content-type", "content-length", "host", "transfer-encoding"];
    let table = value.as_table().into_iter().flatten();
    table
        .map(|(name, value)| {
            let name = &**name.get_ref();
            if !is_header(name) {
                return Err(Misfit::new(format!("expected {}", Kind::HeaderName.expected())));
            }
            let lower = name.to_ascii_lowercase();
            if OURS.contains(&&*lower) || lower.starts_with("x-wardgate-") {
                return Err(Misfit::new(format!("the header {name} is set by wardgate")));
            }
            Ok((name.to_owned(), header_value(name, value.get_ref())?))
        })
        .collect()
}

fn header_value(name: &str, value: &DeValue<'_>) -> Result<HeaderValue, Misfit> {
    let kept = "{ env = \"NAME\" } or { file = \"PATH\" }";
    let expected = || Misfit::new(format!("expected a text, {kept} for the header {name}"));
    match value {
        DeValue::String(_) if is_secret_header(name) => {
            Err(Misfit::new(format!("the header {name} looks like a secret"))
                .help(format!("keep it elsewhere and write {kept}")))
        }
        DeValue::String(text) => {
            let is_fit = text.len() <= 4000 && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            if is_fit { Ok(HeaderValue::Here(text.to_string())) } else { Err(expected()) }
        }
        DeValue::Table(table) if table.len() == 1 => {
            let text = |key: &str| table.get(key).and_then(|value| value.get_ref().as_str());
            let source = match (text("env"), text("file")) {
                (Some(name), _) if is_variable(name) => SecretSource::Env(name.to_owned()),
                (_, Some(file)) => SecretSource::File(path(file).ok_or_else(expected)?),
                _ => return Err(expected()),
            };
            Ok(HeaderValue::Kept(source))
        }
        _ => Err(expected()),
    }
}

fn start(value: &DeValue<'_>) -> Option<Start> {
    let text = match value {
        DeValue::Datetime(time) => time.to_string(),
        value => value.as_str()?.trim().to_owned(),
    };
    if let Some(ms) = duration(&text) {
        return (1..=OKTA_KEEPS).contains(&ms).then(|| Start::Ago(Duration::from_millis(ms)));
    }
    match &*text {
        "now" => Some(Start::Now),
        "earliest" => Some(Start::Earliest),
        // A date is its beginning in UTC.
        text if text.len() == 10 => {
            let time = text.parse::<Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(Start::At(time.timestamp().as_millisecond()))
        }
        text => Some(Start::At(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("60s", Some(60_000)),
            ("1h30m", Some(5_400_000)),
            ("1h 30 m", Some(5_400_000)),
            ("250ms", Some(250)),
            ("2w", Some(1_209_600_000)),
            ("0s", Some(0)),
            ("", None),
            ("s", None),
            ("60", None),
            ("1.5h", None),
            ("-1s", None),
            ("1 parsec", None),
            ("99999999999999999999s", None),
            ("18446744073709551615w", None),
        ] {
            assert_eq!(duration(text), expected, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("500 GB", Some(500_000_000_000)),
            ("100MiB", Some(104_857_600)),
            ("1 kb", Some(1000)),
            ("7 B", Some(7)),
            ("0", Some(0)),
            ("7", None),
            ("GB", None),
            ("1.5 GB", None),
            ("99999999999 TB", None),
        ] {
            assert_eq!(size(text), expected, "{text}");
        }
    }

    fn toml(text: &str) -> DeValue<'_> {
        DeValue::parse(text).unwrap().into_inner()
    }

    #[test]
    fn starts() {
        for (text, expected) in [
            (r#""now""#, Some(Start::Now)),
            (r#""earliest""#, Some(Start::Earliest)),
            (r#""7d""#, Some(Start::Ago(Duration::from_secs(7 * 86_400)))),
            (r#""91d""#, None),
            (r#""2026-09-01T02:00:00+02:00""#, Some(Start::At(1_788_220_800_000))),
            ("2026-09-01T00:00:00Z", Some(Start::At(1_788_220_800_000))),
            ("2026-09-01", Some(Start::At(1_788_220_800_000))),
            (r#""2026-09-01""#, Some(Start::At(1_788_220_800_000))),
            (r#""2026-02-30""#, None),
            (r#""2026-09-01T00:00:00""#, None),
            (r#""yesterday""#, None),
            ("7", None),
        ] {
            let found = read(Kind::Start, &toml(text)).ok();
            assert_eq!(found, expected.map(Value::Start), "{text}");
        }
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("https://acme.okta.com", Ok("https://acme.okta.com")),
            ("https://ACME.okta.com/", Ok("https://acme.okta.com")),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080")),
            ("http://[::1]:8080/", Ok("http://[::1]:8080")),
            ("http://localhost:8080/acme", Ok("http://localhost:8080/acme")),
            ("http://acme.okta.com", Err("expected https")),
            ("acme.okta.com", Err("did you mean \"https://acme.okta.com\"?")),
            ("https://acme.okta.com/api/v1/logs", Err("write \"https://acme.okta.com\"")),
            ("https://me:pw@acme.okta.com", Err("without a user or password")),
            ("https://acme.okta.com/?after=x", Err("without what follows ? or #")),
            ("ftp://acme.okta.com", Err("expected an address")),
            ("", Err("expected an address")),
        ] {
            match (organization(text), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => {
                    let said = format!("{}; {:?}", found.message, found.help.unwrap_or_default());
                    assert!(said.replace('\\', "").contains(expected), "{said}");
                    assert!(!said.contains("pw"), "{said}");
                }
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn listening() {
        for (text, is_fit) in [
            ("127.0.0.1:8611", true),
            ("localhost:80", true),
            ("[::]:0", true),
            (":8611", false),
            ("example.com:80", false),
            ("127.0.0.1", false),
            ("127.0.0.1:99999", false),
        ] {
            assert_eq!(listen(text).is_some(), is_fit, "{text}");
        }
    }

    #[test]
    fn secrets_are_not_repeated() {
        for (kind, text) in [
            (Kind::SecretEnv, r#""00s3cret-s3cret""#),
            (Kind::WebhookUrl, r#""hooks s3cret""#),
            (Kind::Headers, r#"{ Authorization = "s3cret" }"#),
            (Kind::Headers, r#"{ X-Team = ["s3cret"] }"#),
            (Kind::SecretFile, r#"["s3cret"]"#),
            (Kind::OrgUrl, r#""https://s3cret@""#),
            (Kind::SecureUrl, r#""https://s3cret@""#),
        ] {
            let misfit = read(kind, &toml(text)).unwrap_err();
            assert!(!format!("{misfit:?}").contains("s3cret"), "{misfit:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read(ms in 0..10_000_000_000_u64) {
            prop_assert_eq!(duration(&crate::settings::show_duration(ms)), Some(ms));
        }

        #[test]
        fn no_text_is_too_odd(text: String) {
            for setting in crate::SETTINGS {
                let _ = read(setting.kind, &DeValue::String((&*text).into()));
            }
            let _ = (duration(&text), size(&text), webhook(&text).is_ok());
        }
    }
}
