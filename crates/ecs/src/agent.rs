//! User agents, parsed with uap-core's regular expressions and remembered.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;

use crate::write::write_json_string;
use hashbrown::HashMap;
use ua_parser::{Extractor, Regexes, device, os, user_agent};

/// What a user agent's string says of itself, in ECS's terms (`user_agent.*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAgent {
    /// The program's family, `Other` when nobody knows it.
    pub name: String,
    /// `major.minor.patch`, as far as known.
    pub version: Option<String>,
    /// The device's family.
    pub device: String,
    /// The operating system's family.
    pub os: String,
    /// The operating system's version, as far as known.
    pub os_version: Option<String>,
}

/// How many different user agents are remembered before the memory is started afresh. An
/// organisation has some thousands; an attacker may send any number.
const REMEMBERED: usize = 16_384;

/// Longer strings are parsed by their beginning: no real one is as long, and the time that
/// regular expressions take grows with the length.
const LONGEST: usize = 2_048;

/// The user agents met so far.
#[derive(Default)]
pub(crate) struct UserAgents {
    known: RefCell<HashMap<Box<str>, Rc<Known>>>,
}

/// A user agent that has been parsed.
pub(crate) struct Known {
    pub(crate) agent: UserAgent,
    /// The members of `user_agent` in a record, from the value of `original` on:
    /// `"…","name":"…"`, and so on.
    pub(crate) json: String,
}

impl UserAgents {
    /// Parses `original`, or finds what it was parsed to before.
    pub(crate) fn parse(&self, original: &str) -> Rc<Known> {
        let mut known = self.known.borrow_mut();
        if let Some(agent) = known.get(original) {
            return Rc::clone(agent);
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let agent = UserAgent::parse(original);
        let json = agent.members(original);
        let agent = Rc::new(Known { agent, json });
        known.insert(original.into(), Rc::clone(&agent));
        agent
    }
}

impl UserAgent {
    /// What stands in a record behind `"original":`.
    fn members(&self, original: &str) -> String {
        let mut json = Vec::new();
        write_json_string(&mut json, original);
        let mut member = |before: &str, value: Option<&str>, after: &str| {
            if let Some(value) = value {
                json.extend_from_slice(before.as_bytes());
                write_json_string(&mut json, value);
                json.extend_from_slice(after.as_bytes());
            }
        };
        member(",\"name\":", Some(&self.name), "");
        member(",\"version\":", self.version.as_deref(), "");
        member(",\"device\":{\"name\":", Some(&self.device), "}");
        member(",\"os\":{\"name\":", Some(&self.os), "");
        member(",\"version\":", self.os_version.as_deref(), "");
        json.push(b'}');
        String::from_utf8(json).unwrap_or_default()
    }

