//! Signatures of JSON web tokens: the header read, the signature checked; what the token says is judged elsewhere.

use super::claims::Claims;
use crate::config::{self, Environment, StaticKeys};
use crate::permission::unauthenticated;
use datahall_core::{Error, Result};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};

/// The longest token that is looked at, in bytes.
const LONGEST: usize = 16 << 10;

/// The header of a token that may be looked at further.
pub(super) fn header(token: &str) -> Result<Header> {
    if token.len() > LONGEST {
        return Err(unauthenticated());
    }
    let header = decode_header(token).map_err(|error| unauthenticated().with_detail(error))?;
    // An extension that must be understood is not understood here.
    if header.crit.is_some() { Err(unauthenticated()) } else { Ok(header) }
}

/// The token's claims, if `key` signed it with `algorithm`.
pub(super) fn verify(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Result<Claims> {
    let mut validation = Validation::new(algorithm);
    // Time comes from the clock that was handed in, and the rest is judged beside it.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    match decode::<Claims>(token, key, &validation) {
        Ok(token) => Ok(token.claims),
        Err(error) => Err(unauthenticated().with_detail(error)),
    }
}

/// A key of `[auth.jwt]`, and the one algorithm it is for.
pub(super) struct StaticKey {
    key: DecodingKey,
    algorithm: Algorithm,
}

impl StaticKey {
    /// The token's claims, if this key signed it.
    pub(super) fn verify(&self, token: &str, header: &Header) -> Option<Claims> {
        if header.alg == self.algorithm { verify(token, &self.key, self.algorithm).ok() } else { None }
    }
}

/// The keys of `[auth.jwt]`.
pub(super) fn static_keys(settings: &StaticKeys, environment: &Environment) -> Result<Vec<StaticKey>> {
    let mut keys = Vec::new();
    if let Some(file) = &settings.public_key_file {
        let refuse = |why: String| Error::invalid(format!("auth.jwt.public_key_file: {}: {why}", file.display()));
        let pem = std::fs::read(file).map_err(|error| refuse(error.to_string()))?;
        let key = DecodingKey::from_rsa_pem(&pem).map_err(|_| refuse("is not a PEM file with an RSA public key".into()))?;
        keys.push(StaticKey { key, algorithm: Algorithm::RS256 });
    }
    if let Some(name) = settings.secret.as_deref().and_then(|secret| secret.strip_prefix("env:")) {
        let secret = environment.get(name);
        let secret = secret.ok_or_else(|| Error::invalid(format!("auth.jwt.secret: the variable {name} is not set")))?;
        keys.push(StaticKey { key: DecodingKey::from_secret(secret.as_bytes()), algorithm: Algorithm::HS256 });
    }
    Ok(keys)
}

/// The library's name for an algorithm.
pub(super) fn algorithm(named: config::Algorithm) -> Algorithm {
    match named {
        config::Algorithm::RS256 => Algorithm::RS256,
        config::Algorithm::RS384 => Algorithm::RS384,
        config::Algorithm::RS512 => Algorithm::RS512,
        config::Algorithm::ES256 => Algorithm::ES256,
        config::Algorithm::ES384 => Algorithm::ES384,
        config::Algorithm::PS256 => Algorithm::PS256,
        config::Algorithm::PS384 => Algorithm::PS384,
        config::Algorithm::PS512 => Algorithm::PS512,
        config::Algorithm::EdDSA => Algorithm::EdDSA,
    }
}
