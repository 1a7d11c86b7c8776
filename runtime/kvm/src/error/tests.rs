//! Tests of what a person is told when KVM cannot be used.

use super::*;

#[test]
fn each_way_of_not_having_kvm_says_what_to_do() {
    let said = |code| OpenError::new(errno::Error::new(code)).to_string();
    assert!(said(libc::ENOENT).contains("does not exist: load"), "{}", said(libc::ENOENT));
    assert_eq!(said(libc::ENODEV), said(libc::ENOENT), "a node without its driver");
    assert!(said(libc::EACCES).contains("no permission"), "{}", said(libc::EACCES));
    assert_eq!(said(libc::EPERM), said(libc::EACCES));
    assert!(said(libc::EMFILE).contains("Too many open files"), "{}", said(libc::EMFILE));
}
