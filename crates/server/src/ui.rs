//! The pages that people work with: files that are in the program, and the one page that is shown
//! at every address of theirs.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use web::Asset;

use crate::access::UI_POLICY;
use crate::answer::Problem;

/// The page that all others are in.
const PAGE: &str = "/index.html";
/// Below these nobody expects a page.
const NO_PAGES: [&str; 4] = ["/api/", "/assets/", "/hooks/", "/.well-known/"];

/// Answers what no route takes: with a file, with the page for those who want one, or that nothing
/// is there.
pub(crate) async fn serve(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let is_read = method == Method::GET || method == Method::HEAD;
    let found = if is_read { find(path, request.headers()) } else { None };
    let Some(asset) = found else {
        return Problem::new(StatusCode::NOT_FOUND, "there is nothing here").into_response();
    };
    send(asset, request.headers())
}

fn find(path: &str, headers: &HeaderMap) -> Option<&'static Asset> {
    if path == "/" {
        return web::asset(PAGE);
    }
    if let Some(asset) = web::asset(path) {
        return Some(asset);
    }
    let is_page = !NO_PAGES.iter().any(|start| path.starts_with(start));
    (is_page && text(headers, header::ACCEPT).contains("text/html")).then(|| web::asset(PAGE))?
}

fn send(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    let (content, encoding) = asset.encoded(text(headers, header::ACCEPT_ENCODING));
    let keep = if asset.is_hashed { "private, max-age=31536000, immutable" } else { "no-cache" };
    let told = response.headers_mut();
    told.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    told.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    told.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(UI_POLICY));
    if asset.varies() {
        told.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if text(headers, header::IF_NONE_MATCH).split(',').any(|tag| tag.trim() == asset.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    told.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    if let Some(encoding) = encoding {
        told.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    *response.body_mut() = Body::from(content);
    response
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    async fn ask(method: Method, path: &str, more: &[(HeaderName, &str)]) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in more {
            request = request.header(name, *value);
        }
        serve(request.body(Body::empty()).unwrap()).await
    }

    fn told(response: &Response, name: HeaderName) -> &str {
        response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    const BROWSER: (HeaderName, &str) = (header::ACCEPT, "text/html,application/xhtml+xml,*/*");
    const PROGRAM: (HeaderName, &str) = (header::ACCEPT, "*/*");

    #[tokio::test]
    async fn pages_are_found_by_browsers_only() {
        for (method, path, accept, status) in [
            (Method::GET, "/", PROGRAM, 200),
            (Method::HEAD, "/", PROGRAM, 200),
            (Method::GET, "/alerts", BROWSER, 200),
            (Method::GET, "/entities/user/ada@example.org", BROWSER, 200),
            (Method::GET, "/alerts", PROGRAM, 404),
            (Method::POST, "/alerts", BROWSER, 404),
            (Method::GET, "/api/v1/nothing", BROWSER, 404),
            (Method::GET, "/assets/nothing.js", BROWSER, 404),
            (Method::GET, "/hooks/none", BROWSER, 404),
            (Method::GET, "/..%2f..%2fetc/passwd", PROGRAM, 404),
        ] {
            let response = ask(method.clone(), path, &[accept]).await;
            assert_eq!(response.status().as_u16(), status, "{method} {path}");
            if status == 200 {
                assert_eq!(told(&response, header::CONTENT_TYPE), "text/html; charset=utf-8");
                assert_eq!(told(&response, header::CONTENT_SECURITY_POLICY), UI_POLICY);
                assert_eq!(told(&response, header::CACHE_CONTROL), "no-cache");
            }
        }
    }

    #[tokio::test]
    async fn what_has_not_changed_is_not_sent_again() {
        let response = ask(Method::GET, "/", &[]).await;
        let tag = told(&response, header::ETAG).to_owned();
        let again = ask(Method::GET, "/", &[(header::IF_NONE_MATCH, &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = ask(Method::GET, "/", &[(header::IF_NONE_MATCH, "\"other\"")]).await;
        assert_eq!(other.status(), StatusCode::OK);
    }
}
