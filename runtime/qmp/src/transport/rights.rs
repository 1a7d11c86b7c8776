//! Descriptors as control messages (`SCM_RIGHTS`, see unix(7)): received with bytes, sent with bytes.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

use super::buffer::Received;

/// Descriptors accepted at a time, as many as QEMU accepts.
const ACCEPTED: usize = 16;

/// Reads once, descriptors too, which are not inherited by child processes. The kernel closes those beyond what the control
/// buffer holds before anybody sees them.
pub(super) fn receive(socket: &OwnedFd, received: &mut Received) -> Result<usize, Errno> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(ACCEPTED))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(received.room())];
    let read = recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            received.fds.extend(fds);
        }
    }
    // The system may have none to spare, and then tells of them by the flag only.
    received.cut_short = !received.fds.is_empty() || read.flags.contains(ReturnFlags::CTRUNC);
    // Padding can make room for one more.
    received.fds.truncate(ACCEPTED);
    Ok(read.bytes)
}

/// Sends descriptors with the first of `bytes`. The kernel takes at most 253 at a time and wants a byte to go with them.
pub(super) fn send(socket: &OwnedFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> Result<usize, Errno> {
    let message = SendAncillaryMessage::ScmRights(fds);
    let mut space = vec![MaybeUninit::uninit(); message.size()];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(message) {
        return Err(Errno::INVAL);
    }
    sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)
}
