//! The keys with the pepper they were hashed with: a lost one is not replaced, and another one is not taken for it, for
//! either would turn every key away without a word.

use std::sync::Arc;

use super::{LifeError, error::file};
use crate::{
    auth::{Keyring, Pepper, PepperPlace},
    store::Store,
};

/// Loads the keys.
pub(super) async fn keyring(place: &PepperPlace, store: &Store) -> Result<Arc<Keyring>, LifeError> {
    let rows = store.keys().all().await?;
    let path = place.path();
    if !rows.is_empty() && !path.exists() {
        return Err(LifeError::PepperLost { path: path.to_owned(), keys: rows.len() });
    }
    let pepper = Pepper::load(place).map_err(file("the pepper", path, "read"))?;
    let (mark, kept) = (pepper.mark(), store.pepper().mark().await?);
    let beside = mark_beside(place)?;
    // Where no mark was kept yet, the file was all there was.
    let right = kept.as_ref().or(beside.as_ref());
    if !rows.is_empty() && right.is_some_and(|right| *right != mark) {
        let (path, keys) = (path.to_owned(), rows.len());
        return Err(match place {
            PepperPlace::Credential { file, .. } if beside.as_ref() == right => {
                LifeError::CredentialIsAnother { file: file.clone(), keys }
            }
            PepperPlace::Credential { .. } | PepperPlace::File(_) => {
                LifeError::PepperIsAnother { path, keys }
            }
        });
    }
    if kept.as_ref() != Some(&mark) {
        store.pepper().keep(mark).await?;
    }
    Ok(Arc::new(Keyring::new(store.clone(), pepper, rows)?))
}

/// Returns the mark of a pepper that lies in the state directory while a credential brings one.
fn mark_beside(place: &PepperPlace) -> Result<Option<String>, LifeError> {
    match place {
        PepperPlace::Credential { file: beside, .. } if beside.exists() => {
            let found = Pepper::load(&PepperPlace::File(beside.clone())).map_err(file(
                "the pepper",
                beside,
                "read",
            ))?;
            Ok(Some(found.mark()))
        }
        PepperPlace::Credential { .. } | PepperPlace::File(_) => Ok(None),
    }
}
