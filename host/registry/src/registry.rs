//! Pulls packages from a registry and pushes them, with their signatures.
//!
//! Guarantees: the bytes of a manifest and of a component have the digest under which they are known, also where the registry
//! says otherwise; a component larger than the limit is not fetched.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use phasegate_process::Digest;
use phasegate_process::registry_reference::{RegistryReference, Version};
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

use crate::error::RegistryError;
use crate::http::{Asked, Http};
use crate::layout::{Described, Descriptor, INDEX, Index, MANIFEST, Manifest, component_layer, package};
use crate::signature::{BUNDLE, SIGNATURE_KEY, SIMPLE_SIGNING, SigningKey, StoredSignature, sign_manifest};

/// The largest manifest, by the OCI distribution specification.
const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// The largest signature or bundle.
const MAX_SIGNATURE_BYTES: u64 = 256 << 10;
/// The most signatures that are read of one package.
const MAX_SIGNATURES: usize = 16;

/// A registry.
pub struct Registry {
    http: Http,
}

/// A package as it was pulled. Its digests were computed from its bytes.
#[derive(Debug, Clone)]
pub struct Package {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of the component.
    pub digest: Digest,
    /// The component.
    pub component: Vec<u8>,
    pub(crate) manifest_bytes: Vec<u8>,
    pub(crate) signatures: Vec<StoredSignature>,
}

/// A package that was pushed.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of the component.
    pub digest: Digest,
}

impl Registry {
    /// Opens the registry of a reference. A connection without data for `timeout` fails.
    pub fn open(reference: &RegistryReference, timeout: Duration) -> Result<Self, RegistryError> {
        Ok(Self { http: Http::new(reference.host(), timeout)? })
    }

    /// Pulls a package. With `pinned`, that manifest is pulled, whatever the tag names now.
    pub async fn pull(
        &self,
        reference: &RegistryReference,
        pinned: Option<&Digest>,
        max_component_bytes: u64,
    ) -> Result<Package, RegistryError> {
        let wanted = match pinned {
            Some(manifest) => reference.with_version(Version::Manifest(manifest.clone())),
            None => reference.clone(),
        };
        let fetched = self.fetch_manifest(&wanted, MANIFEST).await?;
        let Some((manifest, manifest_bytes)) = fetched else {
            return Err(match pinned {
                Some(manifest) => RegistryError::Gone { reference: reference.to_string(), manifest: manifest.clone() },
                None => RegistryError::NotFound(reference.to_string()),
            });
        };
        let not_a_plugin = |reason| RegistryError::NotAPlugin { reference: reference.to_string(), reason };
        let layer = component_layer(&manifest_bytes).map_err(not_a_plugin)?;
        let what = format!("the component of {}", reference.repository());
        if layer.size > max_component_bytes {
            return Err(RegistryError::TooLarge { what, size: Some(layer.size), limit: max_component_bytes });
        }
        let component = self.fetch_blob(reference, &layer, &what).await?;
        let signatures = self.fetch_signatures(reference, &manifest).await?;
        Ok(Package { manifest, digest: layer.digest, component, manifest_bytes, signatures })
    }

    /// Returns the digest of the manifest that a reference names now; `None` if it names nothing.
    pub async fn resolve(&self, reference: &RegistryReference) -> Result<Option<Digest>, RegistryError> {
        Ok(self.fetch_manifest(reference, MANIFEST).await?.map(|(digest, _)| digest))
    }

