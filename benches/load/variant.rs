//! The servers that are compared.

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// A bare handler that reads the request and returns the finished bytes of one answer.
    Limit,
    /// Freehold, everything in memory.
    FreeholdMemory,
    /// Freehold without memory, everything in Redis.
    FreeholdRedis,
    /// Freehold that keeps nothing.
    FreeholdCold,
    /// The hand-written server, everything in Redis.
    ByHand,
    /// The hand-written server without a cache.
    ByHandCold,
}

impl Variant {
    /// All, in the order they are shown.
    pub const ALL: [Self; 6] =
        [Self::Limit, Self::FreeholdMemory, Self::FreeholdRedis, Self::ByHand, Self::FreeholdCold, Self::ByHandCold];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::FreeholdMemory => "freehold-memory",
            Self::FreeholdRedis => "freehold-redis",
            Self::FreeholdCold => "freehold-cold",
            Self::ByHand => "by-hand",
            Self::ByHandCold => "by-hand-cold",
        }
    }

    /// Returns the one of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }

    /// Returns the hand-written server it is to be compared with.
    pub fn rival(self) -> Self {
        match self {
            Self::FreeholdCold | Self::ByHandCold => Self::ByHandCold,
            _ => Self::ByHand,
        }
    }

    /// Whether it asks the database for everything.
    pub fn is_cold(self) -> bool {
        matches!(self, Self::FreeholdCold | Self::ByHandCold)
    }
}
