//! API tokens: who has one, what it gives, until when. The token itself is not here, only what it hashes to.

use std::collections::BTreeSet;

use super::{
    failure::LedgerError,
    store::{Row, Statement, Store},
};

/// A token that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptToken {
    /// The part of it that names it.
    pub id: String,
    /// The SHA-256 of the whole.
    pub hash: [u8; 32],
    /// Who has it, as whoever made it says.
    pub name: String,
    /// The audience whose schema answers its bearer.
    pub audience: String,
    /// The accounts whose rows its bearer may see.
    pub accounts: TokenScope,
    /// What its bearer may do.
    pub permissions: TokenScope,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it ends.
    pub expires_at_ms: i64,
    /// When it was taken back.
    pub revoked_at_ms: Option<i64>,
    /// When it was last used, within a minute.
    pub last_used_ms: Option<i64>,
}

/// Accounts or permissions of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenScope {
    /// Every one.
    All,
    /// These.
    Of(BTreeSet<String>),
}

const COLUMNS: &str =
    "id, hash, name, audience, accounts, permissions, created_at_ms, expires_at_ms, revoked_at_ms, last_used_ms";

/// Tokens that are listed; whoever has more of them has given up knowing who holds one.
const TOKENS_MAX: usize = 10_000;

impl Store {
    /// Keeps a token.
    pub async fn keep_token(&self, token: &KeptToken) -> Result<(), LedgerError> {
        let mut statement = Statement::of(
            "insert into api_token (id, hash, name, audience, accounts, permissions, created_at_ms, expires_at_ms) values ",
        );
        let hash: String = token.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let texts = [&token.id, &hash, &token.name, &token.audience, &token.accounts.text(), &token.permissions.text()];
        let mut values: Vec<super::store::Value> = texts.into_iter().map(|text| text.clone().into()).collect();
        values.extend([token.created_at_ms.into(), token.expires_at_ms.into()]);
        statement.push_values(values);
        let mut lease = self.begin().await?;
        lease.execute(statement).await?;
        lease.commit().await
    }

    /// Finds a token by its name.
    pub async fn token(&self, id: &str) -> Result<Option<KeptToken>, LedgerError> {
        let sql = format!("select {COLUMNS} from api_token where id = $1");
        self.ask(Statement::of(sql).with(id)).await?.first().map(read).transpose()
    }

    /// Returns the tokens, the last made first.
    pub async fn tokens(&self) -> Result<Vec<KeptToken>, LedgerError> {
        let sql = format!("select {COLUMNS} from api_token order by created_at_ms desc, id limit {TOKENS_MAX}");
        self.ask(Statement::of(sql)).await?.iter().map(read).collect()
    }

    /// Takes a token back; says whether there is one. One that was taken back stays so since then.
    pub async fn revoke_token(&self, id: &str, at_ms: i64) -> Result<bool, LedgerError> {
        let sql = "update api_token set revoked_at_ms = coalesce(revoked_at_ms, $1) where id = $2";
        let mut lease = self.begin().await?;
        let n_tokens = lease.execute(Statement::of(sql).with(at_ms).with(id)).await?;
        lease.commit().await?;
        Ok(n_tokens > 0)
    }

    /// Writes that a token was used.
    pub async fn touch_token(&self, id: &str, at_ms: i64) -> Result<(), LedgerError> {
        let sql =
            "update api_token set last_used_ms = $1 where id = $2 and (last_used_ms is null or last_used_ms < $3)";
        let mut lease = self.begin().await?;
        lease.execute(Statement::of(sql).with(at_ms).with(id).with(at_ms)).await?;
        lease.commit().await
    }
}

impl TokenScope {
    /// Whether something is within.
    pub fn has(&self, word: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(words) => words.contains(word),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::All => serde_json::json!("*"),
            Self::Of(words) => serde_json::json!(words),
        }
        .to_string()
    }

    /// Reads what was kept. What cannot be read is nothing, never everything.
    fn read(text: &str) -> Result<Self, LedgerError> {
        if text == "\"*\"" {
            return Ok(Self::All);
        }
        let words = serde_json::from_str(text);
        words.map(Self::Of).map_err(|_| LedgerError::Refused("the scope of a token cannot be read".to_owned()))
    }
}

fn read(row: &Row) -> Result<KeptToken, LedgerError> {
    let unreadable = || LedgerError::Refused("the hash of a token cannot be read".to_owned());
    let (text, mut hash) = (row.text(1)?, [0; 32]);
    if text.len() != 64 || !text.is_ascii() {
        return Err(unreadable());
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| unreadable())?;
    }
    Ok(KeptToken {
        id: row.text(0)?,
        hash,
        name: row.text(2)?,
        audience: row.text(3)?,
        accounts: TokenScope::read(&row.text(4)?)?,
        permissions: TokenScope::read(&row.text(5)?)?,
        created_at_ms: row.number(6)?,
        expires_at_ms: row.number(7)?,
        revoked_at_ms: row.number_or_null(8)?,
        last_used_ms: row.number_or_null(9)?,
    })
}
