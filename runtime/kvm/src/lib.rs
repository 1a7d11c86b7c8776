//! KVM: virtual machines, vCPU threads, the only ioctls
