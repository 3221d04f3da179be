//! The closed list of events.
//!
//! An event borrows what it says; each reader takes what it needs. To tell an operator something further, add a
//! variant here and read it in `log` and `metrics`.

use std::{net::SocketAddr, time::Duration};

/// Something that happened, as the code says it.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// A GraphQL request was executed. Emitted by the engine.
    RequestAnswered {
        /// The operation's name, where the caller gave one. Never a metrics label: callers choose it.
        operation: Option<&'a str>,
        /// `complete`, `partial` or `null`: what the answer holds.
        status: &'static str,
        /// From the request's arrival to the answer's last byte.
        duration: Duration,
        /// The entries of `errors`.
        n_errors: usize,
        /// The questions put to owners.
        n_fetches: usize,
        /// The size of the body before compression.
        n_bytes: usize,
    },
    /// A request was refused before execution: by the engine (syntax, validation, variables, …) or by HTTP (body, media
    /// type, load, …). Emitted once, by whichever refused.
    RequestRefused {
        /// Why, as a word from the refuser's closed list.
        kind: &'static str,
        /// From the request's arrival to the refusal.
        duration: Duration,
    },
    /// A request was turned away because the process is full, so that audiences above its own are answered.
    RequestShed {
        /// Its audience; none: whoever sees the whole graph.
        audience: Option<&'a str>,
    },
    /// A plan was compiled.
    PlanCompiled {
        /// How long parsing, validating and planning took.
        duration: Duration,
    },
    /// A plan was found in the cache.
    PlanReused,
    /// An owner was asked for records.
    Fetched {
        /// The system's name.
        system: &'a str,
        /// The group's name.
        group: &'a str,
        /// The keys asked for.
        n_keys: usize,
        /// The rows that came.
        n_rows: usize,
        /// How long the system took.
        duration: Duration,
        /// Why it did not answer, if it did not.
        failure: Option<Failure<'a>>,
    },
    /// An owner was asked to list.
    Listed {
        /// The system's name.
        system: &'a str,
        /// The list's name.
        list: &'a str,
        /// The parents listed for.
        n_parents: usize,
        /// The rows that came.
        n_rows: usize,
        /// How long the system took.
        duration: Duration,
        /// Why it did not answer, if it did not.
        failure: Option<Failure<'a>>,
    },
    /// A value did not fit its declared type.
    ViolationMet {
        /// The system's name.
        system: &'a str,
        /// The group's name.
        group: &'a str,
        /// The key of the record. Only in the debug log: it may name a customer.
        key: &'a str,
        /// The field, as a dotted path.
        field: &'a str,
        /// What the contract says the value is.
        expected: &'a str,
    },
    /// Keys were asked for that a system has no key of its own for, or none that is theirs alone.
    KeysUnmatched {
        /// The system's name.
        system: &'a str,
        /// The name of the group or list that was to be asked.
        asked: &'a str,
        /// How many have no match.
        n_unmatched: usize,
        /// How many have several, or share one.
        n_ambiguous: usize,
        /// A few of them. Only in the debug log: they may name customers.
        samples: &'a [String],
    },
    /// Rows were left out of a list because their keys are none of the graph's.
    RowsLeftOut {
        /// The system's name.
        system: &'a str,
        /// The list's name.
        list: &'a str,
        /// How many have no match.
        n_unmatched: u64,
        /// How many have several.
        n_ambiguous: u64,
        /// A few of their keys. Only in the debug log: they may name customers.
        samples: &'a [String],
    },
    /// A complete file was loaded and is served from here on.
    FileLoaded {
        /// The system's name.
        system: &'a str,
        /// The group's or list's name.
        group: &'a str,
        /// The file's name. Never a metrics label: there is another one every night.
        file: &'a str,
        /// The rows it and the files of its parts hold.
        n_rows: usize,
        /// Their size.
        n_bytes: u64,
        /// How long reading them took.
        duration: Duration,
    },
    /// A file was not taken, so that what was served before still is.
    FileRefused {
        /// The system's name.
        system: &'a str,
        /// The group's or list's name; `folder` where the whole folder cannot be read.
        group: &'a str,
        /// The file's name.
        file: &'a str,
        /// What is wrong with it; only in the log.
        detail: &'a str,
    },
    /// A rule could not read what owners say of what it reads.
    RuleFailed {
        /// The rule.
        rule: &'static str,
        /// For how many objects of one request.
        n: usize,
        /// What it could not read of the first; only in the log for debugging, as it may quote a value.
        detail: &'a str,
    },
    /// Places are asked for again behind an answer, before they run out.
    RefreshedEarly {
        /// Their freshness domain.
        domain: &'a str,
        /// How many.
        n: usize,
    },
    /// A guard did something about the questions to a system.
    Guarded {
        /// The system's name.
        system: &'a str,
        /// What it did.
        guarded: Guarded<'a>,
    },
    /// It was heard that something changed at a system.
    ChangesHeard {
        /// The system's name.
        system: &'a str,
        /// How it was heard: `webhook`, `listen`, `watermark`, `replication`.
        source: &'static str,
        /// How many keys.
        n_keys: usize,
        /// How many types of which all may have changed.
        n_types: usize,
    },
    /// A message about changes was refused, repeated, or could not be read in full.
    ChangeRefused {
        /// The system's name.
        system: &'a str,
        /// Why, as a word from a closed list.
        reason: &'static str,
    },
    /// A question of a request was answered.
    Served(Served<'a>),
    /// Something happened between this process and what processes share.
    Shared(Shared<'a>),
    /// What was served from what is kept was compared with what its owner says.
    Compared {
        /// Its freshness domain.
        domain: &'a str,
        /// The records or pages that were as they are.
        n_same: usize,
        /// Those that have changed meanwhile.
        n_changed: usize,
    },
    /// A feed of changes heard something, or stopped hearing.
    Feed {
        /// The system's name.
        system: &'a str,
        /// Which of its feeds: `listen`, `watermark.Product`, `replication`.
        feed: &'a str,
        /// What happened.
        heard: Heard<'a>,
    },
    /// Something happened to what Freehold itself remembers.
    Ledger(Ledger<'a>),
    /// Somebody asked for somebody's data.
    Audited(Audit<'a>),
    /// An issuer of tokens was asked for its keys.
    IssuerKeysAsked {
        /// Its name in the contract.
        issuer: &'a str,
        /// The keys that can be used.
        n_keys: usize,
        /// Why there are none, if there are none; only in the log.
        failure: Option<&'a str>,
    },
    /// A connection was accepted.
    ConnectionOpened,
    /// A connection ended.
    ConnectionClosed,
    /// A connection was turned away because as many as allowed are open.
    ConnectionRefused {
        /// How many may be open.
        connections_max: usize,
    },
    /// A connection could not be accepted.
    AcceptFailed {
        /// The operating system's word.
        detail: &'a str,
    },
    /// A contract was loaded.
    ContractLoaded {
        /// Its version.
        version: &'a str,
        /// The faults found; a contract with faults is not served.
        n_faults: usize,
    },
    /// A contract that changed while it is served was looked at.
    ContractReloaded(Reloaded<'a>),
    /// A contract that marks protected data and does not say who is let in is served to everyone, as somebody asked for.
    ServedUnprotected,
    /// The server listens.
    ServerStarted {
        /// Where.
        address: SocketAddr,
        /// The version of the contract it serves.
        version: &'a str,
    },
    /// The server takes no more connections and finishes what is in flight.
    ServerStopping {
        /// How many connections are open.
        n_connections: usize,
    },
    /// The server has stopped.
    ServerStopped {
        /// How many connections were cut off because they outlasted the grace period.
        n_cut_off: usize,
    },
}

/// What became of a contract that changed while it is served.
#[derive(Debug, Clone, Copy)]
pub enum Reloaded<'a> {
    /// It is served from here on.
    Taken {
        /// Its version.
        version: &'a str,
        /// The version that was served before.
        before: &'a str,
    },
    /// What was served before is served on.
    Refused {
        /// Its faults; none where it could not be read, or nobody could be let in by it.
        n_faults: usize,
        /// The first of them, or why; only in the log.
        detail: &'a str,
    },
}

/// Who asked for whose data: for the audit trail, which never holds the data.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a> {
    /// Who asked, as the issuer of their token names them.
    pub subject: &'a str,
    /// Who says that it is them; none: nobody had to.
    pub issuer: Option<&'a str>,
    /// Their audience; none: the whole graph.
    pub audience: Option<&'a str>,
    /// The account of the buyer they acted as.
    pub acting_account: Option<&'a str>,
    /// The login of that buyer.
    pub acting_login: Option<&'a str>,
    /// The operation's name.
    pub operation: Option<&'a str>,
    /// How many accounts they may see rows of; none: every one.
    pub n_accounts: Option<usize>,
    /// The types asked for whose rows belong to accounts.
    pub owned_types: &'a [&'a str],
    /// What became of the request.
    pub status: &'static str,
}

/// What a question of a request was answered from.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// Its freshness domain.
    pub domain: &'a str,
    /// Those of all that are refused because what is kept of them is too old, and their owner does not answer.
    pub n_refused: usize,
    /// Those of all that have no answer; the refused are among them.
    pub n_failed: usize,
    /// The records or pages that were in memory.
    pub memory: usize,
    /// Those that other processes had kept.
    pub shared: usize,
    /// Those that the owner was asked for.
    pub fetched: usize,
    /// Those that were served past their bound, because the owner is down.
    pub n_stale: usize,
    /// How old the oldest of them is.
    pub age: Option<Duration>,
    /// Whether it is older than its domain allows, and nobody said so: a mistake of this program.
    pub is_violation: bool,
}

