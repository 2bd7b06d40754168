//! What a descriptor states of the bytes of a resource, held against them as they come.

use super::super::place::hex;
use crate::Object;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use md5::{Digest, Md5};
use serde_json::Value as Json;

/// What a descriptor states of the bytes of a resource.
pub(super) struct Stated {
    bytes: Option<u64>,
    hash: Option<(Algorithm, String)>,
}

enum Algorithm {
    Md5(Md5),
    Other(&'static str, Context),
}

impl Stated {
    /// What the resource's descriptor says: `bytes`, and `hash` as `md5`, `sha1:…`, `sha256:…`, `sha384:…` or `sha512:…`. What is none of
    /// these says nothing.
    pub(super) fn of(descriptor: &Object) -> Self {
        let hash = descriptor.get("hash").and_then(Json::as_str).and_then(|hash| {
            let (name, digits) = hash.trim().split_once(':').unwrap_or(("md5", hash.trim()));
            let algorithm = match name.to_ascii_lowercase().replace('-', "").as_str() {
                "md5" => Algorithm::Md5(Md5::new()),
                "sha1" => Algorithm::Other("SHA-1", Context::new(&SHA1_FOR_LEGACY_USE_ONLY)),
                "sha256" => Algorithm::Other("SHA-256", Context::new(&SHA256)),
                "sha384" => Algorithm::Other("SHA-384", Context::new(&SHA384)),
                "sha512" => Algorithm::Other("SHA-512", Context::new(&SHA512)),
                _ => return None,
            };
            Some((algorithm, digits.to_ascii_lowercase()))
        });
        Self { bytes: descriptor.get("bytes").and_then(Json::as_u64), hash }
    }

    /// More of the bytes.
    pub(super) fn update(&mut self, piece: &[u8]) {
        match &mut self.hash {
            Some((Algorithm::Md5(digest), _)) => digest.update(piece),
            Some((Algorithm::Other(_, digest), _)) => digest.update(piece),
            None => {}
        }
    }

    /// What is not as it was stated, now that all came; `bytes` of them.
    pub(super) fn wrong(self, bytes: Option<u64>) -> Vec<String> {
        let mut wrong = Vec::new();
        if let (Some(stated), Some(found)) = (self.bytes, bytes)
            && stated != found
        {
            wrong.push(format!("its descriptor states {stated} bytes, the file has {found}"));
        }
        if let Some((algorithm, stated)) = self.hash {
            let (name, found) = match algorithm {
                Algorithm::Md5(digest) => ("MD5", hex(&digest.finalize())),
                Algorithm::Other(name, digest) => (name, hex(digest.finish().as_ref())),
            };
            if stated != found {
                wrong.push(format!("the {name} of the file is {found}, not the one that its descriptor states"));
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wrong(descriptor: &Json) -> Vec<String> {
        let mut stated = Stated::of(descriptor.as_object().unwrap());
        stated.update(b"ab");
        stated.update(b"c");
        stated.wrong(Some(3))
    }

    #[test]
    fn what_is_as_stated_is_silent_and_the_rest_is_told() {
        for hash in [
            // The examples of the standards of these algorithms, for `abc`.
            "900150983cd24fb0d6963f7d28e17f72",
            "MD5:900150983CD24FB0D6963F7D28E17F72",
            "sha1:a9993e364706816aba3e25717850c26c9cd0d89d",
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "sha-512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "crc32:352441c2",
        ] {
            assert_eq!(wrong(&json!({"bytes": 3, "hash": hash})), Vec::<String>::new(), "{hash}");
        }
        let told = wrong(&json!({"bytes": 4, "hash": "sha1:a9993e364706816aba3e25717850c26c9cd0d89e"}));
        assert_eq!(told[0], "its descriptor states 4 bytes, the file has 3");
        assert!(told[1].starts_with("the SHA-1 of the file is a9993e36"), "{told:?}");
        assert_eq!(wrong(&json!({"bytes": "many", "hash": 7})), Vec::<String>::new());
    }
}
