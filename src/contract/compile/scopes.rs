//! Scopes: which field of an entity names its account, and which parameter of a list narrows it to a caller's accounts.

use super::{
    super::{
        binding::{ListFile, Parameter},
        directive,
        hierarchy::HierarchyTable,
        reader::Text,
        sdl::{DirectiveUse, FieldDef, TypeDef},
    },
    path,
    survey::{EntityFacts, Survey},
};
use crate::{
    contract::{Hierarchy, List, Narrowed, nearest},
    diagnostic::{Findings, Place},
    value::ListId,
};

/// Checks what an entity's `@scope` says.
pub(super) fn check(survey: &Survey<'_>, ty: &TypeDef, facts: &EntityFacts, findings: &mut Findings) {
    let Some(scope) = directive::find(&ty.directives, "scope") else { return };
    let entity = Entity { survey, ty, facts };
    if let Some(account) = scope.text("account") {
        entity.names(account, "the account", findings);
    }
    if let Some(login) = scope.text("login") {
        entity.names(login, "the login", findings);
    }
    let (login, own) = (scope.text("login"), scope.text("own"));
    match (login, own) {
        (Some((_, place)), None) => findings.fault(
            "SCOPE_OWN",
            place,
            "`login` says whose own a row is, but nothing says who may see their own",
            "add own: \"…\", naming the permission, or delete `login`",
        ),
        (None, Some((_, place))) => findings.fault(
            "SCOPE_OWN",
            place,
            "`own` says who may see their own rows, but nothing says whose own a row is",
            "add login: \"…\", naming the field that holds the login, or delete `own`",
        ),
        (Some(_), Some((_, place))) if scope.text("permission").is_none() => findings.fault(
            "SCOPE_OWN",
            place,
            "whoever has the account sees all of its rows, so nobody is left who sees only their own",
            "add permission: \"…\", naming what it takes to see all rows of the account, or delete `own`",
        ),
        _ => {}
    }
}

/// An entity with a `@scope`.
struct Entity<'e, 'a> {
    survey: &'e Survey<'a>,
    ty: &'e TypeDef,
    facts: &'e EntityFacts,
}

