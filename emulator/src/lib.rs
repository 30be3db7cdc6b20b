//! Azure on loopback.
