//! A TCP proxy that misbehaves on demand, to be put before any server: it forwards until a test tells it what to do wrong,
//! and forwards again when told to stop.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::JoinSet,
    time::sleep,
};

/// What goes wrong on the way. It holds for connections that are open as well as for those to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Every piece of an answer comes so much later.
    Latency(Duration),
    /// Connections are reset.
    Cut,
    /// Connections are accepted and kept, and nothing passes in either direction.
    HalfOpen,
    /// Answers come so many bytes at a time, with so long between.
    Drip { bytes: usize, every: Duration },
    /// Every fifth byte of an answer is flipped, the first one included.
    Corrupt,
}

/// A proxy, for as long as it is kept. It runs on the runtime that started it.
pub struct FaultProxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    accepting: tokio::task::JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a free port of the loopback interface and forwards to `target`.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (fault, faults) = watch::channel(Fault::None);
        let accepting = tokio::spawn(async move {
            // Dropped with the task, and the connections with it.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connection(client, target, faults.clone()));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, fault, accepting }
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes this go wrong from here on.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn connection(mut client: TcpStream, target: SocketAddr, mut faults: watch::Receiver<Fault>) {
    if *faults.borrow() == Fault::HalfOpen {
        let _ = faults.wait_for(|fault| *fault != Fault::HalfOpen).await;
    }
    if *faults.borrow() != Fault::Cut
        && let Ok(mut server) = TcpStream::connect(target).await
    {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let mut cut = faults.clone();
        tokio::select! {
            _ = cut.wait_for(|fault| *fault == Fault::Cut) => {}
            () = async {
                tokio::join!(questions(from_client, to_server, faults.clone()), answers(from_server, to_client, faults));
            } => return,
        }
    }
    // Closed without lingering, a connection is reset.
    let _ = client.set_zero_linger();
}

/// Forwards questions, except while nothing passes.
async fn questions(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut faults: watch::Receiver<Fault>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        let _ = faults.wait_for(|fault| *fault != Fault::HalfOpen).await;
        if to.write_all(&buffer[..n]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

/// Forwards answers, as wrongly as it is told.
async fn answers(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut faults: watch::Receiver<Fault>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        let mut rest = &mut buffer[..n];
        while !rest.is_empty() {
            let fault = *faults.borrow_and_update();
            let mut piece = rest.len();
            match fault {
                Fault::None | Fault::Cut => {}
                Fault::HalfOpen => {
                    let _ = faults.wait_for(|fault| *fault != Fault::HalfOpen).await;
                    continue;
                }
                Fault::Latency(time) => sleep(time).await,
                Fault::Drip { bytes, every } => {
                    // Whoever stops the drip does not wait for the rest of it.
                    let _ = tokio::time::timeout(every, faults.changed()).await;
                    piece = piece.min(bytes);
                }
                Fault::Corrupt => rest.iter_mut().step_by(5).for_each(|byte| *byte = !*byte),
            }
            let (now, later) = rest.split_at_mut(piece);
            if to.write_all(now).await.is_err() {
                return;
            }
            rest = later;
        }
    }
    let _ = to.shutdown().await;
}
