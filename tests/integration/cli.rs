//! The command line as scripts meet it: exit codes, what goes to standard output and what to standard error.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use freehold::contract::document_hash;
use serde_json::Value;

use crate::{
    ledger::place::{Place, observed},
    live::{self, MENDED, PASSWORD, Systems},
};

/// How a command ended, and what it said.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    fn first_line(&self) -> &str {
        self.out.lines().next().unwrap_or_default()
    }
}

/// Runs a command with these variables and no others.
fn freehold_with(env: &[(&str, String)], arguments: &[&str], input: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_freehold"));
    command.args(arguments).env_clear().envs(env.iter().map(|(name, value)| (*name, value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    // A command that does not read its input may have closed it.
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    Ended { code: status.code(), out: text(stdout), err: text(stderr) }
}

fn freehold(arguments: &[&str]) -> Ended {
    freehold_with(&[], arguments, "")
}

/// Writes the contract of the live check with changes.
fn written(changes: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in live::files(changes) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

fn shown(folder: &Path) -> &str {
    folder.to_str().expect("it is text")
}

/// What the system files name, where nobody is asked.
fn unasked() -> Vec<(&'static str, String)> {
    ["ERP_FILE", "SHOP_FILE", "PIM_URL", "WMS_URL"].map(|name| (name, "postgres://nobody".to_owned())).into()
}

#[test]
fn check_of_a_sound_contract_ends_with_0() {
    let ended = freehold_with(&unasked(), &["check", "--contract", shown(&live::folder())], "");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{}", ended.out);
    let last = ended.out.lines().last().unwrap_or_default();
    assert!(last.starts_with("contract ") && last.ends_with(": no faults, no notices"), "{last}");
    let json =
        freehold_with(&unasked(), &["check", "--format", "json", "--contract", shown(&live::folder())], "").json();
    assert_eq!((&json["faults"], &json["live"]), (&Value::from(0), &Value::Null), "{json:#}");
}

#[test]
fn check_shows_faults_on_standard_output_and_ends_with_1() {
    let folder = written(&[("shop.graphql", "weight: Decimal", "weight: Decimel")]);
    let ended = freehold_with(&unasked(), &["check", "--contract", shown(folder.path())], "");
    assert_eq!((ended.code, ended.err.as_str()), (Some(1), ""));
    assert!(ended.first_line().contains("TYPE_UNKNOWN"), "{}", ended.out);
    assert!(!ended.out.contains('\x1b'), "colour belongs on a terminal: {}", ended.out);
    let json = freehold_with(&unasked(), &["check", "--format", "json", "--contract", shown(folder.path())], "").json();
    assert_eq!(json["findings"][0]["code"], "TYPE_UNKNOWN", "{json:#}");
    assert_eq!(json["contract"], Value::Null);
}

#[test]
fn a_folder_that_is_not_there_ends_with_3() {
    for command in ["check", "ownership", "schema", "serve"] {
        let ended = freehold(&[command, "--contract", "/nonexistent"]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""), "{command}");
        assert!(ended.err.starts_with("freehold: failed to load the contract: read /nonexistent"), "{}", ended.err);
    }
}

#[tokio::test]
async fn check_live_shows_its_table_and_ends_with_1_where_something_has_to_be_mended() {
    let systems = Systems::start().await;
    let folder = live::folder();
    let arguments = ["check", "--live", "--sample", "Price=K1|A-1", "--contract", shown(&folder)];
    let ended = freehold_with(&systems.env(), &arguments, "");
    assert_eq!((ended.code, ended.err.as_str()), (Some(1), ""), "{}", ended.out);
    let head: Vec<&str> = ended.first_line().split_whitespace().collect();
    assert_eq!(head, ["system", "asked", "answers", "rows", "ms", "remark"]);
    assert!(!ended.out.contains('\x1b') && !ended.out.contains(PASSWORD), "{}", ended.out);
    let last = ended.out.lines().last().unwrap_or_default();
    assert!(last.starts_with("its systems' answers: ") && last.contains(" faults, "), "{last}");
}

#[tokio::test]
async fn check_live_ends_with_0_where_all_answers_and_fits() {
    let systems = Systems::start().await;
    let folder = written(MENDED);
    let arguments =
        ["check", "--live", "--format", "json", "--patience", "30s", "--sample", "Price=K1|A-1", "--contract"];
    let ended = freehold_with(&systems.env(), &[&arguments[..], &[shown(folder.path())]].concat(), "");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{}", ended.out);
    let live = ended.json()["live"].take();
    let entries = live.as_array().expect("a list");
    assert!(entries.len() > 8 && entries.iter().all(|entry| entry["ok"] == true), "{live:#}");
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_so_on_standard_error() {
    let contract = live::folder();
    for (arguments, said) in [
        (&["chek"][..], "unrecognized subcommand 'chek'"),
        (&["check", "--sample", "Product=A-1"], "--live"),
        (&["check", "--live", "--patience", "soon"], "write a time such as 500ms, 20s or 2m"),
        (&["check", "--format", "yaml"], "invalid value 'yaml'"),
        (&["explain"], "<FILE|->"),
        (&["check", "--live", "--sample", "Unit=EA", "--contract", shown(&contract)], "has no entity `Unit`"),
    ] {
        let ended = freehold_with(&unasked(), arguments, "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(said), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn help_is_what_was_asked_for() {
    for arguments in [&["--help"][..], &["check", "--help"], &["--version"]] {
        let ended = freehold(arguments);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(!ended.out.is_empty());
    }
}

#[test]
fn ownership_and_schema_ask_no_system_and_need_no_variables() {
    let contract = live::folder();
    let text = freehold(&["ownership", "--contract", shown(&contract)]);
    assert_eq!((text.code, text.err.as_str()), (Some(0), ""));
    assert!(text.out.contains("wms"), "{}", text.out);
    let markdown = freehold(&["ownership", "--format", "markdown", "--contract", shown(&contract)]);
    assert!(markdown.first_line().starts_with('|'), "{}", markdown.out);
    let rows = freehold(&["ownership", "--format", "json", "--contract", shown(&contract)]).json();
    assert!(rows.as_array().is_some_and(|rows| rows.len() > 10), "{rows:#}");
    let schema = freehold(&["schema", "--contract", shown(&contract)]);
    assert_eq!((schema.code, schema.err.as_str()), (Some(0), ""));
    assert!(schema.out.contains("type Product {") && !schema.out.contains("@owner"), "{}", schema.out);
}

#[test]
fn diff_guards_a_pipeline_by_its_exit_code() {
    let (same, wider) = (written(&[]), written(&[("shop.graphql", "weight: Decimal", "weight: Float")]));
    let diff = |arguments: &[&str]| freehold(&[&["diff"], arguments].concat());
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let unfilled = diff(&[shown(&schema), shown(&schema)]);
    assert_eq!(unfilled.code, Some(0), "no variable is needed: {}", unfilled.err);
    let (old, new) = (shown(same.path()), shown(wider.path()));
    let none = diff(&[old, old]);
    assert_eq!((none.code, none.err.as_str()), (Some(0), ""), "{}", none.out);
    assert!(none.out.ends_with(": no difference; nothing to agree to\n"), "{}", none.out);
    let breaks = diff(&[old, new]);
    assert_eq!((breaks.code, breaks.err.as_str()), (Some(1), ""), "{}", breaks.out);
    assert!(breaks.out.contains("breaking ") && breaks.out.contains("was Decimal, is Float"), "{}", breaks.out);
    let json = diff(&[old, new, "--format", "json"]).json();
    assert_eq!((&json["fails"], &json["changes"][0]["fails"]), (&1.into(), &true.into()), "{json:#}");
    assert_eq!(diff(&[old, new, "--allow", "owner,bounds,visibility"]).code, Some(1));
    assert_eq!(diff(&[old, new, "--allow", "owner,breaking"]).code, Some(0));
    assert_eq!(diff(&[old, new, "--allow", "everything"]).code, Some(2));
    assert_eq!(diff(&[old]).code, Some(2));
    assert_eq!(diff(&[old, "/nonexistent"]).code, Some(3));
    let faulty = written(&[("shop.graphql", "weight: Decimal", "weight: Decimel")]);
    let ended = diff(&[old, shown(faulty.path())]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{}", ended.err);
    assert!(ended.err.contains("TYPE_UNKNOWN") && ended.err.contains("that is the contract in"), "{}", ended.err);
}

#[test]
fn documents_are_replayed_and_those_that_break_are_named() {
    let folder = written(&[]);
    let (sound, broken) =
        ("query Page { product(sku: \"A-1\") { status } }", "query Old { product(sku: \"A-1\") { colour } }");
    let manifest = |name: &str, documents: &[&str]| {
        let members = documents.iter().map(|text| (document_hash(text), Value::from(*text)));
        let path = folder.path().join(name);
        std::fs::write(&path, Value::Object(members.collect()).to_string()).expect("a file");
        path
    };
    let check = |arguments: &[&str]| {
        freehold(&[&["documents", "check", "--contract", shown(folder.path())], arguments].concat())
    };
    let none = check(&[]);
    assert_eq!((none.code, none.out.as_str()), (Some(2), ""), "{}", none.err);
    assert!(none.err.contains("no document is registered"), "{}", none.err);
    let runs = check(&["--manifest", shown(&manifest("sound.json", &[sound]))]);
    assert_eq!((runs.code, runs.err.as_str()), (Some(0), ""), "{}", runs.out);
    assert!(runs.out.ends_with(": 1 of 1 documents run\n"), "{}", runs.out);
    let both = manifest("both.json", &[sound, broken]);
    let breaks = check(&["--manifest", shown(&both)]);
    assert_eq!((breaks.code, breaks.err.as_str()), (Some(1), ""), "{}", breaks.out);
    assert!(breaks.first_line().starts_with("Old:1:") && breaks.first_line().contains("colour"), "{}", breaks.out);
    assert!(breaks.out.contains(&document_hash(broken)) && breaks.out.ends_with(": 1 of 2 documents run\n"));
    let json = check(&["--manifest", shown(&both), "--format", "json"]).json();
    assert_eq!((&json["documents"], &json["breaking"]), (&2.into(), &1.into()), "{json:#}");
    assert_eq!(json["breaks"][0]["document"], document_hash(broken), "{json:#}");
    assert_eq!(json["breaks"][0]["locations"][0]["line"], 1, "{json:#}");
    std::fs::write(&both, "{\"page\": 1}").expect("a file");
    let faulty = check(&["--manifest", shown(&both)]);
    assert_eq!((faulty.code, faulty.out.as_str()), (Some(1), ""), "{}", faulty.err);
    assert!(faulty.err.contains("DOCUMENTS_MANIFEST"), "{}", faulty.err);
    assert_eq!(check(&["--manifest", "/nonexistent.json"]).code, Some(3));
    let settings = folder.path().join("freehold.toml");
    let text = std::fs::read_to_string(&settings).expect("the file");
    std::fs::write(&settings, format!("{text}\n[documents]\nmanifest = \"sound.json\"\n")).expect("a file");
    assert_eq!(check(&[]).code, Some(0));
}

#[test]
fn what_the_server_refuses_by_its_limits_breaks_a_document_and_is_not_explained() {
    let folder = written(&[]);
    let contract = folder.path().to_owned();
    let settings = contract.join("freehold.toml");
    let text = std::fs::read_to_string(&settings).expect("the contract's settings");
    for (limit, query, said) in [
        ("depth = 1", "{ product(sku: \"A-1\") { name } }", "limit depth"),
        ("cost = 1", "{ products { sku } }", "limit cost"),
        ("introspection = false", "{ __schema { types { name } } }", "the schema is not shown"),
        (
            "tokens = 1000",
            "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
            "inside one another",
        ),
    ] {
        std::fs::write(&settings, format!("{text}\n[limits]\n{limit}\n")).expect("a file");
        let manifest = contract.join("one.json");
        std::fs::write(
            &manifest,
            Value::Object([(document_hash(query), query.into())].into_iter().collect()).to_string(),
        )
        .expect("a file");
        let checked = freehold(&["documents", "check", "--contract", shown(&contract), "--manifest", shown(&manifest)]);
        assert!(checked.code == Some(1) && checked.out.contains(said), "{limit}: {} {}", checked.out, checked.err);
        let explained = freehold_with(&[], &["explain", "-", "--contract", shown(&contract)], query);
        assert!(explained.code == Some(1) && explained.err.contains(said), "{limit}: {}", explained.err);
    }
}

#[test]
fn explain_shows_a_plan_or_every_mistake_of_the_query() {
    let contract = live::folder();
    let explain = |arguments: &[&str], query: &str| {
        freehold_with(&[], &[&["explain", "-", "--contract", shown(&contract)], arguments].concat(), query)
    };
    let plan = explain(&[], "{ product(sku: \"A-1\") { status name } }");
    assert_eq!((plan.code, plan.err.as_str()), (Some(0), ""));
    assert!(plan.out.contains("erp Product") && plan.out.contains("pim Product"), "{}", plan.out);
    assert!(explain(&["--format", "json"], "{ products { sku } }").json().is_object());
    let wrong = explain(&[], "{ product(sku: \"A-1\") { colour } }");
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(1), ""));
    assert!(wrong.err.starts_with("-:1:") && wrong.err.contains("colour"), "{}", wrong.err);
    let wrong = explain(&["--format", "json"], "{ product(sku: \"A-1\") { colour } }");
    assert_eq!((wrong.code, wrong.err.as_str()), (Some(1), ""));
    assert!(wrong.json()["errors"][0]["message"].as_str().is_some_and(|message| message.contains("colour")));
    let missing = freehold(&["explain", "/nonexistent.graphql", "--contract", shown(&contract)]);
    assert_eq!(missing.code, Some(3), "{}", missing.err);
}

#[test]
fn a_token_is_made_shown_once_listed_and_taken_back() {
    let place = Place::sqlite();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let urls = ["ERP_URL", "PIM_URL", "SHOP_URL"].map(|name| (name, "http://nobody".to_owned()));
    let env = [&[("FREEHOLD_LEDGER", place.url.clone())][..], &urls].concat();
    let create = |arguments: &[&str]| {
        let usual = ["token", "create", "--contract", shown(&schema), "--name", "nightly export"];
        freehold_with(&env, &[&usual, arguments].concat(), "")
    };
    let made = create(&["--audience", "bi", "--account", "*", "--permission", "VIEW_PRICE", "--expires-in", "1d"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let token = made.out.trim_end();
    let id = token.split('_').nth(1).expect("a token").to_owned();
    assert!(token.starts_with("fh_") && token.len() == 84 && made.err.contains(&id), "{}", made.err);
    let secret = token.rsplit_once('_').expect("a token").1;

    let listed = freehold_with(&env, &["token", "list"], "");
    assert!(listed.out.contains(&id) && listed.out.contains("nightly export") && listed.out.contains("never"));
    let entry = freehold_with(&env, &["token", "list", "--json"], "").json()[0].take();
    assert_eq!((&entry["accounts"], &entry["permissions"]), (&"*".into(), &serde_json::json!(["VIEW_PRICE"])));
    let file = std::fs::read(place.url.trim_start_matches("sqlite:")).expect("the ledger");
    assert!(!listed.out.contains(secret) && !file.windows(64).any(|bytes| bytes == secret.as_bytes()));

    let revoked = freehold_with(&env, &["token", "revoke", &id], "");
    assert_eq!(revoked.code, Some(0), "{}", revoked.err);
    assert!(freehold_with(&env, &["token", "list"], "").out.contains("revoked"));
    for (arguments, said) in [
        (&["--audience", "everyone", "--account", "*"][..], "there is no audience `everyone`"),
        (&["--audience", "bi", "--account", "*", "--permission", "FLY"], "there is no permission `FLY`"),
        (&["--audience", "bi", "--account", "*", "--account", "1"], "write --account '*' alone"),
        (&["--audience", "bi", "--account", "*", "--expires-in", "9000d"], "two years at most"),
        (&["--audience", "bi"], "--account"),
    ] {
        let ended = create(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.err.contains(said), "{}", ended.err);
    }
    assert_eq!(freehold_with(&env, &["token", "revoke", "none"], "").code, Some(2));
    assert_eq!(freehold(&["token", "list"]).code, Some(2));
}

#[test]
fn serve_refuses_a_contract_with_faults() {
    let folder = written(&[("shop.graphql", "weight: Decimal", "weight: Decimel")]);
    let ended =
        freehold_with(&unasked(), &["serve", "--listen", "127.0.0.1:0", "--contract", shown(folder.path())], "");
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{}", ended.err);
    assert!(ended.err.contains("TYPE_UNKNOWN") && ended.err.contains("the contract has faults"), "{}", ended.err);
    let unset = freehold(&["serve", "--listen", "127.0.0.1:0", "--contract", shown(&live::folder())]);
    assert_eq!((unset.code, unset.out.as_str()), (Some(1), ""), "{}", unset.err);
    assert!(unset.err.contains("ENV_MISSING"), "{}", unset.err);
}

#[test]
fn a_wrong_url_of_redis_ends_with_2_and_is_not_shown() {
    let env = [("FREEHOLD_REDIS_URL", "http://cache:hidden@host".to_owned())];
    let ended = freehold_with(&env, &["serve", "--contract", shown(&live::folder())], "");
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.starts_with("freehold: failed to read the URL of Redis: "), "{}", ended.err);
    assert!(!ended.err.contains("hidden"), "{}", ended.err);
    let help = freehold_with(&env, &["serve", "--help"], "");
    assert!(help.out.contains("FREEHOLD_REDIS_URL") && !help.out.contains("hidden"), "{}", help.out);
}

#[tokio::test]
async fn exceptions_are_listed_for_people_and_for_machines() {
    for place in Place::both() {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        place.after([observed("K1", now_ms - 7_200_000, &["HOLD"]), observed("K2", now_ms, &["HOLD", "LATE"])]).await;
        place.after([observed("K2", now_ms, &["LATE"])]).await;
        let env = [("FREEHOLD_LEDGER", place.url.clone())];
        let listed = |arguments: &[&str]| freehold_with(&env, &[&["exceptions"], arguments].concat(), "");
        let text = listed(&[]);
        assert_eq!((text.code, text.err.as_str()), (Some(0), ""), "{}", text.out);
        let head: Vec<&str> = text.first_line().split_whitespace().collect();
        assert_eq!(head, ["code", "severity", "entity", "account", "system", "seen", "times", "state", "message"]);
        assert!(text.out.contains("2h ago") && text.out.contains("resolved"), "{}", text.out);
        assert_eq!(text.out.lines().last(), Some("3 of 3 exceptions"));
        let limited = listed(&["--limit", "1"]);
        assert_eq!((limited.out.lines().count(), limited.out.lines().last()), (3, Some("1 of 3 exceptions")));
        for (arguments, expected) in [
            (&["--open"][..], 2),
            (&["--resolved"], 1),
            (&["--code", "HOLD", "--code", "LATE"], 3),
            (&["--code", "HOLD", "--open"], 1),
            (&["--account", "K2"], 2),
            (&["--severity", "warning"], 0),
            (&["--type", "Account", "--key", "K1"], 1),
            (&["--system", "pim"], 0),
            (&["--since", "1h"], 2),
        ] {
            let ended = listed(&[arguments, &["--json"]].concat());
            assert_eq!(ended.json().as_array().map(Vec::len), Some(expected), "{arguments:?}: {}", ended.out);
        }
        let json = listed(&["--key", "K1", "--json"]).json();
        assert_eq!((&json[0]["code"], &json[0]["evidence"]["limit"]), (&"HOLD".into(), &"0.00".into()));
    }
}

#[test]
fn a_ledger_that_is_none_or_not_there_ends_the_listing() {
    let unnamed = freehold(&["exceptions"]);
    assert_eq!((unnamed.code, unnamed.out.as_str()), (Some(2), ""), "{}", unnamed.err);
    let wrong = freehold(&["exceptions", "--ledger", "mysql://u:hidden@host/x"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.err);
    assert!(wrong.err.starts_with("freehold: failed to read the URL of the ledger: "), "{}", wrong.err);
    assert!(!wrong.err.contains("hidden"), "{}", wrong.err);
    let missing = freehold(&["exceptions", "--ledger", "sqlite:/nonexistent/ledger.db"]);
    assert_eq!((missing.code, missing.out.as_str()), (Some(3), ""), "{}", missing.err);
    let secretless = ["serve", "--ledger", "sqlite:x.db", "--ledger-webhook", "http://127.0.0.1:9"];
    let ended = freehold(&secretless);
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("FREEHOLD_LEDGER_WEBHOOK_SECRET"), "{}", ended.err);
}

#[tokio::test]
async fn serve_refuses_a_ledger_of_a_newer_version() {
    let place = Place::sqlite();
    place.store().prepare().await.expect("tables");
    place
        .run("update freehold_migration set version = 99 where version = (select max(version) from freehold_migration)")
        .await;
    let systems = Systems::start().await;
    let folder = written(MENDED);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--serve-unprotected", "--ledger", &place.url, "--contract"];
    let ended = freehold_with(&systems.env(), &[&arguments[..], &[shown(folder.path())]].concat(), "");
    assert_eq!(ended.code, Some(3), "{}", ended.err);
    assert!(ended.err.contains("failed to open the ledger") && ended.err.contains("newer version"), "{}", ended.err);
}
