//! Loading: the files of a folder become a contract, or all that is wrong with them.

use super::{
    Contract, Files,
    compile::{self, Written},
    directive,
    documents::{self, Document},
    http::Filling,
    merge, provenance, sdl, secrets,
    settings::{self, Settings, system_name},
    system::{self, SystemFile},
    type_system,
};
use crate::diagnostic::{Diagnostic, FileId, Findings, Place, Sources};

/// What loading gives.
#[derive(Debug)]
pub struct Loaded {
    /// The contract, if nothing is wrong with it.
    pub contract: Option<Contract>,
    /// All faults and notices, in reading order.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts the diagnostics point into, with secrets blanked out.
    pub sources: Sources,
}

/// Loads a contract from its files; `env` looks up environment variables.
///
/// *Shape*: never stops at the first fault. There is a contract exactly when there is no fault among the diagnostics.
pub fn load(files: &Files, env: &dyn Fn(&str) -> Option<String>) -> Loaded {
    let mut findings = Findings::default();
    let mut sources = Sources::default();
    let ids: Vec<(FileId, &str, &str)> =
        files.iter().map(|(path, text)| (sources.add(path, text.to_owned()), path, text)).collect();
    for (file, ..) in ids.iter().filter(|(_, path, _)| path.ends_with(".toml")) {
        secrets::blank_urls(*file, &mut sources);
    }

    let settings = match ids.iter().find(|(_, path, _)| *path == "freehold.toml") {
        Some((file, _, text)) => {
            let mut places = Vec::new();
            let filling = Filling { lookup: env, secrets: &mut places };
            let settings = settings::read(*file, text, filling, &mut findings);
            places.into_iter().for_each(|place| secrets::blank(place, &mut sources));
            settings
        }
        None => {
            let help = "add freehold.toml with systems = [\"systems/….toml\"]";
            findings.fault("SETTINGS_MISSING", None, "the contract has no freehold.toml", help);
            Settings::unreadable()
        }
    };
    let systems = systems(&ids, &settings, env, &mut sources, &mut findings);

    let mut documents = Vec::new();
    let mut incomplete = false;
    let sdl_files = ids.iter().filter(|(_, path, _)| path.ends_with(".graphql"));
    for (file, _, text) in sdl_files {
        let document = sdl::parse(*file, text, &mut findings);
        incomplete |= document.is_none();
        documents.extend(document);
    }
    let mut schema = merge::merge(documents, incomplete, &mut findings);
    provenance::add(&mut schema, &mut sources, &mut findings);
    directive::check(&schema, &mut findings);
    type_system::check(&schema, &mut findings);
    let file = |path: &str| ids.iter().find(|(_, known, _)| *known == path).map(|(file, ..)| *file);
    let documents =
        documents::compile(settings.documents.as_ref(), &settings.audiences, file, (&sources, &mut findings));
    let written = Written { schema: &schema, settings: &settings, systems: &systems, sources: &sources };
    let contract = compile::compile(written, &mut findings).filter(|_| findings.n_faults() == 0);
    if contract.is_none() && findings.n_faults() == 0 {
        let help = "please report this with the contract; a fault of freehold's own kept it from saying what is wrong";
        findings.fault("CONTRACT_INCOMPLETE", None, "the contract could not be put together", help);
    }
    let contract = contract.map(|contract| Contract { documents, ..contract });
    let diagnostics = findings.in_order(&sources);
    Loaded { contract, diagnostics, sources }
}

/// Reads a manifest of documents that stands outside a contract, for its audiences.
///
/// *Errors*: every fault, and the text they point into.
pub fn read_manifest(
    name: &str,
    text: String,
    audiences: &[String],
) -> Result<Vec<Document>, (Vec<Diagnostic>, Sources)> {
    let (mut findings, mut sources) = (Findings::default(), Sources::default());
    let file = sources.add(name, text);
    let documents = documents::manifest_of((file, &sources), audiences, &mut findings);
    match findings.n_faults() {
        0 => Ok(documents),
        _ => Err((findings.in_order(&sources), sources)),
    }
}

/// Reads the system files that `freehold.toml` lists.
fn systems(
    ids: &[(FileId, &str, &str)],
    settings: &Settings,
    env: &dyn Fn(&str) -> Option<String>,
    sources: &mut Sources,
    findings: &mut Findings,
) -> Vec<SystemFile> {
    let mut systems: Vec<SystemFile> = Vec::new();
    for listed in &settings.systems {
        let name = system_name(&listed.text);
        if systems.iter().any(|earlier| earlier.name == name) {
            continue;
        }
        let path = listed.text.trim_start_matches("./");
        let found = ids.iter().find(|(_, file_path, _)| *file_path == path);
        if let Some((file, _, text)) = found {
            let mut places = Vec::new();
            systems.push(system::read(name, *file, text, env, &mut places, findings));
            places.into_iter().for_each(|place| secrets::blank(place, sources));
        } else {
            let toml = ids.iter().map(|(_, path, _)| *path).filter(|path| path.ends_with(".toml"));
            let help = match super::nearest(path, toml) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "write the file's path from the contract's folder, and add the file".to_owned(),
            };
            findings.fault("SYSTEM_FILE", listed.place, format!("there is no file \"{}\"", listed.text), help);
            systems.push(SystemFile::unreadable(name));
        }
    }
    for (file, path, _) in ids {
        let listed = settings.systems.iter().any(|system| system.text.trim_start_matches("./") == *path);
        if path.ends_with(".toml") && *path != "freehold.toml" && !listed && settings.readable {
            findings.notice(
                "SYSTEM_FILE_UNLISTED",
                Place { file: *file, start: 0, end: 0 },
                format!("freehold.toml does not list {path}, so nothing reads it"),
                "add it to `systems`, or move it away",
            );
        }
    }
    systems
}
