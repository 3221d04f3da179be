//! Loading: the files of a folder become a contract, or all that is wrong with them.

use super::{
    Contract, Files,
    compile::{self, Written},
    directive, merge,
    sdl::{self, DirectiveUse},
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
    blank_urls(&ids, &mut sources);

    let settings = match ids.iter().find(|(_, path, _)| *path == "freehold.toml") {
        Some((file, _, text)) => settings::read(*file, text, &mut findings),
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
    let schema = merge::merge(documents, incomplete, &mut findings);
    directive::check(&schema, &mut findings);
    type_system::check(&schema, &mut findings);
    let written = Written { schema: &schema, settings: &settings, systems: &systems, sources: &sources };
    let contract = compile::compile(written, &mut findings).filter(|_| findings.n_faults() == 0);
    inert(&schema, &mut findings);
    let diagnostics = findings.in_order(&sources);
    Loaded { contract, diagnostics, sources }
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
            let mut secrets = Vec::new();
            systems.push(system::read(name, *file, text, env, &mut secrets, findings));
            secrets.into_iter().for_each(|place| blank_secret(place, sources));
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

/// Blanks out what stands behind `url =`, before a message about a file that does not even parse can show it.
fn blank_urls(ids: &[(FileId, &str, &str)], sources: &mut Sources) {
    for (file, _, text) in ids.iter().filter(|(_, path, _)| path.ends_with(".toml")) {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let key = line.trim_start().trim_start_matches(['"', '\'']);
            let is_url = key
                .strip_prefix("url")
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ', '\t']).starts_with('='));
            if let Some(equals) = line.find('=').filter(|_| is_url) {
                let place = Place { file: *file, start: start + equals + 1, end: start + line.trim_end().len() };
                blank_secret(place, sources);
            }
            start += line.len();
        }
    }
}

/// Blanks out a text except for the `${NAMES}` in it, which are what its reader needs to see.
fn blank_secret(place: Place, sources: &mut Sources) {
    let place = sources.clamp(place);
    let text = sources.text(place.file)[place.start..place.end].to_owned();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let name = rest
            .strip_prefix("${")
            .and_then(|inner| inner.find('}'))
            .filter(|end| rest[2..2 + end].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        let length = match name {
            Some(end) => end + 3,
            None => {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                if !rest.starts_with([' ', '"', '\'', '*']) {
                    let start = place.start + at;
                    sources.blank(Place { start, end: start + length, ..place });
                }
                length
            }
        };
        at += length;
    }
}

/// What is checked but not acted on is said plainly, once for each directive.
fn inert(schema: &merge::Schema, findings: &mut Findings) {
    let kinds = [
        ("rule", "RULE_INERT", "no rule is computed yet", "such a field answers null, with a fault that says so"),
        ("scope", "SCOPE_INERT", "rows are not yet kept to their accounts", "every caller sees every account's rows"),
        ("visible", "VISIBLE_INERT", "audiences are not yet told apart", "every caller has every field"),
        ("copy", "COPY_INERT", "copies are not yet reconciled", "nothing reads them"),
        ("handover", "HANDOVER_INERT", "nothing is yet handed over", "an entity exists only where its owner has it"),
    ];
    for (name, code, what, so) in kinds {
        let uses = |uses: &[DirectiveUse]| uses.iter().filter(|one| one.name.name == name).count();
        let n: usize = (schema.types.values())
            .map(|ty| {
                let fields = ty.fields.iter().map(|field| {
                    let arguments: usize = field.arguments.iter().map(|argument| uses(&argument.directives)).sum();
                    uses(&field.directives) + arguments
                });
                uses(&ty.directives) + fields.sum::<usize>()
            })
            .sum();
        if n > 0 {
            let times = if n == 1 { "once".to_owned() } else { format!("{n} times") };
            findings.notice(code, None, format!("`@{name}` stands in the contract {times}, but {what}"), so);
        }
    }
}
