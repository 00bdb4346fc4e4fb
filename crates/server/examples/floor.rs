//! A server whose pipeline stores nothing and says at once that it has: what is left is the cost
//! of HTTP and of finding the events. `bench/intake` measures it.
//!
//! ```sh
//! cargo run --release -p server --example floor -- 127.0.0.1:8612 wgi_bench
//! ```

#![allow(clippy::expect_used, reason = "an example that is of no use when it fails")]

use std::net::SocketAddr;
use std::sync::Arc;

use engine::{Origin, Outcome};
use prometheus_client::registry::Registry;
use server::{App, Digest, KeyRing, Metrics, Server};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let address: Option<SocketAddr> = arguments.next().and_then(|text| text.parse().ok());
    let address = address.expect("usage: floor ADDRESS KEY");
    let key = arguments.next().expect("usage: floor ADDRESS KEY");

    let (handle, mut inbox) = engine::channel(engine::Limits::default());
    tokio::spawn(async move {
        while let Some(submission) = inbox.next().await {
            let (batch, acknowledgement) = submission.split();
            let count = batch.events.len() + batch.rejects.len();
            let ids = vec!["00000000-0000-0000-0000-000000000000".to_owned(); count];
            acknowledgement.done(Outcome { ids, ..Outcome::default() });
        }
    });
    let keys = Arc::new(KeyRing::default());
    let origin = Origin { intake: "bench".to_owned(), ..Origin::default() };
    keys.replace([(Digest::of(key.as_bytes()), Arc::new(origin))]);
    let metrics = Metrics::register(&mut Registry::default());
    let app = App::new(handle, metrics).keys(keys);
    let server = Server::bind(address, app).await.expect("a free port");
    println!("{}", server.local_addr());
    server.serve(std::future::pending()).await;
}