    /// Parses a user agent's string. Compiles uap-core's expressions when it is called first,
    /// which takes tens of milliseconds.
    #[must_use]
    pub fn parse(original: &str) -> Self {
        const OTHER: &str = "Other";
        let end = original.floor_char_boundary(LONGEST);
        let original = original.get(..end).unwrap_or_default();
        let Some(extractor) = extractor() else {
            return Self {
                name: OTHER.into(),
                version: None,
                device: OTHER.into(),
                os: OTHER.into(),
                os_version: None,
            };
        };
        let (agent, os, device) = extractor.extract(original);
        let agent = agent.unwrap_or_default();
        let os = os.unwrap_or_default();
        Self {
            name: family(&agent.family),
            version: version([agent.major, agent.minor, agent.patch]),
            device: family(&device.unwrap_or_default().device),
            os: family(&os.os),
            os_version: version([os.major.as_deref(), os.minor.as_deref(), os.patch.as_deref()]),
        }
    }
}

fn family(name: &str) -> String {
    let name = name.trim();
    if name.is_empty() { "Other".to_owned() } else { name.to_owned() }
}

fn version(parts: [Option<&str>; 3]) -> Option<String> {
    let known = parts.into_iter().map_while(|part| part.filter(|part| !part.is_empty()));
    let known: Vec<_> = known.collect();
    (!known.is_empty()).then(|| known.join("."))
}

fn extractor() -> Option<&'static Extractor<'static>> {
    static EXTRACTOR: OnceLock<Option<Extractor<'static>>> = OnceLock::new();
    EXTRACTOR.get_or_init(compile).as_ref()
}

/// Starts compiling uap-core's expressions on other threads, so that they are there when the
/// first user agent is met.
pub fn prepare_user_agents() {
    std::thread::spawn(extractor);
}

/// Compiles the three lists side by side. `None` only if the embedded table were broken, which
/// the tests rule out.
fn compile() -> Option<Extractor<'static>> {
    let table: Regexes<'static> =
        serde_json::from_str(include_str!("../data/uap-core/regexes.json")).ok()?;
    std::thread::scope(|scope| {
        let agents = scope.spawn(|| {
            let mut parsers = table.user_agent_parsers.into_iter();
            parsers
                .try_fold(user_agent::Builder::new(), |all, one| all.push(one))
                .ok()?
                .build()
                .ok()
        });
        let systems = scope.spawn(|| {
            let mut parsers = table.os_parsers.into_iter();
            parsers.try_fold(os::Builder::new(), |all, one| all.push(one)).ok()?.build().ok()
        });
        let mut parsers = table.device_parsers.into_iter();
        let devices = parsers.try_fold(device::Builder::new(), |all, one| all.push(one));
        let dev = devices.ok()?.build().ok()?;
        Some(Extractor { ua: agents.join().ok()??, os: systems.join().ok()??, dev })
    })
}

/// The name of the browser as Okta gives it (`CHROME`), with its first letter in upper case and
/// the others in lower case; nothing for `UNKNOWN`.
pub(crate) fn browser_name(browser: &str) -> Option<Cow<'_, str>> {
    if browser.is_empty() || browser.eq_ignore_ascii_case("unknown") {
        return None;
    }
    let mut characters = browser.chars();
    let first = characters.next()?;
    Some(first.to_uppercase().chain(characters.flat_map(char::to_lowercase)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents_are_told_apart() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/107.0.0.0 Safari/537.36";
        let firefox =
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:109.0) Gecko/20100101 Firefox/109.0";
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Mobile/15E148 Safari/604.1";
        let cases = [
            (chrome, "Chrome", Some("107.0.0"), "Other", "Windows", Some("10")),
            (firefox, "Firefox", Some("109.0"), "Mac", "Mac OS X", Some("10.15")),
            (iphone, "Mobile Safari", Some("16.5"), "iPhone", "iOS", Some("16.5")),
            ("axios/0.19.2", "axios", Some("0.19.2"), "Other", "Other", None),
            ("Okta-Integrations", "Other", None, "Other", "Other", None),
            ("", "Other", None, "Other", "Other", None),
        ];
        for (original, name, version, device, os, os_version) in cases {
            let agent = UserAgent::parse(original);
            assert_eq!(
                (agent.name.as_str(), agent.version.as_deref(), agent.device.as_str()),
                (name, version, device),
                "{original}"
            );
            assert_eq!((agent.os.as_str(), agent.os_version.as_deref()), (os, os_version));
        }
    }

    #[test]
    fn a_flood_of_user_agents_is_not_remembered_for_ever() {
        let agents = UserAgents::default();
        for number in 0..REMEMBERED + 10 {
            agents.parse(&format!("{number}"));
        }
        assert!(agents.known.borrow().len() <= REMEMBERED);
        assert_eq!(agents.parse(&"é".repeat(10_000)).agent.name, "Other");
    }

    #[test]
    fn browsers_are_spelled_as_names() {
        assert_eq!(browser_name("CHROME").as_deref(), Some("Chrome"));
        assert_eq!(browser_name("FIREFOX MOBILE").as_deref(), Some("Firefox mobile"));
        assert_eq!(browser_name("unknown"), None);
        assert_eq!(browser_name(""), None);
    }
}
