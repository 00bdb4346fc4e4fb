//! What a client does when a server does not do what it should.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::time::{Duration, Instant};

use feeds::{Credential, Downloaded, FeedError, Page};
use support::{Asked, Server, answer, client, options, signed_in, taxii};

const COLLECTIONS: &str = r#"{"collections":[
    {"id":"c-1","title":"First","alias":"one","can_read":true,"can_write":false},
    {"id":"c-2","title":"Second","can_read":false,"can_write":true}]}"#;

/// A server with one collection, whose pages are what `page` makes of the request and its number
/// among those for pages.
fn server(page: impl Fn(&Asked, usize) -> Vec<u8> + Send + 'static) -> Server {
    Server::start(move |asked, number| match asked.target.as_str() {
        "/taxii2/" => taxii(r#"{"title":"T","default":"/api/","api_roots":["/api/"]}"#),
        "/api/collections/" => taxii(COLLECTIONS),
        _ => page(asked, number.saturating_sub(2)),
    })
}

async fn pages(server: &Server, added_after: Option<&str>) -> Result<Vec<Page>, FeedError> {
    let client = client(&format!("{}/taxii2/", server.url));
    let collections = client.collections().await?.choose(&[])?;
    assert_eq!(collections.len(), 1, "only what can be read");
    let mut pages = client.pages(&collections[0], added_after);
    let mut all = Vec::new();
    while let Some(page) = pages.next().await? {
        all.push(page);
    }
    Ok(all)
}

/// A page as a server sends it.
fn page(objects: &str, more: Option<&str>, times: Option<(u32, u32)>) -> Vec<u8> {
    let more = more.map(|next| format!(r#""more":true,"next":"{next}","#)).unwrap_or_default();
    let times = times.map_or_else(String::new, |(first, last)| {
        format!(
            "x-taxii-date-added-first: 2026-11-01T00:00:{first:02}.000000Z\r\n\
             x-taxii-date-added-last: 2026-11-01T00:00:{last:02}.000000Z\r\n"
        )
    });
    let headers = format!("content-type: application/taxii+json;version=2.1\r\n{times}");
    answer(200, &headers, &format!(r#"{{{more}"objects":[{objects}]}}"#))
}

#[tokio::test]
async fn pages_are_read_to_the_last_and_can_be_gone_on_from() {
    let server = server(|asked, _| match asked.target.contains("next=") {
        false => page(r#"{"a":1}"#, Some("p 2"), Some((1, 5))),
        true => page(r#"{"a":2}"#, None, Some((5, 9))),
    });
    let all = pages(&server, Some("2026-10-01T00:00:00Z")).await.unwrap();
    let resumes: Vec<_> = all.iter().map(|page| page.resume.clone().unwrap()).collect();
    // Just before the first page: what was added with its last object may stand on the next.
    assert_eq!(resumes, ["2026-11-01T00:00:00.999999Z", "2026-11-01T00:00:09.000000Z"]);
    assert_eq!(all.iter().map(|page| page.is_last).collect::<Vec<_>>(), [false, true]);
    let asked = server.asked();
    let query = "/api/collections/c-1/objects/?limit=1000&match%5Btype%5D=indicator\
                 &added_after=2026-10-01T00%3A00%3A00Z";
    assert_eq!(asked[2].target, query);
    assert_eq!(asked[3].target, format!("{query}&next=p+2"));
    assert!(asked[3].headers.contains("accept: application/taxii+json;version=2.1\r\n"));
    assert!(!asked[3].headers.contains("authorization"));
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    type Fault = fn() -> Vec<u8>;
    let faults: [(&str, Fault); 5] = [
        ("429", || answer(429, "retry-after: 0\r\n", "")),
        ("503", || answer(503, "", "")),
        ("500", || answer(500, "", "oops")),
        ("truncated", || {
            let mut whole = taxii(r#"{"objects":[]}"#);
            whole.truncate(whole.len() - 4);
            whole
        }),
        ("nothing", Vec::new),
    ];
    for (name, fault) in faults {
        let server = server(move |_, number| match number {
            0 | 1 => fault(),
            _ => page(r#"{"a":1}"#, None, None),
        });
        let all = pages(&server, None).await;
        assert_eq!(all.map(|all| all.len()), Ok(1), "{name}");
        assert_eq!(server.asked().len(), 5, "{name}");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_said() {
    type Fault = fn() -> Vec<u8>;
    let cases: [(Fault, &str, usize); 8] = [
        (|| answer(500, "", ""), "answered 500", 3),
        (|| answer(429, "", ""), "answered 429, and asks to wait", 3),
        (|| answer(429, "retry-after: 9000\r\n", ""), "asks to wait for 9000s", 1),
        (|| answer(401, "", ""), "answered 401: check the credential", 1),
        (|| answer(406, "", ""), "it does not speak TAXII 2.1", 1),
        (
            || answer(200, "content-type: text/html; charset=utf-8\r\n", "<html>"),
            "expected application/taxii+json;version=2.1, found text/html",
            1,
        ),
        (|| taxii("[1]"), "expected an answer as TAXII 2.1 has it", 1),
        (|| taxii(r#"{"more":true,"objects":[{}]}"#), "do not come to an end", 1),
    ];
    for (fault, expected, tries) in cases {
        let server = server(move |_, _| fault());
        let error = pages(&server, None).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.starts_with("127.0.0.1:"), "{error}");
        assert!(!error.contains('?'), "{error}");
        assert_eq!(server.asked().len(), 2 + tries, "{error}");
    }
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let server = server(|_, number| match number {
        0 => answer(429, "retry-after: 1\r\n", ""),
        _ => page("", None, None),
    });
    let begun = Instant::now();
    pages(&server, None).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn pages_without_an_end_are_given_up() {
    let same = server(|_, _| page(r#"{"a":1}"#, Some("again"), Some((1, 1))));
    let error = pages(&same, None).await.unwrap_err();
    assert!(matches!(error, FeedError::Endless { .. }), "{error}");
    assert_eq!(same.asked().len(), 4);
    let empty = server(|_, number| page("", Some(&number.to_string()), None));
    let error = pages(&empty, None).await.unwrap_err();
    assert!(error.to_string().contains("has no objects"), "{error}");
    assert!(empty.asked().len() < 30);
}

#[tokio::test]
async fn a_page_that_the_server_has_forgotten_is_asked_for_by_time() {
    let server = server(|asked, number| match number {
        0 => page(r#"{"a":1}"#, Some("p2"), Some((1, 5))),
        1 => answer(400, "content-type: application/taxii+json\r\n", "{}"),
        _ => {
            assert!(!asked.target.contains("next="));
            page(r#"{"a":1},{"a":2}"#, None, Some((1, 9)))
        }
    });
    assert_eq!(pages(&server, None).await.unwrap().len(), 2);
    let target = server.asked()[4].target.clone();
    assert!(target.ends_with("&added_after=2026-11-01T00%3A00%3A00.999999Z"), "{target}");
}

#[tokio::test]
async fn nothing_is_sent_to_another_server() {
    let other = Server::start(|_, _| taxii("{}"));
    let to = format!("location: {}/taxii2/\r\n", other.url);
    let redirecting = Server::start(move |_, _| answer(302, &to, ""));
    let secret = Credential::Token("Bearer".to_owned(), "s3cret".to_owned());
    let client = signed_in(&format!("{}/taxii2/?key=s3cret", redirecting.url), secret.clone());
    let error = client.collections().await.unwrap_err();
    assert!(matches!(error, FeedError::Elsewhere { .. }), "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
    assert!(!format!("{client:?}").contains("Bearer s3cret"), "{client:?}");

    let root = format!(r#"{{"title":"T","api_roots":["{}/api/"]}}"#, other.url);
    let leading = Server::start(move |_, _| taxii(&root));
    let error = signed_in(&leading.url, secret).collections().await.unwrap_err();
    assert!(matches!(error, FeedError::Elsewhere { .. }), "{error}");
    assert_eq!(other.asked().len(), 0);
}

#[tokio::test]
async fn the_same_server_may_lead_on() {
    let server = Server::start(|asked, _| match asked.target.as_str() {
        "/" => answer(308, "location: /taxii2/\r\n", ""),
        "/taxii2/" => {
            taxii(r#"{"title":"A root","versions":["application/taxii+json;version=2.1"]}"#)
        }
        "/loop" => answer(302, "location: /loop\r\n", ""),
        _ => taxii(COLLECTIONS),
    });
    let credential = Credential::Basic("me".to_owned(), "pässword".to_owned());
    let found = signed_in(&server.url, credential).collections().await.unwrap();
    assert_eq!(found.readable[0].title, "First");
    assert!(server.asked().iter().all(|one| one.headers.contains("authorization: basic ")));
    let error = found.choose(&["Third".to_owned()]).unwrap_err().to_string();
    assert_eq!(error, "there is no collection 'Third' that can be read: expected c-1 (First)");
    let error = client(&format!("{}/loop", server.url)).collections().await.unwrap_err();
    assert!(error.to_string().contains("from place to place"), "{error}");
}

#[tokio::test]
async fn a_file_is_fetched_once_for_each_version() {
    let server = Server::start(|asked, number| {
        if number == 0 {
            // It breaks off, after the file has been written to.
            return b"HTTP/1.1 200 x\r\ncontent-length: 100\r\n\r\nhalf of it".to_vec();
        }
        match asked.headers.contains("if-none-match: \"v1\"") {
            true => answer(304, "", ""),
            false => answer(200, "etag: \"v1\"\r\n", "198.51.100.7\n"),
        }
    });
    let client = client(&format!("{}/list.txt", server.url));
    let mut file = tempfile::tempfile().unwrap();
    let fetched = client.download(None, &mut file).await.unwrap();
    assert_eq!(fetched, Downloaded::Fetched(Some("etag \"v1\"".to_owned())));
    assert_eq!(file.metadata().unwrap().len(), 13);
    let known = "etag \"v1\"";
    let again = client.download(Some(known), &mut file).await.unwrap();
    assert_eq!(again, Downloaded::Unchanged);
    let missing = Server::start(|_, _| answer(404, "", "no"));
    let missing = support::client(&format!("{}/list.txt", missing.url));
    let error = missing.download(None, &mut file).await.unwrap_err().to_string();
    assert!(error.ends_with("/list.txt: answered 404: check the address"), "{error}");
}

#[test]
fn what_cannot_be_asked_is_said() {
    for url in
        ["", "feeds.example.com", "ftp://feeds.example.com", "https://me:pw@feeds.example.com"]
    {
        let error = feeds::Client::new(&options(url)).unwrap_err();
        assert_eq!(error, FeedError::Url, "{url}");
    }
    let mut odd = options("https://feeds.example.com");
    odd.credential = Some(Credential::Token("Bearer".to_owned(), "a\nb".to_owned()));
    assert_eq!(feeds::Client::new(&odd).unwrap_err(), FeedError::Credential);
    odd.credential = None;
    odd.ca_file = Some("/nowhere.pem".into());
    assert!(feeds::Client::new(&odd).unwrap_err().to_string().contains("/nowhere.pem"));
}
