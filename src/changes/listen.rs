//! The feed of notices, `[changes.listen]`.
//!
//! Notices are heard from the moment at which the connection listens until it breaks, and nobody keeps those in between. So
//! with each connection everything that may be notified is recalled once.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::{
    ear::Ear,
    gathered::Gathered,
    notice::{self, Unreadable},
    pauses::Pauses,
};
use crate::{
    contract::Listen,
    fetch::FetchError,
    source::{Listener, Notice},
};

/// A connection that died in silence is missed for no longer than this.
const PULSE: Duration = Duration::from_secs(5);
/// How many notices of a burst are told at once, and how long is waited for the next of them.
const BURST_MAX: usize = 1_000;
const BURST_PAUSE: Duration = Duration::from_millis(2);

/// Listens for as long as it is let.
pub(super) async fn run(ear: Ear) {
    let Some(listen) = &ear.changes().listen else { return };
    let mut pauses = Pauses::default();
    loop {
        let own = listen.types.iter().filter_map(|ty| ty.channel.as_deref());
        let channels: Vec<&str> = listen.channel.as_deref().into_iter().chain(own).collect();
        let error = match Listener::connect(ear.contract(), ear.system(), &channels).await {
            Err(error) => error,
            Ok(mut listener) => {
                // What changed before it listened was not heard.
                ear.tell_all(listen.types.iter().map(|ty| ty.entity)).await;
                ear.connected();
                pauses = Pauses::default();
                hear(&ear, listen, &mut listener).await
            }
        };
        ear.lost(error);
        pauses.wait().await;
    }
}

/// Hears until a notice may have been missed.
async fn hear(ear: &Ear, listen: &Listen, listener: &mut Listener) -> FetchError {
    let mut beaten = Instant::now();
    loop {
        if let Ok(heard) = timeout(PULSE.saturating_sub(beaten.elapsed()), listener.next()).await {
            let mut gathered = Gathered::default();
            let mut broken = None;
            let mut heard = Some(heard);
            let mut n_heard = 0;
            while let Some(notice) = heard.take() {
                match notice {
                    Ok(notice) => read(ear, listen, &notice, &mut gathered),
                    Err(error) => broken = Some(error),
                }
                n_heard += 1;
                if broken.is_none() && n_heard < BURST_MAX {
                    heard = timeout(BURST_PAUSE, listener.next()).await.ok();
                }
            }
            ear.tell(&mut gathered).await;
            if let Some(error) = broken {
                return error;
            }
        }
        if beaten.elapsed() >= PULSE {
            match listener.pulse().await {
                Ok(lag) => ear.behind(lag),
                Err(error) => return error,
            }
            beaten = Instant::now();
        }
    }
}

fn read(ear: &Ear, listen: &Listen, notice: &Notice, gathered: &mut Gathered) {
    let Err(unreadable) = notice::read(ear.contract(), listen, &notice.channel, &notice.payload, gathered) else {
        return;
    };
    if unreadable == Unreadable::Anything {
        listen.types.iter().for_each(|ty| gathered.add_all(ty.entity));
    }
    ear.unread(format!("failed to {unreadable}"));
}
