//! A look at the folder: what is complete and new is loaded and served from then on, all at once; what is malformed is
//! reported, and what served before goes on.
//!
//! In: a folder, its units (a group or list each) and the time. Out: their states changed, and events. A look reads
//! files and takes as long as that takes; it belongs on a thread of its own.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
    time::{Duration, Instant, UNIX_EPOCH},
};

use jiff::tz::TimeZone;

use super::{
    serving::{GroupServing, ListServing},
    sets::{FileStamp, Listing, Set, Settling, sets},
    table::Table,
};
use crate::{
    contract::{Complete, Contract, Delivery, FileGroup, FileList, FileSystem, Form},
    telemetry::{Event, Telemetry},
    value::{GroupId, ListId},
};

/// A group or list that files answer for.
#[derive(Debug)]
pub struct Unit {
    /// Its name, for people.
    pub name: String,
    /// How it is asked.
    pub asked: Asked,
    zone: Option<TimeZone>,
    state: RwLock<State>,
}

/// How a unit is asked.
#[derive(Debug)]
pub enum Asked {
    /// A group.
    Group(GroupId, FileGroup),
    /// A list.
    List(ListId, FileList),
}

/// What a unit serves, and what keeps it from serving something newer.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// What is served.
    pub serving: Option<Serving>,
    /// The name of the file that is served.
    pub file: Option<String>,
    /// What is wrong.
    pub trouble: Option<Trouble>,
}

/// What is served.
#[derive(Debug, Clone)]
pub enum Serving {
    /// A group's rows.
    Group(Arc<GroupServing>),
    /// A list's rows.
    List(Arc<ListServing>),
}

/// What keeps a unit from serving something newer; the texts are for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing complete is there.
    Waiting(String),
    /// The folder or a file cannot be read.
    Unreadable(String),
    /// The newest file is malformed.
    Malformed(String),
}

impl Trouble {
    /// Returns what to tell the operator.
    pub fn text(&self) -> &str {
        match self {
            Self::Waiting(text) | Self::Unreadable(text) | Self::Malformed(text) => text,
        }
    }
}

impl Unit {
    /// Makes a unit that serves nothing yet.
    pub fn new(name: String, asked: Asked, zone: Option<TimeZone>) -> Self {
        Self { name, asked, zone, state: RwLock::default() }
    }

    /// Returns its state.
    pub fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_state(&self, change: impl FnOnce(&mut State)) {
        // A panic elsewhere cannot leave a state half changed: it is replaced by finished values.
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn deliveries(&self) -> Vec<&Delivery> {
        match &self.asked {
            Asked::Group(_, asked) => {
                std::iter::once(&asked.delivery).chain(asked.parts.iter().map(|(_, part)| &part.delivery)).collect()
            }
            Asked::List(_, asked) => vec![&asked.delivery],
        }
    }
}

/// A folder that is looked at.
pub struct Folder {
    contract: Arc<Contract>,
    system: String,
    telemetry: Telemetry,
    path: PathBuf,
    bytes_max: u64,
    /// Its units.
    pub units: Vec<Unit>,
    looking: Mutex<Looking>,
}

/// What is remembered from look to look.
struct Looking {
    settling: Settling,
    units: Vec<Remembered>,
    /// The tables that somebody serves, and the files that are none.
    tables: HashMap<TableId, Result<Weak<Table>, String>>,
    folder_trouble: Option<String>,
}

#[derive(Default)]
struct Remembered {
    served: Option<Set>,
    /// What was reported of sets and names; nothing is reported twice.
    refused: Vec<(Option<Set>, String, String)>,
}

/// A file and how it is read: two units that read it in the same way share its rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TableId {
    name: String,
    stamp: FileStamp,
    encoding: &'static str,
    form: Form,
    complete: Complete,
}

/// Why a set was not loaded.
enum LoadFailure {
    /// A file changed while it was read.
    Changed,
    /// A file cannot be read.
    Unreadable(String),
    /// A file is malformed.
    Malformed(String),
}

