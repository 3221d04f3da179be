//! The plan: an operation as batched steps by owner, and the shape its answer is written in.
//!
//! A plan holds no variable's value and no account: it is the same for every caller of its operation. A *place* is where
//! objects of one concrete type occur in the answer, however many; a *join* leads from the objects of one place to those
//! of another; a *step* is one question to one owner, for all places that need it at that stage.

use compact_str::CompactString;

use super::operation::{Guard, Position};
use crate::{
    contract::{Argument, TypeRef, Weight},
    value::{DomainId, GroupId, Input, Leaf, ListId, Nesting, RuleId, SystemId, TypeId},
};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub usize);
    };
}

number!(
    /// A place's number in the plan.
    PlaceId
);
number!(
    /// A join's number in the plan.
    JoinId
);
number!(
    /// A step's number in the plan.
    StepId
);
number!(
    /// The number of a rule's call in the plan.
    CallId
);
number!(
    /// A condition's number in the plan.
    ConditionId
);
number!(
    /// The number of a field's arguments in the plan.
    ArgumentsId
);

/// When something applies: always, or when a condition on the variables holds.
pub type When = Option<ConditionId>;

/// A compiled operation.
#[derive(Debug, Default)]
pub struct Plan {
    /// The operation's name.
    pub operation: Option<String>,
    /// Its variables.
    pub variables: Vec<PlannedVariable>,
    /// The conditions on variables, each evaluated once for a request.
    pub conditions: Vec<Condition>,
    /// The arguments of the fields that have any.
    pub arguments: Vec<PlannedArguments>,
    /// The places. The first is the query root.
    pub places: Vec<Place>,
    /// The joins; a join comes after the join that leads to its parent place.
    pub joins: Vec<Join>,
    /// The steps, in the order they were found; see [`Step::stage`].
    pub steps: Vec<Step>,
    /// The rules that are called.
    pub calls: Vec<Call>,
    /// Whether the operation asks for `__schema` or `__type`.
    pub introspects: bool,
}

/// A variable with its resolved type.
#[derive(Debug, Clone)]
pub struct PlannedVariable {
    /// Its name.
    pub name: CompactString,
    /// Its type.
    pub ty: TypeRef,
    /// Its default, coerced.
    pub default: Option<Input>,
    /// Where it is declared.
    pub position: Position,
}

/// A condition: one of `any` holds and none of `none` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Guards of which one must hold.
    pub any: Vec<Guard>,
    /// Guards of which none may hold.
    pub none: Vec<Guard>,
}

/// The arguments of one field: each declared one with what was written for it.
#[derive(Debug, Clone)]
pub struct PlannedArguments {
    /// The declared arguments and the written values.
    pub declared: Vec<(PlannedArgument, Option<Input>)>,
    /// Inside what a rule reads: what its variables are. Otherwise they are the request's.
    pub within: Option<Within>,
}

/// What the variables inside a rule's inputs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// The arguments of the field that calls the rule.
    pub arguments: ArgumentsId,
    /// Variables that are pieces of an argument: the name, and the path to them.
    pub pieces: &'static [(&'static str, &'static str)],
}

/// A declared argument.
#[derive(Debug, Clone)]
pub struct PlannedArgument {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: TypeRef,
    /// Its default.
    pub default: Option<Input>,
}

impl From<&Argument> for PlannedArgument {
    fn from(argument: &Argument) -> Self {
        Self { name: argument.name.clone(), ty: argument.ty.clone(), default: argument.default.clone() }
    }
}

/// Where objects of one concrete type occur in the answer.
#[derive(Debug)]
pub struct Place {
    /// The response keys that lead here, for people: `products.nodes.lines`.
    pub path: String,
    /// The type.
    pub ty: TypeId,
    /// What the objects are.
    pub kind: PlaceKind,
    /// The field groups its objects need. A part has none: its record is its holder's.
    pub columns: Vec<Column>,
    /// What is written for each object.
    pub outputs: Vec<Output>,
    /// Whose rows the objects are, where not everyone may see them.
    pub scope: Option<Scoped>,
    /// Whether the audience is shown them: what a rule reads on its way is nobody's but the operator's.
    pub is_shown: bool,
    /// After which stage its objects are known; 0 is before any step.
    pub known_after: u32,
    /// How many objects it can have at most.
    pub rows_max: u64,
}

