//! What configurations mean, and what is said about mistakes.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use crate::*;

fn parse(text: &str) -> Config {
    Config::parse(text, "wardgate.toml").unwrap_or_else(|problems| panic!("{}", lines(&problems)))
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn mistakes(text: &str) -> String {
    lines(&Config::parse(text, "wardgate.toml").unwrap_err())
}

/// A configuration in which all of these settings can stand.
fn minimal(setting: &Setting, value: &str) -> String {
    let kind = setting.kinds.first().copied();
    let (name, line) = (setting.name, format!("{} = {value}\n", setting.name));
    let rest = |lines: &[(&str, &str)]| -> String {
        let is_other = |(key, _): &&(&str, &str)| {
            let mark = |need| match need {
                Need::OneOf(group) | Need::AtMostOneOf(group) => Some(group),
                _ => None,
            };
            let theirs = SETTINGS
                .iter()
                .find(|one| one.section == setting.section && one.name == *key && one.is_for(kind));
            let theirs = theirs.and_then(|one| mark(one.need));
            *key != name && (theirs.is_none() || theirs != mark(setting.need))
        };
        let lines = lines.iter().filter(is_other);
        lines.map(|(key, value)| format!("{key} = {value}\n")).collect()
    };
    let okta = [
        ("name", r#""x""#),
        ("kind", r#""okta""#),
        ("base_url", r#""https://x.okta.com""#),
        ("token_env", r#""T""#),
    ];
    match setting.section {
        Section::Root => line,
        Section::Log | Section::Server | Section::Store | Section::Rules => {
            let heading = setting.section.heading();
            let beside = match name {
                "tls_cert" => "tls_key = \"k\"\n",
                "tls_key" => "tls_cert = \"c\"\n",
                "builtin" => "paths = [\"p\"]\n",
                _ => "",
            };
            format!("{heading}\n{line}{beside}")
        }
        Section::Oidc => {
            let beside = rest(&[
                ("issuer", r#""https://id.example""#),
                ("client_id", r#""c""#),
                ("viewer", r#"["v"]"#),
            ]);
            format!("[oidc]\n{beside}{line}")
        }
        Section::OAuth => {
            let okta = rest(&okta[..3]);
            let oauth = rest(&[("client_id", r#""i""#), ("key_file", r#""k""#)]);
            format!("[[intake]]\n{okta}[intake.oauth]\n{oauth}{line}")
        }
        Section::Intake => match kind {
            Some("event_hook") => {
                let other = "[[intake]]\nname = \"acme\"\nkind = \"okta\"\ntoken_env = \"T\"\n\
                             base_url = \"https://acme.okta.com\"\n";
                let hook =
                    [("name", r#""x""#), ("kind", r#""event_hook""#), ("secret_env", r#""S""#)];
                format!("{other}[[intake]]\n{}{line}", rest(&hook))
            }
            _ => format!("[[intake]]\n{}{line}", rest(&okta)),
        },
        Section::Sink => {
            let kind = format!("\"{}\"", kind.unwrap_or("webhook"));
            let mut lines = vec![("name", r#""x""#), ("kind", &*kind)];
            lines.push(if kind == "\"file\"" { ("path", r#""p""#) } else { ("url_env", r#""U""#) });
            format!("[[sink]]\n{}{line}", rest(&lines))
        }
    }
}

#[test]
fn every_setting_can_be_set_and_makes_a_difference() {
    for setting in SETTINGS {
        let with = minimal(setting, setting.example);
        // Where things are written does not matter.
        let meaning = |text: &str| Config { references: Vec::new(), ..parse(text) };
        let config = meaning(&with);
        match setting.need {
            Need::Default(default) => {
                assert_ne!(default, setting.example, "{setting:?}");
                let mut without = minimal(setting, setting.example);
                without = without.replace(&format!("{} = {}\n", setting.name, setting.example), "");
                assert_ne!(meaning(&without), config, "{setting:?}");
                let explicit = meaning(&minimal(setting, default));
                assert_eq!(meaning(&without), explicit, "{setting:?}");
            }
            Need::Required | Need::OneOf(_) => {
                let without =
                    with.replace(&format!("{} = {}\n", setting.name, setting.example), "");
                let said = mistakes(&without);
                assert!(said.contains(setting.name), "{setting:?}: {said}");
            }
            Need::Optional | Need::AtMostOneOf(_) => {
                let without =
                    with.replace(&format!("{} = {}\n", setting.name, setting.example), "");
                let without = without.replace("tls_key = \"k\"\n", "");
                let without = without.replace("tls_cert = \"c\"\n", "");
                assert_ne!(meaning(&without), config, "{setting:?}");
            }
        }
    }
}

#[test]
fn settings_are_described_once() {
    let mut keys = BTreeSet::new();
    for setting in SETTINGS {
        for kind in if setting.kinds.is_empty() { &[""] } else { setting.kinds } {
            assert!(keys.insert((setting.section, setting.name, *kind)), "{setting:?}");
        }
        assert!(setting.doc.ends_with('.'), "{setting:?}");
    }
}

#[test]
fn every_setting_says_what_it_expects() {
    for setting in SETTINGS {
        // Nothing takes a fraction.
        let said = mistakes(&minimal(setting, "1.5"));
        assert!(said.contains("expected ") && said.contains(setting.name), "{setting:?}: {said}");
    }
}

#[test]
fn the_template_means_the_defaults() {
    let template = template();
    assert_eq!(parse(&template), parse(""));
    // It stays so when the defaults are no comments.
    let start = template.find("# Where events come from").unwrap();
    let (tables, rest) = template.split_at(start);
    let uncomment = |text: &str, except: &dyn Fn(&str) -> bool| -> String {
        let open = |line: &str| {
            let setting = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
            let line = setting.filter(|setting| !except(setting)).unwrap_or(line);
            format!("{line}\n")
        };
        text.lines().map(open).collect()
    };
    let examples = |line: &str| {
        SETTINGS.iter().any(|one| {
            let is_default = matches!(one.need, Need::Default(_));
            !is_default && line.starts_with(&format!("{} =", one.name))
        })
    };
    let opened = uncomment(tables, &examples);
    assert!(opened.contains("\nlisten = \"127.0.0.1:8611\"\n"), "{opened}");
    assert_eq!(parse(&opened), parse(""));
    // All the examples are in it, and fit each other, but for what stands for another.
    let alternatives = |line: &str| {
        line == "[intake.oauth]"
            || SETTINGS.iter().any(|one| {
                let is_one = line.starts_with(&format!("{} =", one.name));
                is_one && (one.instead_of().is_some() || one.section == Section::OAuth)
            })
    };
    let (rest, oidc) = rest.split_at(rest.find("# Signing in through").unwrap());
    let alternative = |line: &str| line.starts_with("client_secret_file =");
    let opened = uncomment(rest, &alternatives) + &uncomment(oidc, &alternative);
    let config = parse(&opened);
    assert_eq!(config.oidc.unwrap().issuer, "https://acme.okta.com");
    let names: Vec<_> = config.intakes.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["acme", "shipper", "acme-hook"]);
    let names: Vec<_> = config.sinks.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["terminal", "archive", "soc"]);
    let warned: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    let expected = "oidc.default_role: nobody can sign in this way";
    assert!(warned.iter().all(|one| one.contains(expected)) && warned.len() == 1, "{warned:?}");
    for setting in SETTINGS {
        let is_there = template.contains(&format!("\n#{} = ", setting.name));
        assert!(is_there || setting.name == "oauth", "{setting:?}");
    }
    assert!(template.lines().all(|line| line.chars().count() <= 110), "lines are not too long");
}

#[test]
fn a_configuration_says_what_it_says() {
    let config = Config::parse(
        r#"
        data_dir = "data"
        [log]
        level = "debug"
        [server]
        listen = "[::1]:443"
        tls_cert = "/etc/cert.pem"
        tls_key = "key.pem"
        [store]
        retention_days = 0
        retention_size = "1 TiB"
        [rules]
        paths = ["rules", "/opt/rules"]
        enable = ["a", "b"]
        [[intake]]
        name = "acme"
        kind = "okta"
        base_url = "https://acme.okta.com/"
        oauth = { client_id = "0oa", key_file = "key.jwk", dpop = false }
        start = 2026-09-01T00:00:00Z
        backfill = true
        q = "a b"
        [[intake]]
        name = "hook"
        kind = "event_hook"
        header = "X-Secret"
        secret_file = "hook"
        of = "acme"
        [[sink]]
        name = "file"
        kind = "file"
        path = "alerts.ndjson"
        rotate_size = "0"
        [[sink]]
        name = "soc"
        kind = "webhook"
        url = "https://soc.example.com/x"
        headers = { X-Team = "soc", X-Api-Key = { file = "key" } }
        min_severity = "critical"
        from = "earliest"
        "#,
        "/etc/wardgate/wardgate.toml",
    )
    .unwrap();
    assert_eq!(config.data_dir, PathBuf::from("/etc/wardgate/data"));
    assert_eq!(config.log, Log { level: LogLevel::Debug, format: LogFormat::Auto });
    let tls = config.server.tls.unwrap();
    assert_eq!(tls.cert, PathBuf::from("/etc/cert.pem"));
    assert_eq!(tls.key, PathBuf::from("/etc/wardgate/key.pem"));
    assert_eq!(config.store.retention_days, None);
    assert_eq!(config.store.retention_size, Some(1 << 40));
    let paths = ["/etc/wardgate/rules", "/opt/rules"].map(PathBuf::from);
    assert_eq!(config.rules.paths, paths);
    let IntakeKind::Okta(okta) = &config.intakes[0].kind else { panic!() };
    assert_eq!(okta.base_url, "https://acme.okta.com");
    let oauth = OAuth {
        client_id: "0oa".into(),
        key: SecretSource::File("/etc/wardgate/key.jwk".into()),
        key_id: None,
        scopes: vec!["okta.logs.read".into()],
        dpop: false,
    };
    assert_eq!(okta.credential, Credential::OAuth(oauth));
    assert_eq!(okta.start, Start::At(1_788_220_800_000));
    assert_eq!(okta.backfill, Some(Duration::from_secs(90 * 86_400)));
    let hook = EventHookIntake {
        header: "x-secret".into(),
        secret: SecretSource::File("/etc/wardgate/hook".into()),
        of: Some("acme".into()),
    };
    assert_eq!(config.intakes[1].kind, IntakeKind::EventHook(hook));
    let SinkKind::File(file) = &config.sinks[0].kind else { panic!() };
    assert_eq!(file.rotate_size, None);
    let SinkKind::Webhook(webhook) = &config.sinks[1].kind else { panic!() };
    assert_eq!(webhook.url, WebhookUrl::Here(Secret::new("https://soc.example.com/x")));
    let headers = [
        ("X-Api-Key".into(), HeaderValue::Kept(SecretSource::File("/etc/wardgate/key".into()))),
        ("X-Team".into(), HeaderValue::Here("soc".into())),
    ];
    assert_eq!(webhook.headers, headers);
    assert_eq!(config.sinks[1].min_severity, Level::Critical);
    assert_eq!(config.warnings, []);
}

/// Texts, and what is said about them, in order and nothing else.
const MISTAKES: &[(&str, &[&str])] = &[
    (
        "[server]\nlitsen = \"127.0.0.1:1\"\n",
        &[
            "wardgate.toml:2:1: error: server.litsen: there is no such setting; did you mean listen?",
        ],
    ),
    (
        "[store]\nlisten = \"127.0.0.1:1\"\n",
        &[
            "wardgate.toml:2:1: error: store.listen: there is no such setting; it belongs in [server]",
        ],
    ),
    (
        "[servr]\n",
        &["wardgate.toml:1:2: error: servr: there is no such setting; did you mean server?"],
    ),
    (
        "[log]\nlevel = \"inof\"\n",
        &[
            "2:9: error: log.level: expected one of error, warn, info, debug, trace, found \"inof\"; did you mean info?",
        ],
    ),
    (
        "[store]\nretention_days = -1\nretention_size = 500\nfold_window = 60\n",
        &[
            "2:18: error: store.retention_days: expected a number from 0 to 36500, found -1",
            "3:18: error: store.retention_size: expected a size such as \"500 GB\" or \"100 MiB\", found 500; say the unit",
            "4:15: error: store.fold_window: expected a duration such as \"60s\" or \"1h\", from 0s to 31d, found 60; say the unit: \"60s\" for seconds",
        ],
    ),
    ("server = 1", &["1:10: error: server: expected a table [server], found a number"]),
    (
        "[intake]\nname = \"a\"\nkind = \"http\"\n",
        &["1:1: error: intake: expected [[intake]] with two brackets"],
    ),
    (
        "[[intake]]\n",
        &["1:1: error: intake[0]: name is missing", "1:1: error: intake[0]: kind is missing"],
    ),
    (
        "[[intake]]\nname = \"Acme Corp\"\nkind = \"otka\"\n",
        &[
            "2:8: error: intake[0].name: expected a name of a-z, 0-9, _ and -, of at most 64 characters, found \"Acme Corp\"; such as \"acme-corp\"",
            "3:8: error: intake[0].kind: expected one of okta, http, event_hook, found \"otka\"; did you mean okta?",
        ],
    ),
    (
        "[[intake]]\nname = \"a\"\nkind = \"okta\"\n",
        &[
            "base_url is missing",
            "expected one of token_env, token_file, oauth, found none; write token_env = \"OKTA_TOKEN\"",
        ],
    ),
    (
        "[[intake]]\nname = \"a\"\nkind = \"okta\"\nbase_url = \"https://a.okta.com\"\ntoken_env = \"A\"\ntoken_file = \"b\"\n",
        &[
            "6:14: error: intake[0].token_file: expected only one of token_env, token_file, oauth, found token_env and token_file",
        ],
    ),
    (
        "[[intake]]\nname = \"a\"\nkind = \"okta\"\nbase_url = \"https://a.okta.com\"\noauth = { client_id = \"i\" }\n",
        &["5:9: error: intake[0].oauth: expected one of key_file, key_env, found none"],
    ),
    (
        "[[intake]]\nname = \"a\"\nkind = \"http\"\nfrequency = \"1m\"\n",
        &["4:1: error: intake[0].frequency: there is no such setting; it is for kind = \"okta\""],
    ),
    (
        "[[intake]]\nname = \"a\"\nkind = \"http\"\n[[intake]]\nname = \"a\"\nkind = \"http\"\n",
        &["5:8: error: intake[1].name: expected intakes with different names, \"a\" is in line 2"],
    ),
    (
        "[[intake]]\nname = \"a\"\nkind = \"event_hook\"\nsecret_env = \"S\"\nof = \"acme\"\norganization_id = \"1\"\n",
        &[
            "5:6: error: intake[0].of: there is no okta intake \"acme\"",
            "6:19: error: intake[0].organization_id: expected none",
        ],
    ),
    (
        "[rules]\nbuiltin = false\n",
        &["2:11: error: rules.builtin: there are no rules without these; name some with paths"],
    ),
    ("[rules]\npaths = \"a\"\n", &["found \"a\"; write [\"a\"]"]),
    (
        "[server]\ntls_cert = \"c\"\n",
        &["2:12: error: server.tls_cert: tls_key is missing beside it"],
    ),
    (
        "[[sink]]\nname = \"a\"\nkind = \"file\"\npath = \"x\"\n[[sink]]\nname = \"b\"\nkind = \"file\"\npath = \"x\"\n",
        &["8:8: error: sink[1].path: expected a file that no other sink writes to"],
    ),
    (
        "[log]\nlevel = debug\n[store]\nretention_days = true\n",
        &["2:9: error: no TOML", "4:18: error: store.retention_days: expected a number"],
    ),
    ("a = 1\na = 2\n", &["a: there is no such setting", "no TOML: duplicate key"]),
];

#[test]
fn mistakes_have_a_place_and_a_way_out() {
    for (text, expected) in MISTAKES {
        let said = mistakes(text);
        let said: Vec<_> = said.lines().filter(|line| !line.contains("no [[intake]]")).collect();
        assert_eq!(said.len(), expected.len(), "{text}\n{said:#?}");
        for (said, expected) in said.iter().zip(*expected) {
            assert!(said.contains(expected), "{text}\n{said}\nis not\n{expected}");
        }
    }
}

#[test]
fn a_secret_is_refused_and_not_repeated() {
    let okta = "[[intake]]\nname = \"a\"\nkind = \"okta\"\nbase_url = \"https://a.okta.com\"\n";
    for (text, help) in [
        (format!("{okta}token = \"00s3cret\"\n"), "with token_env or token_file"),
        (format!("{okta}api_token = \"00s3cret\"\n"), "with token_env or token_file"),
        (format!("{okta}token_env = \"00s3cret\"\n"), "the secret itself does not belong here"),
        (format!("{okta}token_env = \"00s3cret\n"), ""),
        (
            format!("{okta}oauth = {{ client_id = \"i\", private_key = \"s3cret\" }}\n"),
            "with key_file or key_env",
        ),
        (
            "[[sink]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"https://a\"\nsecret = \"s3cret\"\n"
                .to_owned(),
            "with secret_env or secret_file",
        ),
        (
            "[[sink]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"https s3cret\"\n".to_owned(),
            "expected an address",
        ),
        (
            "[[sink]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"https://a\"\n\
             headers.Authorization = \"s3cret\"\n"
                .to_owned(),
            "keep it elsewhere",
        ),
    ] {
        let said = mistakes(&text);
        assert!(said.contains(help) && !said.contains("s3cret"), "{text}\n{said}");
        assert!(!format!("{:?}", Config::parse(&text, "x")).contains("s3cret"));
    }
}

#[test]
fn what_is_hardly_meant_is_a_warning() {
    let okta = "[[intake]]\nname = \"a\"\nkind = \"okta\"\ntoken_env = \"T\"\n";
    let sink = "[[sink]]\nname = \"a\"\nkind = \"webhook\"\n";
    for (text, expected) in [
        (String::new(), "wardgate.toml: warning: there is no [[intake]]"),
        (
            "[server]\nlisten = \"0.0.0.0:1\"\n".into(),
            "2:10: warning: server.listen: other machines",
        ),
        (
            format!("{okta}base_url = \"https://acme-admin.okta.com\"\n"),
            "the organisation's is \"https://acme.okta.com\"",
        ),
        (
            format!("{sink}url = \"http://soc.example.com/s3cret\"\n"),
            "4:7: warning: sink[0].url: alerts can be read",
        ),
        (
            format!("{sink}url = \"https://hooks.slack.com/services/s3cret\"\n"),
            "this address is a secret",
        ),
    ] {
        let config = parse(&text);
        let said = lines(&config.warnings);
        assert!(said.contains(expected) && !said.contains("s3cret"), "{text}\n{said}");
        assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
    }
    let quiet = "[server]\nlisten = \"0.0.0.0:1\"\ntls_cert = \"c\"\ntls_key = \"k\"\n\
                 [[intake]]\nname = \"a\"\nkind = \"http\"\n\
                 [[sink]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"http://localhost:1/x\"\n";
    assert_eq!(parse(quiet).warnings, []);
}

fn overridden(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), value.into()));
    Config::parse_with(text, "etc/wardgate.toml", variables).map_err(|problems| lines(&problems))
}

#[test]
fn the_environment_overrides_the_file() {
    let text = "data_dir = \"a\"\n[server]\nlisten = 1\n[rules]\npaths = [\"x\"]\n";
    let config = overridden(
        text,
        &[
            ("WARDGATE__SERVER__LISTEN", "127.0.0.1:99"),
            ("WARDGATE__DATA_DIR", "/data"),
            ("WARDGATE__RULES__BUILTIN", "false"),
            ("WARDGATE__RULES__PATHS", "a, /b"),
            ("WARDGATE__RULES__ENABLE", "[\"a, b\"]"),
            ("WARDGATE__STORE__RETENTION_DAYS", "7"),
            ("OTHER", "x"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen.port(), 99);
    assert_eq!(config.data_dir, PathBuf::from("/data"));
    assert_eq!(config.rules.paths, [PathBuf::from("etc/a"), PathBuf::from("/b")]);
    assert_eq!(config.rules.enable, ["a, b"]);
    assert_eq!(config.store.retention_days, Some(7));
    assert!(!config.rules.builtin);
    let missing = config.check_surroundings();
    assert_eq!(missing.len(), 2, "what was overridden is not looked for: {missing:?}");

    for (variable, value, expected) in [
        ("WARDGATE__SERVER__LITSEN", "x", "did you mean WARDGATE__SERVER__LISTEN?"),
        (
            "WARDGATE__SERVER__LISTEN",
            "x",
            "WARDGATE__SERVER__LISTEN: error: server.listen: expected an address and port",
        ),
        (
            "WARDGATE__STORE__RETENTION_DAYS",
            "many",
            "expected a number from 0 to 36500, found \"many\"",
        ),
        ("WARDGATE__INTAKE__NAME", "x", "intakes and sinks can only be set in the file"),
        ("WARDGATE__RULES__PATHS", "[1", "expected a list of paths"),
        ("WARDGATE__", "x", "there is no such setting"),
    ] {
        let said = overridden("", &[(variable, value)]).unwrap_err();
        assert!(said.contains(expected), "{variable}: {said}");
    }
}

#[test]
fn files_and_variables_are_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.toml");
    fs::create_dir(folder.path().join("folder")).unwrap();
    for name in ["ca.pem", "open", "closed"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let set = |name: &str, mode| {
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode))
                .unwrap();
        };
        set("open", 0o644);
        set("closed", 0o600);
    }
    fs::write(
        &path,
        r#"
        [rules]
        paths = ["folder", "absent"]
        [[intake]]
        name = "a"
        kind = "okta"
        base_url = "https://a.okta.com"
        token_file = "open"
        ca_file = "folder"
        [[sink]]
        name = "b"
        kind = "webhook"
        url_env = "WARDGATE_TEST_NOT_SET"
        secret_file = "closed"
        headers = { Authorization = { file = "absent" } }
        "#,
    )
    .unwrap();
    let config = Config::load(&path).unwrap();
    let problems = config.check_surroundings();
    let mut said: Vec<_> = problems.iter().map(|one| (&*one.path, &*one.message)).collect();
    said.sort_unstable();
    let expected = [
        ("intake[0].ca_file", "is a folder, expected a file"),
        ("intake[0].token_file", "everyone on this machine can read"),
        ("rules.paths", "cannot read"),
        ("sink[0].headers", "cannot read"),
        ("sink[0].url_env", "the environment variable WARDGATE_TEST_NOT_SET is not set, or empty"),
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for ((path, message), (place, part)) in said.iter().zip(expected) {
        assert!(*path == place && message.contains(part), "{path}: {message}");
    }
    let severities: Vec<_> = problems.iter().map(|one| one.severity).collect();
    assert_eq!(severities.iter().filter(|one| **one == Severity::Warning).count(), 1);
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.toml");
    let said = |path: &PathBuf| lines(&Config::load(path).unwrap_err());
    assert!(said(&path).contains("cannot read the configuration"));
    assert!(said(&folder.path().to_owned()).contains("cannot read the configuration"));
    fs::write(&path, b"# x\n\"\xff\"").unwrap();
    assert!(said(&path).contains("wardgate.toml:2:1: error: no UTF-8 text"), "{}", said(&path));
}

/// Texts that look like a configuration.
fn texts() -> impl Strategy<Value = String> {
    let headings = prop::sample::select(vec![
        "[log]",
        "[server]",
        "[store]",
        "[rules]",
        "[[intake]]",
        "[[sink]]",
        "[intake.oauth]",
        "[intake]",
        "[[server]]",
        "[x]",
        "kind = \"okta\"",
        "kind = \"webhook\"",
        "name = \"a\"",
    ]);
    let values = prop_oneof![
        prop::sample::select(SETTINGS).prop_map(|one| one.example.to_owned()),
        Just("{ a = [1, { b = 2 }] }".to_owned()),
        "[ -~]{0,12}",
        "\"[ -~]{0,12}\"",
    ];
    let keys = prop_oneof![
        8 => prop::sample::select(SETTINGS).prop_map(|one| one.name.to_owned()),
        1 => "[a-z_.\"]{0,8}",
    ];
    let line = prop_oneof![
        headings.prop_map(str::to_owned),
        (keys, values).prop_map(|(key, value)| format!("{key} = {value}")),
        "\\PC{0,8}",
    ];
    prop::collection::vec(line, 0..20).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![texts(), any::<String>()]) {
        let lines = text.split('\n').count();
        match Config::parse(&text, "x.toml") {
            Ok(config) => {
                prop_assert_eq!(&Config::parse(&text, "x.toml").unwrap(), &config);
                prop_assert!(config.warnings.iter().all(|one| one.severity == Severity::Warning));
            }
            Err(problems) => {
                prop_assert!(problems.iter().any(|one| one.severity == Severity::Error));
                for problem in problems {
                    prop_assert!(problem.line <= lines, "{}", problem);
                    prop_assert!(!problem.message.is_empty());
                    prop_assert!(problem.to_string().len() < 4000, "{}", problem);
                }
            }
        }
    }

    #[test]
    fn any_variable_is_read_or_refused(name in "[A-Z_]{0,12}", setting in prop::sample::select(SETTINGS), value: String) {
        let odd = format!("WARDGATE__{name}");
        let known = setting.variable().unwrap_or_default();
        let _ = overridden("", &[(&odd, &value), (&known, &value)]);
    }
}

#[test]
fn signing_in_elsewhere_is_configured_whole() {
    let config = parse(
        "[server]\npublic_url = \"https://w.example/\"\ntrusted_proxies = [\"::ffff:10.0.0.1\"]\n\
         [oidc]\nissuer = \"https://id.example/\"\nclient_id = \"w\"\nanalyst = [\"soc\"]",
    );
    assert_eq!(config.server.public_url.as_deref(), Some("https://w.example"));
    assert_eq!(config.server.trusted_proxies, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
    let oidc = config.oidc.unwrap();
    assert_eq!((&*oidc.issuer, &*oidc.role_claim), ("https://id.example/", "groups"));
    assert_eq!((oidc.analyst.len(), oidc.default_role), (1, DefaultRole::None));
    for (text, expected) in [
        ("[oidc]\nissuer = \"https://id.example\"", "client_id is missing"),
        ("[oidc]\nclient_id = \"w\"", "issuer is missing"),
        ("[oidc]\nissuer = \"http://id.example\"\nclient_id = \"w\"", "expected https"),
        ("[server]\npublic_url = \"https://w.example/x\"", "without a path"),
        ("[server]\npublic_url = \"http://w.example\"", "expected https"),
        ("[server]\ntrusted_proxies = [\"proxy\"]", "expected IP addresses"),
    ] {
        let said = mistakes(text);
        assert!(said.contains(expected), "{text}: {said}");
    }
}
