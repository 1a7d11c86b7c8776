//! Runtime of generated QAPI code: visitors, QMP server and client
