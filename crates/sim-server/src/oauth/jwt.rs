//! Signed tokens (RFC 7515, RFC 7517, RFC 7519), as far as clients of an organisation make them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Map, Value};

/// A public key with which a client's signatures are checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicKey {
    id: Option<String>,
    material: Material,
    /// RFC 7638, of SHA-256, in base64url.
    thumbprint: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// The uncompressed point of P-256.
    Ec(Vec<u8>),
}

/// A JWK that is no public key of RSA or of P-256.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "not the JWK of a public key: expected kty RSA with n and e, or kty EC with crv P-256, x and y"
)]
pub struct BadKey;

impl PublicKey {
    /// Reads a JWK. Private members are left alone.
    ///
    /// # Errors
    ///
    /// When it is none, or of another kind.
    pub fn from_jwk(jwk: &str) -> Result<PublicKey, BadKey> {
        let value: Value = serde_json::from_str(jwk).map_err(|_| BadKey)?;
        PublicKey::from_members(value.as_object().ok_or(BadKey)?)
    }

    pub(crate) fn from_members(jwk: &Map<String, Value>) -> Result<PublicKey, BadKey> {
        let text = |key| jwk.get(key).and_then(Value::as_str).ok_or(BadKey);
        let bytes = |key| URL_SAFE_NO_PAD.decode(text(key)?).map_err(|_| BadKey);
        let (material, canonical) = match text("kty")? {
            "RSA" => {
                let canonical =
                    format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text("e")?, text("n")?);
                (Material::Rsa { modulus: bytes("n")?, exponent: bytes("e")? }, canonical)
            }
            "EC" if text("crv")? == "P-256" => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(BadKey);
                }
                let canonical = format!(
                    r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                    text("x")?,
                    text("y")?
                );
                (Material::Ec([&[4], x.as_slice(), y.as_slice()].concat()), canonical)
            }
            _ => return Err(BadKey),
        };
        let thumbprint = sha256(canonical.as_bytes());
        Ok(PublicKey { id: text("kid").ok().map(str::to_owned), material, thumbprint })
    }

    /// The thumbprint of RFC 7638, of SHA-256, in base64url.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Whether the signature of `token` is this key's.
    pub(crate) fn signed(&self, token: &Jwt) -> bool {
        if let Some((wanted, id)) = token.text("kid").zip(self.id.as_deref())
            && wanted != id
        {
            return false;
        }
        let (message, signature) = (token.message.as_bytes(), &token.signature);
        match (&self.material, token.text("alg")) {
            (Material::Rsa { modulus: n, exponent: e }, Some("RS256")) => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            (Material::Ec(point), Some("ES256")) => {
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// A token in its three parts, read but not believed.
#[derive(Debug)]
pub(crate) struct Jwt {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    message: String,
    signature: Vec<u8>,
}

impl Jwt {
    pub(crate) fn read(token: &str) -> Option<Jwt> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let object = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice(&bytes).ok()
        };
        Some(Jwt {
            header: object(header)?,
            claims: object(claims)?,
            message: message.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// A text of the header.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.header.get(key).and_then(Value::as_str)
    }

    /// A text of the claims.
    pub(crate) fn claim(&self, key: &str) -> Option<&str> {
        self.claims.get(key).and_then(Value::as_str)
    }

    /// A time of the claims, in seconds since 1970.
    pub(crate) fn time(&self, key: &str) -> Option<i64> {
        let value = self.claims.get(key)?;
        value.as_i64().or_else(|| value.as_f64().map(|time| time as i64))
    }
}

/// SHA-256 in base64url.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprints_are_those_of_the_specification() {
        // The example of RFC 7638, section 3.1.
        let jwk = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
        let key = PublicKey::from_jwk(jwk).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn signatures_of_others_are_known() {
        // RFC 7515, appendices A.2 (RSA) and A.3 (P-256).
        let cases = [
            (
                r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#,
                "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
            ),
            (
                r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
                "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
            ),
        ];
        for (number, (jwk, token)) in cases.iter().enumerate() {
            let key = PublicKey::from_jwk(jwk).unwrap();
            assert!(key.signed(&Jwt::read(token).unwrap()), "{number}");
            let changed = token.replacen("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJqb2Yi", 1);
            assert!(!key.signed(&Jwt::read(&changed).unwrap()), "{number}");
            let other = PublicKey::from_jwk(cases[1 - number].0).unwrap();
            assert!(!other.signed(&Jwt::read(token).unwrap()), "{number}");
        }
    }

    #[test]
    fn what_is_no_key_or_token_is_refused() {
        for jwk in
            ["", "{}", r#"{"kty":"EC","crv":"P-384"}"#, r#"{"kty":"RSA","n":"!","e":"AQAB"}"#]
        {
            assert_eq!(PublicKey::from_jwk(jwk), Err(BadKey), "{jwk}");
        }
        for token in ["", "a.b.c", "e30.e30", "e30.W10.e30", "e30.e30.e30.e30"] {
            assert!(Jwt::read(token).is_none(), "{token}");
        }
    }
}