/// Whose rows the objects of a place are.
#[derive(Debug)]
pub struct Scoped {
    /// Where the account's number is: in the key, or in the record that says that there is an object.
    pub account: PlannedFeed,
    /// Where the login is by which a caller knows their own.
    pub login: Option<PlannedFeed>,
    /// Whether a rule reads them, for an account that the caller has named.
    pub is_named: bool,
}

impl Scoped {
    /// Whether the key alone tells whose it is.
    pub fn is_told_by_key(&self) -> bool {
        let of_key = |feed: &PlannedFeed| matches!(feed, PlannedFeed::Key(_));
        of_key(&self.account) && self.login.as_ref().is_none_or(of_key)
    }
}

/// What the objects of a place are.
#[derive(Debug)]
pub enum PlaceKind {
    /// The query root, a single object.
    Root,
    /// Entities.
    Entity {
        /// The types of the key's fields.
        key: Vec<Leaf>,
        /// The column of the identity group, which decides whether an object exists.
        identity: usize,
    },
    /// Parts of records.
    Part,
}

/// A field group that a place needs.
#[derive(Debug)]
pub struct Column {
    /// The group.
    pub group: GroupId,
    /// The step that fetches it.
    pub step: StepId,
    /// When it is needed.
    pub when: When,
    /// The fields it answers, for people.
    pub fields: Vec<String>,
    /// Those of them that the audience has selected itself.
    pub shown: Vec<String>,
}

/// One question to one owner.
#[derive(Debug)]
pub struct Step {
    /// What is asked.
    pub ask: Ask,
    /// In which wave it runs, counted from 1: it waits for nothing of its own or a later wave.
    pub stage: u32,
}

/// What a step asks.
#[derive(Debug)]
pub enum Ask {
    /// The records of a group, for the keys of these places (and the column each needs it as).
    Records {
        /// The group.
        group: GroupId,
        /// The places.
        places: Vec<(PlaceId, usize)>,
    },
    /// A list query, for the objects of one place.
    Pages(PagesAsk),
}

/// A list query, for the objects of one place.
#[derive(Debug)]
pub struct PagesAsk {
    /// The list.
    pub list: ListId,
    /// The system that answers.
    pub system: SystemId,
    /// The place whose objects are the parents.
    pub parent: PlaceId,
    /// The columns of the parent that its parameters read.
    pub needs: Vec<usize>,
    /// For each parameter of the list, where its value comes from.
    pub parameters: Vec<Option<PlannedFeed>>,
    /// The field's arguments.
    pub arguments: ArgumentsId,
    /// The types whose rows it lists and not everyone may see; none, where it is asked for what a rule reads on its way.
    pub scopes: Vec<TypeId>,
    /// Whether a rule reads them, for an account that the caller has named.
    pub is_named: bool,
    /// Whether the audience is shown its rows.
    pub is_shown: bool,
    /// Whether the field is a Relay connection.
    pub connection: bool,
    /// When it is asked.
    pub when: When,
    /// When `totalCount` is selected; `None` when it never is.
    pub count: Option<When>,
}

/// A rule that is called for the objects of one place.
#[derive(Debug)]
pub struct Call {
    /// The rule.
    pub rule: RuleId,
    /// The place.
    pub place: PlaceId,
    /// The arguments of the field that calls it.
    pub arguments: ArgumentsId,
    /// What is written of each object for it to read.
    pub inputs: Vec<Output>,
    /// What is written of what holds the object, where that is a part: by which join it is held.
    pub holder: Option<(JoinId, Vec<Output>)>,
    /// The steps that must be answered before it can run.
    pub steps: Vec<StepId>,
    /// The joins that must be followed before it can run.
    pub joins: Vec<JoinId>,
}

/// Where one text comes from, seen from a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedFeed {
    /// A field of the object's key.
    Key(usize),
    /// A slot of one of the object's records; of a part's own record, column 0.
    Slot {
        /// The column.
        column: usize,
        /// The slot.
        slot: usize,
    },
    /// An argument, or a field inside one.
    Argument(Vec<String>),
    /// A constant.
    Constant(String),
}

/// The way from the objects of one place to those of others.
#[derive(Debug)]
pub struct Join {
    /// The place it starts from.
    pub parent: PlaceId,
    /// When it is followed.
    pub when: When,
    /// How the objects are found.
    pub from: JoinFrom,
    /// The columns of the parent it reads.
    pub needs: Vec<usize>,
    /// The places it leads to: one for each concrete type, by name.
    pub targets: Vec<(String, PlaceId)>,
    /// The concrete types that the audience does not have: objects of these are not there.
    pub hidden: Vec<String>,
}