/// What a feed of changes heard.
#[derive(Debug, Clone, Copy)]
pub enum Heard<'a> {
    /// It hears: whatever changes from here on is recalled.
    Connected,
    /// It hears nothing.
    Lost {
        /// Why; only in the log.
        detail: &'a str,
    },
    /// It heard something that says nothing about a type of the graph.
    Unread {
        /// What is wrong with it; only in the log.
        detail: &'a str,
    },
    /// How long ago the moment is up to which all is known.
    Behind {
        /// So long.
        lag: Duration,
    },
    /// What was heard is not confirmed to the system, because what processes share has not taken note of it: the system
    /// keeps it to send it again.
    HeldBack {
        /// For how long by now; zero when that is over.
        held: Duration,
    },
}

/// What happened between this process and what processes share.
#[derive(Debug, Clone, Copy)]
pub enum Shared<'a> {
    /// Nothing is shared for a while.
    Away {
        /// How long nothing is tried.
        pause: Duration,
        /// Why, from a closed list.
        code: &'static str,
        /// What the operator needs; only in the log.
        detail: &'a str,
        /// Whether it was away before.
        is_known: bool,
    },
    /// The clocks were compared: nothing is shared while they are too far apart.
    ClockCompared {
        /// How far the process's clock is ahead.
        offset_ms: i64,
        /// Whether that is within the allowance.
        fits: bool,
        /// Whether it was otherwise before, or this is the first time on a connection.
        changed: bool,
    },
    /// Something was not done.
    Failed {
        /// What: `connect`, `clock`, `read`, `keep`, `recall`, `lease`, `tell` or `hear`.
        operation: &'static str,
        /// Why, from a closed list.
        code: &'static str,
        /// What the operator needs; only in the log.
        detail: &'a str,
    },
    /// A wave of questions was read.
    Read {
        /// The places asked for.
        n_asked: usize,
        /// Those of which something was there.
        n_found: usize,
        /// Those of which something was there that cannot be read.
        n_unreadable: usize,
        /// How long it took.
        duration: Duration,
    },
    /// Entries were sent to be kept.
    Kept {
        /// Those that are kept.
        n_kept: usize,
        /// Those in whose place stands what was asked later.
        n_outrun: usize,
        /// Those that failed.
        n_failed: usize,
    },
    /// Entries were not sent: too many were waiting, or nothing is shared at the moment.
    Dropped {
        /// How many.
        n: usize,
    },
    /// What processes tell one another was heard up to now.
    Followed {
        /// How many messages were not heard before.
        n_told: usize,
        /// How long the first of them had been there.
        lag: Duration,
    },
    /// Messages may have gone unheard: all that they may have recalled is taken back.
    Gap {
        /// Why, from a closed list: `begun`, `replaced`, `trimmed` or `unreadable`.
        reason: &'static str,
    },
    /// What processes tell one another is not heard for now.
    Unfollowed,
}

