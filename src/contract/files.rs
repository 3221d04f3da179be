//! Files: the texts of a contract folder, read from disk or given from memory.
//!
//! The only I/O of this room is [`read_folder`].

use std::{
    io,
    path::{Path, PathBuf},
};

use super::documents;

/// No contract is this large; a folder that is was not meant (a home directory, say).
const FILES_MAX: usize = 2_000;
/// As above, for one file.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// How deep folders may lie in folders; also ends a cycle of links.
const DEPTH_MAX: usize = 8;

/// The texts of a contract folder: paths relative to it, with `/`, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    list: Vec<(String, String)>,
}

impl Files {
    /// Takes texts from memory; the order they come in does not matter.
    pub fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut list: Vec<(String, String)> = files.into_iter().collect();
        list.sort();
        Self { list }
    }

    /// Returns each path with its text, in order of path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// A contract folder that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or folder could not be read.
    #[error("read {path}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The folder is too large to be a contract.
    #[error("read {path}: it holds more than a contract can ({limit})")]
    TooLarge {
        /// Which file or folder.
        path: PathBuf,
        /// The bound it broke.
        limit: String,
    },
}

/// Reads the `.graphql` and `.toml` files of a folder and its subfolders, hidden ones left out, and the manifest of documents
/// that `freehold.toml` names. A manifest that is not there is the loader's to miss.
///
/// *Errors*: the folder or one of the files cannot be read, or is no text.
pub fn read_folder(folder: &Path) -> Result<Files, ReadError> {
    let mut list = Vec::new();
    read_into(folder, "", 0, &mut list)?;
    let settings = list.iter().find(|(path, _)| path == "freehold.toml");
    if let Some(path) = settings.and_then(|(_, text)| documents::manifest_path(text))
        && folder.join(&path).is_file()
    {
        let text = read_text(&folder.join(&path))?;
        list.push((path, text));
    }
    Ok(Files::new(list))
}

fn read_into(folder: &Path, prefix: &str, depth: usize, list: &mut Vec<(String, String)>) -> Result<(), ReadError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ReadError::Io { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let metadata = std::fs::metadata(&path).map_err(failed(&path))?;
        if metadata.is_dir() {
            if depth < DEPTH_MAX {
                read_into(&path, &format!("{prefix}{name}/"), depth + 1, list)?;
            }
        } else if name.ends_with(".graphql") || name.ends_with(".toml") {
            if list.len() >= FILES_MAX {
                return Err(ReadError::TooLarge { path: folder.to_owned(), limit: format!("{FILES_MAX} files") });
            }
            list.push((format!("{prefix}{name}"), read_text(&path)?));
        }
    }
    Ok(())
}

fn read_text(path: &Path) -> Result<String, ReadError> {
    let failed = |source| ReadError::Io { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(ReadError::TooLarge { path: path.to_owned(), limit: format!("{FILE_BYTES_MAX} bytes a file") });
    }
    std::fs::read_to_string(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_contract_files_by_relative_path() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("systems")).unwrap();
        for name in ["b.graphql", "freehold.toml", "systems/erp.toml", "README.md", ".hidden.toml"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let paths = || {
            let files = read_folder(folder.path()).unwrap();
            files.iter().map(|(path, _)| path.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(paths(), ["b.graphql", "freehold.toml", "systems/erp.toml"]);
        std::fs::write(folder.path().join("freehold.toml"), "[documents]\nmanifest = \"web.json\"").unwrap();
        assert_eq!(paths(), ["b.graphql", "freehold.toml", "systems/erp.toml"]);
        for name in ["web.json", "other.json"] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        assert_eq!(paths(), ["b.graphql", "freehold.toml", "systems/erp.toml", "web.json"]);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = read_folder(Path::new("/nonexistent/contract")).unwrap_err();
        assert_eq!(error.to_string(), "read /nonexistent/contract");
    }
}