/// How a join finds its objects.
#[derive(Debug)]
pub enum JoinFrom {
    /// By key.
    Reference {
        /// Where each field of the key comes from.
        key: Vec<PlannedFeed>,
        /// Where the concrete type comes from, where there are several.
        type_name: Option<PlannedFeed>,
        /// The field's arguments.
        arguments: Option<ArgumentsId>,
        /// Whether it leads to a list.
        many: bool,
    },
    /// By the rows of a list step.
    Pages(StepId),
    /// To what a rule comes to, one part for each object.
    Rule(CallId),
    /// Parts inside a slot of a record.
    Part {
        /// The column.
        column: usize,
        /// The slot.
        slot: usize,
        /// How it is wrapped.
        nesting: Nesting,
    },
}

/// One member of a written object.
#[derive(Debug, Clone)]
pub struct Output {
    /// The finished `"name":`.
    pub key: Box<[u8]>,
    /// The response key, for error paths.
    pub name: CompactString,
    /// When it is written.
    pub when: When,
    /// Whether null is refused.
    pub non_null: bool,
    /// What is written.
    pub produce: Produce,
    /// The field's freshness domain.
    pub domain: Option<DomainId>,
    /// Where the field stands in the document.
    pub position: Position,
    /// What it costs beside its values: `@cost` of the field, its leaf type and the arguments that are given.
    pub weight: Weight,
    /// How many values it is taken to have: `@listSize`.
    pub n_items: Option<u64>,
}

/// A member that `_provenance` speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// The response key.
    pub name: CompactString,
    /// The column it is read from.
    pub column: usize,
    /// When it is written.
    pub when: When,
}

/// What is written for a member.
#[derive(Debug, Clone)]
pub enum Produce {
    /// A finished `"TypeName"`.
    TypeName(Box<[u8]>),
    /// A field of the object's key.
    Key {
        /// Which.
        position: usize,
        /// Its type.
        leaf: Leaf,
    },
    /// A finished leaf of a record.
    Leaf {
        /// The column; 0 inside a part.
        column: usize,
        /// The slot.
        slot: usize,
    },
    /// A part (or a list of parts) that leads nowhere else, written straight from the record.
    Part {
        /// The column; 0 inside a part.
        column: usize,
        /// The slot.
        slot: usize,
        /// How it is wrapped.
        nesting: Nesting,
        /// What is written, by variant.
        variants: Vec<Vec<Output>>,
    },
    /// The objects of a join.
    Join {
        /// The join.
        join: JoinId,
        /// How they are wrapped.
        nesting: Nesting,
    },
    /// A Relay connection.
    Connection {
        /// The list step.
        step: StepId,
        /// The join that tells which of its rows are there for the caller; none where all are.
        seen: Option<JoinId>,
        /// What is written for it.
        outputs: Vec<Output>,
    },
    /// `edges` of a connection.
    Edges {
        /// What is written for each edge.
        outputs: Vec<Output>,
        /// How they are wrapped.
        nesting: Nesting,
    },
    /// `nodes` of a connection.
    Nodes {
        /// The join of the rows.
        join: JoinId,
        /// How they are wrapped.
        nesting: Nesting,
    },
    /// `node` of an edge.
    Node(JoinId),
    /// `cursor` of an edge.
    Cursor,
    /// `pageInfo` of a connection.
    PageInfo(Vec<Output>),
    /// `totalCount` of a connection.
    TotalCount,
    /// `hasNextPage`
    HasNextPage,
    /// `hasPreviousPage`
    HasPreviousPage,
    /// `startCursor`
    StartCursor,
    /// `endCursor`
    EndCursor,
    /// Null: for whoever lacks what the field needs.
    Null,
    /// Something of what a rule comes to.
    Rule {
        /// The join that leads to the rule's answer.
        join: JoinId,
        /// What is written of it.
        of: Box<Produce>,
    },
    /// Where the values of other members came from.
    Provenance {
        /// The members.
        members: Vec<Traced>,
        /// What is written of each.
        outputs: Vec<Output>,
    },
    /// `__schema` or `__type`.
    Introspection,
}
