//! Connections: their types are written in SDL, and must be what Relay's clients expect.

use super::{
    super::sdl::{FieldDef, TypeDef, TypeUse},
    path,
    survey::{Category, Survey, TypeRole},
};
use crate::{contract::PagingField, diagnostic::Findings};

/// Checks the connection types, their edges and `PageInfo`.
pub(super) fn check(survey: &Survey<'_>, findings: &mut Findings) {
    for (ty, part) in survey.objects() {
        match part {
            TypeRole::Connection => {
                each_field(survey, ty, part, findings);
                connection(survey, ty, findings);
            }
            TypeRole::Edge | TypeRole::PageInfo => each_field(survey, ty, part, findings),
            _ => {}
        }
    }
}

/// Returns the type a connection leads to.
pub(super) fn node_type<'a>(survey: &Survey<'a>, connection: &str) -> Option<&'a str> {
    let types = &survey.written.schema.types;
    let field = |ty: &str, name: &str| types.get(ty)?.fields.iter().find(|field| field.name.name == name);
    let nodes = field(connection, "nodes").map(|nodes| nodes.ty.named());
    let node = || Some(field(field(connection, "edges")?.ty.named(), "node")?.ty.named());
    nodes.or_else(node)
}

/// Says what a field of a connection, an edge or `PageInfo` is, by its name.
pub(super) fn field(part: &TypeRole, name: &str) -> Option<PagingField> {
    Some(match (part, name) {
        (TypeRole::Connection, "edges") => PagingField::Edges,
        (TypeRole::Connection, "nodes") => PagingField::Nodes,
        (TypeRole::Connection, "pageInfo") => PagingField::PageInfo,
        (TypeRole::Connection, "totalCount") => PagingField::TotalCount,
        (TypeRole::Edge, "node") => PagingField::Node,
        (TypeRole::Edge, "cursor") => PagingField::Cursor,
        (TypeRole::PageInfo, "hasNextPage") => PagingField::HasNextPage,
        (TypeRole::PageInfo, "hasPreviousPage") => PagingField::HasPreviousPage,
        (TypeRole::PageInfo, "startCursor") => PagingField::StartCursor,
        (TypeRole::PageInfo, "endCursor") => PagingField::EndCursor,
        _ => return None,
    })
}

fn each_field(survey: &Survey<'_>, ty: &TypeDef, part: &TypeRole, findings: &mut Findings) {
    for one in &ty.fields {
        let Some(paging) = field(part, &one.name.name) else {
            let known = match part {
                TypeRole::Connection => "edges, nodes, pageInfo and totalCount",
                TypeRole::Edge => "cursor and node",
                _ => "hasNextPage, hasPreviousPage, startCursor and endCursor",
            };
            findings.fault(
                "CONNECTION_SHAPE",
                one.name.place,
                format!("`{}` is no field of a connection", path(ty, one)),
                format!("`{}` may have {known}", ty.name.name),
            );
            continue;
        };
        let expected = match paging {
            PagingField::Edges => "a list of edges",
            PagingField::Nodes => "a list of nullable entities",
            PagingField::Node => "a nullable entity",
            PagingField::PageInfo => "`PageInfo!`",
            PagingField::TotalCount => "`Int`",
            PagingField::Cursor => "`String!`",
            PagingField::HasNextPage | PagingField::HasPreviousPage => "`Boolean!`",
            PagingField::StartCursor | PagingField::EndCursor => "`String`",
        };
        if survey.written.schema.kind(one.ty.named()).is_some() && !fits(survey, paging, one) {
            findings.fault(
                "CONNECTION_SHAPE",
                one.ty.place,
                format!("`{}` is `{}` where a connection has {expected}", path(ty, one), one.ty),
                format!("make it {expected}"),
            );
        }
    }
}

fn fits(survey: &Survey<'_>, paging: PagingField, field: &FieldDef) -> bool {
    let ty = &field.ty;
    let is = |name: &str| ty.n_lists() == 0 && ty.named() == name;
    let entity = |ty: &TypeUse| {
        let name = survey.written.schema.types.get_key_value(ty.named());
        ty.n_lists() == 0
            && !ty.non_null
            && name.is_some_and(|(name, _)| matches!(survey.category(name), Category::Entities(_)))
    };
    match paging {
        PagingField::Edges => ty.n_lists() == 1 && matches!(survey.parts.get(ty.named()), Some(TypeRole::Edge)),
        PagingField::Nodes => ty.item().is_some_and(entity),
        PagingField::Node => entity(ty),
        PagingField::PageInfo => is("PageInfo"),
        // How many there are is known only up to a bound, and not at all while the owner is down.
        PagingField::TotalCount => is("Int") && !ty.non_null,
        PagingField::Cursor => is("String"),
        PagingField::HasNextPage | PagingField::HasPreviousPage => is("Boolean"),
        // An empty page has no cursors.
        PagingField::StartCursor | PagingField::EndCursor => is("String") && !ty.non_null,
    }
}

fn connection(survey: &Survey<'_>, ty: &TypeDef, findings: &mut Findings) {
    let types = &survey.written.schema.types;
    let named = |ty: &TypeDef, name: &str| {
        ty.fields.iter().find(|field| field.name.name == name).map(|field| field.ty.named().to_owned())
    };
    let edge = named(ty, "edges").and_then(|edge| types.get(&edge));
    let node = edge.and_then(|edge| named(edge, "node"));
    match (named(ty, "nodes"), node) {
        (None, None) => findings.fault(
            "CONNECTION_SHAPE",
            ty.name.place,
            format!("`{}` leads to no entity", ty.name.name),
            "give it `nodes: [X]`, or `edges` with a `node: X`",
        ),
        (Some(nodes), Some(node)) if nodes != node => findings.fault(
            "CONNECTION_SHAPE",
            ty.name.place,
            format!("the nodes of `{}` are `{nodes}`, but its edges lead to `{node}`", ty.name.name),
            "let both lead to the same type",
        ),
        _ => {}
    }
}