    /// Returns the tags of a repository.
    pub async fn tags(&self, reference: &RegistryReference) -> Result<Vec<String>, RegistryError> {
        #[derive(Deserialize)]
        struct Tags {
            #[serde(default)]
            tags: Option<Vec<String>>,
        }
        let what = format!("the tags of {}", reference.repository());
        let url = self.http.url(&format!("{}/tags/list", reference.repository()))?;
        let answer = self.http.send(Asked { what: &what, url, follows: false }, Client::get).await?;
        match answer.status() {
            StatusCode::OK => {
                let bytes = self.http.read(answer, &what, MAX_MANIFEST_BYTES).await?;
                let tags: Tags = serde_json::from_slice(&bytes).map_err(|why| RegistryError::NotAPlugin {
                    reference: reference.to_string(),
                    reason: format!("{what} are invalid: {why}"),
                })?;
                Ok(tags.tags.unwrap_or_default())
            }
            StatusCode::NOT_FOUND => Ok(Vec::new()),
            _ => Err(self.http.status_failure(answer, &what).await),
        }
    }

    /// Pushes a component under a reference with a tag. Fails if the tag names another manifest, unless `moves` it.
    pub async fn push(
        &self,
        reference: &RegistryReference,
        component: &[u8],
        described: &Described,
        moves: bool,
    ) -> Result<Pushed, RegistryError> {
        let invalid = |why: serde_json::Error| RegistryError::NotAPlugin {
            reference: reference.to_string(),
            reason: why.to_string(),
        };
        let (config, manifest) = package(component, described).map_err(invalid)?;
        let pushed = Pushed { manifest: Digest::from_content(&manifest), digest: Digest::from_content(component) };
        if !moves && let Some(known) = self.resolve(reference).await?.filter(|known| *known != pushed.manifest) {
            return Err(RegistryError::TagTaken { reference: reference.to_string(), manifest: known });
        }
        self.push_blob(reference, component).await?;
        self.push_blob(reference, &config).await?;
        self.push_manifest(reference, manifest).await?;
        Ok(pushed)
    }

