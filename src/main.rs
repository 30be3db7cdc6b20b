//! The command line of AdoEntraAuth.
fn main() {}
