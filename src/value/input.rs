//! Input values: what a query's arguments and variables say, before and after coercion.

use compact_str::CompactString;

/// A GraphQL input value. Numbers keep their text, so that a decimal is never rounded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input {
    /// `null`
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number, as written.
    Number(CompactString),
    /// A string.
    String(CompactString),
    /// An enum value.
    Enum(CompactString),
    /// A list.
    List(Vec<Input>),
    /// An input object, fields in order.
    Object(Vec<(CompactString, Input)>),
    /// `$name`; only before variables are put in.
    Variable(CompactString),
}

impl Input {
    /// Reads a JSON value, as variables arrive.
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Boolean(*value),
            serde_json::Value::Number(number) => Self::Number(number.to_string().into()),
            serde_json::Value::String(text) => Self::String(text.as_str().into()),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            serde_json::Value::Object(members) => Self::Object(
                members.iter().map(|(name, value)| (name.as_str().into(), Self::from_json(value))).collect(),
            ),
        }
    }

    /// Returns the canonical text of a scalar; `None` for null, lists and objects.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Boolean(true) => Some("true"),
            Self::Boolean(false) => Some("false"),
            Self::Number(text) | Self::String(text) | Self::Enum(text) => Some(text),
            Self::Null | Self::List(_) | Self::Object(_) | Self::Variable(_) => None,
        }
    }

    /// Returns a field of an input object.
    pub fn field(&self, name: &str) -> Option<&Input> {
        match self {
            Self::Object(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Whether a variable stands anywhere inside.
    pub fn has_variables(&self) -> bool {
        match self {
            Self::Variable(_) => true,
            Self::List(items) => items.iter().any(Self::has_variables),
            Self::Object(fields) => fields.iter().any(|(_, value)| value.has_variables()),
            _ => false,
        }
    }
}

impl std::fmt::Display for Input {
    /// Prints the value as GraphQL writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(text) | Self::Enum(text) => f.write_str(text),
            Self::String(text) => {
                let mut quoted = Vec::new();
                super::write_json_string(text, &mut quoted);
                f.write_str(&String::from_utf8_lossy(&quoted))
            }
            Self::List(items) => {
                f.write_str("[")?;
                for (n, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if n > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (n, (name, value)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {value}", if n > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
            Self::Variable(name) => write!(f, "${name}"),
        }
    }
}
