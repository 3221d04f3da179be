//! The bodies that are being read: each within its bounds, and all of them together within theirs.
//!
//! In: a body as it arrives. Out: its bytes, with the room that they take until they are dropped. Only what has really arrived
//! takes room: whoever sends little, or nothing, and slowly, takes nothing from others.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, HttpBody};
use http_body_util::BodyExt;

use super::error::Refusal;
use crate::settings::HttpSettings;

/// A body that is not longer is read while there is any room, a longer one while half of it is free: queries as applications
/// send them are shorter, so that those who send long bodies take no place of theirs.
const SHORT_BYTES_MAX: usize = 16 * 1024;
/// There is room for the longest body of each fourth request that may be under way: few bodies are nearly as long.
const REQUESTS_A_BODY: usize = 4;

/// The bodies that are being read.
#[derive(Debug)]
pub(super) struct Bodies {
    n_bytes_max: usize,
    n_bytes: AtomicUsize,
}

/// A body that was read.
#[derive(Debug)]
pub(super) struct Received<'b> {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// The room that it takes.
    pub room: Room<'b>,
}

/// Room that is taken until it is dropped.
#[derive(Debug)]
pub(super) struct Room<'b> {
    bodies: &'b Bodies,
    n_bytes: usize,
}

impl Bodies {
    /// Makes room for as many bodies as are to be expected.
    pub(super) fn new(settings: &HttpSettings) -> Self {
        let bytes_max = settings.body_bytes_max;
        let n_bytes_max = settings.requests_max.saturating_mul(bytes_max) / REQUESTS_A_BODY;
        // One of the longest has to be read even where there is nearly no room: in the half that long ones may take.
        Self { n_bytes_max: n_bytes_max.max(bytes_max.saturating_mul(2)), n_bytes: AtomicUsize::new(0) }
    }

    /// Reads a body, which may not be too large and not too slow.
    pub(super) async fn read(&self, body: Body, settings: &HttpSettings) -> Result<Received<'_>, Refusal> {
        if body.size_hint().lower() > settings.body_bytes_max as u64 {
            return Err(Refusal::body_too_large(settings));
        }
        match tokio::time::timeout(settings.body_read_timeout, self.receive(body, settings)).await {
            Ok(received) => received,
            Err(_) => Err(Refusal::BodyTooSlow { seconds: settings.body_read_timeout.as_secs() }),
        }
    }

    async fn receive(&self, mut body: Body, settings: &HttpSettings) -> Result<Received<'_>, Refusal> {
        let mut received = Received { bytes: Vec::new(), room: Room { bodies: self, n_bytes: 0 } };
        while let Some(frame) = body.frame().await {
            // What follows a body's data says nothing of it.
            let Ok(chunk) = frame.map_err(|_| Refusal::BodyBroken)?.into_data() else { continue };
            if received.bytes.len() + chunk.len() > settings.body_bytes_max {
                return Err(Refusal::body_too_large(settings));
            }
            if !received.room.grow(chunk.len()) {
                return Err(Refusal::Overloaded);
            }
            received.bytes.extend_from_slice(&chunk);
        }
        Ok(received)
    }
}

impl Room<'_> {
    /// Takes further room, where there is some.
    fn grow(&mut self, n_bytes: usize) -> bool {
        let is_long = self.n_bytes + n_bytes > SHORT_BYTES_MAX;
        let n_bytes_max = if is_long { self.bodies.n_bytes_max / 2 } else { self.bodies.n_bytes_max };
        let grow = |taken: usize| taken.checked_add(n_bytes).filter(|taken| *taken <= n_bytes_max);
        let has_grown = self.bodies.n_bytes.fetch_update(Ordering::AcqRel, Ordering::Acquire, grow).is_ok();
        if has_grown {
            self.n_bytes += n_bytes;
        }
        has_grown
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.bodies.n_bytes.fetch_sub(self.n_bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(bodies: &Bodies) -> Room<'_> {
        Room { bodies, n_bytes: 0 }
    }

    #[test]
    fn long_bodies_leave_half_of_the_room_to_short_ones() {
        let settings = HttpSettings { requests_max: 4, body_bytes_max: 64 * 1024, ..HttpSettings::default() };
        let bodies = Bodies::new(&settings);
        let mut longest = room(&bodies);
        assert!((0..8).all(|_| longest.grow(8 * 1024)), "one of the longest fits");
        let mut long = room(&bodies);
        assert!(long.grow(16 * 1024) && !long.grow(1), "it is no longer short");
        let short: Vec<_> = (0..4)
            .map(|_| {
                let mut short = room(&bodies);
                short.grow(12 * 1024).then_some(short)
            })
            .collect();
        assert_eq!(short.iter().flatten().count(), 4);
        assert!(!room(&bodies).grow(1), "all of it is taken");
        drop((longest, long, short));
        assert_eq!(bodies.n_bytes.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_body_is_read_whole_and_its_room_is_given_back() {
        let settings = HttpSettings { body_bytes_max: 8, ..HttpSettings::default() };
        let bodies = Bodies::new(&settings);
        let received = bodies.read(Body::from("12345678"), &settings).await.expect("it fits");
        assert_eq!((&received.bytes[..], bodies.n_bytes.load(Ordering::SeqCst)), (&b"12345678"[..], 8));
        let refused = bodies.read(Body::from("123456789"), &settings).await.expect_err("it is too long");
        assert!(matches!(refused, Refusal::BodyTooLarge { bytes_max: 8 }), "{refused:?}");
        drop(received);
        assert_eq!(bodies.n_bytes.load(Ordering::SeqCst), 0);
    }
}