/// What happened to what Freehold itself remembers.
#[derive(Debug, Clone)]
pub enum Ledger<'a> {
    /// There is none: nothing is remembered.
    None,
    /// It can be written to.
    Connected {
        /// `sqlite` or `postgres`.
        kind: &'static str,
    },
    /// It cannot be written to for a while.
    Away {
        /// How long nothing is tried.
        pause: Duration,
        /// Why, from a closed list.
        code: &'static str,
        /// What the operator needs; only in the log.
        detail: &'a str,
        /// Whether it was away before.
        is_known: bool,
    },
    /// A batch was written.
    Recorded {
        /// The observations in it.
        n_observations: u64,
        /// Exceptions that were seen for the first time.
        n_new: usize,
        /// Those that were seen again after they had been resolved.
        n_reopened: usize,
        /// Those that were found not to hold any more.
        n_resolved: usize,
        /// How long it took.
        duration: Duration,
    },
    /// Observations were not taken: too many were waiting.
    Dropped {
        /// How many.
        n: u64,
    },
    /// Something was given up.
    Failed {
        /// What: `record`, `contract` or `sweep`.
        operation: &'static str,
        /// The observations that are lost.
        n: u64,
        /// Why, from a closed list.
        code: &'static str,
        /// What the operator needs; only in the log.
        detail: &'a str,
    },
    /// So many observations wait.
    Waiting {
        /// How many.
        n: usize,
    },
    /// What is kept no longer was deleted.
    Swept {
        /// The rows.
        n_rows: u64,
    },
    /// The receiver of news took some.
    Told {
        /// The changes of exceptions.
        n_changes: usize,
    },
    /// The receiver of news did not take a message, which is sent again.
    Untold {
        /// How long nothing is tried.
        pause: Duration,
        /// Why; only in the log.
        detail: &'a str,
        /// Whether it did not take it before.
        is_known: bool,
    },
    /// A message was sent for as long as it may be, and is left out.
    GivenUp {
        /// The changes of exceptions that nobody hears of.
        n_changes: usize,
        /// Why; only in the log.
        detail: &'a str,
    },
}

