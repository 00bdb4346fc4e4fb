//! HTTPS, good and bad.

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sim_server::{Faults, Options, Server, Tls};

use crate::support::{Reply, connect, exchange};

/// Asks for the log by HTTPS, or says how the handshake failed.
fn get(server: &Server) -> Result<Reply, String> {
    let mut roots = RootCertStore::empty();
    let pem = server.ca_pem().unwrap();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = connect(server.address());
    let shaken: io::Result<_> = connection.complete_io(&mut stream);
    shaken.map_err(|error| error.to_string())?;
    let head = format!("GET /api/v1/logs HTTP/1.1\r\nauthorization: SSWS {}\r\n", server.token());
    Ok(exchange(StreamOwned::new(connection, stream), &head, ""))
}

fn serve(tls: Tls) -> Server {
    Server::start(Options { tls, ..Options::default() }).unwrap()
}

#[test]
fn certificates_are_as_good_as_asked_for() {
    let good = serve(Tls::Good);
    assert!(good.url().starts_with("https://127.0.0.1:"));
    let reply = get(&good).unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.header("link").unwrap().starts_with("<https://test.example/"));
    for (tls, word) in [(Tls::WrongName, "NotValidForName"), (Tls::Expired, "expired")] {
        let error = get(&serve(tls)).unwrap_err();
        assert!(
            error.to_lowercase().contains(&word.to_lowercase())
                || error.contains("not valid for name"),
            "{error}"
        );
    }
}

#[test]
fn a_handshake_fails_when_it_should() {
    let server = serve(Tls::Good);
    let mut faults = Faults::default();
    faults.add("tls@1").unwrap();
    server.set_faults(faults);
    assert!(get(&server).is_err());
    assert_eq!(get(&server).unwrap().status, 200);
}