    /// Signs the manifest that a reference names, and pushes the signature beside it, where cosign looks for it. Earlier
    /// signatures stay. Returns the digest of the manifest.
    pub async fn sign(&self, reference: &RegistryReference, key: &SigningKey) -> Result<Digest, RegistryError> {
        let found = self.fetch_manifest(reference, MANIFEST).await?;
        let (manifest, _) = found.ok_or_else(|| RegistryError::NotFound(reference.to_string()))?;
        let place = signatures_of(reference, &manifest);
        let (payload, signature) = sign_manifest(key, reference, &manifest);
        let invalid = |why: serde_json::Error| RegistryError::NotAPlugin {
            reference: place.to_string(),
            reason: why.to_string(),
        };
        let mut layer = Descriptor::new(SIMPLE_SIGNING, &payload);
        layer.annotations.insert(SIGNATURE_KEY.to_owned(), BASE64_STANDARD.encode(signature));
        let mut layers = match self.fetch_manifest(&place, MANIFEST).await? {
            Some((_, known)) => serde_json::from_slice::<Manifest>(&known).map_err(invalid)?.layers,
            None => Vec::new(),
        };
        layers.push(layer);
        let config = b"{}";
        self.push_blob(&place, &payload).await?;
        self.push_blob(&place, config).await?;
        let signatures = Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            config: Some(Descriptor::new("application/vnd.oci.image.config.v1+json", config)),
            layers,
            annotations: Default::default(),
        };
        self.push_manifest(&place, serde_json::to_vec(&signatures).map_err(invalid)?).await?;
        Ok(manifest)
    }

    /// Fetches what was signed about a manifest: signatures of cosign, and bundles that refer to it.
    async fn fetch_signatures(
        &self,
        reference: &RegistryReference,
        manifest: &Digest,
    ) -> Result<Vec<StoredSignature>, RegistryError> {
        let mut found = Vec::new();
        for layer in self.layers_at(&signatures_of(reference, manifest)).await? {
            if layer.media_type == SIMPLE_SIGNING && found.len() < MAX_SIGNATURES {
                let signature = layer.annotations.get(SIGNATURE_KEY).cloned().unwrap_or_default();
                let payload = self.fetch_signature(reference, &layer).await?;
                found.push(StoredSignature::Simple { payload, signature });
            }
        }
        for referrer in self.referrers(reference, manifest).await? {
            let place = reference.with_version(Version::Manifest(referrer.digest.clone()));
            for layer in self.layers_at(&place).await? {
                if layer.media_type == BUNDLE && found.len() < MAX_SIGNATURES {
                    let bundle = self.fetch_signature(reference, &layer).await?;
                    found.push(StoredSignature::Bundle { bundle });
                }
            }
        }
        Ok(found)
    }

    async fn fetch_signature(
        &self,
        reference: &RegistryReference,
        layer: &Descriptor,
    ) -> Result<String, RegistryError> {
        let what = format!("a signature of {}", reference.repository());
        if layer.size > MAX_SIGNATURE_BYTES {
            return Err(RegistryError::TooLarge { what, size: Some(layer.size), limit: MAX_SIGNATURE_BYTES });
        }
        let bytes = self.fetch_blob(reference, layer, &what).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the layers of a manifest that may be missing or of another kind.
    async fn layers_at(&self, place: &RegistryReference) -> Result<Vec<Descriptor>, RegistryError> {
        let manifest = self.fetch_manifest(place, MANIFEST).await?;
        let parsed = manifest.and_then(|(_, bytes)| serde_json::from_slice::<Manifest>(&bytes).ok());
        Ok(parsed.map(|manifest| manifest.layers).unwrap_or_default())
    }

    /// Returns the manifests that refer to a manifest: as the registry lists them, or, where it does not, as the tag lists them
    /// that the specification names.
    async fn referrers(
        &self,
        reference: &RegistryReference,
        manifest: &Digest,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let what = format!("the referrers of {}", reference.repository());
        let url = self.http.url(&format!("{}/referrers/{manifest}", reference.repository()))?;
        let answer = self.http.send(Asked { what: &what, url, follows: false }, Client::get).await?;
        let bytes = match answer.status().is_success() {
            true => self.http.read(answer, &what, MAX_MANIFEST_BYTES).await?,
            false => {
                let tag = Version::Tag(manifest.as_str().replace(':', "-"));
                let listed = self.fetch_manifest(&reference.with_version(tag), INDEX).await?;
                listed.map(|(_, bytes)| bytes).unwrap_or_default()
            }
        };
        let index: Option<Index> = serde_json::from_slice(&bytes).ok();
        let listed = index.into_iter().flat_map(|index| index.manifests);
        let is_bundle = |one: &Descriptor| one.artifact_type.as_deref().is_none_or(|kind| kind == BUNDLE);
        Ok(listed.filter(is_bundle).take(MAX_SIGNATURES).collect())
    }

    /// Fetches a manifest and computes its digest; `None` if there is none.
    async fn fetch_manifest(
        &self,
        reference: &RegistryReference,
        media_type: &'static str,
    ) -> Result<Option<(Digest, Vec<u8>)>, RegistryError> {
        let what = format!("the manifest of {}", reference.repository());
        let version = match reference.version() {
            Version::Tag(tag) => tag.as_str(),
            Version::Manifest(digest) => digest.as_str(),
        };
        let url = self.http.url(&format!("{}/manifests/{version}", reference.repository()))?;
        // A registry may convert a manifest whose type is not listed, or refuse it with an unclear error.
        let accept = HeaderValue::from_static(if media_type == INDEX { INDEX } else { ACCEPTED });
        let make = |client: &Client, url: Url| client.get(url).header(ACCEPT, accept.clone());
        let answer = self.http.send(Asked { what: &what, url, follows: false }, make).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(self.http.status_failure(answer, &what).await),
        }
        let promised =
            answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok()?.parse().ok());
        let bytes = self.http.read(answer, &what, MAX_MANIFEST_BYTES).await?;
        let found = Digest::from_content(&bytes);
        let asked = match reference.version() {
            Version::Manifest(digest) => Some(digest.clone()),
            Version::Tag(_) => None,
        };
        for expected in [asked, promised].into_iter().flatten() {
            self.check_digest(&what, &expected, &found)?;
        }
        Ok(Some((found, bytes)))
    }

    async fn fetch_blob(
        &self,
        reference: &RegistryReference,
        blob: &Descriptor,
        what: &str,
    ) -> Result<Vec<u8>, RegistryError> {
        let url = self.http.url(&format!("{}/blobs/{}", reference.repository(), blob.digest))?;
        let answer = self.http.send(Asked { what, url, follows: true }, Client::get).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(RegistryError::NotFound(format!("{what} ({})", blob.digest)));
        }
        if answer.status() != StatusCode::OK {
            return Err(self.http.status_failure(answer, what).await);
        }
        let bytes = self.http.read(answer, what, blob.size).await?;
        self.check_digest(what, &blob.digest, &Digest::from_content(&bytes))?;
        Ok(bytes)
    }

    fn check_digest(&self, what: &str, expected: &Digest, found: &Digest) -> Result<(), RegistryError> {
        if expected == found {
            return Ok(());
        }
        let (what, host) = (what.to_owned(), self.http.host().to_owned());
        Err(RegistryError::WrongDigest { what, host, expected: expected.clone(), found: found.clone() })
    }

    /// Pushes a blob, unless the repository has it.
    async fn push_blob(&self, reference: &RegistryReference, bytes: &[u8]) -> Result<(), RegistryError> {
        let digest = Digest::from_content(bytes);
        let what = format!("an upload to {}", reference.repository());
        let known = self.http.url(&format!("{}/blobs/{digest}", reference.repository()))?;
        let answer = self.http.send(Asked { what: &what, url: known, follows: true }, Client::head).await?;
        if answer.status() == StatusCode::OK {
            return Ok(());
        }
        let begin = self.http.url(&format!("{}/blobs/uploads/", reference.repository()))?;
        let make = |client: &Client, url: Url| client.post(url).header(CONTENT_LENGTH, 0);
        let answer = self.http.send(Asked { what: &what, url: begin.clone(), follows: false }, make).await?;
        let answer = self.expect(answer, StatusCode::ACCEPTED, &what).await?;
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Ok(mut url) = begin.join(location) else {
            return Err(self.http.status_failure(answer, &what).await);
        };
        url.query_pairs_mut().append_pair("digest", digest.as_str());
        let body = bytes.to_vec();
        let make = |client: &Client, url: Url| {
            client.put(url).header(CONTENT_TYPE, "application/octet-stream").body(body.clone())
        };
        let answer = self.http.send(Asked { what: &what, url, follows: false }, make).await?;
        self.expect(answer, StatusCode::CREATED, &what).await.map(drop)
    }

    async fn push_manifest(&self, reference: &RegistryReference, manifest: Vec<u8>) -> Result<(), RegistryError> {
        let what = format!("an upload to {}", reference.repository());
        let tag = reference.tag().unwrap_or_default();
        let url = self.http.url(&format!("{}/manifests/{tag}", reference.repository()))?;
        let make = |client: &Client, url: Url| client.put(url).header(CONTENT_TYPE, MANIFEST).body(manifest.clone());
        let answer = self.http.send(Asked { what: &what, url, follows: false }, make).await?;
        self.expect(answer, StatusCode::CREATED, &what).await.map(drop)
    }

    async fn expect(&self, answer: Response, status: StatusCode, what: &str) -> Result<Response, RegistryError> {
        match answer.status() == status {
            true => Ok(answer),
            false => Err(self.http.status_failure(answer, what).await),
        }
    }
}

/// The types of manifests that are asked for.
const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// The tag under which cosign keeps the signatures of a manifest.
fn signatures_of(reference: &RegistryReference, manifest: &Digest) -> RegistryReference {
    reference.with_version(Version::Tag(format!("{}.sig", manifest.as_str().replace(':', "-"))))
}