impl Entity<'_, '_> {
    /// Checks a field that tells whose a row is: it must be known whenever it is known that there is a row.
    fn names(&self, (named, place): (&str, Place), what: &str, findings: &mut Findings) {
        let (ty, survey) = (self.ty, self.survey);
        let name = &ty.name.name;
        let Some((position, field)) = ty.fields.iter().enumerate().find(|(_, field)| field.name.name == named) else {
            let help = match nearest(named, ty.fields.iter().map(|field| field.name.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("name the field that holds {what}"),
            };
            findings.fault("SCOPE_FIELD", place, format!("`{name}` has no field `{named}`"), help);
            return;
        };
        if survey.written.schema.kind(field.ty.named()).is_none() {
            return;
        }
        if !self.is_text(field) {
            findings.fault(
                "SCOPE_FIELD",
                place,
                format!("`{}` is `{}`, which does not name {what}", path(ty, field), field.ty),
                format!("name a field that holds {what} as a text, in the entity itself"),
            );
        } else if !self.facts.key.contains(&position) && !self.is_of_identity(field) {
            findings.fault(
                "SCOPE_FIELD",
                place,
                format!("`{}` is another system's word than that there is a `{name}` at all", path(ty, field)),
                "name a field of the same @owner as the type: whose a row is must be known with the row",
            );
        }
    }

    fn is_text(&self, field: &FieldDef) -> bool {
        let answered = field.directives.iter().any(|one| matches!(one.name.name.as_str(), "ref" | "list" | "rule"));
        let leaf = self.survey.written.schema.is_leaf(field.ty.named());
        leaf && !answered && field.ty.n_lists() == 0 && !matches!(field.ty.named(), "Boolean" | "Float" | "JSON")
    }

    /// Whether the group that says that there is a row says this as well.
    fn is_of_identity(&self, field: &FieldDef) -> bool {
        let said = |uses: &[DirectiveUse]| {
            let owner = directive::find(uses, "owner")?;
            let text = |argument| owner.text(argument).map(|(text, _)| text.to_owned());
            Some((text("system"), text("as")))
        };
        said(&field.directives).is_none_or(|own| said(&self.ty.directives).is_some_and(|of_type| of_type == own))
    }
}

/// Resolves `[hierarchy]`, and checks that there is one where a `@scope` lets the accounts below be seen.
pub(super) fn hierarchy(survey: &Survey<'_>, lists: &[List], findings: &mut Findings) -> Option<Hierarchy> {
    let settings = survey.written.settings;
    let Some(table) = &settings.hierarchy else {
        let types = survey.written.schema.types.values();
        let mut asked = types.filter_map(|ty| directive::find(&ty.directives, "scope")?.text("children"));
        if let Some((_, place)) = asked.next().filter(|_| settings.readable) {
            findings.fault(
                "HIERARCHY_MISSING",
                place,
                "the rows of the accounts below may be seen, but nothing says which accounts those are",
                "add [hierarchy] with `list` and `parameter` to freehold.toml, or delete `children`",
            );
        }
        return None;
    };
    let mut lacks = |key: &str| {
        let help =
            format!("add `{key}` to [hierarchy]: a list of accounts, and its parameter that takes the one above");
        findings.fault("HIERARCHY_LIST", table.place, format!("[hierarchy] lacks `{key}`"), help);
    };
    let (Some(list), Some(parameter)) = (&table.list, &table.parameter) else {
        lacks(if table.list.is_none() { "list" } else { "parameter" });
        return None;
    };
    let Some(number) = lists.iter().position(|known| known.name == list.text) else {
        let help = match nearest(&list.text, lists.iter().map(|list| list.name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a list that a field uses".to_owned(),
        };
        findings.fault("HIERARCHY_LIST", list.place, format!("no field uses a list `{}`", list.text), help);
        return None;
    };
    let found = &lists[number];
    let Some(at) = found.parameters.iter().position(|known| *known == parameter.text) else {
        let help = match nearest(&parameter.text, found.parameters.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name the parameter that takes the account above".to_owned(),
        };
        let message = format!("the list `{}` has no parameter `:{}`", found.name, parameter.text);
        findings.fault("HIERARCHY_LIST", parameter.place, message, help);
        return None;
    };
    let of = survey.type_ids.iter().find(|(_, id)| **id == found.of).map(|(name, _)| *name);
    for ty in of.into_iter().flat_map(|name| survey.written.schema.possible(name)) {
        // What stands in its rows is taken for the numbers of accounts, by which callers are let at other rows.
        let account = survey.written.schema.types.get(ty).and_then(|ty| directive::find(&ty.directives, "scope"));
        let account = account.and_then(|scope| Some(scope.text("account")?.0));
        let is_account = match survey.key_fields(ty).as_slice() {
            [field] => account == Some(field.name.name.as_str()),
            _ => false,
        };
        if !is_account {
            let message = format!("the list `{}` lists `{ty}`, whose key is not the number of an account", found.name);
            let help = "name a list of accounts: of a type with one key field, which its @scope(account:) names";
            findings.fault("HIERARCHY_LIST", list.place, message, help);
            return None;
        }
    }
    let HierarchyTable { max_age, levels_max, accounts_max, .. } = *table;
    Some(Hierarchy { list: ListId::from(number), parameter: at, max_age, levels_max, accounts_max })
}

/// Finds out how a list is narrowed to what a caller may see.
pub(super) fn narrowed(
    survey: &Survey<'_>,
    file: &ListFile,
    listed: &[&str],
    uses: &[Parameter],
    findings: &mut Findings,
) -> Option<Narrowed> {
    let name = &file.name.text;
    let scopes =
        listed.iter().filter_map(|ty| directive::find(&survey.written.schema.types.get(*ty)?.directives, "scope"));
    let scopes: Vec<&DirectiveUse> = scopes.collect();
    let mut names: Vec<&str> = Vec::new();
    for one in uses {
        if !names.contains(&one.name.as_str()) {
            names.push(&one.name);
        }
    }
    let mut parameter = |named: &Text, key: &str| {
        let found = names.iter().position(|name| *name == named.text);
        if found.is_none() {
            let help = match nearest(&named.text, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("use :{} in the query, or delete `{key}`", named.text),
            };
            let message = format!("the query of `{name}` has no parameter `:{}`", named.text);
            findings.fault("LIST_SCOPE", named.place, message, help);
        }
        found
    };
    let accounts = file.scope.as_ref().map(|named| parameter(named, "scope"));
    let login = file.own.as_ref().map(|named| parameter(named, "own"));
    let pointless = file.scope.as_ref().or(file.own.as_ref()).filter(|_| scopes.is_empty());
    if let Some(named) = pointless {
        findings.fault(
            "LIST_SCOPE",
            named.place,
            format!("`{name}` lists what belongs to no account"),
            "delete `scope` and `own`, or give the listed type a @scope",
        );
    }
    if let (Some(named), None) = (&file.own, &file.scope) {
        findings.fault(
            "LIST_SCOPE",
            named.place,
            format!("`{name}` is narrowed to a login and not to accounts"),
            "add `scope`, naming the parameter that takes accounts",
        );
    }
    let knows_own = scopes.iter().any(|scope| scope.text("own").is_some());
    if !scopes.is_empty() && (file.scope.is_none() || (knows_own && file.own.is_none())) {
        let (what, key) = match file.scope {
            None => ("accounts", "scope"),
            Some(_) => ("a login", "own"),
        };
        findings.notice(
            "LIST_UNSCOPED",
            file.name.place,
            format!("`{name}` cannot be narrowed to {what}, so whoever may not see every row is refused it"),
            format!("add `{key}`, naming the parameter of the query that takes {what}; null is everything"),
        );
    }
    let accounts = accounts??;
    let takes_many = !uses.iter().any(|one| one.name == names[accounts] && one.is_single);
    Some(Narrowed { accounts, takes_many, login: login.flatten() })
}
