#![expect(unsafe_code, reason = "a number on the command line becomes a descriptor that somebody owns")]
//! Descriptors that the parent process left open for us and named by number: `-add-fd`, `fd=N`, `fd:N`.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

/// Takes the descriptor of that number; standard input, output and error are duplicated instead. Nothing when it is not
/// open or belongs to somebody already.
///
/// What this process opens is closed on exec, from the moment on that it is open: the standard library and all else here
/// see to it. What it was started with cannot be, since it survived an exec. So a descriptor without that flag is one that
/// the parent left for us and nobody took; taking it sets the flag.
pub(crate) fn take(number: i32) -> Option<OwnedFd> {
    match number {
        ..0 => None,
        0 => io::stdin().as_fd().try_clone_to_owned().ok(),
        1 => io::stdout().as_fd().try_clone_to_owned().ok(),
        2 => io::stderr().as_fd().try_clone_to_owned().ok(),
        _ => {
            // SAFETY: the value lives until the flags are set, and nobody closes what nobody owns. If the number is not open,
            // both calls fail without touching anything.
            let fd = unsafe { BorrowedFd::borrow_raw(number) };
            let flags = fcntl_getfd(fd).ok()?;
            if flags.contains(FdFlags::CLOEXEC) {
                return None;
            }
            fcntl_setfd(fd, flags | FdFlags::CLOEXEC).ok()?;
            // SAFETY: it is open, and as said above nobody owns it.
            Some(unsafe { OwnedFd::from_raw_fd(number) })
        }
    }
}

/// Takes the socket of that number.
pub(crate) fn socket(number: i32) -> Result<OwnedFd, String> {
    let fd = take(number).filter(|fd| rustix::net::sockopt::socket_type(fd).is_ok());
    fd.ok_or_else(|| format!("File descriptor '{number}' is not a socket"))
}
