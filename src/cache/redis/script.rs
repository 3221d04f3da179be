//! The script that keeps: what stands under a name is replaced only by what was asked later.
//!
//! It compares and sets in one step at the server, so that of two processes neither can put back what the other replaced.
//! It touches the one key it is given, so that it runs in a cluster, too.

use redis::{Cmd, Script, cmd};

use super::format::FORMAT;

/// Reads the times in the first bytes of both entries. A recall also replaces what was asked at the very moment it names.
/// What claims to have been asked far in the future was written by a clock that was wrong, and gives way to anything.
const CODE: &str = "\
local function since(value)
    if type(value) ~= 'string' or #value < 18 or string.byte(value, 1) ~= FORMAT then return nil end
    local high, low = struct.unpack('>I4I4', value, 3)
    return high * 4294967296 + low
end
local since_there = since(redis.pcall('GET', KEYS[1]))
if since_there then
    local now = redis.call('TIME')
    if since_there <= now[1] * 1000 + AHEAD_MS then
        local since_given = since(ARGV[1])
        local is_recall = string.byte(ARGV[1], 2) == 0
        if since_given < since_there or (since_given == since_there and not is_recall) then return 0 end
    end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1";

/// Far more than clocks may be apart where anything is shared at all.
const AHEAD_MS: u32 = 60_000;

/// The script and its name.
#[derive(Debug)]
pub(super) struct Keep {
    code: String,
    hash: String,
}

impl Default for Keep {
    fn default() -> Self {
        let code = CODE.replace("FORMAT", &FORMAT.to_string()).replace("AHEAD_MS", &AHEAD_MS.to_string());
        let hash = Script::new(&code).get_hash().to_owned();
        Self { code, hash }
    }
}

impl Keep {
    /// Runs the script by its name.
    pub fn by_hash(&self, name: &str, bytes: &[u8], lasting_ms: u64) -> Cmd {
        command("EVALSHA", &self.hash, name, bytes, lasting_ms)
    }

    /// Runs the script where its name is not known yet, and makes it known there.
    pub fn by_code(&self, name: &str, bytes: &[u8], lasting_ms: u64) -> Cmd {
        command("EVAL", &self.code, name, bytes, lasting_ms)
    }
}

fn command(word: &str, script: &str, name: &str, bytes: &[u8], lasting_ms: u64) -> Cmd {
    let mut command = cmd(word);
    command.arg(script).arg(1).arg(name).arg(bytes).arg(lasting_ms);
    command
}
