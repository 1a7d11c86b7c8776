//! A byte stream on the runtime's reactor: reads wait for readability alone, writes go straight to the kernel.
//!
//! A stream type that is registered for both directions is woken once more for every reply the peer reads. Here the
//! descriptor is registered for reading only; a duplicate is registered for writing for as long as the peer's buffer is full.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendAncillaryBuffer, SendFlags, send, sendmsg};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::buffer::Received;
use super::reactor::register;
use super::rights;

/// What a pipe takes without blocking once it reports writable (POSIX `PIPE_BUF`).
const PIPE_ATOMIC: usize = 4096;

/// How often a peer is written to that takes nothing at the moment, while there is no descriptor to wait with.
const SHORTAGE: Duration = Duration::from_millis(10);

/// One connection's two directions.
#[derive(Debug)]
pub(crate) enum Stream {
    /// A stream socket.
    Socket(AsyncFd<OwnedFd>),
    /// Two descriptors that are not put in non-blocking mode, since other processes may share them.
    Pipes { input: Source, output: OwnedFd },
}

/// The reading end of a pair of pipes.
#[derive(Debug)]
pub(crate) enum Source {
    /// A pipe or terminal: the reactor tells when there is something to read.
    Polled(AsyncFd<OwnedFd>),
    /// A regular file or `/dev/null`: always ready, and refused by the reactor.
    File(OwnedFd),
}

impl Stream {
    /// Registers a connected stream socket, made non-blocking first.
    pub(crate) fn socket(fd: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        // A socket made elsewhere may be set to receive credentials: they would take the place of descriptors, and cut reads
        // short where nothing tells of the rest. Others than unix sockets know no such option.
        let _ = rustix::net::sockopt::set_socket_passcred(&fd, false);
        Ok(Stream::Socket(register(fd, Interest::READABLE)?))
    }

    /// The process's standard input and output.
    pub(crate) fn stdio() -> io::Result<Self> {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        Self::pipes(input, output)
    }

    /// Any pair of descriptors, left in the mode they are in.
    pub(crate) fn pipes(input: OwnedFd, output: OwnedFd) -> io::Result<Self> {
        let input = match register(input.try_clone()?, Interest::READABLE) {
            Ok(polled) => Source::Polled(polled),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Source::File(input),
            Err(error) => return Err(error),
        };
        Ok(Stream::Pipes { input, output })
    }

    /// Waits for input and reads what there is, into a buffer that is taken only then; nothing is the end of the input.
    /// Descriptors that the peer passed come with the bytes they were sent with, which are the last ones of a read.
    ///
    /// Dropping the future loses nothing.
    pub(crate) async fn read(&self) -> io::Result<Received> {
        match self {
            Stream::Socket(fd) => read_when_ready(fd, rights::receive).await,
            Stream::Pipes { input: Source::Polled(fd), .. } => {
                read_when_ready(fd, |fd, received| {
                    if !ready(fd, PollFlags::IN)? {
                        return Err(Errno::AGAIN);
                    }
                    rustix::io::read(fd, received.room())
                })
                .await
            }
            Stream::Pipes { input: Source::File(fd), .. } => {
                let mut received = Received::empty();
                let count = rustix::io::read(fd, received.room())?;
                received.filled(count);
                Ok(received)
            }
        }
    }

