//! Feeds of indicators: what no setting can be checked for alone.

use url::Url;

use crate::model::{Feed, FeedCredential, FeedForm, FeedPlace, FeedSource, Tlp};
use crate::reader::{Fields, Reader};
use crate::value::is_loopback;

/// `None` if something is missing, which the reader has said.
pub(crate) fn feed(reader: &mut Reader<'_>, fields: &Fields) -> Option<Feed> {
    let kind = fields.text("kind")?;
    let credential = credential(reader, fields);
    check_url(reader, fields, credential.is_some());
    let owned = |name: &str| fields.text(name).map(str::to_owned);
    let source = match FeedForm::from_name(kind) {
        None => FeedSource::Taxii { url: owned("url")?, collections: fields.texts("collections")? },
        Some(form) => {
            let place = match owned("url") {
                Some(url) => FeedPlace::Url(url),
                None => FeedPlace::Path(fields.path("path")?),
            };
            FeedSource::File(form, place)
        }
    };
    if matches!(source, FeedSource::File(_, FeedPlace::Path(_))) && credential.is_some() {
        let problem = fields.place_of("path").error("expected no credential for a file");
        reader.push(problem.help("a credential is for url"));
    }
    Some(Feed {
        name: owned("name")?,
        source,
        credential,
        refresh: fields.duration("refresh")?,
        min_confidence: fields.number("min_confidence")?,
        confidence: fields.number("confidence"),
        max_tlp: Tlp::from_name(fields.text("max_tlp")?)?,
        labels: fields.texts("labels")?,
        expiry: fields.duration("expiry"),
        ca_file: fields.path("ca_file"),
        timeout: fields.duration("timeout")?,
    })
}

fn credential(reader: &mut Reader<'_>, fields: &Fields) -> Option<FeedCredential> {
    let password = fields.source("password");
    match (fields.text("username"), &password) {
        (Some(_), None) => {
            let problem = fields.place_of("username").error("the password is missing beside it");
            reader.push(problem.help("say where it is kept with password_env or password_file"));
        }
        (None, Some(_)) => {
            let is_env = fields.has("password_env");
            let place = fields.place_of(if is_env { "password_env" } else { "password_file" });
            reader.push(place.error("username is missing beside it"));
        }
        _ => {}
    }
    if let (Some(username), Some(password)) = (fields.text("username"), password) {
        return Some(FeedCredential::Basic { username: username.to_owned(), password });
    }
    let scheme = fields.text("token_scheme")?.to_owned();
    Some(FeedCredential::Token { scheme, token: fields.source("token")? })
}

/// Says when others could read or change what is sent.
fn check_url(reader: &mut Reader<'_>, fields: &Fields, has_credential: bool) {
    let Some(url) = fields.text("url").and_then(|url| Url::parse(url).ok()) else { return };
    if url.scheme() != "http" || is_loopback(&url) {
        return;
    }
    let place = fields.place_of("url");
    if has_credential {
        reader.push(place.error("expected https, since http would show the credential to others"));
    } else {
        let warning = place.warning("what comes from this address can be changed on the way");
        reader.push(warning.help("use https"));
    }
}