/// Why a system did not answer.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// The stable code, from the closed list of fetch errors.
    pub code: &'static str,
    /// What the operator needs; only in the log.
    pub detail: &'a str,
}

/// What a guard around an owner did.
#[derive(Debug, Clone, Copy)]
pub enum Guarded<'a> {
    /// Keys of a question are under way for others, who share the answer.
    KeysJoined {
        /// The group's or list's name.
        group: &'a str,
        /// The keys, or the parents of a list.
        n_keys: usize,
    },
    /// A caller had no more time to wait; the system goes on answering the others.
    GivenUp {
        /// The group's or list's name.
        group: &'a str,
        /// How long it had waited.
        waited: Duration,
    },
    /// A question that failed was asked again.
    Retried {
        /// What it had failed of.
        code: &'static str,
        /// The keys asked again.
        n_keys: usize,
    },
    /// A question that failed was not asked again: too many others were.
    RetryWithheld {
        /// What it had failed of.
        code: &'static str,
    },
    /// A breaker changed.
    BreakerChanged {
        /// What it became.
        state: BreakerState,
        /// Why; only in the log.
        detail: &'a str,
    },
    /// An open breaker refused a call.
    BreakerRefused,
    /// A call waited for its turn.
    RateWaited {
        /// How long.
        duration: Duration,
    },
    /// A call had no turn within its time.
    RateRefused {
        /// When it would have had one.
        retry_after: Duration,
    },
}

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Every call.
    Closed,
    /// One call, to see whether the system is back.
    HalfOpen,
    /// None.
    Open,
}

impl BreakerState {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }
}