impl Folder {
    /// Makes a folder that has not been looked at.
    pub fn new(
        contract: Arc<Contract>,
        system: String,
        file: &FileSystem,
        units: Vec<Unit>,
        telemetry: Telemetry,
    ) -> Self {
        let folder = file.folder.reveal();
        let path = PathBuf::from(folder.strip_prefix("file://").unwrap_or(folder));
        let settle_ms = i64::try_from(file.settle.as_millis()).unwrap_or(i64::MAX);
        let looking = Looking {
            settling: Settling::new(settle_ms),
            units: units.iter().map(|_| Remembered::default()).collect(),
            tables: HashMap::new(),
            folder_trouble: None,
        };
        let (bytes_max, looking) = (file.bytes_max, Mutex::new(looking));
        Self { contract, system, telemetry, path, bytes_max, units, looking }
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks; returns whether something is being written, so that another look is due when it may have settled.
    pub fn look(&self, now_ms: i64) -> bool {
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let looking = &mut *looking;
        let listing = match listed(&self.path) {
            Ok(listing) => listing,
            Err(error) => {
                let trouble = format!("the folder cannot be read: {error}");
                if looking.folder_trouble.as_ref() != Some(&trouble) {
                    self.refused("folder", "", &trouble);
                    looking.folder_trouble = Some(trouble.clone());
                }
                for unit in &self.units {
                    unit.set_state(|state| state.trouble = Some(Trouble::Unreadable(trouble.clone())));
                }
                return false;
            }
        };
        looking.folder_trouble = None;
        looking.settling.note(&listing, now_ms);
        let mut is_settling = false;
        for (number, unit) in self.units.iter().enumerate() {
            is_settling |= self.look_for(number, unit, looking, &listing, now_ms);
        }
        looking.tables.retain(|id, table| match table {
            Ok(table) => table.strong_count() > 0,
            Err(_) => listing.get(&id.name) == Some(&id.stamp),
        });
        is_settling
    }

    fn look_for(&self, number: usize, unit: &Unit, looking: &mut Looking, listing: &Listing, now_ms: i64) -> bool {
        let deliveries = unit.deliveries();
        let (found, timeless) = sets(&deliveries, unit.zone.as_ref(), listing);
        looking.units[number].refused.retain(|(set, name, _)| match set {
            Some(set) => found.contains(set),
            None => timeless.contains(name),
        });
        let mut trouble = None;
        for name in timeless {
            let why = format!("{name}: its name does not tell since when its rows hold");
            self.report(unit, &mut looking.units[number], (None, &name), &why);
            trouble = trouble.or(Some(Trouble::Malformed(why)));
        }
        let (mut waiting, mut is_settling) = (None, false);
        for set in found {
            let remembered = &looking.units[number];
            if remembered.served.as_ref().is_some_and(|served| !set.replaces(served)) {
                continue;
            }
            let refused = remembered.refused.iter().find(|(known, ..)| known.as_ref() == Some(&set));
            if let Some((_, _, why)) = refused {
                trouble = trouble.or_else(|| Some(Trouble::Malformed(why.clone())));
                continue;
            }
            if let Some(wait) = looking.settling.waits(&set, &deliveries, listing, now_ms) {
                is_settling |= wait.is_settling;
                waiting = waiting.or(Some(wait.why));
                continue;
            }
            match self.load(unit, &set, &deliveries, &mut looking.tables) {
                Ok(serving) => {
                    let file = Some(set.name().to_owned());
                    unit.set_state(|state| *state = State { serving: Some(serving), file, trouble: None });
                    looking.units[number].served = Some(set);
                    break;
                }
                Err(LoadFailure::Changed) => {
                    is_settling = true;
                    waiting = waiting.or(Some(format!("{} is still being written", set.name())));
                }
                Err(LoadFailure::Unreadable(why)) => trouble = trouble.or(Some(Trouble::Unreadable(why))),
                Err(LoadFailure::Malformed(why)) => {
                    let name = set.name().to_owned();
                    self.report(unit, &mut looking.units[number], (Some(set), &name), &why);
                    trouble = trouble.or(Some(Trouble::Malformed(why)));
                }
            }
        }
        let serves = looking.units[number].served.is_some();
        let nothing = || format!("no file is named {}", deliveries.first().map_or("", |delivery| &delivery.glob));
        let trouble = trouble.or_else(|| (!serves).then(|| Trouble::Waiting(waiting.unwrap_or_else(nothing))));
        unit.set_state(|state| state.trouble = trouble);
        is_settling
    }

    fn load(
        &self,
        unit: &Unit,
        set: &Set,
        deliveries: &[&Delivery],
        tables: &mut HashMap<TableId, Result<Weak<Table>, String>>,
    ) -> Result<Serving, LoadFailure> {
        let began = Instant::now();
        let mut loaded = Vec::with_capacity(set.files.len());
        for ((name, stamp), delivery) in set.files.iter().zip(deliveries) {
            loaded.push(self.table(name, *stamp, delivery, tables)?);
        }
        // A file that changed after the others were read would make a set of two nights.
        if set.files.iter().any(|(name, stamp)| stamped(&self.path.join(name)).ok() != Some(*stamp)) {
            return Err(LoadFailure::Changed);
        }
        let malformed = |why: String| LoadFailure::Malformed(format!("{}: {why}", set.name()));
        let serving = match &unit.asked {
            Asked::Group(id, asked) => {
                let group = self.contract.group(*id);
                let serving = GroupServing::new(&self.contract, group, asked, &loaded, set.as_of_ms);
                Serving::Group(Arc::new(serving.map_err(malformed)?))
            }
            Asked::List(id, asked) => {
                let Some(table) = loaded.first() else { return Err(malformed("there is no file".to_owned())) };
                let before = unit.state().serving;
                let warm = match &before {
                    Some(Serving::List(list)) => Some(list.as_ref()),
                    _ => None,
                };
                let list = self.contract.list(*id);
                let serving = ListServing::new(&self.contract, list, asked, Arc::clone(table), set.as_of_ms, warm);
                Serving::List(Arc::new(serving.map_err(malformed)?))
            }
        };
        self.telemetry.emit(&Event::FileLoaded {
            system: &self.system,
            group: &unit.name,
            file: set.name(),
            n_rows: loaded.iter().map(|table| table.n_rows() as usize).sum(),
            n_bytes: set.files.iter().map(|(_, stamp)| stamp.n_bytes).sum(),
            duration: began.elapsed(),
        });
        Ok(serving)
    }

    /// Reads a file, or takes the rows that another unit has read.
    fn table(
        &self,
        name: &str,
        stamp: FileStamp,
        delivery: &Delivery,
        tables: &mut HashMap<TableId, Result<Weak<Table>, String>>,
    ) -> Result<Arc<Table>, LoadFailure> {
        let id = TableId {
            name: name.to_owned(),
            stamp,
            encoding: delivery.encoding,
            form: delivery.form.clone(),
            complete: delivery.complete.clone(),
        };
        match tables.get(&id) {
            Some(Ok(table)) => {
                if let Some(table) = table.upgrade() {
                    return Ok(table);
                }
            }
            Some(Err(why)) => return Err(LoadFailure::Malformed(why.clone())),
            None => {}
        }
        let read = if stamp.n_bytes > self.bytes_max {
            Err(format!("{name}: it has {} bytes, and `bytes_max` allows {}", stamp.n_bytes, self.bytes_max))
        } else {
            let path = self.path.join(name);
            let unreadable = |error: io::Error| LoadFailure::Unreadable(format!("{name} cannot be read: {error}"));
            let bytes = read(&path, stamp.n_bytes).map_err(unreadable)?;
            if bytes.len() as u64 != stamp.n_bytes || stamped(&path).map_err(unreadable)? != stamp {
                return Err(LoadFailure::Changed);
            }
            Table::read(bytes, delivery).map(Arc::new).map_err(|why| format!("{name}: {why}"))
        };
        tables.insert(id, read.as_ref().map(Arc::downgrade).map_err(Clone::clone));
        read.map_err(LoadFailure::Malformed)
    }

    /// Reports that a file is refused, once for as long as it is there unchanged.
    fn report(&self, unit: &Unit, remembered: &mut Remembered, (set, name): (Option<Set>, &str), why: &str) {
        let is_known = remembered.refused.iter().any(|(known, known_name, _)| *known == set && known_name == name);
        if !is_known {
            self.refused(&unit.name, name, why);
            remembered.refused.push((set, name.to_owned(), why.to_owned()));
        }
    }

    fn refused(&self, group: &str, file: &str, detail: &str) {
        self.telemetry.emit(&Event::FileRefused { system: &self.system, group, file, detail });
    }
}

fn listed(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // What is gone since it was listed is not there.
        if let Ok(metadata) = fs::metadata(entry.path())
            && metadata.is_file()
        {
            listing.insert(name, stamp(&metadata));
        }
    }
    Ok(listing)
}

fn stamped(path: &Path) -> io::Result<FileStamp> {
    fs::metadata(path).map(|metadata| stamp(&metadata))
}

fn stamp(metadata: &fs::Metadata) -> FileStamp {
    let since = metadata.modified().ok().and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
    let modified_ns = since.unwrap_or(Duration::ZERO).as_nanos();
    FileStamp { n_bytes: metadata.len(), modified_ns: i128::try_from(modified_ns).unwrap_or(i128::MAX) }
}

/// Reads a file of which the size is known; one byte more shows that it has grown.
fn read(path: &Path, n_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(n_bytes).unwrap_or(0).saturating_add(1));
    File::open(path)?.take(n_bytes + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