    /// Writes what fits now; `None` when the peer takes nothing at the moment.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<Option<usize>> {
        attempt(|| match self {
            Stream::Socket(fd) => send(fd.get_ref(), bytes, SendFlags::NOSIGNAL),
            Stream::Pipes { output, .. } => {
                if !ready(output, PollFlags::OUT)? {
                    return Err(Errno::AGAIN);
                }
                rustix::io::write(output, bytes.get(..PIPE_ATOMIC).unwrap_or(bytes))
            }
        })
    }

    /// Writes what fits now of two texts, one after the other.
    pub(crate) fn try_write_both(&self, head: &[u8], tail: &[u8]) -> io::Result<Option<usize>> {
        match self {
            Stream::Socket(fd) => attempt(|| {
                let parts = [IoSlice::new(head), IoSlice::new(tail)];
                let mut control = SendAncillaryBuffer::default();
                sendmsg(fd.get_ref(), &parts, &mut control, SendFlags::NOSIGNAL)
            }),
            Stream::Pipes { .. } => self.try_write(if head.is_empty() { tail } else { head }),
        }
    }

    /// As [`Stream::try_write`], passing descriptors along with the first byte, if any is written. They stay open here.
    ///
    /// # Errors
    /// Besides those of writing: more descriptors than the system passes at a time (253), nothing to write them with, or a
    /// stream that is no unix socket.
    pub(crate) fn try_write_with_fds(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<Option<usize>> {
        match self {
            Stream::Socket(fd) if !bytes.is_empty() && passes_fds(fd)? => {
                attempt(|| rights::send(fd.get_ref(), bytes, fds))
            }
            Stream::Socket(_) | Stream::Pipes { .. } => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "descriptors can be passed over unix sockets only, together with a request",
            )),
        }
    }

    /// Whether descriptors can be passed along.
    pub(crate) fn passes_fds(&self) -> bool {
        matches!(self, Stream::Socket(fd) if passes_fds(fd).unwrap_or_default())
    }

    /// Waits until [`Stream::try_write`] is worth another try.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        // A descriptor can be registered once, so the wait has a duplicate of its own.
        let duplicate = match self {
            Stream::Socket(fd) => fd.get_ref().try_clone(),
            Stream::Pipes { output, .. } => output.try_clone(),
        };
        let duplicate = match duplicate {
            // No fault of this connection's: another peer may have passed more than its share.
            Err(error) if is_shortage(&error) => {
                tokio::time::sleep(SHORTAGE).await;
                return Ok(());
            }
            duplicate => duplicate?,
        };
        let waiter = register(duplicate, Interest::WRITABLE)?;
        waiter.writable().await?.retain_ready();
        Ok(())
    }

    /// Tells the peer that nothing more will be written, leaving what is on its way to arrive.
    pub(crate) fn finish(&self) {
        if let Stream::Socket(fd) = self {
            // The peer may be gone already; then there is nobody to tell.
            let _ = rustix::net::shutdown(fd.get_ref(), rustix::net::Shutdown::Write);
        }
    }
}

/// Makes a system call until it is not interrupted; `None` when it would have to wait.
fn attempt(call: impl Fn() -> Result<usize, Errno>) -> io::Result<Option<usize>> {
    loop {
        match call() {
            Ok(count) => return Ok(Some(count)),
            Err(Errno::AGAIN) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn read_when_ready(
    fd: &AsyncFd<OwnedFd>,
    read: impl Fn(&OwnedFd, &mut Received) -> Result<usize, Errno>,
) -> io::Result<Received> {
    // Waiting for readiness gives way to nobody while there is some: a peer that never stops sending would keep all other
    // tasks of the thread, and time-outs, from their turn.
    tokio::task::coop::consume_budget().await;
    loop {
        let mut guard = fd.readable().await?;
        let mut received = Received::empty();
        match read(fd.get_ref(), &mut received) {
            Ok(count) => {
                // A short read emptied the socket: the next edge tells of more, without a second call that finds nothing.
                // Unless descriptors came, with which the kernel ends a read. The end of the input raises no further edge,
                // so there the readiness stays.
                if received.filled(count) && count > 0 && !received.cut_short {
                    guard.clear_ready();
                }
                return Ok(received);
            }
            Err(Errno::AGAIN) => guard.clear_ready(),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether there are too many descriptors in this process, or on this machine.
fn is_shortage(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

/// Whether a socket is of the kind that takes descriptors; others would drop them without a word.
fn passes_fds(fd: &AsyncFd<OwnedFd>) -> Result<bool, Errno> {
    Ok(rustix::net::sockopt::socket_domain(fd.get_ref())? == AddressFamily::UNIX)
}

fn ready(fd: &OwnedFd, events: PollFlags) -> Result<bool, Errno> {
    let mut fds = [PollFd::new(fd, events)];
    Ok(poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? > 0)
}
